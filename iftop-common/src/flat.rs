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
/// The first bucket of a CPU that has no shard and counts into the spill table: further than any.
pub const NO_SHARD: u64 = 1 << 31;
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
    /// What each word is multiplied by, and then what its high half is.
    pub keys: [[u64; 2]; 5],
    /// What the sum is multiplied by; odd.
    pub mix: u64,
}

/// Two hashes of a flow, one for each of its buckets; `key_of` gives the seed's keys by word.
///
/// Multilinear: for any two flows, the difference of the sums is a random multiple of a power of two,
/// so that its highest bits are random. That power is 2^31 at most: the high halves have keys of
/// their own, and where they are the same, the words differ in their low halves. (With one key for a
/// word, flows that differ only in its last byte would have few places to go, whatever the key.)
/// So nothing in it can be steered by whoever chooses addresses and ports.
///
/// The sums of flows that are numbered one after another are so as well, and would fill a table in
/// stripes, with some keys in few. Folding and multiplying once more leaves nothing of that.
#[inline(always)]
pub fn hashes(words: &Words, key_of: impl Fn(usize) -> [u64; 2], mix: u64) -> [u64; 2] {
    let product = |place: usize| {
        let [whole, high] = key_of(place);
        let word = words[place];
        word.wrapping_mul(whole).wrapping_add((word >> 32).wrapping_mul(high))
    };
    let mut sum = product(1).wrapping_add(product(3)).wrapping_add(product(4));
    // Of IPv4 addresses these are 0, which adds nothing.
    if words[0] | words[2] != 0 {
        sum = sum.wrapping_add(product(0)).wrapping_add(product(2));
    }
    let first = (sum ^ sum >> 32).wrapping_mul(mix);
    [first, first.swap_bytes().wrapping_mul(mix)]
}

/// The bucket of a hash, of 2^`bits`.
#[inline(always)]
pub fn bucket(hash: u64, bits: u32) -> u32 {
    (hash >> (64 - bits)) as u32
}

/// What one flow carried in one interval, as one CPU saw it: 64 bytes, a cache line.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Which flow; means nothing while the line is free.
    pub key: Words,
    /// At the ingress hook. While the line is free, this and the other counters are 0.
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
        // Wide, so that nothing need be cut off.
        self.ingress_packets as u64 | self.egress_packets as u64 == 0
    }

    /// Frees it. (The key may stay.)
    pub fn clear(&mut self) {
        *self = Self { key: self.key, ..Self::default() };
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
            // A free line may have the flow's key from an older interval: as good as its own.
            if same(&line.key, key) && line.add(direction, count) {
                return true;
            }
            if line.is_free() {
                line.key = *key;
                return line.add(direction, count);
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flows that who has many addresses could choose: they differ only in the highest bits of words.
    #[test]
    fn chosen_flows_do_not_meet() {
        const BITS: u32 = 12;
        let key = |n: usize| 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(n as u64 + 77).rotate_left(23);
        let places: [&[(usize, u32)]; 4] =
            [&[(3, 56)], &[(2, 60), (3, 60)], &[(3, 28), (3, 60)], &[(4, 0), (3, 60)]];
        for places in places {
            let bits = 8 / places.len();
            let mut flows_in_bucket = [0_u8; 1 << BITS];
            for flow in 0..256_u64 {
                let mut words: Words = [1, 2, 3, 4, 5];
                for (part, &(word, shift)) in places.iter().enumerate() {
                    words[word] ^= (flow >> (part * bits) & ((1 << bits) - 1)) << shift;
                }
                let [first, _] =
                    hashes(&words, |place| [key(2 * place), key(2 * place + 1)], key(10));
                flows_in_bucket[bucket(first, BITS) as usize] += 1;
            }
            let most = flows_in_bucket.iter().max().copied();
            assert!(most <= Some(LINES as u8), "{places:?}: {most:?}");
        }
    }
}
