//! The highest rates that each flow ever had, in few bytes.
//!
//! It must never be asked of several flows together: their highest rates were not at one time.

use std::time::Duration;

use iftop_common::Counters;

use super::{Flow, FlowTable, Pair, Peak, window::Window};
use crate::units::Rate;

/// By hook; the highest 2 s rates since a flow's entry began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Highest {
    ingress: Side,
    egress: Side,
}

/// Each measure for itself, and when that was in seconds since start.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    bytes_per_second: f32,
    packets_per_second: f32,
    bytes_at: u32,
    packets_at: u32,
}

impl Side {
    #[expect(clippy::cast_possible_truncation, reason = "it is shown with three digits")]
    fn take(&mut self, rate: Rate, at: u32) {
        let (bytes, packets) = (rate.bytes as f32, rate.packets as f32);
        if bytes > self.bytes_per_second {
            (self.bytes_per_second, self.bytes_at) = (bytes, at);
        }
        if packets > self.packets_per_second {
            (self.packets_per_second, self.packets_at) = (packets, at);
        }
    }

    fn peak(self) -> Peak {
        let rate =
            Rate { bytes: self.bytes_per_second.into(), packets: self.packets_per_second.into() };
        let [bytes_at, packets_at] = [self.bytes_at, self.packets_at].map(from_seconds);
        Peak { rate, bytes_at, packets_at }
    }
}

impl Flow {
    /// The highest 2 s rates since its entry began, seen from the left host.
    pub fn peaks(&self, swapped: bool) -> Pair<Peak> {
        let Highest { ingress, egress } = self.highest;
        let (sent, received) = if swapped { (ingress, egress) } else { (egress, ingress) };
        Pair { sent: sent.peak(), received: received.peak() }
    }

    /// Time since start when its entry began.
    pub fn first_seen(&self) -> Duration {
        from_seconds(self.first_seen)
    }
}

impl FlowTable {
    /// To be called of flows that the newest sample brought something to, when the windows have it.
    pub(super) fn note_highest(&mut self, places: impl Iterator<Item = u32>) {
        if self.history.is_none() {
            return;
        }
        let at = seconds(self.elapsed);
        for place in places {
            let Some(flow) = self.flows.get(place as usize) else { continue };
            let Counters { ingress, egress } = flow.window(Window::Two);
            let [ingress, egress] = [ingress, egress].map(|count| self.rate(Window::Two, count));
            if let Some(flow) = self.flows.get_mut(place as usize) {
                flow.highest.ingress.take(ingress, at);
                flow.highest.egress.take(egress, at);
            }
        }
    }

    /// Time since start when a flow had its last packet, at the end of the slot.
    pub fn last_seen(&self, flow: &Flow) -> Duration {
        let since = self.slots.since(flow.newest_slot + 1);
        self.elapsed.saturating_sub(since.map(|slot| slot.duration).sum())
    }
}

/// In whole seconds: enough of them for a century.
pub(super) fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

fn from_seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}
