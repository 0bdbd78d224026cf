//! Capabilities: too few, just enough, and those of a file.

use std::{
    fs::{self, Permissions},
    iter,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{assert_exact, by_shell};
use crate::{
    running::{NOBODY, state},
    support::{iftop::Iftop, kernel, net::Cable},
};

/// The program where anybody may run it, with capabilities of its own.
pub(super) struct Capable {
    program: PathBuf,
    _folder: TempDir,
}

impl Capable {
    pub(super) fn new(capabilities: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let program = folder.path().join("iftop");
        fs::copy(env!("CARGO_BIN_EXE_iftop"), &program).unwrap();
        let mut setcap = Command::new("setcap");
        setcap.arg(format!("{capabilities}+ep")).arg(&program);
        assert!(setcap.status().unwrap().success());
        Self { program, _folder: folder }
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }
}

const COUNTING: [&str; 3] = ["BPF", "NET_ADMIN", "PERFMON"];
const ALL: [&str; 4] = ["BPF", "NET_ADMIN", "PERFMON", "NET_RAW"];
const CAPTURING: [&str; 1] = ["NET_RAW"];

/// Root with these capabilities alone.
fn with(capabilities: &[&str], options: &str) -> String {
    let set: Vec<_> = iter::once("-all".to_owned())
        .chain(capabilities.iter().map(|name| format!("+{}", name.to_lowercase())))
        .collect();
    let set = set.join(",");
    format!("exec setpriv --inh-caps={set} --bounding-set={set} iftop -i va {options}")
}

/// Every set of capabilities, and every way to count.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn each_missing_capability_is_named_with_the_command_that_gives_it() {
    let cable = Cable::new();
    let before = state(&cable.a);
    // (options, what they need, whether libpcap may stand in)
    let cases: [(&str, &[&str], bool); 5] = [
        ("", &COUNTING, true),
        ("-p", &ALL, true),
        ("--hook clsact", &COUNTING, false),
        ("--source ebpf -p", &ALL, false),
        ("--source pcap", &CAPTURING, false),
    ];
    for set in 0..1 << ALL.len() {
        let given: Vec<_> =
            ALL.into_iter().enumerate().filter(|(n, _)| set >> n & 1 == 1).map(|it| it.1).collect();
        for (options, needed, falls_back) in cases {
            let falls_back = cfg!(feature = "pcap") && falls_back;
            let case = format!("{given:?} {options}");
            let missing: Vec<_> = needed
                .iter()
                .filter(|name| !given.contains(name))
                .map(|name| format!("CAP_{name}"))
                .collect();
            let run = |way: &str| by_shell(&cable.a, &with(&given, &format!("{options} {way}")));
            if missing.is_empty() || falls_back && given.contains(&"NET_RAW") {
                let mut iftop = run("--json");
                let said = iftop.wait_until_listening();
                let reason = format!("source: pcap (no {})\n", missing.join(", "));
                assert_eq!(said.contains(&reason), !missing.is_empty(), "{case}: {said}");
                iftop.signal(libc::SIGINT);
                assert_eq!(iftop.end().status.code(), Some(0), "{case}");
            } else {
                let end = run("-t").end();
                assert_eq!((end.status.code(), &*end.out), (Some(1), ""), "{case}: {end:?}");
                let all: Vec<_> =
                    needed.iter().map(|name| format!("cap_{}", name.to_lowercase())).collect();
                let advice = format!(
                    "\nmissing privileges: {}. Run it as root (sudo), or allow it to, once:\n    \
                     sudo setcap {}+ep '",
                    missing.join(", "),
                    all.join(",")
                );
                assert!(end.errors.contains(&advice), "{case}: {end:?}");
                let less =
                    end.errors.ends_with("With cap_net_raw alone, libpcap counts instead.\n");
                assert_eq!(less, falls_back && options.is_empty(), "{case}: {end:?}");
            }
            assert_eq!(state(&cable.a), before, "{case}");
        }
    }
}

/// Who may load programs and not change the interface is refused by rtnetlink, which says so its own way.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_rtnetlink_refuses_is_told_like_the_rest() {
    let cable = Cable::new();
    let end = by_shell(&cable.a, &with(&["SYS_ADMIN"], "-t --hook clsact")).end();
    assert_eq!(end.status.code(), Some(1), "{end:?}");
    assert!(end.errors.contains("\nmissing privileges: CAP_NET_ADMIN. Run it"), "{end:?}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn capabilities_of_the_file_are_enough_for_a_user_who_has_none() {
    let cases = [
        ("cap_bpf,cap_net_admin,cap_perfmon", &["--source ebpf", "--hook clsact"][..]),
        ("cap_bpf,cap_net_admin,cap_perfmon,cap_net_raw", &["--source ebpf -p"]),
        ("cap_net_raw", &["", "-p", "--source pcap -p"]),
    ];
    for (capabilities, ways) in cases {
        let capable = Capable::new(capabilities);
        for options in ways.iter().filter(|way| cfg!(feature = "pcap") || way.contains("ebpf")) {
            let cable = Cable::new();
            let mut command = Command::new(capable.program());
            command
                .args(["-i", "va", "--json", "--interval", "1"])
                .args(options.split_whitespace());
            let mut iftop = Iftop::spawn_as(&cable.a, command, NOBODY);
            iftop.wait_until_listening();
            assert_exact(&cable, iftop);
        }
    }
}

/// As a container with the three that counting needs: uid 0, nothing of `/sys`, and nothing to be written to.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_container_with_three_capabilities_counts() {
    let mut hooks = vec!["clsact", "xdp"];
    hooks.extend(kernel::has_tcx().then_some("tcx"));
    for hook in hooks {
        let cable = Cable::new();
        let run = with(&COUNTING, &format!("--json --interval 1 --hook {hook}"));
        let script = format!("umount -l /sys && mount -o remount,ro,bind / && {run}");
        let mut iftop = by_shell(&cable.a, &format!("exec unshare -m sh -c '{script}'"));
        iftop.wait_until_listening();
        assert_exact(&cable, iftop);
    }
}
