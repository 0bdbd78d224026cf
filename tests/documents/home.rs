//! The home of whoever types the commands of the documents: the files that they name, and stand-ins for programs that
//! are not there.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
};

use tempfile::TempDir;

use crate::support::{
    capture::{Order::Little, Packet, pcap},
    traffic::udp,
};

const IP_AND_UDP_BYTES: usize = 28;

/// Programs that are not there, or are somebody else's machine: what they do, as a shell's script. They know the
/// words of the documents alone.
const STAND_INS: &[(&str, &str)] = &[
    ("sudo", r#"exec "$@""#),
    ("ssh", r#"[ "$1" = router ] && shift && exec "$@""#),
    ("man", r#"[ "$*" = "-l -" ] && exec cat"#),
    // What is installed in `/usr` is at home here.
    (
        "setcap",
        r#"case $2 in "$HOME"/*) exec /usr/sbin/setcap "$@";; *) exec /usr/sbin/setcap "$1" "$HOME$2";; esac"#,
    ),
    // The container's network is that of the host, as it has to be, and its capabilities are those.
    (
        "docker",
        r#"case "$*" in
        "inspect -f {{.State.Pid}} web") exec echo WEB;;
        "build -t iftop .") exit 0;;
        "run --rm -it --network host --cap-drop all "*) shift 7;;
        esac
        capabilities=-all
        while [ "$1" = --cap-add ]; do capabilities=$capabilities,+$2; shift 2; done
        [ "$1" = iftop ] && exec setpriv --inh-caps=$capabilities --bounding-set=$capabilities "$@""#,
    ),
    (
        "kubectl",
        r#"case "$*" in
        "debug node/NODE -it --profile=sysadmin --image=REGISTRY/iftop -- /iftop "*) shift 7; exec iftop "$@";;
        esac"#,
    ),
];

/// With the programs in `bin`, iftop where cargo and packages install it, and `a.pcap` of seventy seconds. The process
/// is that of the container `web`.
pub fn new(container: u32) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { home.path().join(name) };
    let executable = || Permissions::from_mode(0o755);
    fs::set_permissions(home.path(), executable()).unwrap();
    fs::create_dir_all(at("bin")).unwrap();
    for installed in [".cargo/bin/iftop", "usr/bin/iftop-ebpf"] {
        fs::create_dir_all(at(installed).parent().unwrap()).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_iftop"), at(installed)).unwrap();
    }
    symlink(env!("CARGO_BIN_EXE_iftop"), at("bin/iftop")).unwrap();
    for (name, script) in STAND_INS {
        let script = script.replace("WEB", &container.to_string());
        let path = at("bin").join(name);
        fs::write(
            &path,
            format!("#!/bin/sh\n{script}\necho \"{name}: not known: $*\" >&2\nexit 2\n"),
        )
        .unwrap();
        fs::set_permissions(&path, executable()).unwrap();
    }
    let packet = udp("10.9.0.1:40000", "10.9.0.2:53", 100 - IP_AND_UDP_BYTES);
    let packets: Vec<_> =
        (0..70).map(|second| Packet::new(second * 1_000_000_000, &packet)).collect();
    fs::write(at("a.pcap"), pcap(Little, true, 101, &packets)).unwrap();
    home
}
