//! The hash table: two maps of the kernel, one per half, and two for what found no room in them. A
//! packet finds its flow, makes it, or is told that there is no room; it never evicts another.
//!
//! For kernels on which the flat table's lines would have more than one writer, and what the flat
//! table is compared with.

use aya_ebpf::{bindings::BPF_NOEXIST, macros::map, maps::HashMap};
use iftop_common::{
    Count, Counters,
    flat::{Words, without_far},
    parse::Direction,
};

use crate::add::add_to;

/// User space sets the true sizes when it loads the program.
#[map]
static FLOWS_0: HashMap<Words, Counters> = HashMap::with_max_entries(1, 0);
#[map]
static FLOWS_1: HashMap<Words, Counters> = HashMap::with_max_entries(1, 0);
#[map]
static FLOWS_SPILL_0: HashMap<Words, Counters> = HashMap::with_max_entries(1, 0);
#[map]
static FLOWS_SPILL_1: HashMap<Words, Counters> = HashMap::with_max_entries(1, 0);

/// Adds a packet to its flow, or to what the flow is without its far side. False when there is no
/// room for either.
#[inline(always)]
pub fn add(half: u32, &key: &Words, direction: Direction, count: Count) -> bool {
    // A copy, so that only here the key has to stand in memory.
    let key = &key;
    // Two calls, so that in each the verifier knows the map and can inline the look-up.
    match half {
        0 => add_or_spill([&FLOWS_0, &FLOWS_SPILL_0], key, direction, count),
        _ => add_or_spill([&FLOWS_1, &FLOWS_SPILL_1], key, direction, count),
    }
}

#[inline(always)]
fn add_or_spill(
    [flows, spill]: [&HashMap<Words, Counters>; 2],
    key: &Words,
    direction: Direction,
    count: Count,
) -> bool {
    add_to_map(flows, key, direction, count)
        || add_to_map(spill, &without_far(key), direction, count)
}

#[inline(always)]
fn add_to_map(
    flows: &HashMap<Words, Counters>,
    key: &Words,
    direction: Direction,
    count: Count,
) -> bool {
    if add_to_existing(flows, key, direction, count) {
        return true;
    }
    let counters = match direction {
        Direction::Ingress => Counters { ingress: count, egress: Count { bytes: 0, packets: 0 } },
        Direction::Egress => Counters { ingress: Count { bytes: 0, packets: 0 }, egress: count },
    };
    match flows.insert(key, counters, u64::from(BPF_NOEXIST)) {
        Ok(()) => true,
        // Full, busy, or another CPU was quicker: only then is it there now.
        Err(_) => add_to_existing(flows, key, direction, count),
    }
}

#[inline(always)]
fn add_to_existing(
    flows: &HashMap<Words, Counters>,
    key: &Words,
    direction: Direction,
    count: Count,
) -> bool {
    let Some(counters) = flows.get_ptr_mut(key) else { return false };
    // SAFETY: a live map value; entries are removed only in the half that no program uses.
    unsafe { add_to::<true>(counters, direction, count) };
    true
}
