//! Where traffic comes from: anything that can say what happened since it was last asked.
//!
//! A source reports deltas and the time that really passed. It must never compute a rate.

use std::time::{Duration, SystemTime};

use iftop_common::{Counters, FlowKey, Table, Totals};

#[cfg(not(target_os = "linux"))]
mod alone;
#[cfg(target_os = "linux")]
mod around;
pub mod capture_file;
#[cfg(target_os = "linux")]
pub mod ebpf;
#[cfg(test)]
#[path = "../../tests/support/frame.rs"]
mod frame;
pub mod frames;
pub mod hook;
#[cfg(target_os = "linux")]
pub mod inside;
#[cfg(feature = "pcap")]
pub mod live;
pub mod surroundings;
pub mod table_size;
pub mod unavailable;

#[cfg(not(target_os = "linux"))]
use alone as around;
use surroundings::Surroundings;

use crate::packet_filter::PacketFilter;

/// What happened since the previous sample, or since counting began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The time that really passed, by a monotonic clock, or by the packets' own.
    pub elapsed: Duration,
    /// The time of day at its end, where that is not now.
    pub now: Option<SystemTime>,
    /// Whether the source is at its end, so that there is no use in asking for more.
    pub last: bool,
    /// What the interface is called from now on, where that is new.
    pub renamed: Option<String>,
    /// Every flow that had a packet; one that several CPUs saw may stand here as often.
    pub flows: Vec<(FlowKey, Counters)>,
    /// Counted apart from the flows: the witness of their sum.
    pub totals: Totals,
    /// Packets that were lost before they could be counted: by libpcap, for want of room, or by whoever
    /// captured, where a file says so. There is no such thing in the kernel's counters.
    pub dropped_packets: u64,
    /// How full the source's own table was.
    pub table: TableUse,
    /// What was read beside it.
    pub surroundings: Surroundings,
}

/// How much of a source's table was in use when a sample was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableUse {
    /// Lines that there are.
    pub lines: u64,
    /// Lines that held a flow.
    pub used: u64,
    /// The same of that part of the table, a CPU's, which was the fullest, in percent.
    pub fullest_shard_percent: u8,
    /// Lines for flows without their far side.
    pub spill_lines: u64,
    /// How many of these were in use.
    pub spill_used: u64,
}

/// Kinds of sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Our program in the kernel, which counts.
    #[default]
    Ebpf,
    /// libpcap, which hands packets over to be counted here.
    Pcap,
    /// A file of captured packets.
    File,
}

impl Kind {
    /// As reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ebpf => "ebpf",
            Self::Pcap => "pcap",
            Self::File => "file",
        }
    }
}

/// How the packets of an interface are to be counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// In the kernel, and by libpcap where that is not to be had.
    #[default]
    Auto,
    /// In the kernel, or not at all.
    Ebpf,
    /// By libpcap.
    Pcap,
}

/// What is true of an open source as long as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// Where it is attached: `tcx ingress + egress`. Of a capture what its frames begin with, of a file the
    /// format.
    pub hooks: String,
    /// The table's kind.
    pub table: Table,
    /// Lines that the table has.
    pub lines: u64,
    /// Lines that the kernel had no memory for.
    pub refused_lines: u64,
    /// Memory that the kernel holds for us, in bytes.
    pub kernel_bytes: u64,
    /// Why it is not our program in the kernel, where that was tried first.
    pub reason: Option<String>,
}

/// Something that can be asked for samples.
pub trait Source: Send {
    /// What happened since the previous call, put into `sample`, whose room is used again. May block
    /// for some tens of milliseconds, so ask on a thread of its own.
    fn sample(&mut self, sample: &mut Sample) -> anyhow::Result<()>;

    /// Counts only what a filter accepts, or everything again. A packet that passes meanwhile meets what
    /// was or what will be.
    ///
    /// # Errors
    /// Say why not; then everything is as before, unless the next sample says that counting is over.
    fn set_filter(&mut self, filter: Option<&PacketFilter>) -> anyhow::Result<()>;
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn sample(&mut self, sample: &mut Sample) -> anyhow::Result<()> {
        (**self).sample(sample)
    }

    fn set_filter(&mut self, filter: Option<&PacketFilter>) -> anyhow::Result<()> {
        (**self).set_filter(filter)
    }
}
