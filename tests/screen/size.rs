//! The size of the terminal: changed, or unknown.

use super::packet_from;
use crate::support::{net::Cable, pty::Pty, tmux::Tmux};

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_table_follows_the_size_of_the_terminal() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    tmux.show_table();
    cable.sender_at_vb().send(&packet_from(2));
    // Columns, rows, where the arrow stands.
    for (columns, rows, arrow) in [(60, 14, 16), (132, 18, 52), (80, 24, 26)] {
        tmux.resize(columns, rows);
        tmux.wait_for("table of this size", |screen| {
            let lines: Vec<_> = screen.lines().collect();
            lines.len() == rows
                && lines[rows - 1].starts_with("TOTAL:")
                && lines[rows - 4].chars().count() == columns
                && lines[2].find(" => 10.9.0.2") == Some(arrow)
        });
    }
    tmux.resize(1, 1);
    tmux.resize(80, 24);
    tmux.wait_for_table();
    tmux.keys(&["q"]);
    tmux.wait_for_prompt();
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_terminal_that_does_not_know_its_size_has_80_columns() {
    let cable = Cable::new();
    let mut pty = Pty::open(0, 0);
    let iftop = pty.start(&cable.a, "-i va -nN -s 2");
    // The last row.
    pty.read_until("\x1b[24;1HTOTAL:");
    assert_eq!(pty.read_to_end(iftop).code(), Some(0));
}
