//! What one slot brought to each flow, in few bytes: there are up to forty slots, each with a delta of
//! every flow there is.
//!
//! Each delta is five numbers in LEB128: how far its place is from that of the delta before (both ways,
//! zigzag), then bytes and packets received, bytes and packets sent. They are read in the order in which
//! they were written, and only so.

use iftop_common::{Count, Counters};

/// Room of a chunk in bytes: what a slot may have of room that it does not need.
pub(super) const CHUNK_BYTES: usize = 8192;

/// A number of 64 bits in LEB128.
const MAX_NUMBER_BYTES: usize = 10;
const MAX_DELTA_BYTES: usize = 5 * MAX_NUMBER_BYTES;

/// What a slot brought to one flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delta {
    /// The flow's place in the slab. It is that flow's which had the place at the slot's end.
    pub place: u32,
    pub counters: Counters,
}

/// The deltas of a slot.
#[derive(Clone, Default)]
pub(super) struct Deltas {
    /// All but the last are full.
    chunks: Vec<Vec<u8>>,
    /// Of the newest delta.
    place: u32,
}

/// Chunks that are empty, to be used again.
#[derive(Default)]
pub(super) struct Pool {
    chunks: Vec<Vec<u8>>,
}

impl Deltas {
    pub fn push(&mut self, delta: Delta, pool: &mut Pool) {
        let step = i64::from(delta.place) - i64::from(self.place);
        self.place = delta.place;
        let Counters { ingress, egress } = delta.counters;
        let numbers = [zigzag(step), ingress.bytes, ingress.packets, egress.bytes, egress.packets];
        let mut bytes = [0; MAX_DELTA_BYTES];
        let mut length = 0;
        for mut number in numbers {
            while number >= 0x80 {
                bytes[length] = number.to_le_bytes()[0] | 0x80;
                length += 1;
                number >>= 7;
            }
            bytes[length] = number.to_le_bytes()[0];
            length += 1;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() + length > CHUNK_BYTES) {
            self.chunks.push(pool.take());
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.extend_from_slice(&bytes[..length]);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Delta> {
        let mut place = 0_u32;
        let chunks = self.chunks.iter();
        chunks.flat_map(Reader::of).map(move |[step, a, b, c, d]| {
            place = place.wrapping_add_signed(unzigzag(step));
            let ingress = Count { bytes: a, packets: b };
            let egress = Count { bytes: c, packets: d };
            Delta { place, counters: Counters { ingress, egress } }
        })
    }

    /// How many bytes they take, without room that is left.
    pub fn bytes(&self) -> usize {
        match self.chunks.split_last() {
            Some((last, full)) => full.len() * CHUNK_BYTES + last.len(),
            None => 0,
        }
    }

    /// How many chunks they stand in.
    pub fn chunks(&self) -> usize {
        self.chunks.len()
    }
}

impl Pool {
    fn take(&mut self) -> Vec<u8> {
        self.chunks.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK_BYTES))
    }

    /// Takes what is needed no more, but keeps no more than `keep` needs.
    pub fn put(&mut self, deltas: Deltas, keep: &Deltas) {
        let room = keep.chunks.len().saturating_sub(self.chunks.len());
        self.chunks.extend(deltas.chunks.into_iter().take(room).map(|mut chunk| {
            chunk.clear();
            chunk
        }));
        self.chunks.truncate(keep.chunks.len());
    }

    /// How many chunks wait.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.chunks.len()
    }
}

/// Reads a chunk.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn of(bytes: &'a Vec<u8>) -> Self {
        Self { bytes }
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..).step_by(7).take(MAX_NUMBER_BYTES) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some(number)
    }
}

impl Iterator for Reader<'_> {
    type Item = [u64; 5];

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.number()?;
        Some([first, self.number()?, self.number()?, self.number()?, self.number()?])
    }
}

/// 0, -1, 1, -2, … as 0, 1, 2, 3, …
fn zigzag(step: i64) -> u64 {
    (step << 1 ^ step >> 63).cast_unsigned()
}

/// Back; a place is no further from another than 32 bits can say, wrapping.
#[expect(clippy::cast_possible_truncation, reason = "places are added modulo 2^32")]
fn unzigzag(number: u64) -> i32 {
    ((number >> 1).cast_signed() ^ -((number & 1).cast_signed())) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(place: u32, numbers: [u64; 4]) -> Delta {
        let [a, b, c, d] = numbers;
        let (ingress, egress) = (Count { bytes: a, packets: b }, Count { bytes: c, packets: d });
        Delta { place, counters: Counters { ingress, egress } }
    }

    #[test]
    fn what_is_written_is_read_and_takes_few_bytes() {
        // (place, counters) → bytes
        let cases = [
            (delta(0, [0; 4]), 5),
            (delta(1, [40, 1, 0, 0]), 5),
            (delta(64, [127, 127, 127, 127]), 5),
            (delta(0, [128, 1, 1500, 1]), 7),
            (delta(131_071, [95_000, 1135, 95_000, 1135]), 13),
            (delta(u32::MAX, [u64::MAX; 4]), 5 + 40),
            (delta(0, [u64::MAX, 0, 1 << 63, 1 << 56]), 5 + 10 + 1 + 10 + 9),
        ];
        let (mut pool, mut deltas) = (Pool::default(), Deltas::default());
        for (delta, bytes) in cases {
            let before = deltas.bytes();
            deltas.push(delta, &mut pool);
            assert_eq!(deltas.bytes() - before, bytes, "{delta:?}");
        }
        assert!(deltas.iter().eq(cases.map(|(delta, _)| delta)));
    }

    #[test]
    fn chunks_are_filled_and_used_again_but_not_hoarded() {
        let (mut pool, mut many) = (Pool::default(), Deltas::default());
        let pushed = (0..10_000).map(|place| delta(place * 7 % 10_007, [1 << (place % 60); 4]));
        pushed.clone().for_each(|delta| many.push(delta, &mut pool));
        assert!(many.iter().eq(pushed));
        assert!(many.chunks.len() > 10);
        assert!(many.chunks.iter().all(|chunk| chunk.capacity() == CHUNK_BYTES));
        let mut few = Deltas::default();
        few.push(delta(1, [1; 4]), &mut pool);
        pool.put(many, &few);
        assert_eq!(pool.len(), 1);
        let mut next = Deltas::default();
        next.push(delta(1, [1; 4]), &mut pool);
        assert_eq!((pool.len(), next.iter().count()), (0, 1), "an old chunk is empty");
    }
}
