//! How large the kernel's tables are.
//!
//! Pure arithmetic: from how many flows there are to be to the lengths of maps.

use std::ops::RangeInclusive;

use iftop_common::{
    Counters, FlowKey, PerCpu, Table,
    flat::{BUCKET_BITS, Bucket, LINES, Line},
};
use serde::{Deserialize, Serialize};

/// The flat table has at most so many lines for each flow that user space can hold, and at least
/// half as many: a flow that several CPUs see takes as many lines, and of a table that is half full
/// one flow in 200 finds its eight lines taken, of one that is three quarters full one in 30.
const LINES_FOR_A_FLOW: u64 = 4;
/// What a flow may take in the kernel's tables, the spill table among them (but for its least of 64 lines
/// for each CPU that there may be), and in a sample of the flat one, in bytes.
pub const BYTES_PER_FLOW: u64 = LINES_FOR_A_FLOW
    * (HALVES * size_of::<Line>() as u64 * (SPILL_SHARE + 1) / SPILL_SHARE
        + size_of::<(FlowKey, Counters)>() as u64);
/// The spill table is this part of the flat table, but for its bounds by CPU.
const SPILL_SHARE: u64 = 16;
/// Buckets in a CPU's part of the spill table, as a power of two: 64 to 1,024 lines.
const SPILL_BITS: RangeInclusive<u32> = 4..=8;
/// What the kernel keeps beside key and value of an entry (`struct htab_elem` and a bucket head of
/// kernel/bpf/hashtab.c).
const HASH_ENTRY_BYTES: u64 = (48 + 16 + size_of::<FlowKey>() + size_of::<Counters>()) as u64;
/// Every counter is there twice.
const HALVES: u64 = 2;

/// Lengths of the maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Which table is used; the other's maps have one entry each.
    #[serde(with = "number")]
    pub table: Table,
    /// An upper bound of CPU numbers.
    pub cpus: u32,
    /// CPUs that have a part of the flat table.
    pub shards: u32,
    /// Buckets in a shard, as a power of two.
    pub bucket_bits: u32,
    /// Buckets in a CPU's part of the spill table, as a power of two.
    pub spill_bits: u32,
    /// Entries of each hash map.
    pub hash_entries: u32,
}

/// A table as the kernel program knows it.
mod number {
    use iftop_common::Table;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    pub(super) fn serialize<S: Serializer>(table: &Table, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bool(*table == Table::Flat)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Table, D::Error> {
        Ok(if bool::deserialize(from)? { Table::Flat } else { Table::Hash })
    }
}

impl Size {
    /// For so many flows. A table of lines has two to four times as many, a power of two in each
    /// shard.
    pub fn new(table: Table, max_flows: u32, cpus: u32, shards: u32) -> Self {
        let shards = shards.max(1);
        let wanted = u64::from(max_flows) * LINES_FOR_A_FLOW / u64::from(shards) / LINES as u64;
        let bucket_bits = wanted.max(1).ilog2().clamp(*BUCKET_BITS.start(), *BUCKET_BITS.end());
        let spill_bits = spill_bits(cpus, shards, bucket_bits);
        Self { table, cpus, shards, bucket_bits, spill_bits, hash_entries: max_flows.max(1) }
    }

    /// Half as large; `None` where that would be a toy.
    pub fn smaller(self) -> Option<Self> {
        const LEAST: u32 = 1024;
        let is_least = self.table == Table::Flat && self.bucket_bits <= *BUCKET_BITS.start();
        if is_least || self.lines() <= u64::from(LEAST) {
            return None;
        }
        let hash_entries = self.hash_entries / 2;
        let bucket_bits = self.bucket_bits.saturating_sub(1).max(*BUCKET_BITS.start());
        let spill_bits = spill_bits(self.cpus, self.shards, bucket_bits);
        Some(Self { bucket_bits, spill_bits, hash_entries, ..self })
    }

    /// Flows that there is room for in a half.
    pub fn lines(&self) -> u64 {
        match self.table {
            Table::Flat => u64::from(self.shards) * self.shard_lines(),
            Table::Hash => u64::from(self.hash_entries),
        }
    }

    /// Lines of one shard.
    pub fn shard_lines(&self) -> u64 {
        (LINES as u64) << self.bucket_bits
    }

    /// Near sides that there is room for in a half where nothing else has any.
    pub fn spill_lines(&self) -> u64 {
        match self.table {
            Table::Flat => (u64::from(self.cpus) * LINES as u64) << self.spill_bits,
            Table::Hash => u64::from(self.hash_spill_entries()),
        }
    }

    /// Length of the map of buckets.
    pub fn flat_buckets(&self) -> u32 {
        self.if_flat((u64::from(self.shards) * HALVES) << self.bucket_bits)
    }

    /// Which of the parts of the map of buckets belongs to a shard in a half.
    pub fn part(&self, half: usize, shard: usize) -> usize {
        half * self.shards as usize + shard
    }

    /// Length of the map of spill buckets.
    pub fn spill_buckets(&self) -> u32 {
        self.if_flat((u64::from(self.cpus) * HALVES) << self.spill_bits)
    }

    /// Length of each of the two hash maps.
    pub fn hash_entries(&self) -> u32 {
        if self.table == Table::Hash { self.hash_entries } else { 1 }
    }

    /// Length of the hash maps for what found no room.
    pub fn hash_spill_entries(&self) -> u32 {
        if self.table == Table::Hash { (self.hash_entries / 16).clamp(64, 1024) } else { 1 }
    }

    fn if_flat(&self, buckets: u64) -> u32 {
        if self.table == Table::Flat { u32::try_from(buckets).unwrap_or(u32::MAX) } else { 1 }
    }

    /// Memory of all maps, in bytes; of hash maps a close estimate.
    pub fn kernel_bytes(&self) -> u64 {
        let buckets = u64::from(self.flat_buckets()) + u64::from(self.spill_buckets());
        let entries = u64::from(self.hash_entries()) + u64::from(self.hash_spill_entries());
        buckets * size_of::<Bucket>() as u64
            + entries * HALVES * HASH_ENTRY_BYTES
            + u64::from(self.cpus) * size_of::<PerCpu>() as u64
    }
}

/// For a flat table of this size.
fn spill_bits(cpus: u32, shards: u32, bucket_bits: u32) -> u32 {
    let wanted = (u64::from(shards) << bucket_bits) / SPILL_SHARE / u64::from(cpus.max(1));
    wanted.max(1).ilog2().clamp(*SPILL_BITS.start(), *SPILL_BITS.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_lines_has_room_to_spare() {
        // (flows, CPUs, shards) → (lines, spill lines, MiB)
        let cases = [
            ((67_417, 64, 2), (262_144, 16_384, 34)),
            ((131_072, 64, 2), (524_288, 32_768, 68)),
            ((131_072, 64, 6), (393_216, 16_384, 50)),
            ((131_072, 128, 64), (524_288, 32_768, 68)),
            ((1 << 20, 64, 2), (1 << 22, 65_536, 520)),
            ((100, 64, 2), (256, 4096, 0)),
            ((1, 1, 1), (8, 64, 0)),
            ((1 << 24, 64, 64), (1 << 26, 65_536, 8200)),
        ];
        for ((flows, cpus, shards), (lines, spill_lines, mebibytes)) in cases {
            let size = Size::new(Table::Flat, flows, cpus, shards);
            assert_eq!(size.lines(), lines, "{size:?}");
            assert_eq!(size.spill_lines(), spill_lines, "{size:?}");
            assert_eq!(size.kernel_bytes() >> 20, mebibytes, "{size:?}");
            assert!(size.lines() >= 2 * u64::from(flows), "{size:?}");
        }
    }

    #[test]
    fn only_one_of_the_tables_takes_memory() {
        let hash = Size::new(Table::Hash, 65_536, 64, 2);
        assert_eq!((hash.lines(), hash.spill_lines()), (65_536, 1024));
        assert_eq!((hash.flat_buckets(), hash.spill_buckets()), (1, 1));
        assert_eq!(hash.kernel_bytes() >> 20, 17);
        let flat = Size::new(Table::Flat, 65_536, 64, 2);
        assert_eq!((flat.hash_entries(), flat.hash_spill_entries()), (1, 1));
    }

    #[test]
    fn it_halves_until_it_would_be_a_toy() {
        for table in [Table::Flat, Table::Hash] {
            let mut size = Size::new(table, 65_536, 64, 2);
            let mut times = 0;
            while let Some(smaller) = size.smaller() {
                assert_eq!(smaller.lines(), size.lines() / 2);
                assert!(
                    table == Table::Hash
                        || smaller == Size::new(table, 65_536 >> (times + 1), 64, 2),
                    "the spill table follows"
                );
                size = smaller;
                times += 1;
            }
            assert_eq!(size.lines(), 1024);
            assert_eq!(times, if table == Table::Flat { 8 } else { 6 });
        }
    }

    #[test]
    fn smaller_and_smaller_comes_to_an_end() {
        for table in [Table::Flat, Table::Hash] {
            for shards in [1, 2, 64, 256] {
                let mut size = Size::new(table, 1 << 20, 256, shards);
                while let Some(smaller) = size.smaller() {
                    assert!(smaller.lines() < size.lines(), "{size:?}");
                    size = smaller;
                }
            }
        }
    }
}
