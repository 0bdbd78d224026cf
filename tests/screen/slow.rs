//! A terminal that is slow, or takes nothing at all.

use std::{
    env, io, panic,
    process::{self, Command},
};

use iftop_user::terminal::Terminal;
use rustix::termios::{Action, tcflow};

use super::{packet_between, packet_from};
use crate::support::{iftop, net::Cable, pty::Pty};

/// Ends each frame: the cursor stays hidden.
const END_OF_FRAME: &[u8] = b"\x1b[?25l";

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_terminal_that_is_not_read_does_not_stop_the_counting() {
    let cable = Cable::new();
    let pty = Pty::open(80, 24);
    let modes = pty.modes();
    let mut iftop = pty.start(&cable.a, "-i va -nN -s 3");
    pty.fill_until_it_hangs(&iftop);
    // It ends by what it has counted.
    assert_eq!(iftop.wait().unwrap().code(), Some(0));
    assert_eq!(pty.modes(), modes);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_terminal_that_is_not_read_does_not_keep_it_from_ending() {
    let cable = Cable::new();
    let mut pty = Pty::open(80, 24);
    let modes = pty.modes();
    let mut iftop = pty.start(&cable.a, "-i va -nN");
    pty.read_until("attributed");
    assert_ne!(pty.modes(), modes);
    pty.fill_until_it_hangs(&iftop);
    iftop::kill(iftop.id(), libc::SIGTERM);
    assert_eq!(iftop.wait().unwrap().code(), Some(143));
    assert_eq!(pty.modes(), modes);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_terminal_that_is_read_again_shows_what_is_known_by_then() {
    let cable = Cable::new();
    let mut pty = Pty::open(80, 24);
    let iftop = pty.start(&cable.a, "-i va -nN");
    pty.read_until("attributed");
    pty.fill_until_it_hangs(&iftop);
    cable.sender_at_vb().send(&packet_from(2));
    pty.read_until("10.9.0.2");
    iftop::kill(iftop.id(), libc::SIGTERM);
    assert_eq!(pty.read_to_end(iftop).code(), Some(143));
}

/// The same test twice: on the terminal, where it panics, and outside, where it waits.
#[tokio::test]
#[ignore = "needs root: cargo xtask test"]
async fn a_stopped_terminal_does_not_hold_a_panic() {
    const INSIDE: &str = "IFTOP_TEST_PANIC_UNREAD";
    if env::var_os(INSIDE).is_some() {
        let mut terminal = Terminal::take().unwrap();
        terminal.draw(|frame| frame.render_widget("the table", frame.area())).unwrap();
        tcflow(io::stdout(), Action::OOff).unwrap();
        panic::catch_unwind(|| panic!("on purpose")).unwrap_err();
        // The test's own output would hang.
        process::exit(3);
    }
    let pty = Pty::open(80, 24);
    let modes = pty.modes();
    let mut command = Command::new(env::current_exe().unwrap());
    let name = "screen::slow::a_stopped_terminal_does_not_hold_a_panic";
    command.env(INSIDE, "1").args(["--include-ignored", "--nocapture", "--exact", name]);
    assert_eq!(pty.spawn(command).wait().unwrap().code(), Some(3));
    assert_eq!(pty.modes(), modes);
}

/// Without being told by SIGHUP, which comes from a terminal that controls us.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_terminal_that_goes_away_ends_it() {
    let cable = Cable::new();
    let mut pty = Pty::open(80, 24);
    let mut iftop = pty.start(&cable.a, "-i va -nN");
    pty.read_until("attributed");
    drop(pty);
    assert_eq!(iftop.wait().unwrap().code(), Some(1));
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_refresh_takes_no_more_than_2_kib() {
    let cable = Cable::new();
    let (towards, from) = (cable.sender_at_vb(), cable.sender_at_va());
    let mut pty = Pty::open(80, 24);
    let iftop = pty.start(&cable.a, "-i va -nN");
    pty.read_until("attributed");
    let (mut frames, mut rest) = (Vec::new(), Vec::new());
    // The first two show everything for the first time.
    while frames.iter().filter(|bytes| **bytes > 300).count() < 8 {
        // More and more, and differently for each.
        let round = frames.len() + 1;
        for host in 2..12 {
            let (near, far) = ([10, 9, 0, 1], [10, 9, 0, host]);
            for _ in 0..round {
                towards.send(&packet_between(far, near, 300 * usize::from(host) + 37 * round));
                from.send(&packet_between(near, far, 200 * usize::from(host) + 91 * round));
            }
        }
        rest.extend(pty.read());
        while let Some(end) = find(&rest, END_OF_FRAME) {
            frames.push(end);
            rest.drain(..end + END_OF_FRAME.len());
        }
    }
    iftop::kill(iftop.id(), libc::SIGTERM);
    assert_eq!(pty.read_to_end(iftop).code(), Some(143));
    let refreshes: Vec<_> = frames.into_iter().filter(|bytes| *bytes > 300).skip(2).collect();
    assert!(refreshes.iter().all(|bytes| *bytes <= 2048), "{refreshes:?}");
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
