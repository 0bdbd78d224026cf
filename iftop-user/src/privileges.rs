//! What the process must be allowed to do, and what to do where it is not.
//!
//! It owns the words of that advice. It must never change a privilege.

use std::io;

use anyhow::{Error, anyhow};

/// A capability, capabilities(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Attaching to the hooks of an interface.
    NetAdmin = 12,
    /// Packet sockets: promiscuous mode.
    NetRaw = 13,
    /// Loading programs that read packets at computed offsets.
    Perfmon = 38,
    /// Creating maps and loading programs.
    Bpf = 39,
}

/// Stands for `Bpf` and `Perfmon`, from before there were these.
const SYS_ADMIN: u32 = 21;

/// Whoever may enter any namespace may do everything: nobody is told to give that to a file.
pub const BE_ROOT: &str = "run iftop as root (sudo)";

/// What counting in the kernel needs.
pub const COUNTING: [Capability; 3] = [Capability::Bpf, Capability::NetAdmin, Capability::Perfmon];

/// What libpcap needs, said to whoever has neither this nor what the kernel needs.
pub const LIBPCAP_NEEDS_LESS: &str = "With cap_net_raw alone, libpcap counts instead.";

/// What counting with `-p` needs.
pub const COUNTING_PROMISCUOUSLY: [Capability; 4] =
    [Capability::Bpf, Capability::NetAdmin, Capability::Perfmon, Capability::NetRaw];

/// What counting in the kernel needs, with `-p` or without.
pub const fn counting(promiscuous: bool) -> &'static [Capability] {
    if promiscuous { &COUNTING_PROMISCUOUSLY } else { &COUNTING }
}

impl Capability {
    const fn name(self) -> &'static str {
        match self {
            Self::NetAdmin => "CAP_NET_ADMIN",
            Self::NetRaw => "CAP_NET_RAW",
            Self::Perfmon => "CAP_PERFMON",
            Self::Bpf => "CAP_BPF",
        }
    }
}

/// Adds the advice to an error whose cause is a refusal, if anything of `needed` is missing.
///
/// Of the error only the outermost step and the cause stay: what lies between, perhaps the pages of
/// a verifier's log, says no more.
pub fn explain(error: Error, needed: &[Capability]) -> Error {
    let cause = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    match cause.filter(|cause| cause.kind() == io::ErrorKind::PermissionDenied) {
        Some(cause) => match advice(needed) {
            Some(advice) => anyhow!("{error}: {cause}\n{advice}"),
            // A verifier refuses so too: then its log is what counts.
            None => error,
        },
        None => error,
    }
}

/// Adds the advice to an error of a library that hides the cause, if anything of `needed` is missing.
pub fn with_advice(error: Error, needed: &[Capability]) -> Error {
    match advice(needed) {
        Some(advice) => anyhow!("{error:#}\n{advice}"),
        None => error,
    }
}

/// Which of `needed` the process lacks, by name.
pub fn missing(needed: &[Capability]) -> Vec<&'static str> {
    missing_of(needed, effective_now())
}

/// Elsewhere it is the device of packets that must be open to the user.
#[cfg(not(target_os = "linux"))]
fn advice(_: &[Capability]) -> Option<String> {
    (!rustix::process::geteuid().is_root()).then(|| BE_ROOT.to_owned())
}

/// Lines that say which of `needed` is missing and how to get it; `None` when none is.
#[cfg(target_os = "linux")]
fn advice(needed: &[Capability]) -> Option<String> {
    let program = std::env::current_exe()
        .map_or_else(|_| "iftop".to_owned(), |path| format!("'{}'", path.display()));
    advice_for(needed, effective_now(), &program)
}

/// Where the kernel does not tell, all that is needed is named.
#[cfg(target_os = "linux")]
fn effective_now() -> u64 {
    rustix::thread::capabilities(None).map_or(0, |sets| sets.effective.bits())
}

/// Nobody has any.
#[cfg(not(target_os = "linux"))]
fn effective_now() -> u64 {
    0
}

fn missing_of(needed: &[Capability], effective: u64) -> Vec<&'static str> {
    let has = |number: u32| effective & (1 << number) != 0;
    let is_missing = |capability: Capability| match capability {
        Capability::Bpf | Capability::Perfmon => !has(capability as u32) && !has(SYS_ADMIN),
        _ => !has(capability as u32),
    };
    needed.iter().filter(|it| is_missing(**it)).map(|it| it.name()).collect()
}

#[cfg(target_os = "linux")]
fn advice_for(needed: &[Capability], effective: u64, program: &str) -> Option<String> {
    let missing = missing_of(needed, effective);
    if missing.is_empty() {
        return None;
    }
    let all: Vec<_> = needed.iter().map(|it| it.name().to_lowercase()).collect();
    Some(format!(
        "missing privileges: {}. Run it as root (sudo), or allow it to, once:\n    \
         sudo setcap {}+ep {program}",
        missing.join(", "),
        all.join(",")
    ))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_the_command_stands_alone() {
        let bit = |capability: Capability| 1_u64 << capability as u32;
        let cases = [
            (u64::MAX, None),
            (1 << SYS_ADMIN | bit(Capability::NetAdmin), None),
            (1 << SYS_ADMIN, Some("CAP_NET_ADMIN")),
            (bit(Capability::Bpf) | bit(Capability::NetAdmin), Some("CAP_PERFMON")),
            (0, Some("CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON")),
        ];
        for (effective, missing) in cases {
            let advice = advice_for(&COUNTING, effective, "'/usr/bin/iftop'");
            let expected = missing.map(|missing| {
                format!(
                    "missing privileges: {missing}. Run it as root (sudo), or allow it to, once:\n    \
                     sudo setcap cap_bpf,cap_net_admin,cap_perfmon+ep '/usr/bin/iftop'"
                )
            });
            assert_eq!(advice, expected, "{effective:x}");
        }
    }
}
