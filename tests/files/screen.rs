//! A file on the terminal: it plays, holds, ends, and stays.

use super::*;
use crate::support::{
    capture::{Order::Little, pcap},
    net::Namespace,
    tmux::Tmux,
};

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_file_plays_pauses_and_stays_at_its_end() {
    let namespace = Namespace::new();
    let tmux = Tmux::start(&namespace);
    let modes = tmux.modes();
    // Ten hours, most of which are gaps, and then five minutes.
    let mut tenths: Vec<u64> = (0..10).map(|hour| hour * 36_000).collect();
    tenths.extend((0..300).map(|second| 10 * 36_000 + second * 10));
    let file = Scratch::new(&pcap(Little, false, 1, &frames_at(&tenths)));
    let program = env!("CARGO_BIN_EXE_iftop");
    let start = |options: &str| {
        let path = file.0.display();
        tmux.keys(&[
            &format!("clear; {program} -r {path} -nN --local 10.0.0.1 {options}"),
            "Enter",
        ]);
        tmux.wait_for_table();
    };
    // So slow that it does not end.
    start("--speed 1");
    let screen =
        tmux.wait_for("row", |screen| screen.contains("10.0.0.1                   => 10.1.0.1"));
    assert!(screen.contains("·] ") && screen.contains('%'), "{screen}");
    tmux.keys(&["Space"]);
    tmux.wait_for("pause", |screen| screen.contains("Display paused"));
    tmux.keys(&["Space"]);
    tmux.wait_for("end of the pause", |screen| screen.contains("Display unpaused"));
    tmux.keys(&["q"]);
    tmux.ended(0, &modes);

    start("--speed 10000");
    let screen = tmux.wait_for("end", |screen| screen.contains("─ end of file ─"));
    assert!(screen.contains("TX:"), "{screen}");
    tmux.keys(&["T"]);
    tmux.wait_for("sum", |screen| screen.contains("30.3KB"));
    // What the chart is of is what a report says.
    tmux.keys(&["g"]);
    let chart = tmux.wait_for("chart", |screen| screen.contains("-2m"));
    let report = run(super::program(file.0.to_str().unwrap(), "-nN --local 10.0.0.1 -t"), &[]).out;
    let [sent, received] = ["=> ", "<= "].map(|arrow| {
        let total = chart.lines().find(|line| line.starts_with("total ")).unwrap();
        total.split_once(arrow).unwrap().1.split_once(',').unwrap().0.to_owned()
    });
    let told = report.lines().rfind(|line| line.starts_with("Cumulative ")).unwrap();
    let told: Vec<_> = told.split_whitespace().skip(2).collect();
    assert_eq!([sent.as_str(), &received], told[..2], "{chart} {report}");
    assert_eq!(sent, "30.3KB");
    tmux.keys(&["i"]);
    // The rule of the table says `file` too.
    let page = tmux.wait_for("page", |screen| screen.contains("pcap, Ethernet"));
    assert!(page.contains("while capturing 0") && !page.contains("NIC"), "{page}");
    tmux.keys(&["q"]);
    tmux.ended(0, &modes);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_is_wrong_with_a_file_is_told_beside_what_was_readable() {
    let namespace = Namespace::new();
    let tmux = Tmux::start(&namespace);
    let modes = tmux.modes();
    let mut file = pcap(Little, false, 1, &frames_at(&[0, 1, 2]));
    file.truncate(file.len() - 1);
    let file = Scratch::new(&file);
    let program = env!("CARGO_BIN_EXE_iftop");
    tmux.keys(&[&format!("clear; {program} -r {} -nN", file.0.display()), "Enter"]);
    let screen = tmux.wait_for("error", |screen| screen.contains("cut off at byte 413"));
    assert!(screen.contains("10.0.0.1"), "{screen}");
    tmux.keys(&["q"]);
    tmux.ended(1, &modes);
}
