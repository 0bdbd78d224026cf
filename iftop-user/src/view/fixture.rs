//! Views made by hand for the tests of renderers: always the same, from documentation addresses.

use std::{net::SocketAddr, time::Duration};

use iftop_common::{Count, Table};

use super::{Detail, Endpoint, Grouping, Row, RowGroup, RowId, Total, Traffic, View};
use crate::{
    account::Account,
    flow::{Pair, Peak, history::Point},
    health::{About, Covered, Health, Losses, LostNow},
    interface::InterfaceLosses,
    networks::Prefix,
    sandbox::Sandboxed,
    source::{Facts, Kind, TableUse, surroundings::Place},
    units::Rate,
};

/// `192.0.2.1`, `2001:db8::1`, `192.0.2.1:443` or `[2001:db8::1]:443`, without names.
///
/// # Panics
/// When the text is none of these.
pub fn endpoint(text: &str) -> Endpoint {
    let (address, port) = match text.parse::<SocketAddr>() {
        Ok(socket) => (socket.ip(), Some(socket.port())),
        Err(_) => (text.parse().unwrap(), None),
    };
    Endpoint { address, hidden: false, name: None, port, service: None }
}

/// An [`endpoint`] with a host name.
pub fn named(text: &str, name: &str) -> Endpoint {
    Endpoint { name: Some(name.to_owned()), ..endpoint(text) }
}

/// An [`endpoint`] with a host name and a service name.
pub fn serving(text: &str, name: &str, service: &str) -> Endpoint {
    Endpoint { service: Some(service.to_owned()), ..named(text, name) }
}

/// Traffic by its rates in bits per second over 2, 10 and 40 seconds, and its bytes since it began.
pub fn traffic(bits_per_second: [f64; 3], bytes: u64) -> Traffic {
    Traffic { rates: rates(bits_per_second), cumulative: count(bytes), interval: Count::default() }
}

/// A row of both directions.
pub fn row(local: Endpoint, remote: Endpoint, sent: Traffic, received: Traffic) -> Row {
    let protocol = local.port.map(|_| 6);
    let id = RowId::of(&local, &remote, protocol);
    let group = RowGroup::default();
    Row { id, local, remote, protocol, group, traffic: Pair { sent, received } }
}

/// Interface-wide figures of a direction; the peak is in bits per second.
pub fn total(bits_per_second: [f64; 3], peak: f64, bytes: u64) -> Total {
    let (rates, peak, cumulative) = (rates(bits_per_second), rate(peak), count(bytes));
    Total { rates, peak, highest: Peak::of(peak + peak, Duration::from_secs(7)), cumulative }
}

/// A view of these rows 60 s after start, with totals that have nothing to do with them and all
/// traffic attributed.
pub fn view(rows: Vec<Row>) -> View {
    let seen = count(13_000_000);
    View {
        row_count: rows.len(),
        rows,
        totals: Pair {
            sent: total([9.51e6, 7.84e6, 7.84e6], 9.97e6, 6_170_000),
            received: total([533e3, 357e3, 357e3], 534e3, 268_000),
        },
        both: total([10.5e6, 8.58e6, 8.58e6], 10.51e6, 6_438_000),
        account: Account { seen, in_flows: seen, ..Account::default() },
        health: health(),
        flows: 12_408,
        elapsed: Duration::from_mins(1),
        interval: Duration::from_secs(2),
        ..View::default()
    }
}

/// A fast link that loses nothing, seen by a program that stands before another one.
pub fn health() -> Health {
    let over = Duration::from_millis(10_040);
    Health {
        about: About {
            facts: Facts {
                kind: Kind::Ebpf,
                hooks: "tcx ingress + egress".to_owned(),
                table: Table::Flat,
                lines: 262_144,
                refused_lines: 0,
                kernel_bytes: 32 << 20,
                reason: None,
            },
            link_speed: Some(25_000_000_000),
            max_memory: 128 << 20,
            max_flows: 67_417,
            sandboxed: Sandboxed {
                user: Some("nobody".to_owned()),
                no_capabilities: true,
                seccomp: true,
                landlock: true,
                ..Sandboxed::default()
            },
            ..About::default()
        },
        up: Some(true),
        packet_cost: Some(Duration::from_nanos(9)),
        places: [Some(Place { position: Some(1), of: 2, ..Place::default() }); 2],
        covered: Some(Covered { ours: 8_190_000_000, interface: 8_190_080_000, over }),
        covered_since_start: Some(Covered {
            ours: 87_900_000_000,
            interface: 87_900_000_000,
            over: Duration::from_mins(1),
        }),
        table: TableUse {
            lines: 262_144,
            used: 12_408,
            fullest_shard_percent: 9,
            spill_lines: 4096,
            spill_used: 0,
        },
        own_bytes: 9 << 20,
        poll: Duration::from_micros(1100),
        cpu: Some(312),
        losses: Some(Losses::default()),
        queue: true,
        ..Health::default()
    }
}

/// The same of a link that loses what can be lost.
pub fn lossy() -> Health {
    let interface = InterfaceLosses {
        missed: 12_000,
        dropped: 2214,
        errors: 3,
        over_errors: 4,
        fifo_errors: 5,
        no_handler: 6,
        send_dropped: 7,
        send_errors: 8,
    };
    Health {
        up: Some(false),
        losses: Some(Losses {
            ours: 0,
            interface,
            dropped_before_us: 2000,
            queue_dropped: 1204,
            queue_overlimits: 9,
        }),
        lost_now: LostNow { missed: 1200.0, dropped: 0.1, queue: 12.0, ..LostNow::default() },
        ..health()
    }
}

/// Hosts with and without names, of both families, from idle to very busy; no ports.
pub fn hosts() -> View {
    let quiet = traffic([0.0; 3], 0);
    view(vec![
        row(
            endpoint("192.0.2.1"),
            endpoint("198.51.100.2"),
            traffic([9.97e6, 8.22e6, 8.22e6], 41_000_000),
            traffic([7905.0, 7485.0, 7485.0], 37_430),
        ),
        row(
            endpoint("2001:db8:9::1"),
            named("2001:db8:9::2", "six.example.com"),
            traffic([864.0, 576.0, 576.0], 720),
            traffic([525_312.0, 350_208.0, 350_208.0], 437_760),
        ),
        row(
            endpoint("2001:db8:1111:2222:3333:4444:5555:6666"),
            named("203.0.113.77", "a-very-long-host-name.in-a-long.domain.example.com"),
            traffic([400e9, 1.2345e13, 80e9], 5_000_000_000_000),
            traffic([10_236.0, 999.0, 1000.0], 1023),
        ),
        row(endpoint("192.0.2.1"), endpoint("203.0.113.9"), quiet, quiet),
    ])
}

/// The same with ports and services.
pub fn ports() -> View {
    let mut view = hosts();
    let ports = [(39_308, 5201), (443, 40_001), (53, 123), (22, 50_022)];
    for (row, (local, remote)) in std::iter::zip(&mut view.rows, ports) {
        row.local.port = Some(local);
        row.remote.port = Some(remote);
        row.protocol = Some(6);
    }
    view.rows[1].local.service = Some("https".to_owned());
    view.rows[2].local.service = Some("domain".to_owned());
    view.rows[2].remote.service = Some("ntp".to_owned());
    view.rows[3].local.service = Some("ssh".to_owned());
    view
}

/// Ten minutes in which both directions come in waves, and six seconds.
pub fn history() -> Vec<Point> {
    let point = |number: u32| {
        let wave = u64::from(number % 12);
        let traffic =
            Pair { sent: count(wave * wave * 100_000), received: count((11 - wave) * 2000) };
        let duration = Duration::from_secs(if number == 60 { 6 } else { 10 });
        Point { number, duration, is_open: number == 60, traffic: Some(traffic) }
    };
    (0..=60).map(point).collect()
}

/// All that is known of a row of two flows.
pub fn detail(row: Row) -> Detail {
    let peak =
        |bits_per_second, seconds| Peak::of(rate(bits_per_second), Duration::from_secs(seconds));
    Detail {
        at: Duration::from_secs(3725),
        flows: 2,
        history: history(),
        carried: Pair { sent: count(21_000_000), received: count(660_000) },
        peaks: Pair { sent: peak(9.68e6, 50), received: peak(17_600.0, 3) },
        peaks_over: Duration::from_secs(10),
        seen: Some([Duration::ZERO, Duration::from_secs(59)]),
        vlans: [0, 7].into(),
        packets: "host 192.0.2.1 and host 198.51.100.2".to_owned(),
        row,
    }
}

/// The same rows as if they were groups.
pub fn grouped(grouping: Grouping, groups: [RowGroup; 4]) -> View {
    let mut view = View { grouping, ..hosts() };
    for (row, group) in std::iter::zip(&mut view.rows, groups) {
        row.local.hidden = true;
        row.protocol = match group {
            RowGroup::Hosts | RowGroup::Network { .. } => None,
            RowGroup::Service { protocol, .. } | RowGroup::Protocol(protocol) => Some(protocol),
        };
        if group != RowGroup::Hosts {
            row.remote.name = Some(group.to_string());
        }
        row.group = group;
    }
    view
}

/// The same rows as if they were services: with and without a name, and without a port.
pub fn services() -> View {
    let service = |port, protocol, name: Option<&str>| RowGroup::Service {
        port,
        protocol,
        name: name.map(str::to_owned),
    };
    let groups = [
        service(Some(443), 6, Some("https")),
        service(Some(443), 17, Some("https")),
        service(Some(5201), 6, None),
        service(None, 1, None),
    ];
    grouped(Grouping::Service, groups)
}

/// The same rows as if they were protocols.
pub fn protocols() -> View {
    grouped(Grouping::Protocol, [6, 17, 58, 200].map(RowGroup::Protocol))
}

/// The same rows as if they were networks: one with a name, one of each family, and what is not known.
pub fn networks() -> View {
    let network = |address: &str, length, name: Option<&str>| RowGroup::Network {
        prefixes: vec![Prefix::new(endpoint(address).address, length)],
        name: name.map(str::to_owned),
    };
    let groups = [
        network("198.51.0.0", 16, Some("branch office")),
        network("2001:db8:9::", 64, None),
        network("203.0.113.0", 24, None),
        RowGroup::Network { prefixes: Vec::new(), name: None },
    ];
    let mut view = grouped(Grouping::Network, groups);
    (view.rows[3].remote.hidden, view.rows[3].remote.name) = (true, None);
    view
}

fn rates(bits_per_second: [f64; 3]) -> [Rate; 3] {
    bits_per_second.map(rate)
}

/// In packets of 1000 bytes.
fn rate(bits_per_second: f64) -> Rate {
    let bytes = bits_per_second / 8.0;
    Rate { bytes, packets: bytes / 1000.0 }
}

/// Packets of 1000 bytes.
fn count(bytes: u64) -> Count {
    Count { bytes, packets: bytes.div_ceil(1000) }
}
