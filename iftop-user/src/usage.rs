//! What this process uses.
//!
//! It owns two questions to the kernel. It must never judge the answers.
//!
//! Sources: getrusage(2), `proc_pid_statm(5)`.
#![expect(unsafe_code, reason = "getrusage(2)")]

use std::{fs, mem, time::Duration};

use crate::source::surroundings::Usage;

/// In what `ru_maxrss` is told: KiB, but on macOS.
const MAXRSS_BYTES: u64 = if cfg!(target_vendor = "apple") { 1 } else { 1024 };

/// Up to now. All zero where the kernel says nothing.
pub fn usage() -> Usage {
    let Some(used) = resources() else { return Usage::default() };
    let most = u64::try_from(used.ru_maxrss).unwrap_or(0) * MAXRSS_BYTES;
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
    // The second is smaller than the first on some systems.
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
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
        let most = u64::try_from(resources().unwrap().ru_maxrss).unwrap() * MAXRSS_BYTES;
        assert!(most >= 64 << 20, "the fallback is in bytes too");
    }
}
