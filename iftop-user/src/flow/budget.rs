//! How much memory user space takes for each flow that may be remembered.
//!
//! It owns the arithmetic only; `memory.rs` proves it by what is allocated.

use iftop_common::{Counters, FlowKey};

use super::{
    Flow,
    room::{Line, SCRATCH_BYTES},
};
use crate::view::BYTES_PER_ROW;

/// Slots of 40 seconds where samples are taken each second.
const SLOTS: usize = 40;

/// What a flow's part of a slot takes. With 131,072 flows this is enough for those that fill 25 Gbit/s
/// both ways; where it is not, the windows become shorter rather than the table larger.
const DELTA_BYTES: usize = 11;

/// What deltas may take in a small table.
const MIN_DELTA_BYTES: usize = 65_536;

/// What an entry of a hash table of `u32` takes, with its byte of control, at the lowest load that there
/// is after many flows came and went.
pub(super) const INDEX_BYTES: usize = 5 * 4 * 8 / 7;

/// Most memory that user space takes for each flow that may be remembered, in bytes: for the table and
/// for one sample of as many lines, with what it takes for a while to take a sample in or to make a view
/// of it. The worst case are two: all flows carry packets in each of forty seconds, or all flows are new
/// each second and the table is full.
///
/// The history takes what deltas leave free, and 640 KiB in any case. A pause copies what is shown, and so takes
/// [`size_of::<Flow>()`](Flow) more, and the history once more.
pub const BYTES_PER_FLOW: usize = size_of::<Flow>()
    + size_of::<usize>()
    + INDEX_BYTES
    + SLOTS * DELTA_BYTES
    + size_of::<(FlowKey, Counters)>()
    + size_of::<Line>()
    + if SCRATCH_BYTES > BYTES_PER_ROW { SCRATCH_BYTES } else { BYTES_PER_ROW };

/// How much the deltas of all slots of such a table may take, in bytes.
pub(super) fn max_delta_bytes(max_flows: usize) -> usize {
    (max_flows * SLOTS * DELTA_BYTES).max(MIN_DELTA_BYTES)
}
