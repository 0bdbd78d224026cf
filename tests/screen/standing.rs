//! What stands still, and for how long: hints, the paused display, frozen rows, the selection.

use super::table::{count, list, rows};
use crate::support::{
    cells::Cells,
    net::{Cable, on_one_cpu},
    tmux::Tmux,
    traffic::{Senders, into, udp},
};

/// A hint lasts for more than two samples, which are a second apart.
const SAMPLES_BEYOND_A_HINT: usize = 4;

const X: &str = "10.9.0.1 => 10.9.0.2";
const Y: &str = "10.9.0.1 => 10.9.0.3";

/// A table and the traffic that it shows.
struct Table<'a> {
    tmux: Tmux<'a>,
    senders: Senders,
}

impl<'a> Table<'a> {
    fn show(cable: &'a Cable) -> Self {
        let tmux = Tmux::start(&cable.a);
        tmux.show_table();
        Self { tmux, senders: Senders::new(cable) }
    }

    fn send(&self, from: &str, packets: usize) {
        let packet = into(&udp(&format!("{from}:4000"), "10.9.0.1:53", 7972));
        on_one_cpu(|| (0..packets).for_each(|_| self.senders.send(&packet)));
    }

    /// Has a sample taken, and waits until the totals say so.
    fn sample(&self) -> Cells {
        let before = self.tmux.screen();
        self.send("10.9.0.3", 1);
        let is_next = |cells: &Cells| count(&cells.text(), "RX:") != count(&before, "RX:");
        self.tmux.wait_for_cells("sample", is_next)
    }

    fn wait_for_hint(&self, hint: &str) {
        self.tmux.wait_for_cells(hint, |cells| cells.hint() == hint);
    }

    fn wait_for_rows(&self, expected: &[&str]) {
        self.tmux.wait_for(&format!("{expected:?}"), |screen| rows(screen) == expected);
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn hints_go_but_a_pause_and_a_frozen_order_are_said_as_long_as_they_last() {
    let cable = Cable::new();
    let table = Table::show(&cable);
    table.wait_for_hint("Listening on va");
    table.wait_for_hint("");
    table.send("10.9.0.2", 1);
    table.wait_for_rows(&[X]);

    table.tmux.keys(&["o"]);
    table.wait_for_hint("Order frozen");
    for _ in 0..SAMPLES_BEYOND_A_HINT {
        let cells = table.sample();
        assert_eq!(cells.hint(), "Order frozen");
        assert_eq!(rows(&cells.text()), [X], "the others are in the totals alone");
    }
    table.tmux.keys(&["o"]);
    table.wait_for_hint("Order unfrozen");
    table.wait_for_rows(&[Y, X]);
    table.wait_for_hint("");

    table.tmux.keys(&["P"]);
    table.wait_for_hint("Display paused");
    let still = |cells: &Cells| {
        let text = cells.text();
        let rates = text.lines().skip(21).map(|line| line[30..].to_owned());
        list(&text).map(str::to_owned).chain(rates).collect::<Vec<_>>()
    };
    let paused = still(&table.sample());
    table.send("10.9.0.4", 100);
    for _ in 0..SAMPLES_BEYOND_A_HINT {
        let cells = table.sample();
        assert_eq!(cells.hint(), "Display paused");
        assert_eq!(still(&cells), paused, "but for what was counted since start");
    }
    table.tmux.keys(&["P"]);
    table.wait_for_hint("Display unpaused");
    table.wait_for_rows(&["10.9.0.1 => 10.9.0.4", Y, X]);
    table.tmux.keys(&["q"]);
    table.tmux.wait_for_prompt();
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_selection_follows_its_flow_and_not_its_row() {
    let cable = Cable::new();
    let table = Table::show(&cable);
    table.send("10.9.0.2", 20);
    table.send("10.9.0.3", 10);
    table.wait_for_rows(&[X, Y]);
    table.tmux.keys(&["Down"]);
    for (host, expected) in [("10.9.0.3", [Y, X]), ("10.9.0.2", [X, Y]), ("10.9.0.3", [Y, X])] {
        table.send(host, 100);
        table.tmux.wait_for_cells(&format!("{expected:?}"), |cells| {
            let selected = rows(&format!("\n{}", cells.underlined()));
            rows(&cells.text()) == expected && selected == [X]
        });
    }
    table.tmux.keys(&["q"]);
    table.tmux.wait_for_prompt();
}
