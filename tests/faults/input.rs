//! Bad input: a clear message on stderr, nothing on stdout, status 1, nothing attached.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, process::Command};

use crate::{
    running::state,
    support::{iftop::Iftop, net::Cable, scratch::Scratch},
};

/// (options, what stands in the message)
const CASES: &[(&str, &str)] = &[
    ("--bogus", "unexpected argument '--bogus'"),
    ("extra", "unexpected argument 'extra'"),
    ("-i eth9", "no interface `eth9`; there are: lo, va"),
    ("-i a-name-that-no-interface-can-have", "no interface `a-name-that-no-interface-can-have`"),
    ("-i ../../etc/passwd", "no interface `../../etc/passwd`"),
    ("-i \x1b[2J", "no interface `\\x1b[2J`"),
    ("-F 10.0.0.0/33", "the length of an IPv4 prefix is 0 to 32"),
    ("-F 10.0.0.0", "it takes a network as 10.0.0.0/8"),
    ("-G fd00::/129", "the length of an IPv6 prefix is 0 to 128"),
    ("-o 3s", "it takes 2s, 10s, 40s"),
    ("-m 10Q", "it takes a whole number, with K, M or G"),
    ("-s -1", "it takes whole seconds"),
    ("-L many", "it takes a whole number"),
    ("--interval 0", "it takes whole seconds, 1 to 86400"),
    ("--count 0", "it takes a whole number, 1 or more"),
    ("--max-memory 1M", "from 40M on"),
    ("--max-flows 0", "1 to 16777216"),
    ("--table tree", "it takes flat or hash"),
    ("--bytes octets", "it takes ip or wire"),
    ("--source ebpf -i any", "no interface `any`"),
    ("--source pcap --hook tcx", "not for --source pcap"),
    ("--hook sky", "it takes auto, tcx, clsact"),
    ("--screen-filter (", "it takes a regular expression"),
    ("--netns /nonexistent", "No such file or directory"),
    ("--netns /dev/null", "/dev/null"),
    ("-c /nonexistent/rc", "read the configuration file /nonexistent/rc: No such file"),
    ("-c /dev/null", "it is no regular file"),
    ("--json --text", "cannot be used with"),
    ("--speed 2", "cannot be used with '--speed <FACTOR>'"),
    ("-i va -r file", "cannot be used with"),
];

#[test]
#[ignore = "needs root: cargo xtask test"]
fn each_mistake_in_an_option_is_told_and_nothing_is_attached() {
    let cable = Cable::new();
    let before = state(&cable.a);
    let of_filters: &[_] = if cfg!(feature = "pcap") {
        &[("-f host", "syntax error"), ("-f ether[0:3]=0", "data size must be 1, 2, or 4")]
    } else {
        &[("-f udp", "built without libpcap")]
    };
    for (options, told) in CASES.iter().chain(of_filters) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
        let interface = if options.contains("-i ") { "" } else { "-i va" };
        command.args(interface.split_whitespace()).args(options.split_whitespace());
        if !options.contains("--json") {
            command.arg("-t");
        }
        let end = Iftop::spawn(&cable.a, command).end();
        assert_eq!((end.status.code(), &*end.out), (Some(1), ""), "{options}: {end:?}");
        assert!(end.errors.contains(told), "{options}: {}", end.errors);
        assert!(!end.errors.contains("panicked"), "{options}: {}", end.errors);
        let controls = end.errors.chars().filter(|c| c.is_control() && *c != '\n').count();
        assert_eq!(controls, 0, "{options}: {:?}", end.errors);
        assert_eq!(state(&cable.a), before, "{options}");
    }
}

/// Arguments need not be text.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn bytes_that_are_no_text_are_told() {
    let cable = Cable::new();
    for option in ["-i", "-f", "-F", "-o", "--netns", "--screen-filter", "-s"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
        command.args(["-t", option]).arg(OsStr::from_bytes(b"\xff\xfe\x1b"));
        let end = Iftop::spawn(&cable.a, command).end();
        assert_eq!((end.status.code(), &*end.out), (Some(1), ""), "{option}: {end:?}");
        assert!(!end.errors.is_empty() && !end.errors.contains(['\x1b', '\u{9b}']), "{end:?}");
    }
}

/// The file's mistakes are warnings, each with its line; what it says beside them counts.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn mistakes_in_the_file_end_nothing() {
    let cable = Cable::new();
    let file =
        Scratch::new(b"interface: va\nsort: \x1b[2J\n\xff\xfe: yes\nbogus: 1\nport-display: on\n");
    let end = Iftop::start(&cable.a, &format!("-t -s 1 -c {}", file.0.display())).end();
    assert_eq!(end.status.code(), Some(0), "{end:?}");
    assert!(end.out.starts_with("Listening on va\n"), "{end:?}");
    let name = format!("{}:", file.0.display());
    assert_eq!(end.errors.matches(&name).count(), 3, "{}", end.errors);
    assert!(!end.errors.contains(['\x1b', '\u{9b}']), "{:?}", end.errors);
}
