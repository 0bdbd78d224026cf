//! The flat table and its spill table: arrays of buckets that user space maps.
//!
//! Each CPU writes to a shard of its own, so nothing here is atomic; of the search and the layout see
//! [`iftop_common::flat`].

use aya_ebpf::{bindings::BPF_F_MMAPABLE, macros::map, maps::Array};
use iftop_common::{
    Count,
    flat::{self, Bucket, Words, without_far},
    parse::Direction,
};

use crate::{cpu::Here, globals};

/// User space sets the true lengths when it loads the program.
#[map]
static FLAT: Array<Bucket> = Array::with_max_entries(1, BPF_F_MMAPABLE);
#[map]
static SPILL: Array<Bucket> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Adds a packet to its flow, or to what the flow is without its far side. False when there is no
/// room for either.
#[inline(always)]
pub fn add(here: &Here, key: &Words, direction: Direction, count: Count) -> bool {
    // Without a shard there is no such bucket.
    let table = Part { buckets: &FLAT, first: here.first_bucket(), bits: globals::bucket_bits() };
    if table.add(key, direction, count) {
        return true;
    }
    let bits = globals::spill_bits();
    let first = (here.half * globals::cpus() + here.cpu) << bits;
    let spill = Part { buckets: &SPILL, first, bits };
    spill.add(&without_far(key), direction, count)
}

/// What one CPU writes to of one table in one half.
struct Part {
    buckets: &'static Array<Bucket>,
    first: u32,
    bits: u32,
}

impl Part {
    #[inline(always)]
    fn add(&self, key: &Words, direction: Direction, count: Count) -> bool {
        let [first, second] = flat::hashes(key, globals::seed_key, globals::seed_mix());
        self.add_to(first, key, direction, count) || self.add_to(second, key, direction, count)
    }

    #[inline(always)]
    fn add_to(&self, hash: u64, key: &Words, direction: Direction, count: Count) -> bool {
        let index = self.first + flat::bucket(hash, self.bits);
        let Some(bucket) = self.buckets.get_ptr_mut(index) else { return false };
        // SAFETY: a live map value of which this CPU is the only writer, and which user space reads
        // only when no program uses its half.
        unsafe { (*bucket).add(key, direction, count) }
    }
}
