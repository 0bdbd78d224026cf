//! Where reports go: full, closed, or not ready.
#![expect(unsafe_code, reason = "fcntl(2) between fork and exec")]

use std::{fs, io, os::unix::process::CommandExt as _, process::Command, thread};

use super::by_shell;
use crate::{
    running::state,
    support::{
        iftop::{self, Iftop},
        net::Cable,
        traffic::{Senders, into, udp},
    },
};

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_full_disk_is_told_and_nothing_stays_attached() {
    let cable = Cable::new();
    let before = state(&cable.a);
    for way in ["-t", "--json", "--json --source pcap"] {
        if !cfg!(feature = "pcap") && way.contains("pcap") {
            continue;
        }
        let script = format!("exec iftop -i va {way} --interval 1 >/dev/full");
        let end = by_shell(&cable.a, &script).end();
        assert_eq!(end.status.code(), Some(1), "{way}: {end:?}");
        let told = "iftop: write to stdout: No space left on device (os error 28)\n";
        assert!(end.errors.ends_with(told), "{way}: {end:?}");
        assert_eq!(state(&cable.a), before, "{way}");
    }
}

/// Whoever shares a pipe with us may have made it so.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_pipe_that_does_not_block_gets_each_report_whole() {
    const FLOWS: u16 = 1000;
    let cable = Cable::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
    command.args("-i va -P --json --interval 1 --count 4".split(' '));
    // SAFETY: a system call with numbers, which is async-signal-safe.
    unsafe {
        command.pre_exec(|| match libc::fcntl(1, libc::F_SETFL, libc::O_NONBLOCK) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
    let mut iftop = Iftop::spawn(&cable.a, command);
    iftop.wait_until_listening();
    // A report of some 300 KiB; no pipe holds that.
    let senders = Senders::new(&cable);
    for port in 1..=FLOWS {
        senders.send(&into(&udp("10.9.0.2:4000", &format!("10.9.0.1:{port}"), 100)));
    }
    while !waits_for_stdout(iftop.id()) {
        thread::yield_now();
    }
    let end = iftop.end();
    assert_eq!(end.status.code(), Some(0), "{}", end.errors);
    let reports: Vec<_> = end.out.lines().map(iftop::checked).collect();
    let last = reports.last().unwrap();
    assert_eq!(last["account"]["in_flows"]["packets"], FLOWS, "{}", last["account"]);
    assert_eq!(last["flows"].as_array().unwrap().len(), usize::from(FLOWS));
}

/// Whether the thread that prints is inside of poll(2).
fn waits_for_stdout(pid: u32) -> bool {
    fs::read_dir(format!("/proc/{pid}/task")).unwrap().any(|task| {
        let task = task.unwrap().path();
        // A thread may end while it is looked at.
        let read = |name| fs::read_to_string(task.join(name)).unwrap_or_default();
        let calls = [libc::SYS_poll, libc::SYS_ppoll].map(|call| format!("{call} "));
        read("comm") == "print\n" && calls.iter().any(|call| read("syscall").starts_with(call))
    })
}
