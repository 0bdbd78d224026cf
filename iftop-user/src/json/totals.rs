//! The sums of the JSON report, of all that is not hidden.

use serde::Serialize;

use super::{Windows, whole};
use crate::{
    flow::Peak,
    units::{Measure, Unit},
    view::{self, Matched, View},
};

#[derive(Serialize)]
pub(super) struct Totals {
    sent: Total,
    received: Total,
    both: Total,
}

#[derive(Serialize)]
struct Total {
    bits_per_second: Windows,
    packets_per_second: Windows,
    peak_bits_per_second: u64,
    peak_packets_per_second: u64,
    peak_since_start: PeakSinceStart,
    bytes: u64,
    packets: u64,
}

#[derive(Serialize)]
struct PeakSinceStart {
    bits_per_second: u64,
    after_seconds: f64,
    packets_per_second: u64,
    packets_after_seconds: f64,
}

/// Some of the flows, and what they come to.
#[derive(Serialize)]
pub(super) struct Part {
    flows: usize,
    bits_per_second: Windows,
    packets_per_second: Windows,
}

impl From<Matched> for Part {
    fn from(part: Matched) -> Self {
        Self {
            flows: part.flows,
            bits_per_second: Windows::of(part.rates, Unit::Bits),
            packets_per_second: Windows::of(part.rates, Unit::Packets),
        }
    }
}

impl From<&View> for Totals {
    fn from(view: &View) -> Self {
        Self {
            sent: (&view.totals.sent).into(),
            received: (&view.totals.received).into(),
            both: (&view.both).into(),
        }
    }
}

impl From<&view::Total> for Total {
    fn from(total: &view::Total) -> Self {
        Self {
            bits_per_second: Windows::of(total.rates, Unit::Bits),
            packets_per_second: Windows::of(total.rates, Unit::Packets),
            peak_bits_per_second: whole(total.peak, Unit::Bits),
            peak_packets_per_second: whole(total.peak, Unit::Packets),
            peak_since_start: (&total.highest).into(),
            bytes: total.cumulative.bytes,
            packets: total.cumulative.packets,
        }
    }
}

impl From<&Peak> for PeakSinceStart {
    fn from(peak: &Peak) -> Self {
        Self {
            bits_per_second: whole(peak.rate, Unit::Bits),
            after_seconds: peak.at(Measure::Bytes).as_secs_f64(),
            packets_per_second: whole(peak.rate, Unit::Packets),
            packets_after_seconds: peak.at(Measure::Packets).as_secs_f64(),
        }
    }
}
