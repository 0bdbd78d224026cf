//! Every key, pressed on a terminal.
//!
//! Most are pressed while the display is paused: no sample changes anything then, so that what
//! changes was changed by the key, and at once. Nothing hangs on time but that rates of traffic that
//! has ended go to 0.

use std::collections::BTreeSet;

use iftop_user::app::keys::{BINDINGS, Key};

use super::table::{has_line, rate, rows};
use crate::support::{
    cells::Cells,
    etc::Etc,
    frame::TCP,
    net::{Cable, on_one_cpu},
    tmux::Tmux,
    traffic::{Senders, into, out, packet, udp},
};

const ICMP: u8 = 1;

/// Keys, pressed one after another, and what the screen shows then.
struct Step {
    /// As tmux calls them. The first is the one that this is about.
    keys: &'static str,
    /// The message; `None` where it is the one before, or none.
    hint: Option<&'static str>,
    shows: Shows,
}

#[derive(Debug)]
enum Shows {
    /// These rows.
    Rows(&'static [&'static str]),
    /// This row underlined, or none.
    Selected(&'static str),
    /// Bars on these lines.
    Bars(&'static [usize]),
    /// A line that begins so.
    Line(usize, &'static str),
    /// These texts.
    Texts(&'static [&'static str]),
    /// Not this text.
    No(&'static str),
}

mod steps;

use Shows::{Bars, Line, No, Rows, Selected, Texts};
use steps::{ALL, DUMP, FIRST, LOW_STEPS, SECOND, STEPS, THIRD};

const fn step(keys: &'static str, hint: &'static str, shows: Shows) -> Step {
    Step { keys, hint: Some(hint), shows }
}

const fn silent(keys: &'static str, shows: Shows) -> Step {
    Step { keys, hint: None, shows }
}

/// What these do is to be seen beside the table.
const OTHER_KEYS: [&str; 5] = ["C-l", "C-z", "C-c", "q", "Space"];

const HOSTS: &str = "10.9.0.1 left.example\n10.9.0.2 right.example\n10.9.0.10 ten.example\n\
                     fd00:9::1 left6.example\nfd00:9::2 right6.example\n";

#[test]
fn all_keys_are_pressed() {
    let pressed = STEPS.iter().chain(LOW_STEPS);
    let mut pressed: BTreeSet<&str> =
        pressed.map(|step| step.keys.split(' ').next().unwrap()).collect();
    pressed.extend(OTHER_KEYS);
    let keys = BINDINGS.iter().flat_map(|binding| binding.keys);
    let not_pressed: Vec<String> = keys
        .map(|(key, _)| match key {
            Key::Char(' ') => "Space".to_owned(),
            Key::Char(c) => c.to_string(),
            Key::Ctrl(c) => format!("C-{c}"),
            Key::Named(_, "Esc") => "Escape".to_owned(),
            Key::Named(_, "Bksp") => "BSpace".to_owned(),
            Key::Named(_, name) => (*name).to_owned(),
        })
        .filter(|key| !pressed.contains(key.as_str()))
        .collect();
    assert_eq!(not_pressed, [""; 0]);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn every_key_does_at_once_what_it_says() {
    let cable = Cable::new();
    let etc = Etc::new(&[("nsswitch.conf", "hosts: files\n"), ("hosts", HOSTS)]);
    let tmux = Tmux::start_with(&cable.a, &etc);
    let modes = tmux.modes();
    tmux.show_table_with("-nN -m 64K");
    let senders = Senders::new(&cable);
    on_one_cpu(|| {
        let dns = into(&udp("10.9.0.2:4000", "10.9.0.1:53", 7972));
        (0..2500).for_each(|_| senders.send(&dns));
        senders.send(&out(&packet(ICMP, "10.9.0.1:0", "10.9.0.2:0", 56)));
        senders.send(&out(&packet(TCP, "10.9.0.1:22", "10.9.0.2:5000", 12)));
    });
    tmux.wait_for("first row", |screen| rows(screen) == [FIRST]);
    tmux.wait_for("first row without a rate over 10 s", |screen| rate(screen, "RX:", 1) == "0b");
    on_one_cpu(|| {
        let ntp = into(&udp("[fd00:9::2]:4001", "[fd00:9::1]:123", 7952));
        (0..1000).for_each(|_| senders.send(&ntp));
    });
    tmux.wait_for("second row", |screen| rows(screen) == [SECOND, FIRST]);
    tmux.wait_for("second row without a rate over 2 s", |screen| rate(screen, "RX:", 0) == "0b");
    let web = out(&packet(TCP, "10.9.0.1:40001", "10.9.0.10:80", 7972));
    senders.send(&web);
    tmux.wait_for("third row", |screen| rows(screen) == [SECOND, THIRD, FIRST]);
    // It must not fade before the pause has come.
    senders.send(&web);
    // Where programs may write to the clipboard, tmux keeps what they wrote.
    tmux.run(&["set-option", "-s", "set-clipboard", "on"]);
    take(&tmux, STEPS);
    assert_eq!(tmux.run(&["show-buffer"]).trim_end(), DUMP);
    tmux.resize(80, 10);
    tmux.wait_for("fewer rows", |screen| rows(screen) == [FIRST, SECOND]);
    take(&tmux, LOW_STEPS);
    tmux.resize(80, 24);
    let paused = tmux.wait_for("all rows", |screen| {
        has_line(screen, 0, " Display paused ") && ALL.is_on_text(screen)
    });

    tmux.keys(&["C-l"]);
    tmux.keys(&["C-z"]);
    tmux.wait_for_prompt();
    assert_eq!(tmux.modes(), modes);
    tmux.keys(&["fg", "Enter"]);
    tmux.wait_for("the paused table", |screen| screen == paused);
    tmux.keys(&["C-c"]);
    tmux.ended(0, &modes);
}

fn take(tmux: &Tmux<'_>, steps: &[Step]) {
    for Step { keys, hint, shows } in steps {
        tmux.keys(&keys.split(' ').collect::<Vec<_>>());
        tmux.wait_for_cells(&format!("{hint:?} and {shows:?} after {keys}"), |cells| {
            hint.is_none_or(|hint| cells.hint() == hint) && shows.is_on(cells)
        });
    }
}

impl Shows {
    fn is_on(&self, cells: &Cells) -> bool {
        match self {
            Selected(expected) => rows(&format!("\n{}", cells.underlined())).concat() == *expected,
            Bars(expected) => cells.bars() == *expected,
            _ => self.is_on_text(&cells.text()),
        }
    }

    fn is_on_text(&self, screen: &str) -> bool {
        match self {
            Rows(expected) => rows(screen) == *expected,
            Line(line, start) => has_line(screen, *line, start),
            Texts(texts) => texts.iter().all(|text| screen.contains(text)),
            No(text) => !screen.contains(text),
            Selected(_) | Bars(_) => panic!("{self:?} needs more than text"),
        }
    }
}
