//! Limits of the process: each is a clear message and nothing attached, or no matter.

use std::process::Command;

use super::{assert_exact, by_shell, by_shell_as, privileges::Capable};
use crate::{
    running::state,
    support::{
        iftop::{End, Iftop},
        net::{Cable, Namespace},
        pty::Pty,
    },
};

/// Nobody's, one for each test that needs one: no process but its own counts against a limit of it.
const UIDS: [u32; 2] = [1_900_000_000, 1_900_000_001];

fn limited(namespace: &Namespace, limit: &str, options: &str) -> Iftop {
    let mut command = Command::new("prlimit");
    command.arg(format!("--{limit}")).args([env!("CARGO_BIN_EXE_iftop"), "-i", "va"]);
    command.args(options.split_whitespace());
    Iftop::spawn(namespace, command)
}

fn assert_failed(end: &End, expected: &str, case: &str) {
    assert_eq!((end.status.code(), &*end.out), (Some(1), ""), "{case}: {end:?}");
    assert!(end.errors.starts_with("iftop: ") && end.errors.contains(expected), "{case}: {end:?}");
    assert!(!end.errors.contains("panicked"), "{case}: {end:?}");
}

/// From the first one with which the program can be started at all.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn too_few_descriptors_are_told_before_anything_is_attached() {
    let cable = Cable::new();
    let before = state(&cable.a);
    let mut failed = 0;
    for descriptors in 4.. {
        let end = limited(&cable.a, &format!("nofile={descriptors}"), "-t -s 1").end();
        assert_eq!(state(&cable.a), before, "{descriptors}");
        if end.status.success() {
            break;
        }
        let expected = "iftop: 64 files cannot be open at a time (ulimit -n): Too many open files";
        assert_failed(&end, expected, &descriptors.to_string());
        failed += 1;
    }
    assert!(failed >= 60, "{failed}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_small_address_space_is_told_before_anything_is_attached() {
    let cable = Cable::new();
    let before = state(&cable.a);
    for mib in [64, 128, 256, 383] {
        let end = limited(&cable.a, &format!("as={}", mib << 20), "-t -s 1").end();
        // What no loader can work with is not for us to tell.
        let ours = end.status.code() != Some(127);
        if ours {
            let expected = format!("iftop: the address space is limited to {mib} MiB (ulimit -v)");
            assert_failed(&end, &expected, &mib.to_string());
        }
        assert!(ours || mib < 128, "{end:?}");
        assert_eq!(state(&cable.a), before, "{mib}");
    }
    let limit = format!("as={}", 300 << 20);
    let mut iftop = limited(&cable.a, &limit, "--json --interval 1 --max-memory 40M");
    iftop.wait_until_listening();
    assert_exact(&cable, iftop);
}

/// Kernels before 5.11 count maps against it; later ones do not care.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn no_locked_memory_is_no_matter() {
    let cable = Cable::new();
    let mut iftop = limited(&cable.a, "memlock=0:65536", "--json --interval 1");
    iftop.wait_until_listening();
    assert_exact(&cable, iftop);
}

/// Threads count as processes do; root is not bound by it.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn too_few_processes_are_told_and_nothing_stays_attached() {
    let [uid, _] = UIDS;
    let capable = Capable::new("cap_bpf,cap_net_admin,cap_perfmon");
    let cable = Cable::new();
    let before = state(&cable.a);
    let mut failed = 0;
    for processes in 1.. {
        let script = format!(
            "exec setpriv --reuid {uid} --clear-groups prlimit --nproc={processes} \
             iftop -n -t -i va --source ebpf -s 1"
        );
        let end = by_shell_as(&cable.a, &script, capable.program().to_str().unwrap()).end();
        assert_eq!(state(&cable.a), before, "{processes}");
        if end.status.success() {
            break;
        }
        assert_eq!(end.status.code(), Some(1), "{processes}: {end:?}");
        assert!(
            end.errors.ends_with("Resource temporarily unavailable (os error 11)\n"),
            "{end:?}"
        );
        failed += 1;
    }
    assert!((1..20).contains(&failed), "{failed}");
}

/// The same on a terminal, which is given back.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_terminal_is_given_back_where_processes_are_too_few() {
    let [_, uid] = UIDS;
    let capable = Capable::new("cap_bpf,cap_net_admin,cap_perfmon");
    let cable = Cable::new();
    let before = state(&cable.a);
    let mut failed = 0;
    for processes in 1.. {
        let mut pty = Pty::open(80, 24);
        let modes = pty.modes();
        let script = format!(
            "setpriv --reuid {uid} --clear-groups prlimit --nproc={processes} {} \
             -n -i va --source ebpf --no-summary; echo ended $?.",
            capable.program().display()
        );
        let mut command = Command::new("sh");
        command.args(["-c", &script]).env("TERM", "xterm").env("HOME", "/nonexistent");
        cable.a.enter(&mut command, None);
        let mut shell = pty.spawn(command);
        let mut seen = String::new();
        while !seen.contains("attributed") && !seen.contains("ended ") {
            seen += &String::from_utf8_lossy(&pty.read());
        }
        let is_shown = seen.contains("attributed");
        if is_shown {
            pty.press("q");
        }
        while !seen.contains("ended ") || !seen.ends_with(".\r\n") {
            seen += &String::from_utf8_lossy(&pty.read());
        }
        assert!(shell.wait().unwrap().success());
        let [taken, given_back] = ["\x1b[?1049h", "\x1b[?1049l"].map(|it| seen.matches(it).count());
        assert_eq!(taken, given_back, "{processes}: {seen:?}");
        assert_eq!(pty.modes(), modes, "{processes}");
        assert_eq!(state(&cable.a), before, "{processes}");
        if is_shown && seen.ends_with("ended 0.\r\n") {
            break;
        }
        let (_, told) = seen.rsplit_once("iftop: ").expect(&seen);
        let end = "Resource temporarily unavailable (os error 11)\r\nended 1.\r\n";
        assert!(told.ends_with(end) && !told.contains('\x1b'), "{processes}: {seen:?}");
        failed += 1;
    }
    assert!((1..20).contains(&failed), "{failed}");
}

/// What is open before us counts too.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn descriptors_that_others_left_open_count() {
    let cable = Cable::new();
    let open = "i=10; while [ $i -lt 60 ]; do eval \"exec $i</dev/null\"; i=$((i+1)); done";
    let script = format!("exec bash -c '{open}; ulimit -n 100; exec iftop -t -i va -s 1'");
    assert_failed(&by_shell(&cable.a, &script).end(), "64 files cannot be open", "inherited");
}
