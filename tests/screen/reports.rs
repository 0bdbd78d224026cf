//! Keys under text reports, on a terminal and beside classic iftop.

use crate::support::{
    classic::{self, Pump},
    frame::TCP,
    net::{Cable, on_one_cpu},
    tmux::Tmux,
    traffic::{Senders, into, out, packet, udp},
};

/// (key, what both programs say, hosts of the rows as ours prints them then)
type Press = (&'static str, &'static str, &'static [&'static str]);

const ALL: &[&str] = &["10.9.0.1 10.9.0.2", "10.9.0.1 10.9.0.10"];
const PORTS: &[&str] = &["10.9.0.1:53 10.9.0.2:4000", "10.9.0.1:40001 10.9.0.10:80"];

/// Each begins where the one before ended.
const PRESSES: [Press; 24] = [
    ("u", "", ALL),
    ("s", "Hide source host", &["* 10.9.0.2", "* 10.9.0.10"]),
    ("s", "Show source host", ALL),
    ("d", "Hide destination host", &["10.9.0.1 *"]),
    ("d", "Show destination host", ALL),
    ("S", "Showing ports: src.", &["10.9.0.1:53 10.9.0.2", "10.9.0.1:40001 10.9.0.10"]),
    ("D", "Showing ports: both.", PORTS),
    ("S", "Showing ports: dest.", &["10.9.0.1 10.9.0.2:4000", "10.9.0.1 10.9.0.10:80"]),
    ("D", "Showing ports: none.", ALL),
    ("p", "Showing ports: both.", PORTS),
    (
        "N",
        "Port resolution is ON.",
        &["10.9.0.1:domain 10.9.0.2:4000", "10.9.0.1:40001 10.9.0.10:http"],
    ),
    ("N", "Port resolution is OFF.", PORTS),
    ("p", "Showing ports: none.", ALL),
    ("n", "DNS resolution is ON.", ALL),
    ("n", "DNS resolution is OFF.", ALL),
    (">", "Sorting by column destination.", &["10.9.0.1 10.9.0.10", "10.9.0.1 10.9.0.2"]),
    ("o", "Order frozen.", &["10.9.0.1 10.9.0.10", "10.9.0.1 10.9.0.2"]),
    ("1", "Sorting by column 1.", &["10.9.0.1 10.9.0.10", "10.9.0.1 10.9.0.2"]),
    ("o", "Order unfrozen.", ALL),
    ("2", "Sorting by column 2.", ALL),
    ("3", "Sorting by column 3.", ALL),
    ("<", "Sorting by column source.", ALL),
    ("P", "Pausing... press 'P' again to continue.", &[]),
    ("P", "Continuing.", ALL),
];

/// Keys of the screen, which nothing answers here.
const UNKNOWN: &str = "x h t T b B L j k l f ! Down";

const HIGH: (usize, usize) = (100, 400);

/// A program's text reports on a terminal that is high enough for all of them.
fn start<'a>(cable: &'a Cable, command: &str) -> (Tmux<'a>, String) {
    let tmux = Tmux::start(&cable.a);
    tmux.resize(HIGH.0, HIGH.1);
    let modes = tmux.modes();
    tmux.keys(&[&format!("clear; {command}"), "Enter"]);
    tmux.wait_for("start", |screen| screen.contains("Listening on va\n"));
    (tmux, modes)
}

/// Whether a screen begins with the sentence and, but for a pause, an empty line and a report.
fn answers(screen: &str, sentence: &str) -> bool {
    let report = "   # Host name (port/service if enabled)";
    let start = match sentence {
        "" => report.to_owned(),
        pause if pause.starts_with("Pausing") => return screen.starts_with(&format!("{pause}\n")),
        _ => format!("{sentence}\n\n{report}"),
    };
    screen.starts_with(&start) && screen.contains("\n=====")
}

/// Left and right hosts of a report.
fn hosts(screen: &str) -> Vec<String> {
    let host = |line: &str, arrow: &str| {
        let (host, _) = line.split_once(arrow)?;
        Some(host.get(5..)?.trim().to_owned())
    };
    let left = screen.lines().filter_map(|line| host(line, " =>"));
    let right = screen.lines().filter_map(|line| host(line, " <="));
    left.zip(right).map(|(left, right)| format!("{left} {right}")).collect()
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn keys_are_answered_at_once_and_as_in_classic_iftop() {
    let cable = Cable::new();
    // No report comes but those that keys ask for.
    let program = env!("CARGO_BIN_EXE_iftop");
    let (ours, modes) = start(&cable, &format!("{program} -t -i va -nN --interval 3600"));
    let (classic, classic_modes) = start(&cable, &format!("{} -t -i va -nN", classic::program()));
    let senders = Senders::new(&cable);
    on_one_cpu(|| {
        senders.send(&into(&udp("10.9.0.2:4000", "10.9.0.1:53", 5000)));
        senders.send(&out(&packet(TCP, "10.9.0.1:40001", "10.9.0.10:80", 1000)));
    });
    let pump = Pump::start(&cable);
    classic.wait_for("report", |screen| hosts(screen).len() >= 2);
    // Between the two, classic iftop may print reports that nobody asked for.
    let press = |key: &str, sentence: &str, rows: &[&str]| {
        ours.wipe();
        ours.keys(&[key]);
        let wanted = |screen: &str| answers(screen, sentence) && hosts(screen) == rows;
        ours.wait_for(&format!("{sentence:?} and {rows:?} after {key}"), wanted);
        classic.wipe();
        classic.keys(&[key]);
        classic.wait_for(&format!("{sentence:?} after {key}"), |screen| {
            let said = screen.split_once(&format!("{sentence}\n"));
            said.is_some_and(|(_, report)| rows.is_empty() || hosts(report).len() >= rows.len())
        });
    };
    // The first sample may not have been taken yet.
    ours.wait_for("rows", |_| {
        ours.wipe();
        ours.keys(&["u"]);
        let screen = ours.wait_for("report", |screen| answers(screen, ""));
        hosts(&screen) == ALL
    });
    for (key, sentence, rows) in PRESSES {
        press(key, sentence, rows);
    }
    // Different: there is no fourth column to sort by in classic iftop.
    ours.wipe();
    ours.keys(&["4", "x", "u"]);
    let columns = |screen: &str| answers(screen, "Sorting by column 4.");
    ours.wait_for("fourth column", columns);
    for tmux in [&ours, &classic] {
        tmux.keys(&UNKNOWN.split(' ').collect::<Vec<_>>());
    }
    press("p", "Showing ports: both.", PORTS);
    drop(pump);
    ours.keys(&["q"]);
    ours.ended(0, &modes);
    classic.keys(&["q"]);
    classic.ended(0, &classic_modes);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_pause_ends_reports_until_it_is_over() {
    let cable = Cable::new();
    let program = env!("CARGO_BIN_EXE_iftop");
    let (tmux, modes) = start(&cable, &format!("{program} -t -i va -nN --interval 1"));
    let reports = |screen: &str| screen.matches("\n=====").count();
    tmux.wait_for("reports", |screen| reports(screen) >= 2);
    tmux.keys(&["P"]);
    tmux.wait_for("pause", |screen| screen.contains("\nPausing..."));
    // It counts on: samples are taken, and no report is printed but those that are asked for.
    let sender = Senders::new(&cable);
    let ask = || {
        tmux.wipe();
        tmux.keys(&["u"]);
        tmux.wait_for("report", |screen| reports(screen) >= 1);
        let screen = tmux.screen();
        assert_eq!(reports(&screen), 1, "{screen}");
        screen.lines().find(|line| line.starts_with("Cumulative")).map(str::to_owned)
    };
    for _ in 0..4 {
        let before = ask();
        sender.send(&into(&udp("10.9.0.2:4000", "10.9.0.1:53", 5000)));
        while ask() == before {}
    }
    tmux.wipe();
    tmux.keys(&["P"]);
    tmux.wait_for("reports", |screen| answers(screen, "Continuing.") && reports(screen) >= 3);
    tmux.keys(&["q"]);
    tmux.ended(0, &modes);
}
