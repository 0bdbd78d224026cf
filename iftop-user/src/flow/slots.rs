//! What each sample of the last 40 seconds brought: what is to be subtracted again when a window
//! has passed it.

use std::{collections::VecDeque, time::Duration};

use iftop_common::Count;

use super::{
    Pair,
    deltas::{Delta, Deltas, Pool},
};
use crate::units::Rate;

/// The time between two samples.
#[derive(Default)]
pub(super) struct Slot {
    /// As long as it really was.
    pub duration: Duration,
    /// Each flow that had a packet; one may stand in it several times.
    pub deltas: Deltas,
    /// Of the interface.
    pub totals: Pair<Count>,
    /// Bytes on the wire: sent, received.
    pub wire_bytes: [u64; 2],
    /// The 2 s rates when this slot was the newest: sent, received, both.
    pub rates: [Rate; 3],
}

/// Slots, numbered from the start of the program on. Enough numbers for a century of them, one a
/// second.
#[derive(Default)]
pub(super) struct Slots {
    kept: VecDeque<Slot>,
    /// Number of the oldest one.
    first: u32,
    /// Number of the next one.
    next: u32,
    /// What all deltas take.
    bytes: usize,
    pool: Pool,
}

impl Slots {
    pub fn first(&self) -> u32 {
        self.first
    }

    /// The number that the next slot will have.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// What the deltas of all slots take, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes in a new newest slot, without deltas yet.
    pub fn push(&mut self, slot: Slot) {
        self.kept.push_back(slot);
        self.next += 1;
    }

    /// Gives the newest slot its deltas.
    pub fn fill_newest(&mut self, deltas: impl Iterator<Item = Delta>) {
        let Some(slot) = self.kept.back_mut() else { return };
        deltas.for_each(|delta| slot.deltas.push(delta, &mut self.pool));
        self.bytes += slot.deltas.bytes();
    }

    pub fn get(&self, number: u32) -> Option<&Slot> {
        self.kept.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    pub fn newest_mut(&mut self) -> Option<&mut Slot> {
        self.kept.back_mut()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.kept.iter()
    }

    /// From this number on.
    pub fn since(&self, number: u32) -> impl Iterator<Item = &Slot> {
        let skipped = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.kept.iter().skip(skipped)
    }

    /// The same slots without what they brought to flows.
    pub fn without_deltas(&self) -> Self {
        let kept = self.kept.iter();
        let kept = kept.map(|slot| Slot { deltas: Deltas::default(), ..*slot }).collect();
        Self { kept, first: self.first, next: self.next, ..Self::default() }
    }

    /// Drops the oldest slot. Its deltas are to be given back to [`recycle`](Self::recycle).
    pub fn pop_oldest(&mut self) -> Option<Deltas> {
        let slot = self.kept.pop_front()?;
        self.first += 1;
        self.bytes -= slot.deltas.bytes();
        Some(slot.deltas)
    }

    /// A slot needs about as much room as the one before it, so more is not kept.
    pub fn recycle(&mut self, deltas: Deltas) {
        let none = Deltas::default();
        let last = self.kept.iter().rev().nth(1).map_or(&none, |slot| &slot.deltas);
        self.pool.put(deltas, last);
    }

    /// Memory that the deltas take, used or not, in bytes.
    #[cfg(test)]
    pub fn allocated(&self) -> usize {
        let chunks = self.kept.iter().map(|slot| slot.deltas.chunks()).sum::<usize>();
        (chunks + self.pool.len()) * super::deltas::CHUNK_BYTES
    }
}
