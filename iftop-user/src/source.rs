//! Where traffic comes from: anything that can say what happened since it was last asked.
//!
//! A source reports deltas and the time that really passed. It must never compute a rate.

use std::time::Duration;

use iftop_common::{Counters, FlowKey, Totals};

pub mod ebpf;

/// What happened since the previous sample, or since counting began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The time that really passed, by a monotonic clock.
    pub elapsed: Duration,
    /// Every flow that had a packet, each once.
    pub flows: Vec<(FlowKey, Counters)>,
    /// Counted apart from the flows: the witness of their sum.
    pub totals: Totals,
    /// Packets that were lost before they could be counted; no such thing in the kernel's counters.
    pub dropped_packets: u64,
}

/// Something that can be asked for samples.
pub trait Source: Send {
    /// What happened since the previous call. May block for some tens of milliseconds, so ask on a
    /// thread of its own.
    fn sample(&mut self) -> anyhow::Result<Sample>;
}
