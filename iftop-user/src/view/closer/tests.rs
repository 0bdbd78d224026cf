//! Details, told as traffic over time.

use std::net::IpAddr;

use iftop_common::Counters;

use super::*;
use crate::{
    flow::Pair,
    networks::Networks,
    orient::Rules,
    source::Sample,
    units::Measure::{Bytes, Packets},
    view::{Grouping, PortDisplay, RowGroup, view},
};

const SECOND: Duration = Duration::from_secs(1);

/// `10.0.0.1:5000 10.0.0.2:80`, with its VLAN: near and far end of a flow of TCP.
fn key(ends: &str, vlan: u16) -> FlowKey {
    let (near, far) = ends.split_once(' ').unwrap();
    let end = |text: &str| {
        let (host, port) = text.rsplit_once(':').unwrap();
        match host.parse().unwrap() {
            IpAddr::V4(host) => (host.to_ipv6_mapped().octets(), port.parse().unwrap(), 0),
            IpAddr::V6(host) => (host.octets(), port.parse().unwrap(), FlowKey::IPV6),
        }
    };
    let ((near, near_port, family), (far, far_port, _)) = (end(near), end(far));
    FlowKey {
        near,
        far,
        near_port,
        far_port,
        protocol: 6,
        vlan_and_flags: vlan | family,
        ..FlowKey::default()
    }
}

/// Seconds in each of which flows carry a packet each way: (ends, VLAN, bytes received, bytes sent).
fn apply(table: &mut FlowTable, seconds: u32, flows: &[(&str, u16, u64, u64)]) {
    for _ in 0..seconds {
        let mut sample = Sample { elapsed: SECOND, ..Sample::default() };
        for &(ends, vlan, received, sent) in flows {
            let count = |bytes| Count { bytes, packets: 1 };
            let counters = Counters { ingress: count(received), egress: count(sent) };
            sample.flows.push((key(ends, vlan), counters));
            sample.totals.seen += counters;
        }
        table.apply(&sample);
        table.end_interval();
    }
}

fn table() -> FlowTable {
    let mut table = FlowTable::new(Rules::default(), 1000);
    table.keep_history();
    table
}

/// The detail of the first row.
fn first(table: &FlowTable, ports: PortDisplay) -> Detail {
    let query = Query { ports, ..Query::default() };
    let id = view(table, &query, &Labels::NONE).rows[0].id;
    let closer = Closer::Row { id, joins: query.joins(), known: &[] };
    // As it is shown later does not matter.
    let query = Query { closer: Some(closer), hide_source: true, ..Query::default() };
    match view(table, &query, &Labels::NONE).closeup {
        Some(Closeup::Row(detail)) => *detail,
        other => panic!("{other:?}"),
    }
}

fn sums(history: &[Point]) -> Pair<u64> {
    let known = history.iter().filter_map(|point| point.traffic);
    known.fold(Pair::default(), |sum, pair| Pair {
        sent: sum.sent + pair.sent.bytes,
        received: sum.received + pair.received.bytes,
    })
}

#[test]
fn a_row_of_one_flow() {
    let mut table = table();
    apply(&mut table, 4, &[("10.0.0.1:1 10.0.0.3:9", 0, 1, 1)]);
    apply(&mut table, 2, &[("10.0.0.1:5000 10.0.0.2:80", 7, 900, 100)]);
    apply(&mut table, 14, &[("10.0.0.1:5000 10.0.0.2:80", 7, 300, 100)]);
    apply(&mut table, 2, &[]);
    let detail = first(&table, PortDisplay::On);
    let Pair { sent, received } = detail.row.traffic;
    assert_eq!((detail.flows, sent.cumulative.bytes, received.cumulative.bytes), (1, 1600, 6000));
    assert_eq!(
        sums(&detail.history),
        Pair { sent: 1600, received: 6000 },
        "the chart is the report"
    );
    assert_eq!(Detail::mean_bytes(received.cumulative), Some(375));
    assert_eq!(Detail::mean_bytes(Count::default()), None);
    assert_eq!((detail.peaks.received.rate.bytes, detail.peaks_over), (900.0, 2 * SECOND));
    assert_eq!(detail.peaks.received.at(Bytes), 6 * SECOND);
    assert_eq!(detail.seen, Some([5 * SECOND, 20 * SECOND]));
    assert_eq!(detail.vlans, BTreeSet::from([7]));
    let expression = "vlan 7 and tcp and host 10.0.0.1 and port 5000 and host 10.0.0.2 and port 80";
    assert_eq!(detail.expression(None), expression);
}

#[test]
fn a_row_of_flows_that_come_and_go() {
    let mut table = table();
    apply(&mut table, 10, &[("10.0.0.1:5000 10.0.0.2:80", 0, 900, 100)]);
    apply(&mut table, 60, &[("10.0.0.1:1 10.0.0.3:9", 0, 1, 1)]);
    apply(&mut table, 5, &[("10.0.0.1:5001 10.0.0.2:80", 7, 900, 100)]);
    apply(&mut table, 5, &[("10.0.0.1:5002 10.0.0.2:80", 7, 900, 100)]);
    let detail = first(&table, PortDisplay::Off);
    assert_eq!((detail.flows, detail.row.traffic.received.cumulative.bytes), (2, 9000));
    assert_eq!(sums(&detail.history), Pair { sent: 2000, received: 18_000 });
    let Pair { sent, received } = detail.peaks;
    assert_eq!((sent.rate.bytes, received.rate.bytes, detail.peaks_over), (100.0, 900.0, STEP));
    assert_eq!((received.at(Bytes), received.at(Packets)), (80 * SECOND, 80 * SECOND));
    assert_eq!(detail.seen, Some([Duration::ZERO, 80 * SECOND]));
    assert_eq!(detail.vlans, BTreeSet::from([0, 7]));
    let packets = "ip and host 10.0.0.1 and host 10.0.0.2";
    assert_eq!(detail.expression(None), format!("({packets}) or (vlan and {packets})"));

    // Also when none of them is left in the table.
    let before = detail;
    apply(&mut table, 60, &[("10.0.0.1:1 10.0.0.3:9", 0, 1, 1)]);
    let (id, known) = (before.row.id, &before.history);
    let closer = Closer::Row { id, joins: Query::default().joins(), known };
    let query = Query { closer: Some(closer), ..Query::default() };
    let Some(Closeup::Row(after)) = view(&table, &query, &Labels::NONE).closeup else { panic!() };
    assert_eq!((after.flows, after.row.traffic.received.cumulative.bytes), (0, 0));
    assert_eq!(sums(&after.history), sums(&before.history));
    let Pair { sent, received } = after.carried;
    assert_eq!((sent.bytes, received.bytes), (2000, 18_000), "whatever became of its flows");
    assert_eq!(
        (after.row.remote, after.seen),
        (before.row.remote, Some([Duration::ZERO, 80 * SECOND]))
    );
}

#[test]
fn the_interface_is_all_that_there_was() {
    let mut table = table();
    apply(&mut table, 15, &[("10.0.0.1:5000 10.0.0.2:80", 0, 900, 100)]);
    let query = Query { closer: Some(Closer::Interface), ..Query::default() };
    let view = view(&table, &query, &Labels::NONE);
    let Some(Closeup::Interface { history, carried, .. }) = view.closeup else { panic!() };
    let Pair { sent, received } = view.totals;
    assert_eq!(carried, Pair { sent: sent.cumulative, received: received.cumulative });
    assert_eq!(sums(&history), Pair { sent: carried.sent.bytes, received: carried.received.bytes });
    assert_eq!(history.len(), 2);
    let rates = history[0].rates().unwrap();
    assert_eq!((rates.sent.bytes, rates.received.packets), (100.0, 1.0));
}

#[test]
fn expressions_say_what_the_row_says() {
    // (ends, protocol, ports, hidden) → expression
    let cases = [
        (
            "10.0.0.1:5000 10.0.0.2:80",
            17,
            PortDisplay::On,
            [false; 2],
            "udp and host 10.0.0.1 and port 5000 and host 10.0.0.2 and port 80",
        ),
        (
            "10.0.0.1:5000 10.0.0.2:80",
            6,
            PortDisplay::DestinationOnly,
            [true, false],
            "tcp and host 10.0.0.2 and port 80",
        ),
        (
            "10.0.0.1:5000 10.0.0.2:80",
            132,
            PortDisplay::SourceOnly,
            [true, true],
            "sctp and port 5000",
        ),
        ("10.0.0.1:5000 10.0.0.2:80", 6, PortDisplay::Off, [true, true], "ip"),
        ("fd00::1:5000 fd00::2:80", 6, PortDisplay::Off, [true, true], "ip6"),
        ("fd00::1:0 fd00::2:0", 58, PortDisplay::On, [false, true], "icmp6 and host fd00::1"),
        (
            "fd00::1:0 fd00::2:0",
            47,
            PortDisplay::On,
            [true, false],
            "ip6 proto 47 and host fd00::2",
        ),
        (
            "10.0.0.1:0 10.0.0.2:0",
            47,
            PortDisplay::On,
            [true, false],
            "ip proto 47 and host 10.0.0.2",
        ),
        (
            "10.0.0.1:123 10.0.0.2:123",
            17,
            PortDisplay::On,
            [false; 2],
            "udp and host 10.0.0.1 and host 10.0.0.2 and src port 123 and dst port 123",
        ),
        ("127.0.0.1:8 127.0.0.1:8", 1, PortDisplay::Off, [false, false], "ip and host 127.0.0.1"),
    ];
    for (ends, protocol, ports, [hide_source, hide_destination], expected) in cases {
        let key = FlowKey { protocol, ..key(ends, 0) };
        let query = Query { ports, hide_source, hide_destination, ..Query::default() };
        let (id, _) = row_of(&key, &Rules::default(), &query).unwrap();
        assert_eq!(dump::packets(&id, &RowGroup::Hosts), expected);
    }
}

#[test]
fn a_filter_is_asked_of_the_packet_behind_the_tag() {
    let cases: [(&[u16], Option<&str>, &str); 8] = [
        (&[0], None, "ip and host 10.0.0.1"),
        (&[0], Some("tcp or udp"), "(tcp or udp) and ip and host 10.0.0.1"),
        (&[5], None, "vlan 5 and ip and host 10.0.0.1"),
        (&[5], Some("tcp"), "vlan 5 and (tcp) and ip and host 10.0.0.1"),
        (&[5, 6], Some("tcp"), "vlan and (tcp) and ip and host 10.0.0.1"),
        (
            &[0, 5],
            Some("tcp"),
            "((tcp) and ip and host 10.0.0.1) or (vlan and (tcp) and ip and host 10.0.0.1)",
        ),
        (&[5], Some("vlan 5 and tcp"), "(vlan 5 and tcp) and ip and host 10.0.0.1"),
        (&[5], Some("host vlans"), "vlan 5 and (host vlans) and ip and host 10.0.0.1"),
    ];
    for (vlans, filter, expected) in cases {
        let vlans = vlans.iter().copied().collect();
        assert_eq!(dump::tagged("ip and host 10.0.0.1", &vlans, filter), expected);
    }
}

#[test]
fn a_row_of_a_group_is_all_of_its_flows() {
    let flows = [
        ("10.0.0.1:5000 10.0.0.2:80", 0, 900, 100),
        ("10.0.0.1:5001 10.0.0.9:80", 0, 90, 10),
        ("fd00::1:5000 2001:db8::2:80", 0, 9, 1),
    ];
    let mut table = table();
    apply(&mut table, 2, &flows);
    let networks = Networks::parse("10.0.0.0/30 office\n2001:db8::/32 office\n").unwrap();
    // (grouping, flows, bytes sent, tcpdump's expression) of the first row
    let cases = [
        (Grouping::Host, 1, 200, "ip and host 10.0.0.2"),
        (Grouping::Network, 2, 202, "(net 10.0.0.0/30 or net 2001:db8::/32)"),
        (Grouping::Service, 3, 222, "tcp and port 80"),
        (Grouping::Protocol, 3, 222, "tcp"),
    ];
    for (grouping, flows, sent, expression) in cases {
        let query = Query { grouping, networks: Some(&networks), ..Query::default() };
        let first = view(&table, &query, &Labels::NONE).rows.remove(0);
        let closer = Closer::Row { id: first.id, joins: query.joins(), known: &[] };
        let query = Query { closer: Some(closer), grouping: Grouping::Flow, ..query };
        let Some(Closeup::Row(detail)) = view(&table, &query, &Labels::NONE).closeup else {
            panic!()
        };
        assert_eq!((detail.flows, sums(&detail.history).sent), (flows, sent), "{grouping:?}");
        assert_eq!(detail.expression(None), expression);
        assert_eq!((detail.row.remote, detail.row.group), (first.remote, first.group));
    }
}

#[test]
fn what_groups_cannot_be_told_in_full_is_told_as_far_as_it_goes() {
    let unknown =
        FlowKey { vlan_and_flags: FlowKey::FAR_UNKNOWN, ..key("10.0.0.1:80 0.0.0.0:0", 0) };
    let plain = key("10.0.0.1:5000 10.0.0.2:80", 0);
    let cases = [
        (unknown, Grouping::Host, "(ip or ip6)"),
        (unknown, Grouping::Network, "(ip or ip6)"),
        (unknown, Grouping::Service, "tcp"),
        (plain, Grouping::Network, "net 10.0.0.0/24"),
        (FlowKey { protocol: 47, ..plain }, Grouping::Protocol, "(ip proto 47 or ip6 proto 47)"),
        (FlowKey { protocol: 17, ..plain }, Grouping::Service, "udp and port 80"),
    ];
    for (key, grouping, expected) in cases {
        let query = Query { grouping, ..Query::default() };
        let (id, _) = row_of(&key, &Rules::default(), &query).unwrap();
        let group = id.group(&Labels::NONE, None);
        assert_eq!(dump::packets(&id, &group), expected, "{grouping:?}");
    }
}
