//! Each key, pressed in both programs: what they say, and that the screens are the same after it.

use std::thread;

use super::{Both, Classic, Different, Part, Same, conversations};
use crate::support::{etc::Etc, net::Cable, tmux::Tmux};

/// (keys, what classic iftop says, ours)
type Press = (&'static str, &'static str, Classic);

const UNKNOWN: &str = "Press H or ? for help";
const NO_SHELL: &str = "Sorry, subshells have been disabled.";

const HANDS: &str = "what hands expect";
const NO_H: &str = "H does nothing in either";

/// Of keys that choose rows. Each begins where the one before ended.
const ROWS: &[Press] = &[
    ("s", "Hide source host", Same),
    ("d", "Hide dest host", Same),
    ("s", "Show source host", Same),
    ("d", "Show dest host", Same),
    ("S", "Port display SOURCE", Same),
    ("D", "Port display ON", Same),
    ("s", "Hide source host", Same),
    ("s", "Show source host", Same),
    ("S", "Port display DEST", Same),
    ("D", "Port display OFF", Same),
    ("p", "Port display ON", Same),
    ("N", "Port resolution on", Same),
    ("N", "Port resolution off", Same),
];

/// Of the others.
const DISPLAY: &[Press] = &[
    ("<", "Sort by source", Same),
    (">", "Sort by dest", Same),
    ("1", "Sort by col 1", Same),
    ("2", "Sort by col 2", Same),
    ("3", "Sort by col 3", Same),
    ("t", "One line per host", Same),
    ("t", "Received traffic only", Same),
    ("T", "Show cumulative totals", Same),
    ("t", "Sent traffic only", Same),
    ("t", "Two lines per host", Same),
    ("T", "Hide cumulative totals", Same),
    ("b", "Bars off", Same),
    ("b", "Bars on", Same),
    ("B", "Bars show 40s average", Same),
    ("B", "Bars show 2s average", Same),
    ("B", "Bars show 10s average", Same),
    ("o", "Order frozen", Same),
    ("o", "Order unfrozen", Same),
    ("P", "Display paused", Same),
    ("P", "Display unpaused", Same),
    ("n", "DNS resolution on", Same),
    ("n", "DNS resolution off", Same),
    ("!", NO_SHELL, Same),
    ("H", UNKNOWN, Different("Press h or ? for help", NO_H)),
    ("4", UNKNOWN, Different("Sort by cumulative", HANDS)),
    ("u", UNKNOWN, Different("Rates in bytes", HANDS)),
    ("u", UNKNOWN, Different("Rates and counts in packets", HANDS)),
    ("u", UNKNOWN, Different("Rates in bits", HANDS)),
    ("L", "Logarithmic scale", Same),
];

/// Keys that say nothing in ours; to classic iftop they are unknown.
const SILENT: [&str; 6] = ["Down", "Up", "PgDn", "PgUp", "Home", "End"];

fn start(cable: &Cable) -> Both<'_> {
    let both = Both::start(cable, &Etc::new(&[]), "-n -N -m 1M");
    both.send(&conversations());
    both.wait_for("all rows", |screen| screen.matches(" => ").count() == 3);
    both
}

fn press(both: &Both<'_>, presses: &[Press]) {
    for (keys, hint, ours) in presses {
        both.keys(keys);
        match ours {
            Same => {
                both.wait_for_hints(hint, hint);
                both.wait_until_same(keys, Part::BesideHint);
            }
            // In other units numbers have other places.
            Different(our_hint, _) => both.wait_for_hints(our_hint, hint),
        }
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn keys_are_answered_as_in_classic_iftop() {
    // At the same time, as they mostly wait.
    thread::scope(|scope| {
        scope.spawn(|| {
            let cable = Cable::new();
            let both = start(&cable);
            press(&both, ROWS);
            both.quit();
        });
        keys_for_the_display();
    });
}

fn keys_for_the_display() {
    let cable = Cable::new();
    let both = start(&cable);
    press(&both, DISPLAY);
    both.wait_for_hints("", "");
    both.wait_until_same("logarithmic labels", Part::Whole);
    both.keys("L");
    both.wait_for_hints("Linear scale", "Linear scale");
    for key in SILENT {
        both.keys("!");
        both.wait_for_hints(NO_SHELL, NO_SHELL);
        both.keys(key);
        both.wait_for_hints(NO_SHELL, UNKNOWN);
    }
    // What is asked for in the first line; Esc leaves it.
    let starts = |tmux: &Tmux<'_>, text: &str| {
        tmux.wait_for(text, |screen| screen.starts_with(text));
    };
    both.keys("l");
    for tmux in both.each() {
        starts(tmux, "Screen filter>");
    }
    both.keys("Escape");
    both.wait_for("no prompt", |screen| !screen.starts_with("Screen"));
    both.keys("f");
    for tmux in both.each() {
        starts(tmux, "Net filter>");
    }
    both.keys("Escape");
    both.wait_for("no prompt", |screen| !screen.starts_with("Net"));
    // The page's words are its own; totals stay below it, and the scale above.
    for key in ["h", "?"] {
        both.keys(key);
        both.wait_for("help", |screen| screen.contains("\nHost display:   "));
        both.keys(key);
        both.wait_until_same("after the help page", Part::List);
    }
    both.quit();
}
