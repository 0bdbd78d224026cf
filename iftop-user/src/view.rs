//! What is shown: flows joined into rows, oriented, named, filtered, sorted, cut to length.
//!
//! It owns every decision on content. The [`View`] it makes is plain data that each renderer lays
//! out; numbers are numbers and labels strings. It must never know of columns, widths or JSON.

use std::{iter, net::IpAddr};

use iftop_common::Count;
use regex::Regex;

use crate::{
    flow::{FlowTable, Pair, window::Window},
    health::Health,
    networks::Networks,
    services::Services,
    units::Measure,
};

mod choice;
mod closer;
mod data;
mod dump;
mod filter;
#[cfg(test)]
pub mod fixture;
mod grouping;
mod groups;
mod order;
mod row;
#[cfg(test)]
mod tests;

pub use choice::Choice;
pub use closer::{Closer, Closeup, Detail};
pub use data::{Endpoint, Matched, Row, Share, Talker, Total, Traffic, View};
pub use grouping::{Grouping, RowGroup};
use groups::Groups;
use order::Ordered;
pub use order::{Order, Sort};
pub use row::RowId;
use row::{Sums, row_of};

/// Most memory that making a view takes for each flow, for a while, in bytes; names to sort by are not
/// in it.
pub(crate) const BYTES_PER_ROW: usize = 80;

/// What somebody wants to see.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// What rows are.
    pub grouping: Grouping,
    /// Services that have names, whether names are wanted or not.
    pub services: Option<&'a Services>,
    /// Networks that have names.
    pub networks: Option<&'a Networks>,
    /// Which ports of flows are told apart.
    pub ports: PortDisplay,
    /// All left hosts of flows are one.
    pub hide_source: bool,
    /// All right hosts of flows are one.
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
    /// What is out of view; the interface's totals have it all the same.
    pub choices: &'a [Choice],
    /// From this row on, if there are so many.
    pub first: usize,
    /// At most so many rows.
    pub limit: Option<usize>,
    /// A row that must be there, if it is in the table at all: the view begins earlier or later, by as
    /// little as that takes.
    pub wanted: Option<RowId>,
    /// What is to be looked at closer.
    pub closer: Option<Closer<'a>>,
}

impl<'a> Query<'a> {
    /// Which flows make one row.
    pub fn joins(&self) -> Joins {
        let Self { grouping, ports, hide_source, hide_destination, .. } = *self;
        Joins { grouping, ports, hide_source, hide_destination }
    }

    /// The same of other rows.
    #[must_use]
    pub fn joined(self, joins: Joins) -> Query<'a> {
        let Joins { grouping, ports, hide_source, hide_destination } = joins;
        Self { grouping, ports, hide_source, hide_destination, ..self }
    }
}

/// Which flows make one row: the part of a [`Query`] that a [`RowId`] is only true with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Joins {
    grouping: Grouping,
    ports: PortDisplay,
    hide_source: bool,
    hide_destination: bool,
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

impl Labels<'_> {
    /// For whoever wants numbers alone.
    pub const NONE: Self = Labels { host: &|_| None, service: &|_, _| None };
}

/// Makes what is shown out of what is known.
pub fn view(table: &FlowTable, query: &Query<'_>, labels: &Labels<'_>) -> View {
    let groups = Groups::gather(table, query, labels);
    let Ordered { rows, first, row_count, frozen } = order::ordered(&groups, query, labels);
    let sums = groups.sums(&rows);
    let rows = iter::zip(&rows, &sums);
    let [sent, received, both] = totals(table);
    View {
        rows: rows.map(|((id, _), sums)| row(id, sums, table, query, labels)).collect(),
        grouping: query.grouping,
        first,
        row_count,
        frozen,
        matched: groups.matched(),
        out_of_view: groups.out_of_view(),
        totals: Pair { sent, received },
        both,
        wire_bits_per_second: table.wire_bits_per_second(),
        account: *table.account(),
        health: Health::default(),
        closeup: query.closer.map(|closer| closer::look(table, closer, query, labels)),
        flows: table.len(),
        elapsed: table.elapsed(),
        interval: table.interval(),
    }
}

/// The first row on a screen of so many rows, when it is moved as little as it takes to have a place on
/// it.
pub fn uncovered(first: usize, page: usize, place: usize) -> usize {
    first.clamp((place + 1).saturating_sub(page.max(1)), place)
}

/// The flow with the most bytes since start.
pub fn top_talker(table: &FlowTable, labels: &Labels<'_>) -> Option<Talker> {
    let (key, carried) = table.top_talker()?;
    let query = Query { ports: PortDisplay::On, ..Query::default() };
    let [local, remote] = row_of(&key, table.rules(), &query)?.0.ends(labels, None);
    Some(Talker { local, remote, count: carried.both() })
}

fn row(id: &RowId, sums: &Sums, table: &FlowTable, query: &Query<'_>, labels: &Labels<'_>) -> Row {
    let rates = |side: fn(&Pair<Count>) -> Count| {
        Window::ALL.map(|window| table.rate(window, side(&sums.windows[window as usize])))
    };
    let [local, remote] = id.ends(labels, query.networks);
    Row {
        id: *id,
        local,
        remote,
        protocol: id.protocol(),
        group: id.group(labels, query.networks),
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
