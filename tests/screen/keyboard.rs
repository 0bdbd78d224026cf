//! Keys beside text reports.

use std::env;

use iftop_user::terminal::keyboard::Keyboard;

use crate::support::{net::Namespace, tmux::Tmux};

/// The same test twice: inside the terminal, where it tells each key, and outside.
#[tokio::test]
#[ignore = "needs root: cargo xtask test"]
async fn keys_come_one_by_one_while_the_terminal_is_ours() {
    const INSIDE: &str = "IFTOP_TEST_KEYBOARD";
    if env::var_os(INSIDE).is_some() {
        let mut keyboard = Keyboard::take().unwrap();
        println!("ready");
        loop {
            match keyboard.key().await.unwrap() {
                'q' => return,
                '!' => panic!("on purpose"),
                key => println!("key {key}"),
            }
        }
    }
    let namespace = Namespace::new();
    let tmux = Tmux::start(&namespace);
    let modes = tmux.modes();
    let start = |how: &str| {
        let name = "screen::keyboard::keys_come_one_by_one_while_the_terminal_is_ours";
        tmux.run_this_test(INSIDE, &format!("{name} {how}"));
        tmux.wait_for("start", |screen| screen.contains("ready\n"));
    };
    let answers = |key: &str| {
        tmux.keys(&[key]);
        // Alone on its line: it was not echoed.
        tmux.wait_for("key", |screen| screen.lines().any(|line| line == format!("key {key}")));
    };
    start("");
    answers("a");
    for round in ["b", "c"] {
        tmux.keys(&["C-z"]);
        tmux.wait_for_prompt();
        assert_eq!(tmux.modes(), modes);
        if round == "c" {
            tmux.output_of("bg");
            assert_eq!(tmux.modes(), modes);
            assert!(tmux.output_of("jobs").contains("Running"));
        }
        tmux.keys(&["clear; fg", "Enter"]);
        // The shell tells the command; where its lines end depends on where the project is.
        tmux.wait_for("job", |screen| screen.replace('\n', "").contains("--exact"));
        answers(round);
    }
    tmux.keys(&["q"]);
    tmux.wait_for("end", |screen| screen.contains("test result: ok"));
    tmux.ended(0, &modes);

    start("&");
    assert_eq!(tmux.modes(), modes);
    assert!(tmux.output_of("jobs").contains("Running"));
    tmux.keys(&["fg", "Enter"]);
    answers("d");
    tmux.keys(&["!"]);
    tmux.wait_for("message", |screen| screen.contains("\non purpose\n"));
    tmux.ended(101, &modes);
}
