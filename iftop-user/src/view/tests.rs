//! Which rows there are, told as flows and the rows they become.

use std::{net::IpAddr, time::Duration};

use iftop_common::{Count, Counters, FlowKey};

use super::{Labels, Order, PortDisplay, Query, Sides, Sort, View, top_talker, view};
use crate::{flow::FlowTable, label, orient::Rules, source::Sample, units::Measure};

mod choices;
mod grouped;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// (near, far, protocol, flags, bytes received, bytes sent); ends as `address:port`.
type Given<'a> = (&'a str, &'a str, u8, u16, u64, u64);

fn table(flows: &[Given<'_>]) -> FlowTable {
    let mut sample = Sample { elapsed: Duration::from_secs(2), ..Sample::default() };
    for &(near, far, protocol, flags, received, sent) in flows {
        let end = |text: &str| {
            let (address, port) = text.rsplit_once(':').unwrap();
            let (bytes, family) = match address.parse().unwrap() {
                IpAddr::V4(address) => (address.to_ipv6_mapped().octets(), 0),
                IpAddr::V6(address) => (address.octets(), FlowKey::IPV6),
            };
            (bytes, port.parse().unwrap(), family)
        };
        let ((near, near_port, family), (far, far_port, _)) = (end(near), end(far));
        let key = FlowKey {
            near,
            far,
            near_port,
            far_port,
            protocol,
            vlan_and_flags: flags | family,
            ..FlowKey::default()
        };
        let count = |bytes| Count { bytes, packets: u64::from(bytes > 0) };
        let counters = Counters { ingress: count(received), egress: count(sent) };
        sample.flows.push((key, counters));
        sample.totals.seen += counters;
    }
    let mut table = FlowTable::new(Rules::default(), 1000);
    table.apply(&sample);
    table
}

fn seen(flows: &[Given<'_>], query: &Query<'_>) -> View {
    let names = |address: IpAddr| (address.to_string() == "10.0.0.9").then(|| "aaa".to_owned());
    let services =
        |port: u16, protocol: u8| (port == 80 && protocol == TCP).then(|| "http".to_owned());
    view(&table(flows), query, &Labels { host: &names, service: &services })
}

/// `left right protocol sent/received` of each row.
fn rows(flows: &[Given<'_>], query: &Query<'_>) -> Vec<String> {
    let view = seen(flows, query);
    let rows = view.rows.iter().map(|row| {
        format!(
            "{} {} {} {}/{}",
            label::text(&row.local),
            label::text(&row.remote),
            row.protocol.map_or_else(|| "-".to_owned(), |number| number.to_string()),
            row.traffic.sent.cumulative.bytes,
            row.traffic.received.cumulative.bytes
        )
    });
    rows.collect()
}

/// (name, flows, rows without ports, rows with)
type Case<'a> = (&'a str, &'a [Given<'a>], &'a [&'a str], &'a [&'a str]);

#[test]
fn flows_become_rows() {
    let later = FlowKey::LATER_FRAGMENT;
    let third_party = FlowKey::THIRD_PARTY;
    let vlan = 7;
    let unknown = FlowKey::FAR_UNKNOWN;
    let cases: &[Case] = &[
        ("nothing", &[], &[], &[]),
        (
            "one",
            &[("10.0.0.1:4000", "10.0.0.2:80", TCP, 0, 500, 60)],
            &["10.0.0.1 10.0.0.2 - 60/500"],
            &["10.0.0.1:4000 10.0.0.2:http 6 60/500"],
        ),
        (
            "protocols between two hosts",
            &[
                ("10.0.0.1:80", "10.0.0.2:80", UDP, 0, 5, 1),
                ("10.0.0.1:80", "10.0.0.2:80", TCP, 0, 6, 1),
                ("10.0.0.1:0", "10.0.0.2:0", 1, 0, 4, 1),
            ],
            &["10.0.0.1 10.0.0.2 - 3/15"],
            &[
                "10.0.0.1:http 10.0.0.2:http 6 1/6",
                "10.0.0.1:80 10.0.0.2:80 17 1/5",
                "10.0.0.1 10.0.0.2 1 1/4",
            ],
        ),
        (
            "VLANs and fragments make no rows of their own",
            &[
                ("10.0.0.1:0", "10.0.0.2:0", UDP, later, 9, 0),
                ("10.0.0.1:0", "10.0.0.2:0", UDP, vlan, 9, 0),
            ],
            &["10.0.0.1 10.0.0.2 - 0/18"],
            &["10.0.0.1 10.0.0.2 17 0/18"],
        ),
        (
            "third parties meet, the greater left",
            &[
                ("192.0.2.9:1", "192.0.2.1:2", UDP, third_party, 128, 0),
                ("192.0.2.1:2", "192.0.2.9:1", UDP, third_party, 228, 0),
            ],
            &["192.0.2.9 192.0.2.1 - 228/128"],
            &["192.0.2.9:1 192.0.2.1:2 17 228/128"],
        ),
        (
            "families stay apart, also where the address looks the same",
            &[
                ("10.0.0.1:1", "10.0.0.2:2", UDP, 0, 2, 0),
                ("::ffff:10.0.0.1:1", "::ffff:10.0.0.2:2", UDP, 0, 1, 0),
            ],
            &["10.0.0.1 10.0.0.2 - 0/2", "::ffff:10.0.0.1 ::ffff:10.0.0.2 - 0/1"],
            &["10.0.0.1:1 10.0.0.2:2 17 0/2", "[::ffff:10.0.0.1]:1 [::ffff:10.0.0.2]:2 17 0/1"],
        ),
        (
            "an unknown far end is none of those that are known",
            &[
                ("10.0.0.1:80", "0.0.0.0:0", TCP, unknown, 900, 1),
                ("10.0.0.1:80", "0.0.0.0:0", TCP, 0, 8, 0),
                ("10.0.0.1:53", "0.0.0.0:0", UDP, unknown | third_party, 70, 1),
                ("fd00::1:53", "::0:0", UDP, unknown, 6, 0),
            ],
            &["10.0.0.1  *  - 2/970", "10.0.0.1 0.0.0.0 - 0/8", "fd00::1  *  - 0/6"],
            &[
                "10.0.0.1:http  *  6 1/900",
                "10.0.0.1:53  *  17 1/70",
                "10.0.0.1:http 0.0.0.0 6 0/8",
                "[fd00::1]:53  *  17 0/6",
            ],
        ),
    ];
    for (name, flows, without, with) in cases {
        assert_eq!(rows(flows, &Query::default()), *without, "{name}");
        let query = Query { ports: PortDisplay::On, ..Query::default() };
        assert_eq!(rows(flows, &query), *with, "{name}, with ports");
    }
}

#[test]
fn an_unknown_far_end_joins_hidden_ones_passes_the_filter_as_shown_and_is_the_top_talker() {
    let flows: &[Given<'_>] = &[
        ("10.0.0.1:80", "0.0.0.0:0", TCP, FlowKey::FAR_UNKNOWN, 900, 0),
        ("10.0.0.1:80", "10.0.0.2:4000", TCP, 0, 50, 0),
    ];
    let hidden = Query { hide_destination: true, ..Query::default() };
    assert_eq!(rows(flows, &hidden), ["10.0.0.1  *  - 0/950"]);
    for (filter, expected) in [(r"\*", 1), (r"0\.0\.0\.0", 0), ("", 2)] {
        let filter = regex::Regex::new(filter).unwrap();
        let query = Query { filter: Some(&filter), ..Query::default() };
        assert_eq!(seen(flows, &query).row_count, expected, "{filter}");
    }
    let addresses: Vec<_> = seen(flows, &Query::default()).rows[0].addresses().collect();
    assert_eq!(addresses, ["10.0.0.1".parse::<IpAddr>().unwrap()], "nobody's name is asked for");
    let asked = |address: IpAddr| panic!("{address}");
    let near = |address: IpAddr| if address.is_unspecified() { asked(address) } else { None };
    let top = top_talker(&table(flows), &Labels { host: &near, service: &|_, _| None }).unwrap();
    let ends = [&top.local, &top.remote].map(label::text);
    assert_eq!((ends.join(" <=> "), top.count.bytes), ("10.0.0.1:80 <=>  * ".to_owned(), 900));
}

#[test]
fn rows_are_sorted_and_cut() {
    let flows: &[Given<'_>] = &[
        ("10.0.0.1:0", "10.0.0.10:0", 1, 0, 10, 0),
        ("10.0.0.1:0", "10.0.0.2:0", 1, 0, 0, 30),
        ("10.0.0.1:0", "10.0.0.9:0", 1, 0, 20, 0),
        ("10.0.0.1:0", "10.0.0.8:0", 1, 0, 10, 0),
    ];
    let right = |sort, sides, limit| {
        let view = seen(flows, &Query { sort, sides, limit, ..Query::default() });
        let last = |row: &super::Row| {
            row.remote.address.to_string().split('.').next_back().unwrap().to_owned()
        };
        view.rows.iter().map(last).collect::<Vec<_>>().join(" ")
    };
    let cases = [
        // Equal rows keep an order of their own.
        (Sort::Ten, Sides::Both, None, "2 9 8 10"),
        (Sort::Two, Sides::Received, None, "9 8 10 2"),
        // Of equals that one with more in both directions.
        (Sort::Forty, Sides::Sent, None, "2 9 8 10"),
        // By name where there is one ("aaa"), and numbers as text.
        (Sort::Destination, Sides::Both, None, "10 2 8 9"),
        // All the same: by rate.
        (Sort::Source, Sides::Both, None, "2 9 8 10"),
        (Sort::Ten, Sides::Both, Some(2), "2 9"),
        (Sort::Ten, Sides::Both, Some(0), ""),
    ];
    for (sort, sides, limit, expected) in cases {
        assert_eq!(right(sort, sides, limit), expected, "{sort:?} {sides:?} {limit:?}");
    }
    let cut = seen(flows, &Query { limit: Some(1), ..Query::default() });
    assert_eq!(cut.both.cumulative.bytes, 70, "the totals know nothing of the cut");
    assert_eq!(cut.flows, 4);
}

/// (ports, hide source, hide destination), rows
type Joined<'a> = ((PortDisplay, bool, bool), &'a [&'a str]);

#[test]
fn ports_and_hosts_are_joined_as_asked() {
    use PortDisplay::{DestinationOnly, Off, On, SourceOnly};
    let flows: &[Given<'_>] = &[
        ("10.0.0.1:4000", "10.0.0.2:80", TCP, 0, 100, 0),
        ("10.0.0.1:4001", "10.0.0.2:80", TCP, 0, 30, 0),
        ("10.0.0.1:4000", "10.0.0.3:80", UDP, 0, 7, 0),
        ("fd00::1:4000", "fd00::2:443", TCP, 0, 1, 0),
    ];
    let cases: &[Joined] = &[
        (
            (Off, false, false),
            &["10.0.0.1 10.0.0.2 - 0/130", "10.0.0.1 10.0.0.3 - 0/7", "fd00::1 fd00::2 - 0/1"],
        ),
        (
            (SourceOnly, false, false),
            &[
                "10.0.0.1:4000 10.0.0.2 6 0/100",
                "10.0.0.1:4001 10.0.0.2 6 0/30",
                "10.0.0.1:4000 10.0.0.3 17 0/7",
                "[fd00::1]:4000 fd00::2 6 0/1",
            ],
        ),
        (
            (DestinationOnly, false, false),
            &[
                "10.0.0.1 10.0.0.2:http 6 0/130",
                "10.0.0.1 10.0.0.3:80 17 0/7",
                "fd00::1 [fd00::2]:443 6 0/1",
            ],
        ),
        ((Off, true, false), &[" *  10.0.0.2 - 0/130", " *  10.0.0.3 - 0/7", " *  fd00::2 - 0/1"]),
        ((Off, false, true), &["10.0.0.1  *  - 0/137", "fd00::1  *  - 0/1"]),
        ((Off, true, true), &[" *   *  - 0/137", " *   *  - 0/1"]),
        (
            (On, true, true),
            &[
                " * :4000  * :http 6 0/100",
                " * :4001  * :http 6 0/30",
                " * :4000  * :80 17 0/7",
                "[ * ]:4000 [ * ]:443 6 0/1",
            ],
        ),
    ];
    for ((ports, hide_source, hide_destination), expected) in cases {
        let query = Query {
            ports: *ports,
            hide_source: *hide_source,
            hide_destination: *hide_destination,
            ..Query::default()
        };
        assert_eq!(rows(flows, &query), *expected, "{query:?}");
    }
}

#[test]
fn a_filter_keeps_rows_by_what_is_shown_and_sums_them() {
    let flows: &[Given<'_>] = &[
        ("10.0.0.1:4000", "10.0.0.2:80", TCP, 0, 100, 20),
        ("10.0.0.1:4001", "10.0.0.2:80", TCP, 0, 30, 0),
        ("10.0.0.1:4000", "10.0.0.9:22", TCP, 0, 7, 0),
    ];
    // (filter, ports) → (rows, flows, bytes in 2 s)
    let cases = [
        ("", PortDisplay::On, 3, 3, 157.0),
        (":http", PortDisplay::On, 2, 2, 150.0),
        (":http$", PortDisplay::On, 2, 2, 150.0),
        (":http", PortDisplay::Off, 0, 0, 0.0),
        ("AAA", PortDisplay::Off, 1, 1, 7.0),
        (r"10\.0\.0\.2|aaa", PortDisplay::Off, 2, 3, 157.0),
        ("^4000", PortDisplay::On, 0, 0, 0.0),
    ];
    for (text, ports, row_count, flow_count, bytes) in cases {
        let filter = regex::RegexBuilder::new(text).case_insensitive(true).build().unwrap();
        let query = Query { filter: Some(&filter), ports, ..Query::default() };
        let view = seen(flows, &query);
        assert_eq!((view.rows.len(), view.row_count), (row_count, row_count), "{text}");
        let matched = view.matched.unwrap();
        assert_eq!((matched.flows, matched.rates[0].bytes * 2.0), (flow_count, bytes), "{text}");
        assert_eq!(view.both.cumulative.bytes, 157, "the totals know nothing of the filter");
    }
    assert_eq!(seen(flows, &Query::default()).matched, None);
}

#[test]
fn a_frozen_order_stays_and_lets_nobody_in() {
    let before: &[Given] = &[
        ("10.0.0.1:0", "10.0.0.2:0", 1, 0, 20, 0),
        ("10.0.0.1:0", "10.0.0.3:0", 1, 0, 10, 0),
        ("10.0.0.1:0", "10.0.0.4:0", 1, 0, 5, 0),
    ];
    let frozen = seen(before, &Query { order: Order::Freeze, limit: Some(1), ..Query::default() });
    assert_eq!(frozen.rows.len(), 1);
    let ids = frozen.frozen.unwrap();
    assert_eq!(ids.len(), 3, "rows out of sight are frozen too");
    let after: &[Given] = &[
        ("10.0.0.1:0", "10.0.0.3:0", 1, 0, 500, 0),
        ("10.0.0.1:0", "10.0.0.4:0", 1, 0, 6, 0),
        ("10.0.0.1:0", "10.0.0.5:0", 1, 0, 9000, 0),
    ];
    let query = Query { order: Order::Frozen(&ids), ..Query::default() };
    let expected =
        ["10.0.0.1 10.0.0.2 - 0/0", "10.0.0.1 10.0.0.3 - 0/500", "10.0.0.1 10.0.0.4 - 0/6"];
    assert_eq!(rows(after, &query), expected);
    assert_eq!(seen(after, &query).both.cumulative.bytes, 9506);
    let filter = regex::Regex::new(r"\.[2-5]$").unwrap();
    let filtered = seen(after, &Query { filter: Some(&filter), ..query });
    assert_eq!(filtered.rows.len(), 3);
    let matched = filtered.matched.unwrap();
    let bytes = (matched.flows, matched.rates[0].bytes * 2.0);
    assert_eq!(bytes, (3, 9506.0), "what passes the filter is no matter of rows");
}

#[test]
fn more_orders() {
    let flows: &[Given<'_>] =
        &[("10.0.0.1:0", "10.0.0.2:0", 1, 0, 20, 100), ("10.0.0.1:0", "10.0.0.3:0", 1, 0, 90, 0)];
    let first = |query: Query<'_>| rows(flows, &query)[0].clone();
    let by_cumulative = Query { sort: Sort::Cumulative, ..Query::default() };
    assert_eq!(first(by_cumulative), "10.0.0.1 10.0.0.2 - 100/20");
    let received = Query { sides: Sides::Received, ..by_cumulative };
    assert_eq!(first(received), "10.0.0.1 10.0.0.3 - 0/90");
    // Two packets beat one.
    let packets = Query { measure: Measure::Packets, ..Query::default() };
    assert_eq!(first(packets), "10.0.0.1 10.0.0.2 - 100/20");
    let wanted = seen(flows, &Query::default()).rows[1].id;
    let cut = seen(flows, &Query { limit: Some(0), wanted: Some(wanted), ..Query::default() });
    assert_eq!((cut.first, cut.rows.len(), cut.row_count), (1, 0, 2));
}

#[test]
fn a_still_table_shows_what_was_and_counts_on() {
    let mut live = table(&[("10.0.0.1:0", "10.0.0.2:0", 1, 0, 20, 100)]);
    let labels = Labels { host: &|_| None, service: &|_, _| None };
    let before = view(&live, &Query::default(), &labels);
    let still = live.still();
    let mut sample = Sample { elapsed: Duration::from_secs(2), ..Sample::default() };
    let key = FlowKey { far_port: 9, ..FlowKey::default() };
    let counters = Counters { egress: Count { bytes: 900, packets: 1 }, ..Counters::default() };
    sample.flows.push((key, counters));
    sample.totals.seen += counters;
    live.apply(&sample);
    let paused = view(&still, &Query::default(), &labels);
    assert_eq!(paused, before);
    let shown = paused.with_counts_of(&live);
    assert_eq!((&shown.rows, shown.both.rates), (&before.rows, before.both.rates));
    assert_eq!((shown.both.cumulative.bytes, shown.account.seen.bytes), (1020, 1020));
    assert_eq!(shown.elapsed, Duration::from_secs(4));
}
