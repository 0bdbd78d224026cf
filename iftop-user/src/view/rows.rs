//! Which rows there are, told as flows and the rows they become.

use std::{net::IpAddr, time::Duration};

use iftop_common::{Count, Counters, FlowKey};

use super::{Labels, Query, Sides, Sort, View, view};
use crate::{flow::FlowTable, orient::Rules, source::Sample};

const TCP: u8 = 6;
const UDP: u8 = 17;

/// (near, far, protocol, flags, bytes received, bytes sent); ends as `address:port`.
type Given = (&'static str, &'static str, u8, u16, u64, u64);

fn table(flows: &[Given]) -> FlowTable {
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

fn seen(flows: &[Given], query: &Query) -> View {
    let names = |address: IpAddr| (address.to_string() == "10.0.0.9").then(|| "aaa".to_owned());
    let services =
        |port: u16, protocol: u8| (port == 80 && protocol == TCP).then(|| "http".to_owned());
    view(&table(flows), query, &Labels { host: &names, service: &services })
}

/// `left right protocol sent/received` of each row.
fn rows(flows: &[Given], query: &Query) -> Vec<String> {
    let view = seen(flows, query);
    let end = |end: &super::Endpoint| {
        let host = end.name.clone().unwrap_or_else(|| end.address.to_string());
        match (&end.service, end.port) {
            (Some(service), _) => format!("{host}:{service}"),
            (None, Some(port)) => format!("{host}:{port}"),
            (None, None) => host,
        }
    };
    let rows = view.rows.iter().map(|row| {
        format!(
            "{} {} {} {}/{}",
            end(&row.local),
            end(&row.remote),
            row.protocol.map_or_else(|| "-".to_owned(), |number| number.to_string()),
            row.traffic.sent.cumulative.bytes,
            row.traffic.received.cumulative.bytes
        )
    });
    rows.collect()
}

/// (name, flows, rows without ports, rows with)
type Case<'a> = (&'a str, &'a [Given], &'a [&'a str], &'a [&'a str]);

#[test]
fn flows_become_rows() {
    let later = FlowKey::LATER_FRAGMENT;
    let third_party = FlowKey::THIRD_PARTY;
    let vlan = 7;
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
            &["10.0.0.1:1 10.0.0.2:2 17 0/2", "::ffff:10.0.0.1:1 ::ffff:10.0.0.2:2 17 0/1"],
        ),
    ];
    for (name, flows, without, with) in cases {
        assert_eq!(rows(flows, &Query::default()), *without, "{name}");
        let query = Query { ports: true, ..Query::default() };
        assert_eq!(rows(flows, &query), *with, "{name}, with ports");
    }
}

#[test]
fn rows_are_sorted_and_cut() {
    let flows: &[Given] = &[
        ("10.0.0.1:0", "10.0.0.10:0", 1, 0, 10, 0),
        ("10.0.0.1:0", "10.0.0.2:0", 1, 0, 0, 30),
        ("10.0.0.1:0", "10.0.0.9:0", 1, 0, 20, 0),
        ("10.0.0.1:0", "10.0.0.8:0", 1, 0, 10, 0),
    ];
    let right = |sort, sides, limit| {
        let view = seen(flows, &Query { sort, sides, limit, ports: false });
        let last = |row: &super::Row| {
            row.remote.address.to_string().split('.').next_back().unwrap().to_owned()
        };
        view.rows.iter().map(last).collect::<Vec<_>>().join(" ")
    };
    let cases = [
        // Equal rows keep an order of their own.
        (Sort::Ten, Sides::Both, None, "2 9 8 10"),
        (Sort::Two, Sides::Received, None, "9 8 10 2"),
        (Sort::Forty, Sides::Sent, None, "2 8 9 10"),
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
