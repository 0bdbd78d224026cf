//! What is out of view, told as flows, what was chosen of which rows, and what is left.

use super::{Given, TCP, UDP, rows, seen};
use crate::view::{Choice, Order, PortDisplay, Query};

const FLOWS: &[Given] = &[
    ("10.0.0.1:4000", "10.0.0.2:80", TCP, 0, 100, 0),
    ("10.0.0.1:4001", "10.0.0.2:80", TCP, 0, 30, 0),
    ("10.0.0.1:4000", "10.0.0.3:80", UDP, 0, 7, 0),
    ("10.0.0.4:4000", "10.0.0.3:80", UDP, 0, 5, 0),
    ("fd00::1:4000", "fd00::2:443", TCP, 0, 1, 0),
];

/// How rows are told apart: ports, hidden left and right hosts.
fn told_apart(way: &str) -> Query<'static> {
    let ports = if way.contains('p') { PortDisplay::On } else { PortDisplay::Off };
    let (hide_source, hide_destination) = (way.contains('s'), way.contains('d'));
    Query { ports, hide_source, hide_destination, ..Query::default() }
}

/// Takes out or keeps (`x` or `+`) the row at a place of what the choices before leave.
fn choices(chosen: &[(&str, char, usize)]) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (way, key, place) in chosen {
        let query = told_apart(way);
        let view = seen(FLOWS, &Query { choices: &choices, ..query });
        let choice = Choice::of(&view.rows[*place], *key == '+', &query);
        choices.push(choice);
    }
    choices
}

/// (way, key, place) of each choice, then the way that rows are told apart, the rows that are left,
/// and how many flows and bytes are out of view.
type Case<'a> = (&'a [(&'a str, char, usize)], &'a str, &'a [&'a str], usize, f64);

#[test]
fn a_choice_means_the_flows_of_its_row_however_rows_are_told_apart_later() {
    let cases: &[Case] = &[
        (
            // What two hosts have to do with each other.
            &[("", 'x', 0)],
            "",
            &["10.0.0.1 10.0.0.3 - 0/7", "10.0.0.4 10.0.0.3 - 0/5", "fd00::1 fd00::2 - 0/1"],
            2,
            130.0,
        ),
        (&[("", 'x', 0)], "s", &[" *  10.0.0.3 - 0/12", " *  fd00::2 - 0/1"], 2, 130.0),
        (
            // A flow: the row of its hosts has the rest.
            &[("p", 'x', 0)],
            "",
            &[
                "10.0.0.1 10.0.0.2 - 0/30",
                "10.0.0.1 10.0.0.3 - 0/7",
                "10.0.0.4 10.0.0.3 - 0/5",
                "fd00::1 fd00::2 - 0/1",
            ],
            1,
            100.0,
        ),
        // A host, whoever it talks to.
        (&[("s", 'x', 1)], "", &["10.0.0.1 10.0.0.2 - 0/130", "fd00::1 fd00::2 - 0/1"], 2, 12.0),
        (&[("d", 'x', 0)], "", &["10.0.0.4 10.0.0.3 - 0/5", "fd00::1 fd00::2 - 0/1"], 3, 137.0),
        (
            &[("s", '+', 1)],
            "p",
            &["10.0.0.1:4000 10.0.0.3:80 17 0/7", "10.0.0.4:4000 10.0.0.3:80 17 0/5"],
            3,
            131.0,
        ),
        // One after the other, each in its own way.
        (&[("", '+', 0), ("p", 'x', 0)], "p", &["10.0.0.1:4001 10.0.0.2:http 6 0/30"], 4, 113.0),
        (&[("", 'x', 0), ("", 'x', 0), ("", 'x', 0), ("", 'x', 0)], "p", &[], 5, 143.0),
        (&[("p", '+', 1), ("p", '+', 0)], "", &["10.0.0.1 10.0.0.2 - 0/30"], 4, 113.0),
    ];
    for (chosen, way, expected, flows, bytes) in cases {
        let choices = choices(chosen);
        let query = Query { choices: &choices, ..told_apart(way) };
        assert_eq!(rows(FLOWS, &query), *expected, "{chosen:?} {way}");
        let view = seen(FLOWS, &query);
        assert_eq!(view.row_count, expected.len(), "{chosen:?} {way}");
        let out = view.out_of_view.unwrap();
        assert_eq!((out.flows, out.rates[0].bytes * 2.0), (*flows, *bytes), "{chosen:?} {way}");
        assert_eq!((view.both.cumulative.bytes, view.flows), (143, 5), "totals are whole");
    }
    assert_eq!(seen(FLOWS, &Query::default()).out_of_view, None);
}

#[test]
fn a_filter_sums_what_is_in_view() {
    let choices = choices(&[("p", 'x', 0)]);
    let filter = regex::Regex::new(r"\.2$").unwrap();
    let query = Query { choices: &choices, filter: Some(&filter), ..Query::default() };
    assert_eq!(rows(FLOWS, &query), ["10.0.0.1 10.0.0.2 - 0/30"]);
    assert_eq!(seen(FLOWS, &query).matched.unwrap().flows, 1);
}

#[test]
fn of_a_frozen_order_rows_go_and_come_back_to_their_places() {
    let frozen = seen(FLOWS, &Query { order: Order::Freeze, ..Query::default() }).frozen.unwrap();
    let order = Order::Frozen(&frozen);
    let left = |choices: &[Choice], way| {
        let view = seen(FLOWS, &Query { order, choices, ..told_apart(way) });
        assert_eq!(view.row_count, view.rows.len());
        view.rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let second = choices(&[("", 'x', 1)]);
    assert_eq!(left(&second, ""), [frozen[0], frozen[2], frozen[3]]);
    assert_eq!(left(&choices(&[("", '+', 2)]), ""), [frozen[2]]);
    assert_eq!(left(&[], ""), frozen);
    // A flow of the first row: it stays, with what is left of it.
    let flow = choices(&[("p", 'x', 0)]);
    assert_eq!(left(&flow, ""), frozen);
    let view = seen(FLOWS, &Query { choices: &flow, order, ..Query::default() });
    assert_eq!(view.rows[0].traffic.received.cumulative.bytes, 30);
}
