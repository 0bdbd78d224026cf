//! The flat table: lines of 64 bytes in buckets of four, each written by one CPU alone, so that a
//! packet is counted without an atomic operation, a lock or a call.
//!
//! It owns the layout, the hash, and the search for a flow's line; both sides and the tests run it.
//! It must never know where a bucket comes from. A table belongs to one interval: lines are added
//! and none is removed, until user space empties a half that no program uses. That is why a free
//! line ends a search.
//!
//! A flow has two buckets. It stands in the first, unless that was full when it came; so the second
//! is looked at only where the first holds four others.

use crate::{Count, FlowKey, parse::Direction};

/// A flow as it is hashed, compared and stored: see [`FlowKey::words`].
pub type Words = [u64; 5];

/// Lines in a bucket.
pub const LINES: usize = 4;
/// In the map from CPU to shard: this CPU has none, and counts into the spill table.
pub const NO_SHARD: u64 = u64::MAX;
/// Buckets in a shard, as a power of two.
pub const BUCKET_BITS: core::ops::RangeInclusive<u32> = 1..=24;

/// The flow that is left when the far side is left out: [`FlowKey::FAR_UNKNOWN`].
#[inline(always)]
pub fn without_far(key: &Words) -> Words {
    const FAR_PORT: u64 = 0xffff << 16;
    let marked = key[4] & !FAR_PORT | u64::from(FlowKey::FAR_UNKNOWN) << 48;
    [key[0], key[1], 0, 0, marked]
}

/// Word by word, the most telling first: `==` would be a call in the kernel.
#[inline(always)]
fn same(a: &Words, b: &Words) -> bool {
    a[4] == b[4] && a[3] == b[3] && a[1] == b[1] && a[2] == b[2] && a[0] == b[0]
}

/// Random numbers of a run. Who does not know them cannot choose flows that meet in a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seed {
    /// Added to the halves of the words before they are multiplied: low and high half of each.
    pub keys: [u64; 5],
    /// What spreads the sum over the buckets, for the first and the second choice; odd.
    pub spread: [u64; 2],
}

/// The hash of a flow, before it is spread over buckets; `key_of` gives the seed's keys.
///
/// NH, the inner hash of UMAC (RFC 4418 §5.2.2): for any two flows, at most one seed in 2^32 gives
/// the same sum. Five multiplications, and nothing in it can be steered by whoever chooses ports.
#[inline(always)]
pub fn hash(words: &Words, key_of: impl Fn(usize) -> u64) -> u64 {
    let mut sum = 0_u64;
    for (place, word) in words.iter().enumerate() {
        let key = key_of(place);
        let low = (*word as u32).wrapping_add(key as u32);
        let high = ((*word >> 32) as u32).wrapping_add((key >> 32) as u32);
        sum = sum.wrapping_add(u64::from(low) * u64::from(high));
    }
    sum
}

/// One of a flow's buckets, of 2^`bits`: multiply-shift, so that two sums meet in a bucket with a
/// chance of 2/2^`bits` at most. The sums of flows that differ in one word are multiples of each other;
/// folded they are not, and fill a table as evenly as random ones.
#[inline(always)]
pub fn bucket(hash: u64, spread: u64, bits: u32) -> u32 {
    ((hash ^ hash >> 32).wrapping_mul(spread) >> (64 - bits)) as u32
}

/// What one flow carried in one interval, as one CPU saw it: 64 bytes, a cache line.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Which flow; means nothing while the line is free.
    pub key: Words,
    /// At the ingress hook.
    pub ingress_bytes: u64,
    /// At the egress hook.
    pub egress_bytes: u64,
    /// At the ingress hook. A line is free while both counts of packets are 0.
    pub ingress_packets: u32,
    /// At the egress hook.
    pub egress_packets: u32,
}

/// Lines that are looked at together.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Taken from the first on.
    pub lines: [Line; LINES],
}

impl Line {
    /// Whether it holds no flow.
    #[inline(always)]
    pub const fn is_free(&self) -> bool {
        self.ingress_packets | self.egress_packets == 0
    }

    /// Makes it the line of a flow. False where the count is beyond what a line holds.
    #[inline(always)]
    fn begin(&mut self, key: &Words, direction: Direction, count: Count) -> bool {
        let Ok(packets) = u32::try_from(count.packets) else { return false };
        // Whatever was left by an older flow goes.
        let (ingress, egress) = match direction {
            Direction::Ingress => ((count.bytes, packets), (0, 0)),
            Direction::Egress => ((0, 0), (count.bytes, packets)),
        };
        self.key = *key;
        (self.ingress_bytes, self.ingress_packets) = ingress;
        (self.egress_bytes, self.egress_packets) = egress;
        true
    }

    /// Counts a packet. False, and nothing is changed, where the packets would not fit any more; the
    /// flow then begins another line.
    #[inline(always)]
    fn add(&mut self, direction: Direction, count: Count) -> bool {
        let (bytes, packets) = match direction {
            Direction::Ingress => (&mut self.ingress_bytes, &mut self.ingress_packets),
            Direction::Egress => (&mut self.egress_bytes, &mut self.egress_packets),
        };
        let Ok(sum) = u32::try_from(u64::from(*packets) + count.packets) else { return false };
        *packets = sum;
        *bytes += count.bytes;
        true
    }
}

impl Bucket {
    /// Counts a packet of a flow in its line or in the first that is free. False where there is none.
    #[inline(always)]
    pub fn add(&mut self, key: &Words, direction: Direction, count: Count) -> bool {
        for line in &mut self.lines {
            if line.is_free() {
                return line.begin(key, direction, count);
            }
            if same(&line.key, key) && line.add(direction, count) {
                return true;
            }
        }
        false
    }
}
