//! What this process uses.
//!
//! It owns two questions to the kernel. It must never judge the answers.
//!
//! Sources: getrusage(2), `proc_pid_statm(5)`.
#![expect(unsafe_code, reason = "getrusage(2)")]

use std::{fs, mem, time::Duration};

use crate::source::surroundings::Usage;

/// Up to now. All zero where the kernel says nothing.
pub fn usage() -> Usage {
    let Some(used) = resources() else { return Usage::default() };
    let most = u64::try_from(used.ru_maxrss).unwrap_or(0) * 1024;
    Usage {
        cpu: duration(used.ru_utime) + duration(used.ru_stime),
        own_bytes: own_bytes().unwrap_or(most),
    }
}

fn resources() -> Option<libc::rusage> {
    // SAFETY: numbers only, for which zero is a value.
    let mut used: libc::rusage = unsafe { mem::zeroed() };
    // SAFETY: the kernel fills the structure, which lives.
    (unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut used) } == 0).then_some(used)
}

fn duration(time: libc::timeval) -> Duration {
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    Duration::from_secs(part(time.tv_sec)) + Duration::from_micros(part(time.tv_usec))
}

/// In the file stand pages: of all, resident, of those shared. A mount or a sandbox may hide it.
fn own_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = statm.split_whitespace().skip(1).map(str::parse::<u64>);
    let (resident, shared) = (pages.next()?.ok()?, pages.next()?.ok()?);
    Some(resident.saturating_sub(shared) * rustix::param::page_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_grows() {
        let before = usage();
        let page = vec![1_u8; 64 << 20];
        let after = usage();
        assert!(after.cpu >= before.cpu && after.cpu > Duration::ZERO, "{before:?} {after:?}");
        assert!(after.own_bytes >= 64 << 20, "{after:?}");
        drop(page);
        let most = u64::try_from(resources().unwrap().ru_maxrss).unwrap() * 1024;
        assert!(most >= 64 << 20, "the fallback is in bytes too");
    }
}
