//! Where traffic comes from: anything that can say what happened since it was last asked.
//!
//! A source reports deltas and the time that really passed. It must never compute a rate.

use std::time::Duration;

use iftop_common::{Counters, FlowKey, Totals};

pub mod ebpf;
pub mod surroundings;

use surroundings::Surroundings;

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
    /// State of the kernel's table when it ended.
    pub table: TableUse,
    /// What was read beside it.
    pub surroundings: Surroundings,
}

/// How full the kernel's table was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableUse {
    /// Lines that there are.
    pub lines: u64,
    /// Lines that hold a flow.
    pub used: u64,
    /// Share of its lines that the fullest shard uses, in percent.
    pub fullest_shard_percent: u8,
    /// Lines of the spill table.
    pub spill_lines: u64,
    /// Lines of it that are used.
    pub spill_used: u64,
}

/// Which kind of table the kernel counts in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableKind {
    /// Lines of memory, one writer each.
    Flat,
    /// A hash map for each half.
    #[default]
    Hash,
}

/// What a source says of itself once it is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Where it counts: `tcx ingress + egress`.
    pub hooks: String,
    /// What it counts in.
    pub table: TableKind,
    /// Memory of its maps.
    pub kernel_bytes: u64,
    /// What a packet costs, where that was measured.
    pub packet_nanoseconds: Option<f64>,
}

/// Something that can be asked for samples.
pub trait Source: Send {
    /// What happened since the previous call. May block for some tens of milliseconds, so ask on a
    /// thread of its own.
    fn sample(&mut self) -> anyhow::Result<Sample>;
}
