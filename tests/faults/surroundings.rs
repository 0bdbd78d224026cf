//! Parts of a system that may be missing: mounts, files, the environment, the terminal.

use std::{fs, path::Path, process::Command};

use super::{assert_exact, by_shell, each_source};
use crate::support::{iftop, net::Cable, pty::Pty};

/// Each is said to a shell in a mount namespace of its own; the last one is all of them together.
const MISSING: [&str; 8] = [
    "umount -l /sys",
    // Of another network namespace, as far as anybody could tell.
    "umount -l /sys; mount -t tmpfs none /sys; mkdir -p /sys/class/net/va; echo 801 >/sys/class/net/va/type",
    "umount -l /proc",
    "mount -t tmpfs none /etc",
    "mount -t tmpfs none /dev",
    "mount -o remount,ro,bind /",
    "mkdir /dev/shm/gone; cd /dev/shm/gone; rmdir /dev/shm/gone",
    "umount -l /sys; umount -l /proc; mount -t tmpfs none /etc; mount -t tmpfs none /run; \
     mount -t tmpfs none /dev; mkdir /dev/gone; cd /dev/gone; rmdir /dev/gone; \
     mount -o remount,ro,bind /",
];

/// Nor is there any variable of the environment. Counting is exact, and its end leaves nothing.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn whatever_is_missing_it_counts() {
    let mut ways = vec!["--hook clsact", "--hook xdp"];
    ways.extend(cfg!(feature = "pcap").then_some("--source pcap"));
    let each = MISSING.iter().map(|missing| (*missing, "--source ebpf"));
    let all = ways.into_iter().map(|way| (MISSING[MISSING.len() - 1], way));
    for (missing, way) in each.chain(all) {
        let cable = Cable::new();
        let run = format!("exec env -i iftop -i va --json --interval 1 {way}");
        let script = format!("exec unshare -m sh -c 'set -e; {missing}; {run}'");
        let mut iftop = by_shell(&cable.a, &script);
        iftop.wait_until_listening();
        assert_exact(&cable, iftop);
    }
}

/// The interface is found without a name too, by rtnetlink.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_default_interface_is_found_without_sys_and_proc() {
    let cable = Cable::with_addresses();
    cable.a.ip("route add default via 10.9.0.2");
    let run = "umount -l /sys; umount -l /proc; exec env -i iftop --json --interval 1";
    let mut iftop = by_shell(&cable.a, &format!("exec unshare -m sh -c '{run}'"));
    assert!(iftop.wait_until_listening().ends_with("Listening on va\n"));
    iftop.signal(libc::SIGINT);
    assert_eq!(iftop.end().status.code(), Some(0));
}

/// Without `/dev/tty`, a type of terminal, or any other variable; nor does the terminal control us.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_table_needs_nothing_but_a_terminal() {
    let cable = Cable::new();
    let mut pty = Pty::open(80, 24);
    let modes = pty.modes();
    let missing = "set -e; umount -l /proc; mount -t tmpfs none /etc; mount -t tmpfs none /dev";
    let run = format!("exec env -i {} -i va -nN", env!("CARGO_BIN_EXE_iftop"));
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &format!("{missing}; {run}")]);
    cable.a.enter(&mut command, None);
    let iftop = pty.spawn(command);
    pty.read_until("attributed");
    iftop::kill(iftop.id(), libc::SIGTERM);
    assert_eq!(pty.read_to_end(iftop).code(), Some(143));
    assert_eq!(pty.modes(), modes);
}

/// It shows the namespace of its mount, which may be another one.
#[test]
fn no_source_names_sys() {
    for folder in ["iftop-user/src", "iftop-common/src"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
        each_source(&folder, &mut |path| {
            let text = fs::read_to_string(path).unwrap();
            assert!(!text.contains("\"/sys"), "{}", path.display());
        });
    }
}
