//! The flat table and its spill table: arrays of buckets that user space maps.
//!
//! Each CPU writes to a shard of its own, so nothing here is atomic; of the search and the layout see
//! [`iftop_common::flat`].

use aya_ebpf::{bindings::BPF_F_MMAPABLE, macros::map, maps::Array};
use iftop_common::{
    Count,
    flat::{self, Bucket, NO_SHARD, Words, without_far},
    parse::Direction,
};

use crate::globals::{self, Half};

/// User space sets the true lengths when it loads the program.
#[map]
static FLAT: Array<Bucket> = Array::with_max_entries(1, BPF_F_MMAPABLE);
#[map]
static SPILL: Array<Bucket> = Array::with_max_entries(1, BPF_F_MMAPABLE);
#[map]
static SHARD_OF_CPU: Array<u64> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Adds a packet to its flow, or to what the flow is without its far side. False when there is no
/// room for either.
#[inline(always)]
pub fn add(cpu: u32, half: Half, key: &Words, direction: Direction, count: Count) -> bool {
    // SAFETY: a live map value, which user space writes to only before the programs run.
    let shard = SHARD_OF_CPU.get_ptr(cpu).map_or(NO_SHARD, |shard| unsafe { *shard });
    if shard != NO_SHARD {
        let part = half.index() * globals::shards() + shard as u32;
        let table = Part { buckets: &FLAT, part, bits: globals::bucket_bits() };
        if table.add(key, direction, count) {
            return true;
        }
    }
    let part = half.index() * globals::cpus() + cpu;
    let spill = Part { buckets: &SPILL, part, bits: globals::spill_bits() };
    spill.add(&without_far(key), direction, count)
}

/// What one CPU writes to of one table in one half.
struct Part {
    buckets: &'static Array<Bucket>,
    part: u32,
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
        let index = (self.part << self.bits) + flat::bucket(hash, self.bits);
        let Some(bucket) = self.buckets.get_ptr_mut(index) else { return false };
        // SAFETY: a live map value of which this CPU is the only writer, and which user space reads
        // only when no program uses its half.
        unsafe { (*bucket).add(key, direction, count) }
    }
}
