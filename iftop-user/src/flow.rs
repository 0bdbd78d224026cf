//! The flow table: samples in; rates, peaks, totals and the account out.
//!
//! It owns what is remembered of the traffic: every flow of the last 40 seconds, the sums of each
//! window, and the sums since start. It must never do IO or read a clock: time comes with the sample.
//!
//! A window's sums are kept by adding the newest slot and subtracting the slots that leave it, so
//! taking in a sample costs as much as the flows it touches, not as much as the table holds.

use std::{collections::HashMap, time::Duration};

use iftop_common::{Count, Counters, FlowKey};
use slab::Slab;

use crate::{
    account::Account,
    orient::{Rules, orient},
    source::Sample,
    units::Rate,
};

mod ageing;
#[cfg(test)]
mod scenarios;
mod slots;
mod totals;
pub mod window;
pub(crate) mod wire;

use ageing::larger;
use slots::{Delta, Slot, Slots};
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
    newest_slot: u64,
    /// Tells it from a flow that had its place in the slab before.
    generation: u32,
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
    index: HashMap<FlowKey, u32>,
    generation: u32,
    slots: Slots,
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
            index: HashMap::new(),
            generation: 0,
            slots: Slots::default(),
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
        let mut slot = Slot {
            duration: sample.elapsed,
            deltas: Vec::with_capacity(sample.flows.len()),
            totals: Pair::default(),
            wire_bytes: wire::bytes(&sample.totals),
            rates: [Rate::default(); 3],
        };
        let mut directions =
            Pair { sent: sample.totals.seen.egress, received: sample.totals.seen.ingress };
        for (key, counters) in &sample.flows {
            let Some(orientation) = orient(key, &self.rules) else {
                self.account.excluded += counters.both();
                subtract(&mut directions.sent, counters.egress);
                subtract(&mut directions.received, counters.ingress);
                continue;
            };
            if orientation.totals_swapped {
                subtract(&mut directions.sent, counters.egress);
                subtract(&mut directions.received, counters.ingress);
                directions.sent += counters.ingress;
                directions.received += counters.egress;
            }
            self.account.in_flows += counters.both();
            slot.deltas.push(self.add(*key, *counters, number));
        }
        slot.totals = directions;
        self.totals.cumulative.sent += directions.sent;
        self.totals.cumulative.received += directions.received;
        self.take_in_account(sample);
        self.advance(slot);
        self.note_peaks();
        self.fold_smallest();
    }

    /// Ends a report's interval: per-flow interval counts start again, and flows that were kept
    /// only to be reported once are forgotten.
    pub fn end_interval(&mut self) {
        self.interval = Duration::ZERO;
        let first_slot = self.slots.first();
        let (index, largest) = (&mut self.index, &mut self.largest_forgotten);
        self.flows.retain(|_, flow| {
            flow.interval = Counters::default();
            let keep = flow.newest_slot >= first_slot;
            if !keep {
                index.remove(&flow.key);
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

    /// What a count in a window is as a rate.
    pub fn rate(&self, window: Window, count: Count) -> Rate {
        let seconds = self.spans[window as usize].covered().as_secs_f64();
        if seconds > 0.0 {
            Rate { bytes: count.bytes as f64 / seconds, packets: count.packets as f64 / seconds }
        } else {
            Rate::default()
        }
    }

    /// Interface-wide figures: what was seen less what was excluded.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// What the whole interface carried in one window.
    pub fn total(&self, window: Window) -> Pair<Count> {
        self.totals.windows[window as usize]
    }

    /// The highest 2 s rates of the last 40 seconds: sent, received, both (which is not their sum).
    pub fn peaks(&self) -> [Rate; 3] {
        let mut peaks = [Rate::default(); 3];
        for slot in self.slots.iter() {
            for (peak, rate) in peaks.iter_mut().zip(slot.rates) {
                *peak = peak.max(rate);
            }
        }
        peaks
    }

    /// The flow that carried the most bytes since its entry began, remembered or not. A flow that
    /// came back after a pause of 40 seconds has begun anew.
    pub fn top_talker(&self) -> Option<(FlowKey, Counters)> {
        let remembered = self.flows().map(|flow| (flow.key, flow.cumulative));
        remembered.fold(self.largest_forgotten, |largest, flow| larger(largest, Some(flow)))
    }

    /// What passes the link in bits per second of the last 2 seconds: sent, received.
    pub fn wire_bits_per_second(&self) -> [f64; 2] {
        let span = &self.spans[Window::Two as usize];
        let seconds = span.covered().as_secs_f64();
        let mut bytes = [0; 2];
        for slot in self.slots.since(span.first()) {
            for (sum, slot) in bytes.iter_mut().zip(slot.wire_bytes) {
                *sum += slot;
            }
        }
        bytes.map(|bytes| if seconds > 0.0 { bytes as f64 * 8.0 / seconds } else { 0.0 })
    }

    /// What can be shown of the table as it is now; it is not to take samples in.
    #[must_use]
    pub fn still(&self) -> Self {
        Self {
            rules: self.rules.clone(),
            flows: self.flows.clone(),
            index: HashMap::new(),
            slots: self.slots.without_deltas(),
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

    fn add(&mut self, key: FlowKey, counters: Counters, slot: u64) -> Delta {
        let flow = match self.index.get(&key) {
            Some(&flow) => flow,
            None => self.insert(key),
        };
        let entry = &mut self.flows[flow as usize];
        entry.cumulative += counters;
        entry.interval += counters;
        entry.newest_slot = slot;
        for window in &mut entry.windows {
            *window += counters;
        }
        Delta { flow, generation: entry.generation, counters }
    }

    fn insert(&mut self, key: FlowKey) -> u32 {
        self.generation = self.generation.wrapping_add(1);
        let place = self.flows.insert(Flow {
            key,
            cumulative: Counters::default(),
            interval: Counters::default(),
            windows: [Counters::default(); 3],
            newest_slot: 0,
            generation: self.generation,
        });
        let flow = u32::try_from(place).expect("a table is far smaller than 2^32 flows");
        self.index.insert(key, flow);
        flow
    }

    fn take_in_account(&mut self, sample: &Sample) {
        let totals = &sample.totals;
        self.account.seen += totals.seen.both();
        self.account.other += totals.other.both();
        self.account.frames += totals.frames.both();
        self.account.not_ip += totals.not_ip;
        self.account.malformed += totals.malformed;
        self.account.dropped_packets += sample.dropped_packets;
    }

    fn note_peaks(&mut self) {
        let Pair { sent, received } = self.total(Window::Two);
        let mut both = sent;
        both += received;
        let rates = [sent, received, both].map(|count| self.rate(Window::Two, count));
        for (peak, rate) in self.totals.peak_since_start.iter_mut().zip(rates) {
            peak.take(rate, self.elapsed);
        }
        if let Some(newest) = self.slots.newest_mut() {
            newest.rates = rates;
        }
    }
}

/// Takes a flow's count out of the totals, never below zero: a source whose witness disagrees with
/// its flows shows that in the account.
fn subtract(total: &mut Count, flow: Count) {
    total.bytes = total.bytes.saturating_sub(flow.bytes);
    total.packets = total.packets.saturating_sub(flow.packets);
}
