//! What is shown: flows joined into rows, oriented, named, sorted, cut to length.
//!
//! It owns every decision on content. The [`View`] it makes is plain data that each renderer lays
//! out; numbers are numbers and labels strings. It must never know of columns, widths or JSON.

use std::{cmp::Ordering, collections::HashMap, net::IpAddr, time::Duration};

use iftop_common::{Count, Counters, FlowKey};

use crate::{
    account::Account,
    flow::{Flow, FlowTable, Pair, window::Window},
    orient::{address, orient},
    units::BytesPerSecond,
};

#[cfg(test)]
pub mod fixture;
#[cfg(test)]
mod rows;

/// What somebody wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Tell ports and protocols apart; otherwise all between two hosts is one row.
    pub ports: bool,
    /// The order of rows.
    pub sort: Sort,
    /// Which rates count when rows are sorted by one.
    pub sides: Sides,
    /// At most so many rows.
    pub limit: Option<usize>,
}

/// The order of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Highest rate of a window first.
    Two,
    /// See [`Two`](Self::Two).
    #[default]
    Ten,
    /// See [`Two`](Self::Two).
    Forty,
    /// By the left host's name as shown.
    Source,
    /// By the right host's name as shown.
    Destination,
}

/// Which direction of a row is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sides {
    /// Both together.
    #[default]
    Both,
    /// `=>` only.
    Sent,
    /// `<=` only.
    Received,
}

/// Looks up names; both functions answer at once, from what is known.
pub struct Labels<'a> {
    /// The name of a host, where it is known and wanted.
    pub host: &'a dyn Fn(IpAddr) -> Option<String>,
    /// The name of a service by port and protocol number, where it is known and wanted.
    pub service: &'a dyn Fn(u16, u8) -> Option<String>,
}

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// In order, cut to the limit.
    pub rows: Vec<Row>,
    /// Of the whole interface, whatever the rows show.
    pub totals: Pair<Total>,
    /// Both directions together; its peak is not the sum of peaks.
    pub both: Total,
    /// Where every packet ended up.
    pub account: Account,
    /// Flows remembered, whatever the rows show.
    pub flows: usize,
    /// Since start.
    pub elapsed: Duration,
    /// Since the last report.
    pub interval: Duration,
}

/// One line or two of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The left host.
    pub local: Endpoint,
    /// The right host.
    pub remote: Endpoint,
    /// IP protocol number; `None` where protocols are joined.
    pub protocol: Option<u8>,
    /// Left to right and back.
    pub traffic: Pair<Traffic>,
}

/// One end of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Address.
    pub address: IpAddr,
    /// Name of the host, where it is known and wanted.
    pub name: Option<String>,
    /// Port; `None` where there is none or ports are joined.
    pub port: Option<u16>,
    /// Name of the service, where it is known and wanted.
    pub service: Option<String>,
}

/// One direction of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Over 2, 10 and 40 seconds.
    pub rates: [BytesPerSecond; 3],
    /// Since the flow's entry began.
    pub cumulative: Count,
    /// Since the last report.
    pub interval: Count,
}

/// One direction of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    /// Over 2, 10 and 40 seconds.
    pub rates: [BytesPerSecond; 3],
    /// The highest 2 s rate of the last 40 s.
    pub peak: BytesPerSecond,
    /// Since start.
    pub cumulative: Count,
}

/// Makes what is shown out of what is known.
pub fn view(table: &FlowTable, query: &Query, labels: &Labels<'_>) -> View {
    let mut sums: HashMap<RowKey, Sums> = HashMap::new();
    for flow in table.flows() {
        if let Some((key, swapped)) = row_key(flow, table, query) {
            sums.entry(key).or_default().add(flow, swapped);
        }
    }
    let mut rows: Vec<(RowKey, Sums)> = sums.into_iter().collect();
    match query.sort {
        Sort::Two => sort_by_rate(&mut rows, query.sides, Window::Two),
        Sort::Ten => sort_by_rate(&mut rows, query.sides, Window::Ten),
        Sort::Forty => sort_by_rate(&mut rows, query.sides, Window::Forty),
        Sort::Source => sort_by_host(&mut rows, labels, RowKey::local),
        Sort::Destination => sort_by_host(&mut rows, labels, RowKey::remote),
    }
    rows.truncate(query.limit.unwrap_or(usize::MAX));
    let [sent, received, both] = totals(table);
    View {
        rows: rows.iter().map(|(key, sums)| row(key, sums, table, query, labels)).collect(),
        totals: Pair { sent, received },
        both,
        account: *table.account(),
        flows: table.len(),
        elapsed: table.elapsed(),
        interval: table.interval(),
    }
}

/// What makes a row: flows with the same key are one row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct RowKey {
    local: [u8; 16],
    remote: [u8; 16],
    local_port: u16,
    remote_port: u16,
    protocol: u8,
    /// Only [`FlowKey::IPV6`]: VLANs, fragments and third parties are not told apart.
    family: u16,
}

impl RowKey {
    fn local(&self) -> IpAddr {
        address(&self.as_flow_key(), &self.local)
    }

    fn remote(&self) -> IpAddr {
        address(&self.as_flow_key(), &self.remote)
    }

    fn as_flow_key(&self) -> FlowKey {
        FlowKey { vlan_and_flags: self.family, ..FlowKey::default() }
    }
}

/// Also says whether the row's left host is the flow's far end.
fn row_key(flow: &Flow, table: &FlowTable, query: &Query) -> Option<(RowKey, bool)> {
    let key = &flow.key;
    let swapped = orient(key, table.rules())?.swapped;
    let (mut local, mut remote) = ((key.near, key.near_port), (key.far, key.far_port));
    if swapped {
        (local, remote) = (remote, local);
    }
    let mut row = RowKey {
        local: local.0,
        remote: remote.0,
        local_port: local.1,
        remote_port: remote.1,
        protocol: key.protocol,
        family: key.vlan_and_flags & FlowKey::IPV6,
    };
    if !query.ports {
        (row.local_port, row.remote_port, row.protocol) = (0, 0, 0);
    }
    Some((row, swapped))
}

/// A row's counts, in the row's directions.
#[derive(Clone, Copy, Default)]
struct Sums {
    window_bytes: [Pair<u64>; 3],
    cumulative: Pair<Count>,
    interval: Pair<Count>,
}

impl Sums {
    fn add(&mut self, flow: &Flow, swapped: bool) {
        for window in Window::ALL {
            let bytes = flow.bytes(window);
            let directed = directed(bytes.egress, bytes.ingress, swapped);
            let sum = &mut self.window_bytes[window as usize];
            sum.sent += directed.sent;
            sum.received += directed.received;
        }
        add(&mut self.cumulative, flow.cumulative, swapped);
        add(&mut self.interval, flow.interval, swapped);
    }

    fn bytes(&self, window: Window, sides: Sides) -> u64 {
        let Pair { sent, received } = self.window_bytes[window as usize];
        match sides {
            Sides::Both => sent + received,
            Sides::Sent => sent,
            Sides::Received => received,
        }
    }
}

fn directed<T>(egress: T, ingress: T, swapped: bool) -> Pair<T> {
    if swapped {
        Pair { sent: ingress, received: egress }
    } else {
        Pair { sent: egress, received: ingress }
    }
}

fn add(sum: &mut Pair<Count>, counters: Counters, swapped: bool) {
    let directed = directed(counters.egress, counters.ingress, swapped);
    sum.sent += directed.sent;
    sum.received += directed.received;
}

/// Highest first; ties by the longer windows, then by key, so that equal rows keep their places.
fn sort_by_rate(rows: &mut [(RowKey, Sums)], sides: Sides, first: Window) {
    let windows = &Window::ALL[first as usize..];
    rows.sort_unstable_by(|(a_key, a), (b_key, b)| {
        let by_window = |window: Window| b.bytes(window, sides).cmp(&a.bytes(window, sides));
        let by_rate = windows
            .iter()
            .fold(Ordering::Equal, |order, &window| order.then_with(|| by_window(window)));
        by_rate.then_with(|| a_key.cmp(b_key))
    });
}

/// By the text that is shown for a host, as iftop does; ties by the 40 s rate.
fn sort_by_host(rows: &mut [(RowKey, Sums)], labels: &Labels<'_>, host: fn(&RowKey) -> IpAddr) {
    let text = |key: &RowKey| {
        let address = host(key);
        (labels.host)(address).unwrap_or_else(|| address.to_string())
    };
    rows.sort_by_cached_key(|(key, sums)| {
        (text(key), u64::MAX - sums.bytes(Window::Forty, Sides::Both), *key)
    });
}

fn row(key: &RowKey, sums: &Sums, table: &FlowTable, query: &Query, labels: &Labels<'_>) -> Row {
    let endpoint = |address: IpAddr, port: u16| Endpoint {
        address,
        name: (labels.host)(address),
        port: (port != 0).then_some(port),
        service: if port == 0 { None } else { (labels.service)(port, key.protocol) },
    };
    let rates = |side: fn(&Pair<u64>) -> u64| {
        Window::ALL.map(|window| table.rate(window, side(&sums.window_bytes[window as usize])))
    };
    Row {
        local: endpoint(key.local(), key.local_port),
        remote: endpoint(key.remote(), key.remote_port),
        protocol: query.ports.then_some(key.protocol),
        traffic: Pair {
            sent: Traffic {
                rates: rates(|pair| pair.sent),
                cumulative: sums.cumulative.sent,
                interval: sums.interval.sent,
            },
            received: Traffic {
                rates: rates(|pair| pair.received),
                cumulative: sums.cumulative.received,
                interval: sums.interval.received,
            },
        },
    }
}

/// Sent, received, both.
fn totals(table: &FlowTable) -> [Total; 3] {
    let rates = |side: fn(Pair<u64>) -> u64| {
        Window::ALL.map(|window| table.rate(window, side(table.total_bytes(window))))
    };
    let Pair { sent, received } = table.totals().cumulative;
    let mut both = sent;
    both += received;
    let [sent_peak, received_peak, both_peak] = table.peaks();
    [
        Total { rates: rates(|pair| pair.sent), peak: sent_peak, cumulative: sent },
        Total { rates: rates(|pair| pair.received), peak: received_peak, cumulative: received },
        Total { rates: rates(|pair| pair.sent + pair.received), peak: both_peak, cumulative: both },
    ]
}
