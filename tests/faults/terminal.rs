//! The terminal: given back whoever ends us, of any size, and not read.

use std::{env, fs};

use crate::{
    screen::packet_from,
    support::{
        iftop::{self, Iftop},
        net::Cable,
        pty::Pty,
    },
};

/// The alternate screen is left once, the cursor is shown, the modes are as they were.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn each_signal_gives_the_terminal_back() {
    let cable = Cable::new();
    for (signal, status) in
        [(libc::SIGINT, 0), (libc::SIGTERM, 143), (libc::SIGHUP, 129), (libc::SIGQUIT, 131)]
    {
        let mut pty = Pty::open(80, 24);
        let modes = pty.modes();
        let mut iftop = pty.start(&cable.a, "-i va -nN --no-summary");
        pty.read_until("attributed");
        assert_ne!(pty.modes(), modes);
        iftop::kill(iftop.id(), signal);
        let rest = pty.read_until(GIVEN_BACK);
        assert_eq!(iftop.wait().unwrap().code(), Some(status));
        assert_eq!(rest.matches("\x1b[?1049l").count(), 1, "{rest:?}");
        assert!(rest.ends_with(GIVEN_BACK), "{rest:?}");
        assert_eq!(pty.modes(), modes, "{signal}");
    }
}

/// What cannot begin says so on a terminal that was never taken.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn an_error_at_the_start_leaves_the_terminal_alone() {
    let cable = Cable::new();
    for (options, told) in [("-i eth9", "no interface `eth9`"), ("-o bogus", "--sort <ORDER>")] {
        let mut pty = Pty::open(80, 24);
        let modes = pty.modes();
        let mut iftop = pty.start(&cable.a, options);
        assert_eq!(iftop.wait().unwrap().code(), Some(1));
        let told_there = String::from_utf8(pty.read()).unwrap();
        assert!(told_there.contains(told) && !told_there.contains("\x1b[?"), "{told_there:?}");
        assert_eq!(pty.modes(), modes, "{options}");
    }
}

const SIZES: [(u16, u16); 11] = [
    (1, 1),
    (0, 0),
    (0, 24),
    (80, 0),
    (1, 24),
    (80, 1),
    (2, 2),
    (5, 4),
    (u16::MAX, 1),
    (1, u16::MAX),
    (u16::MAX, u16::MAX),
];

/// Neither at the start nor later, and none takes memory for cells that no screen has.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn no_size_is_too_small_or_too_large() {
    let cable = Cable::new();
    for (columns, rows) in SIZES {
        let mut pty = Pty::open(columns, rows);
        let iftop = pty.start(&cable.a, "-i va -nN --no-summary");
        pty.read_until(END_OF_FRAME);
        iftop::kill(iftop.id(), libc::SIGTERM);
        assert_eq!(pty.read_to_end(iftop).code(), Some(143), "{columns} {rows}");
    }
    let mut pty = Pty::open(80, 24);
    let modes = pty.modes();
    let iftop = pty.start(&cable.a, "-i va -nN --no-summary");
    for (columns, rows) in SIZES {
        // Each of another size than the one before, so that all is painted anew.
        for (columns, rows) in [(60, 20), (columns, rows)] {
            pty.resize(columns, rows);
            iftop::kill(iftop.id(), libc::SIGWINCH);
            pty.read_until("\x1b[2J");
        }
    }
    pty.resize(80, 24);
    iftop::kill(iftop.id(), libc::SIGWINCH);
    pty.read_until("attributed");
    assert!(most_memory_kib(iftop.id()) < 400 << 10, "{} KiB", most_memory_kib(iftop.id()));
    iftop::kill(iftop.id(), libc::SIGTERM);
    assert_eq!(pty.read_to_end(iftop).code(), Some(143));
    assert_eq!(pty.modes(), modes);
}

/// The alternate screen is left, and the cursor shown.
const GIVEN_BACK: &str = "\x1b[?1049l\x1b[?25h";

/// Ends each frame: the cursor stays hidden.
const END_OF_FRAME: &str = "\x1b[?25l";

fn most_memory_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// For how long it takes nothing.
const BLOCKED_SECONDS: &str = "IFTOP_BLOCKED_SECONDS";
const DEFAULT_BLOCKED_SECONDS: u64 = 5;

/// Another run says how much time passes meanwhile.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn while_the_terminal_takes_nothing_each_packet_is_counted() {
    const EACH: u64 = 1000;
    let seconds =
        env::var(BLOCKED_SECONDS).map_or(DEFAULT_BLOCKED_SECONDS, |text| text.parse().unwrap());
    // Of a thousand each.
    let thousands = &format!("{seconds}.00")[..4];
    let cable = Cable::new();
    let mut pty = Pty::open(80, 24);
    let modes = pty.modes();
    let mut iftop = pty.start(&cable.a, "-i va -nN -u packets --units si --no-dns");
    let mut witness = Iftop::json(&cable.a, "-i va");
    pty.read_until("attributed");
    pty.fill_until_it_hangs(&iftop);
    let sender = cable.sender_at_vb();
    for _ in 0..seconds {
        (0..EACH).for_each(|_| sender.send(&packet_from(2)));
        witness.report();
    }
    witness.last_report(seconds * EACH);
    // What hung, then what is known by now.
    pty.read_until("10.9.0.2");
    iftop::kill(iftop.id(), libc::SIGTERM);
    let summary = pty.read_until("  account  ");
    assert_eq!(iftop.wait().unwrap().code(), Some(143));
    for name in ["received  ", "both      "] {
        assert!(summary.contains(&format!("{name} {thousands}Kp")), "{summary:?}");
    }
    assert_eq!(pty.modes(), modes);
}
