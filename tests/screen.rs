//! The live table on a real terminal, which is a tmux of its own.

use std::env;

use iftop_user::terminal::Terminal;

use crate::support::{
    frame::{self, UDP, V4},
    net::{Cable, VA_MAC, VB_MAC},
    tmux::Tmux,
};

mod classic;
mod export;
mod job;
mod keyboard;
mod keys;
mod mouse;
mod reports;
mod size;
mod slow;
mod standing;
pub mod table;

/// A packet of 120 bytes to `va`, from a host of 10.9.0.0/24.
pub fn packet_from(host: u8) -> Vec<u8> {
    packet_between([10, 9, 0, host], [10, 9, 0, 1], 92)
}

fn packet_between(source: [u8; 4], destination: [u8; 4], bytes: usize) -> Vec<u8> {
    let header = V4 {
        source: source.into(),
        destination: destination.into(),
        protocol: UDP,
        options: &[],
        fragment: 0,
    };
    let packet = header.packet(&frame::udp(4000, 53, bytes));
    frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &packet)
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_table_comes_up_obeys_and_gives_the_terminal_back() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    tmux.show_table();
    tmux.wait_for("status", |screen| {
        screen.contains("── va ─ ebpf/tcx ─ 0 flows ─ attributed 100%")
    });
    cable.sender_at_vb().send(&packet_from(2));
    let screen = tmux.wait_for("flow", |screen| screen.contains("10.9.0.2"));
    let lines: Vec<_> = screen.lines().collect();
    assert_eq!(&lines[2][..42], "10.9.0.1                   => 10.9.0.2    ");
    assert_eq!(&lines[3][26..30], " <= ");
    assert!(lines[20].starts_with("── va ─ ebpf/tcx ─ 1 flow"), "{screen}");
    let words = |line: usize| lines[line].split_whitespace().take(4).collect::<Vec<_>>();
    assert_eq!(words(21), ["TX:", "0.0%", "cum:", "0B"], "{screen}");
    assert_eq!(words(22)[..3], ["RX:", "0.0%", "120B"], "{screen}");

    tmux.keys(&["p"]);
    tmux.wait_for("port", |screen| screen.contains("10.9.0.1:53                => 10.9.0.2:4000"));
    tmux.keys(&["h"]);
    tmux.wait_for("help", |screen| screen.contains("Host display:"));
    tmux.keys(&["q"]);
    tmux.ended(0, &modes);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_terminal_is_given_back_however_it_ends() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    for (signal, status) in
        [(libc::SIGINT, 0), (libc::SIGTERM, 143), (libc::SIGHUP, 129), (libc::SIGQUIT, 131)]
    {
        tmux.show_table();
        tmux.signal_program(signal);
        tmux.ended(status, &modes);
    }
}

/// The same test twice: inside the terminal, where it panics, and outside, where it looks.
#[tokio::test]
#[ignore = "needs root: cargo xtask test"]
async fn a_panic_gives_the_terminal_back_and_can_be_read() {
    const INSIDE: &str = "IFTOP_TEST_PANIC";
    if env::var_os(INSIDE).is_some() {
        let mut terminal = Terminal::take().unwrap();
        terminal.draw(|frame| frame.render_widget("the table, TOTAL:", frame.area())).unwrap();
        panic!("on purpose");
    }
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    tmux.run_this_test(INSIDE, "screen::a_panic_gives_the_terminal_back_and_can_be_read");
    tmux.wait_for("message", |screen| screen.contains("\non purpose\n"));
    tmux.ended(101, &modes);
}
