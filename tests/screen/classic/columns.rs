//! Where everything stands, on terminals of several sizes.

use super::{Both, Part, conversations};
use crate::support::{etc::Etc, net::Cable};

#[test]
#[ignore = "needs root: cargo xtask test"]
fn everything_stands_where_it_does_in_classic_iftop() {
    let cable = Cable::new();
    let both = Both::start(&cable, &Etc::new(&[]), "-n -N");
    // The same scale only as long as there is no bar: classic iftop's goes too far.
    both.wait_until_same("begin", Part::BesideHint);
    both.wait_for_hints("", "");
    both.wait_until_same("without a hint", Part::Whole);
    both.quit();

    both.show("-n -N -P -m 1M");
    both.send(&conversations());
    both.wait_for("all rows", |screen| screen.matches(" => ").count() == 4);
    both.wait_for_hints("", "");
    both.wait_until_same("80 columns", Part::Whole);
    // Columns, rows, where the arrow stands. Classic iftop takes it for an unknown key and says so.
    // Totals that have no room beside each other run into each other there; ours leaves some out.
    let sizes = [
        (132, 24, 52, Part::BesideHint),
        (132, 18, 52, Part::BesideHint),
        (60, 14, 16, Part::List),
        (200, 50, 86, Part::BesideHint),
        (80, 24, 26, Part::BesideHint),
    ];
    for (columns, rows, arrow, part) in sizes {
        for tmux in both.each() {
            tmux.resize(columns, rows);
        }
        both.wait_for("new layout", |screen| {
            let lines: Vec<_> = screen.lines().collect();
            lines.len() == rows
                && lines[rows - 1].starts_with("TOTAL:")
                && lines[2].find(" => 10.9.0.2:80") == Some(arrow)
        });
        both.wait_until_same(&format!("{columns}x{rows}"), part);
    }
    both.quit();
}
