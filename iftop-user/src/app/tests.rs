//! Keys and views in, state out.

use crossterm::event::{KeyCode, KeyEventKind, KeyModifiers};

use super::*;
use crate::{
    flow::window::Window,
    scale::Spread,
    units::{Measure, Unit},
    view::{Closer, Closeup, Order, PortDisplay, Query, Sides, Sort, fixture},
};

mod rows;

fn press(key: char) -> KeyEvent {
    KeyEvent::from(KeyCode::Char(key))
}

fn control(key: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(key), KeyModifiers::CONTROL)
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
        ("p", Some("Port display ON"), |app| app.query().ports == PortDisplay::On),
        ("pp", Some("Port display OFF"), |app| app.query().ports == PortDisplay::Off),
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
        ("S", Some("Port display SOURCE"), |app| app.query().ports == PortDisplay::SourceOnly),
        ("SD", Some("Port display ON"), |app| app.query().ports == PortDisplay::On),
        ("SDS", Some("Port display DEST"), |app| app.query().ports == PortDisplay::DestinationOnly),
        ("SDSD", Some("Port display OFF"), |app| app.query().ports == PortDisplay::Off),
        ("Sp", Some("Port display OFF"), |app| app.query().ports == PortDisplay::Off),
        ("s", Some("Hide source host"), |app| app.query().hide_source),
        ("ss", Some("Show source host"), |app| !app.query().hide_source),
        ("d", Some("Hide dest host"), |app| app.query().hide_destination),
        ("dd", Some("Show dest host"), |app| !app.query().hide_destination),
        ("L", Some("Logarithmic scale"), |app| app.settings().spread == Spread::Logarithmic),
        ("LL", Some("Linear scale"), |app| app.settings().spread == Spread::Linear),
        ("u", Some("Rates in bytes"), |app| app.settings().format.unit == Unit::Bytes),
        ("uu", Some("Rates and counts in packets"), |app| app.query().measure == Measure::Packets),
        ("uuu", Some("Rates in bits"), |app| app.query().measure == Measure::Bytes),
        ("Gp", Some("Port display ON, but not in groups"), |app| {
            app.settings().ports == PortDisplay::On
        }),
        ("GGGGGp", Some("Port display ON"), |app| app.settings().ports == PortDisplay::On),
        ("M", Some("Mouse on"), |app| app.settings().mouse),
        ("MM", Some("Mouse off"), |app| !app.settings().mouse),
        ("4", Some("Sort by cumulative"), |app| app.query().sort == Sort::Cumulative),
        ("o", Some("Order frozen"), App::frozen),
        ("oo", Some("Order unfrozen"), |app| !app.frozen()),
        ("!", Some("Sorry, subshells have been disabled."), |_| true),
        ("f", None, |app| app.prompt().is_some_and(|(question, _)| question == "Net filter> ")),
        ("l", None, |app| app.prompt().is_some()),
        ("/", None, |app| app.prompt().is_some()),
        ("e", None, |app| {
            app.prompt().is_some_and(|(question, _)| question.starts_with("Export:"))
        }),
        ("P", Some("Display paused"), App::paused),
        ("PP", Some("Display unpaused"), |app| !app.paused()),
        ("h", None, |app| app.page() == Some((Page::Help, 0))),
        ("?", None, |app| app.page() == Some((Page::Help, 0))),
        ("hjjk", None, |app| app.page() == Some((Page::Help, 1)) && app.scroll() == 0),
        ("h?", None, |app| app.page().is_none()),
        ("ij", None, |app| app.page() == Some((Page::Health, 1)) && app.scroll() == 0),
        ("ii", None, |app| app.page().is_none()),
        ("hji", None, |app| app.page() == Some((Page::Health, 0))),
        ("ih", None, |app| app.page() == Some((Page::Help, 0))),
        ("j", None, |app| app.scroll() == 1),
        ("jjk", None, |app| app.scroll() == 1),
        ("kk", None, |app| app.scroll() == 0),
        ("jjjjjjjjjj", None, |app| app.scroll() == 3),
        ("jjjjjjjjjjk", None, |app| app.scroll() == 2),
        ("H", Some("Press h or ? for help"), |app| app.page().is_none()),
        ("nH", Some("Press h or ? for help"), |app| !app.wants_names()),
        ("x", Some("Select a row first, by Up or Down"), |app| app.query().choices.is_empty()),
        ("+", Some("Select a row first, by Up or Down"), |app| app.query().choices.is_empty()),
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
    let release = KeyEvent { kind: KeyEventKind::Release, ..press('q') };
    let repeat = KeyEvent { kind: KeyEventKind::Repeat, ..press('j') };
    let cases = [
        (press('q'), Outcome::Quit),
        (control('c'), Outcome::Quit),
        (release, Outcome::Ignored),
        (repeat, Outcome::Redraw),
        (KeyEvent::from(KeyCode::Down), Outcome::Redraw),
        (control('z'), Outcome::Ignored),
        (control('l'), Outcome::Ignored),
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
fn the_scroll_position_stays_inside_the_list() {
    let mut app = app();
    for _ in 0..3 {
        app.key(press('j'));
    }
    let mut shorter = fixture::hosts();
    shorter.rows.truncate(2);
    shorter.row_count = 2;
    app.show(shorter);
    assert_eq!(app.scroll(), 1);
    app.show(fixture::view(Vec::new()));
    assert_eq!(app.scroll(), 0);
    app.fit(20);
    let query = app.query();
    assert_eq!((query.first, query.limit), (0, Some(20)), "no more than is shown");
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
    let steps = [("", 128_000.0), ("t", 256_000.0), ("B", 10e6), ("B", 10e6)];
    let mut app = App::new(Settings::default(), None);
    for (keys, expected) in steps {
        for key in keys.chars() {
            app.key(press(key));
        }
        app.show(view.clone());
        let difference = app.scale().max_per_second(Unit::Bits) - expected;
        assert!(difference.abs() < 1.0, "{keys}: {difference}");
    }
}

fn typed(app: &mut App, text: &str) {
    for key in text.chars() {
        app.key(press(key));
    }
    assert_eq!(app.key(KeyEvent::from(KeyCode::Enter)), Outcome::Redraw);
}

#[test]
fn the_screen_filter_is_edited_taken_and_dropped() {
    let text = |app: &App| app.filter().map(|filter| filter.text().to_owned());
    let mut app = app();
    typed(&mut app, "l:80");
    assert_eq!(text(&app).as_deref(), Some(":80"));
    assert!(app.query().filter.is_some_and(|filter| filter.is_match("10.0.0.1:80")));
    // It begins with what there is, and Esc leaves that alone.
    app.key(press('/'));
    assert_eq!(app.prompt().map(|(_, editor)| editor.text().to_owned()).as_deref(), Some(":80"));
    assert_eq!(app.key(press('q')), Outcome::Draw, "no letter asks for a view");
    assert_eq!(app.key(KeyEvent::from(KeyCode::Esc)), Outcome::Draw);
    assert_eq!(text(&app).as_deref(), Some(":80"));
    // What is none clears it, as in iftop.
    typed(&mut app, "l([");
    assert_eq!((text(&app), app.hint()), (None, Some("Invalid regexp")));
    typed(&mut app, "lx");
    assert_eq!((text(&app).as_deref(), app.hint()), (Some("x"), None), "no hint of the one before");
    app.key(press('l'));
    app.key(control('u'));
    app.key(KeyEvent::from(KeyCode::Enter));
    assert_eq!(text(&app), None, "nothing lets everything through");
    app.key(press('l'));
    assert_eq!(app.key(control('c')), Outcome::Quit);
}

#[test]
fn one_key_says_in_which_form_a_file_is_written() {
    for (key, expected) in [
        (press('t'), Some(Form::Text)),
        (press('j'), Some(Form::Json)),
        (press('x'), None),
        (control('t'), None),
        (KeyEvent::from(KeyCode::Esc), None),
        (KeyEvent::from(KeyCode::Enter), None),
    ] {
        let mut app = app();
        app.key(press('e'));
        assert_eq!(app.key(key), Outcome::Draw, "{key:?}");
        assert!(app.prompt().is_none() && app.page().is_none(), "{key:?}");
        assert_eq!(app.take_wanted_export(), expected, "{key:?}");
        assert_eq!(app.take_wanted_export(), None, "{key:?}: once");
    }
    let mut app = app();
    app.key(press('i'));
    app.key(press('e'));
    assert_eq!((app.prompt(), app.hint()), (None, Some("Back to the table first")));
    app.was_exported(Ok("iftop-1.txt".to_owned()));
    assert_eq!(app.hint(), Some("Wrote iftop-1.txt"));
    app.was_exported(Err("Permission denied".to_owned()));
    assert_eq!(app.hint(), Some("Not written: Permission denied"));
}

#[test]
fn keys_of_one_kind_add_up_and_others_mean_the_list_as_it_will_be() {
    // (keys without a view between them, the next key, whether that needs a view first)
    let cases = [
        ("", 'j', false),
        ("j", 'j', false),
        ("jk", 'k', false),
        ("j", '1', true),
        ("j", 'P', true),
        ("1", '2', false),
        ("1", 'j', true),
        ("pst", 'o', false),
        ("o", '3', true),
        ("oo", '3', false),
        ("l", 'j', false),
        ("h", 'h', false),
        ("p", 'y', true),
        ("j", 'g', true),
        ("j", 'x', true),
        ("x", 'x', true),
        ("1", '+', true),
    ];
    for (keys, next, expected) in cases {
        let mut app = app();
        for key in keys.chars() {
            app.key(press(key));
        }
        assert_eq!(app.needs_view_before(press(next)), expected, "{keys} {next}");
        app.show(fixture::hosts());
        assert!(!app.needs_view_before(press(next)), "{keys} {next}: it is there");
    }
}
