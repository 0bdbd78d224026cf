//! What lasts until it is switched back: the pause, the frozen order, the screen filter; and how far
//! the list scrolls.

use super::{Both, Part, conversations};
use crate::{
    screen::table::count,
    support::{
        etc::Etc,
        net::Cable,
        tmux::Tmux,
        traffic::{into, udp},
    },
};

/// The lines of the list, with all numbers.
fn list(screen: &str) -> Vec<String> {
    screen.lines().take(20).skip(2).map(str::to_owned).collect()
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_stands_still_and_what_is_left_out_is_as_in_classic_iftop() {
    let cable = Cable::new();
    let both = Both::start(&cable, &Etc::new(&[]), "-n -N -P -m 1M");
    both.send(&conversations());
    both.wait_for("all rows", |screen| screen.matches(" => ").count() == 4);

    // Neither rows nor rates change, but counts since start do.
    both.keys("P");
    both.wait_for_hints("Display paused", "Display paused");
    let lists = ["14.9KB", "22.7KB"].map(|counted| {
        both.send(&[into(&udp("10.9.0.9:9", "10.9.0.1:9", 8000))]);
        both.wait_for("count", |screen| count(screen, "RX:") == counted);
        both.each().map(|tmux| list(&tmux.screen()))
    });
    assert_eq!(lists[0], lists[1]);
    both.keys("P");
    both.wait_for("new row", |screen| list(screen).concat().contains("10.9.0.9:9"));

    // A new row waits outside, and its bytes do not.
    both.keys("o");
    both.wait_for_hints("Order frozen", "Order frozen");
    both.send(&[into(&udp("10.9.0.8:8", "10.9.0.1:8", 8000))]);
    both.wait_for("count", |screen| count(screen, "RX:") == "30.5KB");
    both.wait_until_same("frozen", Part::BesideHint);
    both.wait_for("the same rows", |screen| !list(screen).concat().contains("10.9.0.8"));
    both.keys("o");
    both.wait_for("new row", |screen| list(screen).concat().contains("10.9.0.8:8"));

    // Beyond the last row there is nothing in classic iftop; ours stops there.
    both.keys("j");
    both.wait_for("other rows", |screen| screen.matches(" => ").count() == 5);
    both.wait_until_same("scrolled", Part::List);
    both.keys("j j j j j j j");
    let wait_for_rows = |tmux: &Tmux<'_>, rows| {
        tmux.wait_for("end", |screen| screen.matches(" => ").count() == rows);
    };
    wait_for_rows(&both.classic, 0);
    wait_for_rows(&both.ours, 1);
    both.keys("k k k k k k k k k");
    both.wait_for("all rows", |screen| screen.matches(" => ").count() == 6);

    // Rows go, totals stay.
    for (filter, rows) in [(":80", 1), ("^.?FD00|0.1:8", 2), ("10.9.0.1:(9|8)", 2)] {
        both.keys("l C-u");
        for tmux in both.each() {
            tmux.keys(&["-l", filter]);
        }
        both.keys("Enter");
        both.wait_for(filter, |screen| screen.matches(" => ").count() == rows);
        both.wait_until_same(filter, Part::BesideHint);
    }
    // Different: classic iftop looks at the text of a column, which has blanks behind it.
    both.keys("l C-u :80$ Enter");
    wait_for_rows(&both.classic, 0);
    wait_for_rows(&both.ours, 1);
    both.keys("l C-u ([ Enter");
    both.wait_for_hints("Invalid regexp", "Invalid regexp");
    both.wait_for("all rows", |screen| screen.matches(" => ").count() == 6);
    both.quit();
}
