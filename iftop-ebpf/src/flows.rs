//! The flow table: two hash maps, one per half. A packet finds its flow, makes it, or is told that
//! there is no room; it never evicts another.

use aya_ebpf::{bindings::BPF_NOEXIST, macros::map, maps::HashMap};
use iftop_common::{Count, Counters, FlowKey, parse::Direction};

use crate::{globals::Half, totals};

/// User space sets the true sizes when it loads the program.
#[map]
static FLOWS_0: HashMap<FlowKey, Counters> = HashMap::with_max_entries(1, 0);
#[map]
static FLOWS_1: HashMap<FlowKey, Counters> = HashMap::with_max_entries(1, 0);

/// Adds a packet to its flow. False when the flow is new and the table has no room for it.
#[inline(always)]
pub fn add(half: Half, key: &FlowKey, direction: Direction, count: Count) -> bool {
    // Two calls, so that in each the verifier knows the map and can inline the look-up.
    match half {
        Half::Even => add_to(&FLOWS_0, key, direction, count),
        Half::Odd => add_to(&FLOWS_1, key, direction, count),
    }
}

#[inline(always)]
fn add_to(
    flows: &HashMap<FlowKey, Counters>,
    key: &FlowKey,
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
    flows: &HashMap<FlowKey, Counters>,
    key: &FlowKey,
    direction: Direction,
    count: Count,
) -> bool {
    let Some(counters) = flows.get_ptr_mut(key) else { return false };
    // SAFETY: a live map value; entries are removed only in the half that no program uses.
    unsafe { totals::add(counters, direction, count) };
    true
}
