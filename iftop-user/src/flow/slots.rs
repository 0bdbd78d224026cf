//! What each sample of the last 40 seconds brought: what is to be subtracted again when a window
//! has passed it.

use std::{collections::VecDeque, time::Duration};

use iftop_common::{Count, Counters};

use super::Pair;
use crate::units::Rate;

/// The time between two samples.
pub(super) struct Slot {
    /// As long as it really was.
    pub duration: Duration,
    /// Each flow that had a packet.
    pub deltas: Vec<Delta>,
    /// Of the interface.
    pub totals: Pair<Count>,
    /// Bytes on the wire: sent, received.
    pub wire_bytes: [u64; 2],
    /// The 2 s rates when this slot was the newest: sent, received, both.
    pub rates: [Rate; 3],
}

/// What a slot brought to one flow.
pub(super) struct Delta {
    /// The flow's place in the slab, and the generation that had it.
    pub flow: u32,
    pub generation: u32,
    pub counters: Counters,
}

/// Slots, numbered from the start of the program on.
#[derive(Default)]
pub(super) struct Slots {
    slots: VecDeque<Slot>,
    /// Number of the oldest one.
    first: u64,
}

impl Slots {
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The number that the next slot will have.
    pub fn next(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    pub fn push(&mut self, slot: Slot) {
        self.slots.push_back(slot);
    }

    pub fn get(&self, number: u64) -> Option<&Slot> {
        self.slots.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    pub fn newest_mut(&mut self) -> Option<&mut Slot> {
        self.slots.back_mut()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }

    /// From this number on.
    pub fn since(&self, number: u64) -> impl Iterator<Item = &Slot> {
        let skipped = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.slots.iter().skip(skipped)
    }

    /// The same slots without what they brought to flows.
    pub fn without_deltas(&self) -> Self {
        let slots = self.slots.iter().map(|slot| Slot { deltas: Vec::new(), ..*slot }).collect();
        Self { slots, first: self.first }
    }

    pub fn pop_oldest(&mut self) -> Option<Slot> {
        let slot = self.slots.pop_front()?;
        self.first += 1;
        Some(slot)
    }
}
