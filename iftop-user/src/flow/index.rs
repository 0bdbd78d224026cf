//! Where in a table a flow is, by its key.
//!
//! It owns the hash and its seed, which is another one in each run: whoever picks addresses and ports
//! cannot pick keys that collide.

use std::hash::{BuildHasher as _, Hasher as _};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use iftop_common::FlowKey;

/// Places by key; the keys themselves stand at the places.
#[derive(Default)]
pub(crate) struct Index {
    places: HashTable<u32>,
    seed: RandomState,
}

impl Index {
    /// With room for so many places.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { places: HashTable::with_capacity(capacity), seed: RandomState::default() }
    }

    /// The place that has the key; `key_at` tells the key of a place.
    pub fn find<'a>(
        &self,
        key: &FlowKey,
        key_at: impl Fn(u32) -> Option<&'a FlowKey>,
    ) -> Option<u32> {
        let hash = hash(&self.seed, key);
        self.places.find(hash, |&place| key_at(place) == Some(key)).copied()
    }

    /// Notes a key that it does not have yet.
    pub fn insert<'a>(
        &mut self,
        key: &FlowKey,
        place: u32,
        key_at: impl Fn(u32) -> Option<&'a FlowKey>,
    ) {
        let Self { places, seed } = self;
        let rehash = |&place: &u32| key_at(place).map_or(0, |key| hash(seed, key));
        places.insert_unique(hash(seed, key), place, rehash);
    }

    /// Forgets the key at a place.
    pub fn remove(&mut self, key: &FlowKey, place: u32) {
        let hash = hash(&self.seed, key);
        if let Ok(entry) = self.places.find_entry(hash, |&other| other == place) {
            entry.remove();
        }
    }

    /// Forgets all keys, but not the room that they took.
    pub fn clear(&mut self) {
        self.places.clear();
    }

    /// Memory that it takes, in bytes.
    #[cfg(test)]
    pub fn allocated(&self) -> usize {
        self.places.allocation_size()
    }
}

fn hash(seed: &RandomState, key: &FlowKey) -> u64 {
    let FlowKey { near, far, near_port, far_port, protocol, interface, vlan_and_flags } = *key;
    let ports = u32::from(near_port) << 16 | u32::from(far_port);
    let rest = u32::from(vlan_and_flags) << 16 | u32::from(protocol) << 8 | u32::from(interface);
    let mut hasher = seed.build_hasher();
    hasher.write_u128(u128::from_ne_bytes(near));
    hasher.write_u128(u128::from_ne_bytes(far));
    hasher.write_u64(u64::from(ports) << 32 | u64::from(rest));
    hasher.finish()
}
