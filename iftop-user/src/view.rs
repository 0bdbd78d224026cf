//! What is shown: flows joined into rows, oriented, named, filtered, sorted, cut to length.
//!
//! It owns every decision on content. The [`View`] it makes is plain data that each renderer lays
//! out; numbers are numbers and labels strings. It must never know of columns, widths or JSON.

use std::{net::IpAddr, time::Duration};

use iftop_common::Count;
use regex::Regex;

use crate::{
    account::Account,
    flow::{FlowTable, Pair, Peak, window::Window},
    health::Health,
    label,
    units::{Measure, Rate},
};

#[cfg(test)]
pub mod fixture;
mod order;
mod row;
#[cfg(test)]
mod rows;

pub use order::{Order, Sort};
pub use row::RowId;
use row::{Sums, gather, row_of};

/// What somebody wants to see.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// Which ports are told apart.
    pub ports: PortDisplay,
    /// All left hosts are one.
    pub hide_source: bool,
    /// All right hosts are one.
    pub hide_destination: bool,
    /// The order of rows, while it is not frozen.
    pub sort: Sort,
    /// Whether rows are sorted by bytes or by packets.
    pub measure: Measure,
    /// Which rates count when rows are sorted by one.
    pub sides: Sides,
    /// Whether rows move.
    pub order: Order<'a>,
    /// Only rows of which one end, as it is shown, matches.
    pub filter: Option<&'a Regex>,
    /// At most so many rows, but as many as it takes to have the wanted one among them.
    pub limit: Option<usize>,
    /// A row that must be there, if it is in the table at all.
    pub wanted: Option<RowId>,
}

/// Which ports are told apart. Without any, protocols are not either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PortDisplay {
    /// None: all between two hosts is one row.
    #[default]
    Off,
    /// Those of the left host.
    SourceOnly,
    /// Those of the right host.
    DestinationOnly,
    /// All.
    On,
}

impl PortDisplay {
    /// Left, right.
    pub fn sides(self) -> (bool, bool) {
        (
            matches!(self, Self::SourceOnly | Self::On),
            matches!(self, Self::DestinationOnly | Self::On),
        )
    }

    /// The mode with these sides.
    pub fn of_sides(source: bool, destination: bool) -> Self {
        match (source, destination) {
            (false, false) => Self::Off,
            (true, false) => Self::SourceOnly,
            (false, true) => Self::DestinationOnly,
            (true, true) => Self::On,
        }
    }
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

impl Sides {
    /// That one of a pair, or its sum.
    pub fn of(self, pair: Pair<Count>) -> Count {
        match self {
            Self::Both => {
                let mut both = pair.sent;
                both += pair.received;
                both
            }
            Self::Sent => pair.sent,
            Self::Received => pair.received,
        }
    }
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
    /// How many there are without the limit.
    pub row_count: usize,
    /// All rows in order, where [`Order::Freeze`] asked for them.
    pub frozen: Option<Vec<RowId>>,
    /// What passes the filter, where there is one.
    pub matched: Option<Matched>,
    /// Of the whole interface, whatever the rows show.
    pub totals: Pair<Total>,
    /// Both directions together; its peak is not the sum of peaks.
    pub both: Total,
    /// What passes the link, headers and gaps included: sent, received.
    pub wire_bits_per_second: [f64; 2],
    /// Where every packet ended up.
    pub account: Account,
    /// How the counting goes. Not made of the table: whoever watches it puts it there.
    pub health: Health,
    /// Flows remembered, whatever the rows show.
    pub flows: usize,
    /// Since start.
    pub elapsed: Duration,
    /// Since the last report.
    pub interval: Duration,
}

impl View {
    /// The same, but with what counts on while a display is paused: the totals since start and the
    /// account.
    #[must_use]
    pub fn with_counts_of(mut self, live: &FlowTable) -> Self {
        let [sent, received, both] = totals(live);
        self.totals.sent.cumulative = sent.cumulative;
        self.totals.received.cumulative = received.cumulative;
        self.both.cumulative = both.cumulative;
        self.account = *live.account();
        self.elapsed = live.elapsed();
        self
    }

    /// What is attributed to flows.
    pub fn attributed(&self) -> Share {
        Share {
            name: "attributed",
            percent: self.account.attributed_percent(),
            shortfall: self.account.shortfall(),
        }
    }

    /// What is covered by our hooks, where that is so little that it is no matter of when the two
    /// sides were counted.
    pub fn covered(&self) -> Option<Share> {
        self.health.covered.filter(|_| self.health.passes_outside).map(|covered| Share {
            name: "covered",
            percent: covered.thousandths() / 1000,
            shortfall: Some("the rest passes outside tc"),
        })
    }

    /// The worse of the two.
    pub fn worse_share(&self) -> Share {
        let attributed = self.attributed();
        self.covered().filter(|share| share.percent < attributed.percent).unwrap_or(attributed)
    }
}

/// How much of something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Of what: `attributed` or `covered`.
    pub name: &'static str,
    /// Rounded down; 100 means all.
    pub percent: u64,
    /// Why it is not all, where that is worth a warning.
    pub shortfall: Option<&'static str>,
}

/// The sum of the rows that pass a filter, both directions together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Matched {
    /// Over 2, 10 and 40 seconds.
    pub rates: [Rate; 3],
    /// How many flows they are made of.
    pub flows: usize,
}

/// One line or two of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which row it is, from view to view.
    pub id: RowId,
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
    /// Address; the unspecified one of its family where hosts are hidden.
    pub address: IpAddr,
    /// All hosts of this side are one.
    pub hidden: bool,
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
    pub rates: [Rate; 3],
    /// Since the flow's entry began.
    pub cumulative: Count,
    /// Since the last report.
    pub interval: Count,
}

/// One direction of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    /// Over 2, 10 and 40 seconds.
    pub rates: [Rate; 3],
    /// The highest 2 s rate of the last 40 s.
    pub peak: Rate,
    /// The highest since start.
    pub highest: Peak,
    /// Since start.
    pub cumulative: Count,
}

/// Makes what is shown out of what is known.
pub fn view(table: &FlowTable, query: &Query<'_>, labels: &Labels<'_>) -> View {
    let rows = gather(table, query);
    // Of all rows, also those that a frozen order does not let in: it holds rows, not traffic.
    let matched = query
        .filter
        .map(|filter| matched(rows.iter().filter(|(id, _)| matches(id, filter, labels)), table));
    let mut rows = order::ordered(rows, query, labels);
    let frozen = matches!(query.order, Order::Freeze)
        .then(|| rows.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    if let Some(filter) = query.filter {
        rows.retain(|(id, _)| matches(id, filter, labels));
    }
    let wanted = query.wanted.and_then(|wanted| rows.iter().position(|(id, _)| *id == wanted));
    let limit = query.limit.unwrap_or(usize::MAX).max(wanted.map_or(0, |place| place + 1));
    let [sent, received, both] = totals(table);
    View {
        rows: rows.iter().take(limit).map(|(id, sums)| row(id, sums, table, labels)).collect(),
        row_count: rows.len(),
        frozen,
        matched,
        totals: Pair { sent, received },
        both,
        wire_bits_per_second: table.wire_bits_per_second(),
        account: *table.account(),
        health: Health::default(),
        flows: table.len(),
        elapsed: table.elapsed(),
        interval: table.interval(),
    }
}

/// A flow that carried much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talker {
    /// The left host.
    pub local: Endpoint,
    /// The right host.
    pub remote: Endpoint,
    /// Both directions since the flow's entry began.
    pub count: Count,
}

/// The flow with the most bytes since start.
pub fn top_talker(table: &FlowTable, labels: &Labels<'_>) -> Option<Talker> {
    let (key, carried) = table.top_talker()?;
    let query = Query { ports: PortDisplay::On, ..Query::default() };
    let [local, remote] = row_of(&key, table.rules(), &query)?.0.ends(labels);
    Some(Talker { local, remote, count: carried.both() })
}

fn matches(id: &RowId, filter: &Regex, labels: &Labels<'_>) -> bool {
    id.ends(labels).iter().any(|end| filter.is_match(&label::text(end)))
}

fn matched<'a>(rows: impl Iterator<Item = (&'a RowId, &'a Sums)>, table: &FlowTable) -> Matched {
    let mut windows = [Count::default(); 3];
    let mut flows = 0;
    for (_, sums) in rows {
        for (sum, window) in windows.iter_mut().zip(sums.windows) {
            *sum += Sides::Both.of(window);
        }
        flows += sums.flows;
    }
    Matched { rates: Window::ALL.map(|window| table.rate(window, windows[window as usize])), flows }
}

fn row(id: &RowId, sums: &Sums, table: &FlowTable, labels: &Labels<'_>) -> Row {
    let rates = |side: fn(&Pair<Count>) -> Count| {
        Window::ALL.map(|window| table.rate(window, side(&sums.windows[window as usize])))
    };
    let [local, remote] = id.ends(labels);
    Row {
        id: *id,
        local,
        remote,
        protocol: id.protocol(),
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
    let (peaks, highest) = (table.peaks(), table.totals().peak_since_start);
    let total = |sides: Sides, place: usize| Total {
        rates: Window::ALL.map(|window| table.rate(window, sides.of(table.total(window)))),
        peak: peaks[place],
        highest: highest[place],
        cumulative: sides.of(table.totals().cumulative),
    };
    [total(Sides::Sent, 0), total(Sides::Received, 1), total(Sides::Both, 2)]
}
