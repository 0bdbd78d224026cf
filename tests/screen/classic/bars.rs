//! Which cells are in reverse video: as many as follow from the rate that the same screen prints.

use super::Both;
use crate::support::{
    cells::Cells,
    etc::Etc,
    net::Cable,
    report::{is_number, value},
    traffic::{into, udp},
};

/// Two megabits, over the whole width.
const MAX: f64 = 2.0 * 1024.0 * 1024.0;
/// The line of what the interface received.
const RX: usize = 22;

/// (keys, lines with bars, which rate from the left they show, whether by the logarithm)
type State = (&'static str, &'static [usize], usize, bool);

/// Each begins where the one before ended. Never on the line of both directions.
const STATES: [State; 10] = [
    ("", &[3, RX], 1, false),
    ("B", &[3, RX], 2, false),
    ("B", &[3, RX], 0, false),
    ("B", &[3, RX], 1, false),
    ("t", &[2, RX], 1, false),
    ("t", &[2, RX], 1, false),
    ("t", &[RX], 1, false),
    ("t", &[3, RX], 1, false),
    ("L", &[3, RX], 1, true),
    ("b", &[], 1, true),
];

#[test]
#[ignore = "needs root: cargo xtask test"]
fn bars_are_where_and_as_long_as_in_classic_iftop() {
    let cable = Cable::new();
    let both = Both::start(&cable, &Etc::new(&[]), "-n -N -m 2M");
    let packet = into(&udp("10.9.0.2:2", "10.9.0.1:1", 972));
    // At first, when there has been but one second, most of the scale.
    both.send(&vec![packet.clone(); 200]);
    for columns in [80, 132] {
        for tmux in both.each() {
            tmux.resize(columns, 24);
        }
        for (keys, lines, column, is_log) in STATES {
            // The rate over 2 seconds would soon be 0.
            both.send(&vec![packet.clone(); 20]);
            if !keys.is_empty() {
                both.keys(keys);
            }
            for tmux in both.each() {
                tmux.wait_for_cells(&format!("{columns} {keys}: bars on {lines:?}"), |cells| {
                    cells.bars() == lines
                        && lines.iter().all(|&line| is_measured(cells, line, column, is_log))
                });
            }
        }
        both.keys("b");
        both.keys("L");
    }
    both.quit();
}

/// Whether the bar of a line is as long as the number in it says.
fn is_measured(cells: &Cells, line: usize, column: usize, is_log: bool) -> bool {
    let text = cells.text();
    let line_of = |line: usize| text.lines().nth(line).unwrap_or_default();
    // The rule above the totals is as wide as the screen.
    let width = line_of(20).chars().count();
    let start = width - (3 - column) * 8;
    let Some(number) = line_of(line).get(start..(start + 8).min(line_of(line).len())) else {
        return false;
    };
    if !is_number(number.trim()) {
        return false;
    }
    let rate = value(number.trim());
    let length = |rate: f64| {
        let share = if is_log { rate.ln() / MAX.ln() } else { rate / MAX };
        let whole = (share * width as f64).floor();
        if whole < 1.0 { 0.0 } else { (whole + 1.0).min(width as f64) }
    };
    // Beyond the scale every bar is as long. As printed, a rate has three digits.
    rate < MAX
        && (length(rate * 0.994)..=length(rate * 1.006)).contains(&(cells.reversed(line) as f64))
}
