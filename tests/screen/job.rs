//! The table under a shell's job control, and when it has to be painted anew.

use std::fs;

use crate::support::{net::Cable, tmux::Tmux};

/// The table is there and takes keys one by one, unseen.
fn obeys(tmux: &Tmux<'_>) {
    tmux.wait_for_table();
    tmux.keys(&["h"]);
    tmux.wait_for("help", |screen| screen.contains("Host display:"));
    tmux.keys(&["h"]);
    tmux.wait_for("table", |screen| !screen.contains("Host display:"));
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn it_stops_gives_the_terminal_back_and_takes_it_again() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    tmux.show_table();
    for stop in ["Ctrl-Z", "SIGTSTP"] {
        match stop {
            "Ctrl-Z" => tmux.keys(&["C-z"]),
            _ => tmux.signal_program(libc::SIGTSTP),
        }
        tmux.wait_for_prompt();
        assert!(tmux.output_of("jobs").contains("Stopped"), "{stop}");
        assert_eq!(tmux.modes(), modes, "{stop}");
        tmux.keys(&["fg", "Enter"]);
        obeys(&tmux);
    }
    tmux.keys(&["q"]);
    tmux.ended(0, &modes);
}

/// Nothing is drawn over what the shell shows, nothing read from it, and nothing stops us.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn in_the_background_it_counts_on_and_leaves_the_terminal_alone() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    tmux.show_table();
    tmux.keys(&["C-z"]);
    tmux.wait_for_prompt();
    tmux.output_of("bg");
    assert_eq!(tmux.modes(), modes);
    assert!(tmux.output_of("jobs").contains("Running"));
    tmux.keys(&["fg", "Enter"]);
    obeys(&tmux);

    tmux.keys(&["C-z"]);
    tmux.wait_for_prompt();
    assert_eq!(tmux.output_of("bg; kill %1; wait %1; echo $?").lines().last(), Some("143"));
    tmux.ended(0, &modes);
}

/// A script without job control would wait for ever for a program that stopped alone.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn ctrl_z_stops_whoever_waits_for_it_too() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    let program = env!("CARGO_BIN_EXE_iftop");
    for rights in ["--no-sandbox", ""] {
        tmux.keys(&[&format!("clear; sh -c '{program} -i va -nN {rights}; exit 5'"), "Enter"]);
        tmux.wait_for_table();
        tmux.keys(&["C-z"]);
        if rights.is_empty() {
            // Whoever has given up root's rights cannot stop what is root's. The terminal can, which it has
            // given back before.
            let is_stopped = || tmux.states_below_shell().contains(&'T');
            while !is_stopped() {}
            tmux.keys(&["C-z"]);
        }
        tmux.wait_for_prompt();
        assert_eq!(tmux.modes(), modes);
        tmux.keys(&["fg", "Enter"]);
        obeys(&tmux);
        tmux.keys(&["q"]);
        tmux.ended(5, &modes);
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_stop_that_cannot_be_seen_coming_is_repaired() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    tmux.show_table();
    tmux.signal_program(libc::SIGSTOP);
    tmux.wait_for("shell", |screen| screen.contains("Stopped"));
    // The shell has the terminal as we left it, where Enter is not the end of a line.
    tmux.keys(&["stty sane; clear; fg", "C-j"]);
    obeys(&tmux);
    assert!(!tmux.screen().contains("fg"));
    tmux.keys(&["q"]);
    tmux.ended(0, &modes);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn ctrl_l_paints_everything_anew() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    tmux.show_table();
    let terminal = tmux.run(&["display-message", "-p", "#{pane_tty}"]);
    fs::write(terminal.trim(), "\x1b[10;1Hscribble\x1b[22;1Hscribble").unwrap();
    tmux.wait_for("scribble", |screen| screen.matches("scribble").count() == 2);
    tmux.keys(&["C-l"]);
    tmux.wait_for("table", |screen| !screen.contains("scribble") && screen.contains("\nTX: "));
    tmux.keys(&["C-c"]);
    tmux.ended(0, &modes);
}

/// As on `linux` and `vt100`, which ignore the sequences for it.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_terminal_without_an_alternate_screen_is_usable_before_and_after() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    tmux.run(&["set-option", "-g", "alternate-screen", "off"]);
    for term in ["vt100", "linux", "screen"] {
        tmux.output_of("yes rubbish | head -n 20");
        tmux.keys(&[&format!("TERM={term}"), "Enter"]);
        tmux.show_table();
        assert!(!tmux.screen().contains("rubbish"), "{term}");
        tmux.keys(&["q"]);
        // The table, the summary, the prompt.
        let below = |screen: &str| {
            let lines: Vec<_> = screen.lines().collect();
            let summary = lines.iter().position(|line| line.starts_with("iftop: va for "));
            let above = summary.and_then(|summary| lines.get(summary.checked_sub(1)?));
            above.is_some_and(|line| line.starts_with("TOTAL:")) && lines.last() == Some(&"$")
        };
        tmux.wait_for("prompt below the summary below the table", below);
        assert_eq!(tmux.modes(), modes, "{term}");
    }
}
