//! Keys and views in, state out.

use crossterm::event::{KeyCode, KeyEventKind, KeyModifiers};

use super::*;
use crate::view::{Sides, fixture};

fn press(key: char) -> KeyEvent {
    KeyEvent::from(KeyCode::Char(key))
}

fn app() -> App {
    let mut app = App::new(Settings::default(), None);
    app.show(fixture::hosts());
    app
}

fn at(seconds: u64) -> View {
    View { elapsed: Duration::from_secs(seconds), ..fixture::hosts() }
}

#[test]
fn keys_change_the_state_and_say_so() {
    type Check = fn(&App) -> bool;
    let cases: &[(&str, Option<&str>, Check)] = &[
        ("n", Some("DNS resolution off"), |app| !app.wants_names()),
        ("nn", Some("DNS resolution on"), App::wants_names),
        ("N", Some("Port resolution off"), |app| !app.wants_services()),
        ("NN", Some("Port resolution on"), App::wants_services),
        ("p", Some("Port display ON"), |app| app.query().ports),
        ("pp", Some("Port display OFF"), |app| !app.query().ports),
        ("b", Some("Bars off"), |app| !app.settings().bars),
        ("bb", Some("Bars on"), |app| app.settings().bars),
        ("B", Some("Bars show 40s average"), |app| app.settings().bar_window == Window::Forty),
        ("BB", Some("Bars show 2s average"), |app| app.settings().bar_window == Window::Two),
        ("BBB", Some("Bars show 10s average"), |app| app.settings().bar_window == Window::Ten),
        ("t", Some("One line per host"), |app| app.query().sides == Sides::Both),
        ("tt", Some("Received traffic only"), |app| app.query().sides == Sides::Received),
        ("ttt", Some("Sent traffic only"), |app| app.query().sides == Sides::Sent),
        ("tttt", Some("Two lines per host"), |app| app.query().sides == Sides::Both),
        ("T", Some("Show cumulative totals"), |app| app.settings().cumulative),
        ("TT", Some("Hide cumulative totals"), |app| !app.settings().cumulative),
        ("1", Some("Sort by col 1"), |app| app.query().sort == Sort::Two),
        ("12", Some("Sort by col 2"), |app| app.query().sort == Sort::Ten),
        ("3", Some("Sort by col 3"), |app| app.query().sort == Sort::Forty),
        ("<", Some("Sort by source"), |app| app.query().sort == Sort::Source),
        (">", Some("Sort by dest"), |app| app.query().sort == Sort::Destination),
        ("P", Some("Display paused"), App::paused),
        ("PP", Some("Display unpaused"), |app| !app.paused()),
        ("h", None, App::help),
        ("?", None, App::help),
        ("h?", None, |app| !app.help()),
        ("j", None, |app| app.scroll() == 1),
        ("jjk", None, |app| app.scroll() == 1),
        ("kk", None, |app| app.scroll() == 0),
        ("jjjjjjjjjj", None, |app| app.scroll() == 3),
        ("jjjjjjjjjjk", None, |app| app.scroll() == 2),
        ("H", Some("Press h or ? for help"), |app| !app.help()),
        ("nx", Some("Press h or ? for help"), |app| !app.wants_names()),
    ];
    for (keys, hint, check) in cases {
        let mut app = app();
        for key in keys.chars() {
            assert_eq!(app.key(press(key)), Outcome::Redraw, "{keys}");
        }
        assert_eq!(app.hint(), *hint, "{keys}");
        assert!(check(&app), "{keys}");
    }
}

#[test]
fn some_events_are_no_redraw() {
    let quit = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let release = KeyEvent { kind: KeyEventKind::Release, ..press('q') };
    let repeat = KeyEvent { kind: KeyEventKind::Repeat, ..press('j') };
    let cases = [
        (press('q'), Outcome::Quit),
        (quit, Outcome::Quit),
        (release, Outcome::Ignored),
        (repeat, Outcome::Redraw),
        (KeyEvent::from(KeyCode::Down), Outcome::Redraw),
    ];
    for (event, expected) in cases {
        assert_eq!(app().key(event), expected, "{event:?}");
    }
}

#[test]
fn a_hint_goes_after_two_seconds() {
    let mut app = App::new(Settings::default(), None);
    app.say("Listening on eth0");
    for (seconds, expected) in
        [(0, Some("Listening on eth0")), (2, Some("Listening on eth0")), (3, None)]
    {
        app.show(at(seconds));
        assert_eq!(app.hint(), expected, "at {seconds} s");
    }
}

#[test]
fn a_pause_is_said_until_it_ends() {
    let mut app = app();
    app.key(press('P'));
    app.show(at(600));
    assert_eq!(app.hint(), Some("Display paused"));
    app.key(press('b'));
    assert_eq!(app.hint(), Some("Bars off"));
    app.show(at(603));
    assert_eq!(app.hint(), Some("Display paused"));
    app.key(press('P'));
    app.show(at(606));
    assert_eq!(app.hint(), None);
}

#[test]
fn a_pause_freezes_all_but_what_counts_since_start() {
    let mut app = app();
    let before = app.view().clone();
    app.key(press('P'));
    let mut later = fixture::view(Vec::new());
    later.totals.sent = fixture::total([1.0; 3], 1e12, 7_000_000);
    later.totals.received = fixture::total([2.0; 3], 2e12, 8_000_000);
    later.both = fixture::total([3.0; 3], 3e12, 15_000_000);
    later.elapsed = Duration::from_secs(90);
    app.show(later.clone());

    let mut expected = before;
    expected.totals.sent.cumulative = later.totals.sent.cumulative;
    expected.totals.received.cumulative = later.totals.received.cumulative;
    expected.both.cumulative = later.both.cumulative;
    assert_eq!(*app.view(), expected);

    app.key(press('P'));
    app.show(later.clone());
    assert_eq!(*app.view(), later);
}

#[test]
fn the_scroll_position_stays_inside_the_list() {
    let mut app = app();
    for _ in 0..3 {
        app.key(press('j'));
    }
    let mut shorter = fixture::hosts();
    shorter.rows.truncate(2);
    app.show(shorter);
    assert_eq!(app.scroll(), 1);
    app.show(fixture::view(Vec::new()));
    assert_eq!(app.scroll(), 0);
    assert_eq!(app.query().limit, Some(ROWS_AHEAD));
}

#[test]
fn the_scale_follows_what_the_bars_show() {
    let local = || fixture::endpoint("192.0.2.1");
    let rows = vec![fixture::row(
        local(),
        fixture::endpoint("192.0.2.2"),
        fixture::traffic([9e6, 90e3, 0.0], 0),
        fixture::traffic([0.0, 60e3, 2e6], 0),
    )];
    let view = View { rows, elapsed: Duration::from_secs(5), ..View::default() };
    // Grows at once, also when a key shows other rates; never shrinks at once.
    let steps = [("", 128_000), ("t", 256_000), ("B", 10_000_000), ("B", 10_000_000)];
    let mut app = App::new(Settings::default(), None);
    app.show(view);
    for (keys, expected) in steps {
        for key in keys.chars() {
            app.key(press(key));
        }
        assert_eq!(app.scale().max_bits_per_second(), expected, "{keys}");
    }
}
