//! What is done with one row: frozen, taken out of view, looked at.

use super::*;

#[test]
fn a_frozen_order_is_that_of_the_next_view_and_of_other_rows_anew() {
    let mut app = app();
    app.key(press('o'));
    assert_eq!(app.query().order, Order::Freeze);
    let rows: Vec<_> = app.view().rows.iter().map(|row| row.id).collect();
    app.show(View { frozen: Some(rows.clone()), ..fixture::hosts() });
    assert_eq!(app.query().order, Order::Frozen(&rows));
    app.show(at(600));
    assert_eq!(app.hint(), Some("Order frozen"), "as long as it is");
    app.key(press('3'));
    assert_eq!(app.query().order, Order::Frozen(&rows));
    app.key(press('p'));
    assert_eq!(app.query().order, Order::Freeze, "the rows are others now");
    app.key(press('o'));
    assert_eq!(app.query().order, Order::Live);
    app.key(press('G'));
    app.key(press('o'));
    app.show(View { frozen: Some(rows.clone()), ..fixture::hosts() });
    app.key(press('p'));
    assert_eq!(app.query().order, Order::Frozen(&rows), "not in groups");
}

#[test]
fn rows_are_taken_out_of_view_and_brought_back() {
    const DOWN: &str = "Down";
    const BACK: &str = "Back";
    // (keys, hint, choices then, the place of what is selected once a view shows all rows but one)
    let cases: &[(&[&str], &str, usize, Option<usize>)] = &[
        (&[BACK], "Nothing is out of view", 0, None),
        (&[DOWN, "x"], "Out of view: 192.0.2.1 <=> 198.51.100.2", 1, Some(0)),
        (&[DOWN, DOWN, "x"], "Out of view: 2001:db8:9::1 <=> six.example.com", 1, Some(1)),
        (&[DOWN, "+"], "Only 192.0.2.1 <=> 198.51.100.2", 1, Some(0)),
        (&[DOWN, "x", BACK], "In view again: 192.0.2.1 <=> 198.51.100.2", 0, Some(0)),
        (&[DOWN, "+", BACK], "No longer only 192.0.2.1 <=> 198.51.100.2", 0, Some(0)),
        (&[DOWN, "+", BACK, BACK], "Nothing is out of view", 0, Some(0)),
        (&[DOWN, "x", "h", BACK], "Back to the table first", 1, Some(0)),
        // What is selected next is known when there is a view.
        (&[DOWN, "x", "x"], "Select a row first, by Up or Down", 1, Some(0)),
    ];
    for (keys, hint, choices, selected) in cases {
        let mut app = app();
        for key in *keys {
            let event = match *key {
                DOWN => KeyEvent::from(KeyCode::Down),
                BACK => KeyEvent::from(KeyCode::Backspace),
                key => press(key.chars().next().unwrap()),
            };
            assert_eq!(app.key(event), Outcome::Redraw, "{keys:?}");
        }
        assert_eq!(app.hint(), Some(*hint), "{keys:?}");
        assert_eq!(app.query().choices.len(), *choices, "{keys:?}");
        app.show(fixture::hosts());
        let place = app.view().rows.iter().position(|row| app.is_selected(row));
        assert_eq!(place, *selected, "{keys:?}");
    }
}

#[test]
fn a_frozen_order_keeps_the_places_of_rows_that_come_back() {
    let mut app = app();
    app.key(KeyEvent::from(KeyCode::Down));
    app.key(press('o'));
    let rows: Vec<_> = app.view().rows.iter().map(|row| row.id).collect();
    app.show(View { frozen: Some(rows.clone()), ..fixture::hosts() });
    app.key(press('x'));
    app.key(KeyEvent::from(KeyCode::Backspace));
    assert_eq!(app.query().order, Order::Frozen(&rows));
    // Frozen without it: an order with it is one of the next view.
    app.show(fixture::hosts());
    app.key(press('x'));
    app.key(press('o'));
    app.key(press('o'));
    let without = rows[1..].to_vec();
    app.show(View { frozen: Some(without.clone()), ..fixture::hosts() });
    assert_eq!(app.query().order, Order::Frozen(&without));
    app.key(KeyEvent::from(KeyCode::Backspace));
    assert_eq!(app.query().order, Order::Freeze);
}

#[test]
fn busy_rows_and_the_share_of_the_link() {
    let mut app = App::new(Settings::default(), None);
    let mut view = fixture::hosts();
    view.both = fixture::total([0.0, 41e6, 0.0], 0.0, 0);
    view.wire_bits_per_second = [95e6, 5e6];
    app.show(view.clone());
    let busy: Vec<_> = view.rows.iter().map(|row| app.is_busy(row)).collect();
    assert_eq!(busy, [true, false, true, false]);
    assert_eq!(app.link_percent(), None);
    let app = app.with_link_speed(Some(100_000_000));
    assert_eq!(app.link_percent(), Some([95.0, 5.0]));
    assert_eq!(app.with_link_speed(Some(0)).link_percent(), None);
}

/// A view that holds what the app asks for, of the row that it asks for.
fn answered(app: &App) -> View {
    let mut view = fixture::hosts();
    view.closeup = match app.query().closer {
        Some(Closer::Interface) => {
            let (history, at) = (fixture::history(), Duration::from_secs(606));
            Some(Closeup::Interface { history, at, carried: Pair::default() })
        }
        Some(Closer::Row { id, .. }) => {
            let row = view.rows.iter().find(|row| row.id == id).unwrap();
            Some(Closeup::Row(Box::new(fixture::detail(row.clone()))))
        }
        None => None,
    };
    view
}

#[test]
fn a_row_is_looked_at_whatever_becomes_of_it() {
    const DETAIL: Option<Page> = Some(Page::Detail);
    let [enter, down, escape] = [KeyCode::Enter, KeyCode::Down, KeyCode::Esc].map(KeyEvent::from);
    // (keys, the page, the right host that is looked at)
    let cases = [
        (vec![enter], DETAIL, Some("198.51.100.2")),
        (vec![down, down, enter], DETAIL, Some("2001:db8:9::2")),
        (vec![enter, enter], None, None),
        (vec![enter, escape], None, None),
        (vec![enter, press('h')], Some(Page::Help), None),
        (vec![enter, press('h'), press('h')], DETAIL, Some("198.51.100.2")),
        (vec![enter, press('h'), press('i'), escape], DETAIL, Some("198.51.100.2")),
        (vec![enter, press('h'), enter, enter], None, None),
        (vec![enter, press('i'), press('g'), escape], None, None),
        (vec![press('g'), press('i'), escape], Some(Page::Chart), None),
        (vec![enter, press('p'), press('s'), press('G')], DETAIL, Some("198.51.100.2")),
        (vec![press('g')], Some(Page::Chart), None),
        (vec![press('g'), press('g')], None, None),
        (vec![press('g'), enter], DETAIL, Some("198.51.100.2")),
    ];
    for (keys, page, remote) in cases {
        let mut app = app();
        for key in &keys {
            app.key(*key);
            app.show(answered(&app));
        }
        assert_eq!(app.page().map(|(page, _)| page), page, "{keys:?}");
        let shown = app.detail().map(|detail| detail.row.remote.address.to_string());
        assert_eq!(shown.as_deref(), remote, "{keys:?}");
        if let Some(Closer::Row { joins, known, .. }) = app.query().closer {
            assert_eq!(joins, Query::default().joins(), "as it was chosen");
            assert_eq!(known, fixture::history(), "it is not looked for again");
        }
    }
    let mut empty = App::new(Settings::default(), None);
    empty.key(enter);
    assert_eq!((empty.page(), empty.hint()), (None, Some("There is no row to look at")));
}

#[test]
fn the_command_for_a_row_is_copied_once() {
    let mut app = app();
    app.dump_by("tcpdump -ni eth0".to_owned());
    app.key(press('y'));
    assert_eq!((app.take_wanted_copy(), app.hint()), (None, Some("Look at a row first: Enter")));
    app.key(KeyEvent::from(KeyCode::Enter));
    app.show(answered(&app));
    app.key(press('y'));
    let command = "tcpdump -ni eth0 '(host 192.0.2.1 and host 198.51.100.2) or \
                   (vlan and host 192.0.2.1 and host 198.51.100.2)'";
    assert_eq!(app.take_wanted_copy().as_deref(), Some(command));
    assert_eq!(app.take_wanted_copy(), None);
}
