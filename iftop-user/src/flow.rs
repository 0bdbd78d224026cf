//! The flow table: samples in; rates, peaks, totals and the account out.
//!
//! It owns what is remembered of the traffic: every flow of the last 40 seconds, the sums of each
//! window, and the sums since start. It must never do IO or read a clock: time comes with the sample.
//!
//! A window's sums are kept by adding the newest slot and subtracting the slots that leave it, so
//! taking in a sample costs as much as the flows it touches, not as much as the table holds.

use std::{iter, mem, time::Duration};

use iftop_common::{Count, Counters, FlowKey};
use slab::Slab;

use crate::{
    account::Account,
    orient::{Rules, is_undecidable, orient},
    source::Sample,
};

mod ageing;
#[cfg(test)]
mod allocations;
mod budget;
mod deltas;
mod figures;
mod highest;
pub mod history;
mod index;
#[cfg(test)]
mod memory;
mod near;
mod room;
#[cfg(test)]
mod scenarios;
mod slots;
mod totals;
pub mod window;

use ageing::larger;
pub use budget::BYTES_PER_FLOW;
use budget::max_delta_bytes;
use deltas::Delta;
use highest::Highest;
use history::History;
pub(crate) use index::Index;
use room::{Line, place_number};
use slots::{Slot, Slots};
pub use totals::{Peak, Totals};
use window::{Span, Window};

/// The two directions of something, seen from the left host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair<T> {
    /// Left to right, `=>`.
    pub sent: T,
    /// Right to left, `<=`.
    pub received: T,
}

impl Pair<Count> {
    /// A flow's counts, seen from the left host; `swapped` where that is the flow's far end.
    pub(crate) fn of(counters: Counters, swapped: bool) -> Self {
        let Counters { ingress, egress } = counters;
        if swapped {
            Self { sent: ingress, received: egress }
        } else {
            Self { sent: egress, received: ingress }
        }
    }
}

/// A flow that is remembered, as its hook saw it.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Which flow.
    pub key: FlowKey,
    /// Since its entry began.
    pub cumulative: Counters,
    /// Since the last report.
    pub interval: Counters,
    /// Per window: 2, 10 and 40 seconds.
    windows: [Counters; 3],
    /// Since the last step of the history.
    unrecorded: Counters,
    highest: Highest,
    /// Seconds from the start on.
    first_seen: u32,
    /// The slot that it began in: what earlier ones say of its place is another's.
    born: u32,
    newest_slot: u32,
}

impl Flow {
    /// What it carried in one window.
    pub fn window(&self, window: Window) -> Counters {
        self.windows[window as usize]
    }
}

/// See the module's description.
pub struct FlowTable {
    rules: Rules,
    max_flows: usize,
    flows: Slab<Flow>,
    index: Index,
    slots: Slots,
    /// Where somebody may want to look at it.
    history: Option<History>,
    max_delta_bytes: usize,
    /// Of the newest sample; here so that its memory is used again.
    lines: Vec<Line>,
    spans: [Span; 3],
    totals: Totals,
    /// Of the flows that were forgotten, the one with the most bytes.
    largest_forgotten: Option<(FlowKey, Counters)>,
    account: Account,
    elapsed: Duration,
    interval: Duration,
}

impl FlowTable {
    /// An empty table that never remembers more than `max_flows` flows.
    pub fn new(rules: Rules, max_flows: usize) -> Self {
        Self {
            rules,
            max_flows,
            flows: Slab::new(),
            index: Index::default(),
            slots: Slots::default(),
            history: None,
            max_delta_bytes: max_delta_bytes(max_flows),
            lines: Vec::new(),
            spans: Window::ALL.map(Span::new),
            totals: Totals::default(),
            largest_forgotten: None,
            account: Account::default(),
            elapsed: Duration::ZERO,
            interval: Duration::ZERO,
        }
    }

    /// Takes in what happened since the last call.
    pub fn apply(&mut self, sample: &Sample) {
        self.elapsed += sample.elapsed;
        self.interval += sample.elapsed;
        let number = self.slots.next();
        let mut directions =
            Pair { sent: sample.totals.seen.egress, received: sample.totals.seen.ingress };
        let mut lines = mem::take(&mut self.lines);
        lines.clear();
        lines.reserve_exact(sample.flows.len());
        lines.extend(sample.flows.iter().map(|(key, counters)| {
            let Some(orientation) = orient(key, &self.rules) else {
                if is_undecidable(key, &self.rules) {
                    self.account.other += counters.both();
                    return Line::Nowhere;
                }
                self.account.excluded += counters.both();
                subtract(&mut directions.sent, counters.egress);
                subtract(&mut directions.received, counters.ingress);
                return Line::Nowhere;
            };
            if orientation.totals_swapped {
                subtract(&mut directions.sent, counters.egress);
                subtract(&mut directions.received, counters.ingress);
                directions.sent += counters.ingress;
                directions.received += counters.egress;
            }
            let Some(place) = self.place_of(key) else { return Line::New };
            self.add(place, *counters, number);
            Line::At(place)
        }));
        self.totals.cumulative.sent += directions.sent;
        self.totals.cumulative.received += directions.received;
        self.take_in_account(sample);
        // Before new flows are taken in: whoever leaves now is in nobody's way.
        self.advance(Slot {
            duration: sample.elapsed,
            totals: directions,
            wire_bytes: [sample.totals.wire.egress, sample.totals.wire.ingress],
            ..Slot::default()
        });
        let near_ends = self.take_in_new(&sample.flows, &mut lines, number);
        let touched = lines.iter().filter_map(|line| match *line {
            Line::At(place) => Some(place),
            _ => None,
        });
        self.note_highest(touched.chain(near_ends.iter().map(|delta| delta.place)));
        let places = iter::zip(&lines, &sample.flows);
        let of_lines = places.filter_map(|(line, &(_, counters))| match *line {
            Line::At(place) => Some(Delta { place, counters }),
            _ => None,
        });
        self.slots.fill_newest(of_lines.chain(near_ends));
        self.lines = lines;
        self.stay_in_bounds();
        self.record(number, sample.elapsed, directions);
        self.note_peaks();
    }

    /// Ends a report's interval: per-flow interval counts start again, and flows that were kept
    /// only to be reported once are forgotten.
    pub fn end_interval(&mut self) {
        self.interval = Duration::ZERO;
        let first_slot = self.slots.first();
        let (index, largest) = (&mut self.index, &mut self.largest_forgotten);
        let history = &mut self.history;
        self.flows.retain(|place, flow| {
            flow.interval = Counters::default();
            let keep = flow.newest_slot >= first_slot;
            if !keep {
                let place = place_number(place);
                index.remove(&flow.key, place);
                if let Some(history) = history {
                    history.note_gone(place, flow);
                }
                *largest = larger(*largest, Some((flow.key, flow.cumulative)));
            }
            keep
        });
    }

    /// All flows that are remembered, in no order.
    pub fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.flows.iter().map(|(_, flow)| flow)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// True before the first packet, or 40 seconds after the last when that was reported.
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// What can be shown of the table as it is now; it is not to take samples in.
    #[must_use]
    pub fn still(&self) -> Self {
        Self {
            rules: self.rules.clone(),
            flows: self.flows.clone(),
            index: Index::default(),
            slots: self.slots.without_deltas(),
            history: self.history.clone(),
            lines: Vec::new(),
            ..*self
        }
    }

    /// Where every packet ended up.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Time since start.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Time since the last [`end_interval`](Self::end_interval).
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// The rules that flows are oriented by.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    fn add(&mut self, place: u32, counters: Counters, slot: u32) {
        let flow = &mut self.flows[place as usize];
        self.account.add(&flow.key, counters.both());
        flow.cumulative += counters;
        flow.interval += counters;
        flow.unrecorded += counters;
        flow.newest_slot = slot;
        for window in &mut flow.windows {
            *window += counters;
        }
    }

    fn take_in_account(&mut self, sample: &Sample) {
        let totals = &sample.totals;
        self.account.seen += totals.seen.both();
        self.account.other += totals.other.both();
        self.account.frames += totals.frames.both();
        self.account.filtered += totals.filtered.both();
        self.account.not_ip += totals.not_ip;
        self.account.malformed += totals.malformed;
        self.account.dropped_packets += sample.dropped_packets;
    }
}

/// Takes a flow's count out of the totals, never below zero: a source whose witness disagrees with
/// its flows shows that in the account.
fn subtract(total: &mut Count, flow: Count) {
    total.bytes = total.bytes.saturating_sub(flow.bytes);
    total.packets = total.packets.saturating_sub(flow.packets);
}
