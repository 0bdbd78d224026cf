//! Interface-wide figures, and the highest rates there ever were.

use std::time::Duration;

use iftop_common::Count;

use super::Pair;
use crate::units::{Measure, Rate};

/// Interface-wide figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// In the windows of 2, 10 and 40 seconds.
    pub(super) windows: [Pair<Count>; 3],
    /// Since start.
    pub cumulative: Pair<Count>,
    /// The highest 2 s rate since start: sent, received, both.
    pub peak_since_start: [Peak; 3],
}

/// The highest rates, and when they were: time since start, at the end of the slot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peak {
    /// How much, each measure for itself.
    pub rate: Rate,
    pub(super) bytes_at: Duration,
    pub(super) packets_at: Duration,
}

impl Peak {
    /// When it was, by the measure that is looked at.
    pub fn at(&self, measure: Measure) -> Duration {
        match measure {
            Measure::Bytes => self.bytes_at,
            Measure::Packets => self.packets_at,
        }
    }

    /// A highest rate that was then.
    #[cfg(test)]
    pub fn of(rate: Rate, at: Duration) -> Self {
        Self { rate, bytes_at: at, packets_at: at }
    }

    /// Takes in the newest rate.
    pub(crate) fn take(&mut self, rate: Rate, now: Duration) {
        if rate.bytes > self.rate.bytes {
            self.bytes_at = now;
        }
        if rate.packets > self.rate.packets {
            self.packets_at = now;
        }
        self.rate = self.rate.max(rate);
    }
}
