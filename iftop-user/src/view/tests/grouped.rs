//! Rows of each grouping, and that none of them loses or adds a byte.

use super::*;
use crate::{
    networks::Networks,
    services::Services,
    view::{Grouping, RowGroup},
};

/// Of both families, with third parties, fragments and far ends that are not known.
const FLOWS: &[Given<'_>] = &[
    ("10.0.0.1:4000", "10.0.0.2:80", TCP, 0, 1000, 100),
    ("10.0.0.5:4001", "10.0.0.2:80", TCP, 0, 200, 20),
    ("10.0.0.1:4000", "10.0.0.9:53", UDP, 0, 30, 3),
    ("10.0.0.1:0", "10.0.0.9:0", UDP, FlowKey::LATER_FRAGMENT, 4, 0),
    ("10.0.0.1:0", "10.0.0.2:0", 1, 0, 5, 5),
    ("fd00::1:4000", "2001:db8:0:1::2:80", TCP, 0, 600, 0),
    ("fd00::1:0", "2001:db8:0:1::3:0", 58, 0, 8, 8),
    ("192.0.2.9:1", "192.0.2.1:2", UDP, FlowKey::THIRD_PARTY, 128, 0),
    ("192.0.2.1:2", "192.0.2.9:1", UDP, FlowKey::THIRD_PARTY, 64, 0),
    ("10.0.0.1:80", "0.0.0.0:0", TCP, FlowKey::FAR_UNKNOWN, 90, 1),
    ("fd00::1:40001", "::0:0", TCP, FlowKey::FAR_UNKNOWN, 70, 2),
    ("10.0.0.1:0", "203.0.113.5:0", 200, 0, 1, 0),
];

fn by(grouping: Grouping) -> Query<'static> {
    // What is said of flows does not matter to the others.
    Query { grouping, ports: PortDisplay::On, hide_destination: true, ..Query::default() }
}

#[test]
fn all_that_has_something_in_common_is_one_row() {
    let cases: &[(Grouping, &[&str])] = &[
        (
            Grouping::Host,
            &[
                " *  10.0.0.2 - 125/1205",
                " *  2001:db8:0:1::2 - 0/600",
                " *  192.0.2.1 - 64/128",
                " *   *  - 3/160",
                " *  aaa - 3/34",
                " *  2001:db8:0:1::3 - 8/8",
                " *  203.0.113.5 - 0/1",
            ],
        ),
        (
            Grouping::Network,
            &[
                " *  10.0.0.0/24 - 128/1239",
                " *  2001:db8:0:1::/64 - 8/608",
                " *  192.0.2.0/24 - 64/128",
                " *   *  - 3/160",
                " *  203.0.113.0/24 - 0/1",
            ],
        ),
        (
            Grouping::Service,
            &[
                " *  http/tcp 6 120/1800",
                " *  1/udp 17 64/128",
                " *  TCP 6 3/160",
                " *  53/udp 17 3/30",
                " *  IPV6-ICMP 58 8/8",
                " *  ICMP 1 5/5",
                " *  UDP 17 0/4",
                " *  protocol 200 200 0/1",
            ],
        ),
        (
            Grouping::Protocol,
            &[
                " *  TCP 6 123/1960",
                " *  UDP 17 67/162",
                " *  IPV6-ICMP 58 8/8",
                " *  ICMP 1 5/5",
                " *  protocol 200 200 0/1",
            ],
        ),
    ];
    for (grouping, expected) in cases {
        assert_eq!(rows(FLOWS, &by(*grouping)), *expected, "{grouping:?}");
    }
}

#[test]
fn networks_with_names_are_told_apart_from_the_others() {
    let networks =
        Networks::parse("10.0.0.0/28 office\n10.0.0.9 printer\n2001:db8::/32 office\n203.0.0.0/8");
    let networks = networks.unwrap();
    let query = Query { networks: Some(&networks), ..by(Grouping::Network) };
    let expected = [
        " *  office - 133/1813",
        " *  192.0.2.0/24 - 64/128",
        " *   *  - 3/160",
        " *  printer - 3/34",
        " *  203.0.0.0/8 - 0/1",
    ];
    assert_eq!(rows(FLOWS, &query), expected);
    let filter = regex::Regex::new("^office$").unwrap();
    let view = seen(FLOWS, &Query { filter: Some(&filter), ..query });
    assert_eq!((view.row_count, view.matched.unwrap().flows), (1, 5));
    let RowGroup::Network { prefixes, .. } = &view.rows[0].group else { panic!() };
    let prefixes: Vec<_> = prefixes.iter().map(ToString::to_string).collect();
    assert_eq!(prefixes, ["10.0.0.0/28", "2001:db8::/32"]);
    assert!(view.rows[0].remote.address.is_unspecified());
}

#[test]
fn of_two_ports_the_one_with_a_name_serves_or_else_the_lower_one() {
    let services = Services::parse("http 80/tcp\nproxy 8080/tcp\nhigh 60177/tcp\nntp 123/udp");
    let (none, unknown) = (0, FlowKey::FAR_UNKNOWN);
    // (near port, far port, protocol, flags, service)
    let cases = [
        (40_000, 80, TCP, none, "http/tcp"),
        (80, 40_000, TCP, none, "http/tcp"),
        // Lower, but without a name.
        (7, 8080, TCP, none, "8080/tcp"),
        (8080, 7, TCP, none, "8080/tcp"),
        (80, 60_177, TCP, none, "http/tcp"),
        (60_177, 8080, TCP, none, "8080/tcp"),
        (40_000, 5201, TCP, none, "5201/tcp"),
        (5201, 40_000, TCP, none, "5201/tcp"),
        (5201, 5201, TCP, none, "5201/tcp"),
        // Named for another protocol.
        (80, 79, UDP, none, "79/udp"),
        (0, 5201, UDP, none, "5201/udp"),
        (0, 0, UDP, FlowKey::LATER_FRAGMENT, "UDP"),
        (0, 0, 1, none, "ICMP"),
        (123, 40_000, 132, none, "123/sctp"),
        (80, 0, TCP, unknown, "http/tcp"),
        (40_000, 0, TCP, unknown, "TCP"),
        (7, 9, TCP, FlowKey::THIRD_PARTY, "7/tcp"),
    ];
    for (near, far, protocol, flags, expected) in cases {
        let (near, far) = (format!("10.0.0.1:{near}"), format!("10.0.0.2:{far}"));
        let flow = (&*near, &*far, protocol, flags, 1, 0);
        let query = Query { services: Some(&services), ..by(Grouping::Service) };
        let shown = label::text(&seen(&[flow], &query).rows[0].remote);
        assert_eq!(shown, expected, "{near} {far} {protocol}");
    }
}

#[test]
fn each_grouping_has_every_byte_once() {
    let sums = |grouping| {
        let view = seen(FLOWS, &Query { grouping, ..Query::default() });
        let mut sums = [Count::default(); 4];
        for row in &view.rows {
            let (sent, received) = (&row.traffic.sent, &row.traffic.received);
            let counts = [sent.cumulative, received.cumulative, sent.interval, received.interval];
            for (sum, count) in std::iter::zip(&mut sums, counts) {
                *sum += count;
            }
        }
        assert_eq!(view.row_count, view.rows.len());
        assert_eq!((view.grouping, view.flows), (grouping, FLOWS.len()));
        sums
    };
    let flows = sums(Grouping::Flow);
    let bytes = |column: fn(&Given<'_>) -> u64| FLOWS.iter().map(column).sum::<u64>();
    let both = flows[0].bytes + flows[1].bytes;
    assert_eq!(both, bytes(|flow| flow.4) + bytes(|flow| flow.5));
    for grouping in Grouping::ALL {
        assert_eq!(sums(grouping), flows, "{grouping:?}");
    }
}

#[test]
fn groups_are_filtered_sorted_frozen_and_followed_as_they_are_shown() {
    let protocols = by(Grouping::Protocol);
    let filter = regex::RegexBuilder::new("^(tcp|udp)$").case_insensitive(true).build().unwrap();
    let view = seen(FLOWS, &Query { filter: Some(&filter), ..protocols });
    let matched = view.matched.unwrap();
    assert_eq!((view.row_count, matched.flows), (2, 9));

    let names = |query: &Query<'_>| {
        let view = seen(FLOWS, query);
        view.rows.iter().map(|row| label::text(&row.remote)).collect::<Vec<_>>()
    };
    let by_name = Query { sort: Sort::Destination, ..protocols };
    assert_eq!(names(&by_name), ["ICMP", "IPV6-ICMP", "TCP", "UDP", "protocol 200"]);

    let frozen = seen(FLOWS, &Query { order: Order::Freeze, ..by_name }).frozen.unwrap();
    let still = Query { order: Order::Frozen(&frozen), ..protocols };
    assert_eq!(names(&still), names(&by_name));
    let wanted = frozen.last().copied();
    let followed = seen(FLOWS, &Query { limit: Some(1), wanted, ..protocols });
    assert_eq!(followed.rows[0].remote.name.as_deref(), Some("protocol 200"));
}

#[test]
fn names_are_asked_for_hosts_only() {
    for (grouping, expected) in [
        (Grouping::Host, 6),
        (Grouping::Network, 0),
        (Grouping::Service, 0),
        (Grouping::Protocol, 0),
    ] {
        let rows = seen(FLOWS, &by(grouping)).rows;
        assert_eq!(rows.iter().flat_map(crate::view::Row::addresses).count(), expected);
    }
}
