//! What is looked at closer: a row with all that is known of its flows, or the last ten minutes of the interface.
//!
//! It owns what a detail consists of. It must never know how it is laid out.

use std::{collections::BTreeSet, time::Duration};

use iftop_common::{Count, FlowKey};

use super::{
    Joins, Labels, Query, Row, RowId,
    choice::in_view,
    dump,
    row::{Sums, row_of},
};
use crate::{
    flow::{
        FlowTable, Pair, Peak,
        history::{Point, STEP},
        window::Window,
    },
    units::Rate,
};

/// What somebody wants to see closer.
#[derive(Clone, Copy, Debug)]
pub enum Closer<'a> {
    /// The whole interface.
    Interface,
    /// A row, as flows were joined when it was chosen.
    Row {
        /// Which one.
        id: RowId,
        /// Which flows made one row then.
        joins: Joins,
        /// Its history as far as it was seen before.
        known: &'a [Point],
    },
}

/// What is to be seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Closeup {
    /// What the interface carried.
    Interface {
        /// The oldest step first.
        history: Vec<Point>,
        /// Time since start: what is paused is of then.
        at: Duration,
        /// In all, by then.
        carried: Pair<Count>,
    },
    /// All that is known of a row.
    Row(Box<Detail>),
}

/// All that is known of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Time since start: what is paused is of then.
    pub at: Duration,
    /// As it is in the table.
    pub row: Row,
    /// How many flows it is made of now.
    pub flows: usize,
    /// What it carried in the last ten minutes, flows that are gone included; the oldest step first.
    pub history: Vec<Point>,
    /// What that comes to, as far as it is known.
    pub carried: Pair<Count>,
    /// The highest rates, each direction for itself.
    pub peaks: Pair<Peak>,
    /// Over how long they are, and since when: of one flow over 2 seconds since it began, of several over a step
    /// of the history, as far as that reaches.
    pub peaks_over: Duration,
    /// When the first of its packets came that is known of, and the last one: time since start.
    pub seen: Option<[Duration; 2]>,
    /// Ids of the VLANs that it was seen in; 0 without one.
    pub vlans: BTreeSet<u16>,
    /// An expression of tcpdump's language that means its packets, without regard to VLANs.
    pub packets: String,
}

impl Detail {
    /// Bytes of a packet on an average.
    pub fn mean_bytes(count: Count) -> Option<u64> {
        count.bytes.checked_div(count.packets)
    }

    /// An expression of tcpdump's language that means its packets, of which this packet filter lets some through.
    pub fn expression(&self, filter: Option<&str>) -> String {
        dump::tagged(&self.packets, &self.vlans, filter)
    }
}

pub(super) fn look(
    table: &FlowTable,
    closer: Closer<'_>,
    query: &Query<'_>,
    labels: &Labels<'_>,
) -> Closeup {
    match closer {
        Closer::Interface => Closeup::Interface {
            history: table.totals_of_history(),
            at: table.elapsed(),
            carried: table.totals().cumulative,
        },
        Closer::Row { id, joins, known } => {
            Closeup::Row(Box::new(detail(table, id, &query.joined(joins), known, labels)))
        }
    }
}

fn detail(
    table: &FlowTable,
    id: RowId,
    rows: &Query<'_>,
    known: &[Point],
    labels: &Labels<'_>,
) -> Detail {
    let side_of = |key: &FlowKey| {
        let (row, swapped) = row_of(key, table.rules(), rows)?;
        (row == id && in_view(key, swapped, rows)).then_some(swapped)
    };
    let (history, gone) = table.history_of(known, side_of);
    let mut sums = Sums::default();
    let mut vlans = BTreeSet::new();
    let mut peaks = Pair::default();
    let mut seen: Option<[Duration; 2]> = None;
    let mut flows = 0;
    for flow in table.flows() {
        let Some(swapped) = side_of(&flow.key) else { continue };
        flows += 1;
        sums.add(flow, swapped);
        vlans.insert(flow.key.vlan());
        peaks = flow.peaks(swapped);
        let [first, last] = [flow.first_seen(), table.last_seen(flow)];
        let [earliest, latest] = seen.unwrap_or([first, last]);
        seen = Some([earliest.min(first), latest.max(last)]);
    }
    vlans.extend(gone.iter().map(|key| key.vlan()));
    let were_more = !gone.is_empty();
    if were_more && let Some([begin, end]) = seen_in(&history, table.elapsed()) {
        // By steps; of flows that are there it is known better, and they are the last.
        seen = Some(seen.map_or([begin, end], |[first, last]| [first.min(begin), last]));
    }
    let one = flows == 1 && !were_more;
    let row = super::row(&id, &sums, table, rows, labels);
    Detail {
        at: table.elapsed(),
        carried: carried_in(&history),
        flows,
        peaks: if one { peaks } else { peaks_of(&history, table.elapsed()) },
        peaks_over: if one { Window::Two.length() } else { STEP },
        seen,
        packets: dump::packets(&id, &row.group),
        row,
        vlans,
        history,
    }
}

/// The begin of the first step that carried anything, and the end of the last one.
fn seen_in(history: &[Point], now: Duration) -> Option<[Duration; 2]> {
    let mut end = now;
    let mut seen: Option<[Duration; 2]> = None;
    for point in history.iter().rev() {
        let begin = end.saturating_sub(point.duration);
        if carried(point) {
            seen = Some([begin, seen.map_or(end, |[_, last]| last)]);
        }
        end = begin;
    }
    seen
}

fn carried_in(history: &[Point]) -> Pair<Count> {
    let mut sum = Pair::<Count>::default();
    for pair in history.iter().filter_map(|point| point.traffic) {
        sum.sent += pair.sent;
        sum.received += pair.received;
    }
    sum
}

fn carried(point: &Point) -> bool {
    point.traffic.is_some_and(|pair| pair.sent.packets + pair.received.packets > 0)
}

/// The highest rates of steps that are over, and when they were.
fn peaks_of(history: &[Point], now: Duration) -> Pair<Peak> {
    let mut peaks = Pair::<Peak>::default();
    let mut end = now;
    for point in history.iter().rev() {
        // What has just begun says little, unless there is nothing else.
        if let Some(rates) = point.rates()
            && (!point.is_open || history.len() == 1)
        {
            peaks.sent.take(rates.sent, end);
            peaks.received.take(rates.received, end);
        }
        end = end.saturating_sub(point.duration);
    }
    peaks
}

impl Point {
    /// Whether there is nothing more to be learned of it.
    pub fn is_final(&self) -> bool {
        !self.is_open && self.traffic.is_some()
    }

    /// What it carried as rates; `None` where that is not known, or no time has passed.
    pub fn rates(&self) -> Option<Pair<Rate>> {
        let seconds = self.duration.as_secs_f64();
        let rate = |count: Count| Rate {
            bytes: count.bytes as f64 / seconds,
            packets: count.packets as f64 / seconds,
        };
        let traffic = self.traffic.filter(|_| seconds > 0.0)?;
        Some(Pair { sent: rate(traffic.sent), received: rate(traffic.received) })
    }
}

#[cfg(test)]
mod tests;
