//! What the table says of the whole interface, and how a count becomes a rate.

use iftop_common::{Count, Counters, FlowKey};

use super::{FlowTable, Pair, Totals, ageing::larger, window::Window};
use crate::units::Rate;

impl FlowTable {
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

    pub(super) fn note_peaks(&mut self) {
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
