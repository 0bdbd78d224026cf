//! What is left of flows that there is no room for: one flow for each near end, as in the kernel's
//! spill table.
//!
//! It owns the sums of one sample. So that whoever is flooded is in a row of the table although none of
//! the flows that flood it can be remembered.

use std::collections::{HashMap, hash_map::Entry};

use foldhash::fast::RandomState;
use iftop_common::{Counters, FlowKey, flat::without_far};

use crate::orient::{Rules, orient};

/// For how many flows in the table there may be one near end in a sample.
const FLOWS_PER_END: usize = 64;

/// Memory of the sums for each flow that may be remembered, in bytes: at the lowest load of the hash table.
pub(super) const NEAR_BYTES: usize =
    (size_of::<(FlowKey, Sum)>() + 1) * 2 * 8 / 7 / FLOWS_PER_END + 1;

/// Sums by near end.
pub(super) struct NearEnds {
    max: usize,
    sums: HashMap<FlowKey, Sum, RandomState>,
}

/// What would be of no flow.
#[derive(Default)]
struct Sum {
    /// What is known of it so far.
    weight: u64,
    counters: Counters,
}

impl NearEnds {
    /// For a table of so many flows.
    pub fn of(max_flows: usize) -> Self {
        Self { max: max_flows.div_ceil(FLOWS_PER_END), sums: HashMap::default() }
    }

    /// Notes that a flow is without room. Beyond the bound nothing is noted: an end that is flooded is
    /// among the first ones, and where each flow has an end of its own there is nothing to sum.
    pub fn weigh(&mut self, key: &FlowKey, bytes: u64, rules: &Rules) {
        let near = near_of(key);
        if orient(&near, rules).is_none() {
            return;
        }
        let full = self.sums.len() == self.max;
        match self.sums.entry(near) {
            Entry::Occupied(sum) => sum.into_mut().weight += bytes,
            Entry::Vacant(place) if !full => place.insert(Sum::default()).weight = bytes,
            Entry::Vacant(_) => {}
        }
    }

    /// Whether a flow is one of them.
    pub fn has(&self, key: &FlowKey) -> bool {
        key.has(FlowKey::FAR_UNKNOWN) && self.sums.contains_key(key)
    }

    /// Keeps those only that `is_worth` says so of, by key and weight.
    pub fn retain(&mut self, is_worth: impl Fn(&FlowKey, u64) -> bool) {
        self.sums.retain(|key, sum| is_worth(key, sum.weight));
    }

    /// How many of them are not `known`.
    pub fn new_ones(&self, known: impl Fn(&FlowKey) -> bool) -> usize {
        self.sums.keys().filter(|key| !known(key)).count()
    }

    /// Adds what a flow without room carried to its near end; false when that is not kept.
    pub fn add(&mut self, key: &FlowKey, counters: Counters) -> bool {
        let sum = self.sums.get_mut(&near_of(key));
        sum.map(|sum| sum.counters += counters).is_some()
    }

    /// The flows of the near ends, with what they carried in the sample.
    pub fn into_flows(self) -> impl Iterator<Item = (FlowKey, Counters)> {
        self.sums.into_iter().map(|(key, sum)| (key, sum.counters))
    }
}

fn near_of(key: &FlowKey) -> FlowKey {
    FlowKey::from_words(&without_far(&key.words()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use iftop_common::Count;

    use super::*;
    use crate::{flow::FlowTable, orient::Net4, source::Sample};

    const ROOM: usize = 128;

    /// A second of a flow with many bytes and of floods: (near port, flows), one packet of 40 bytes
    /// each, their far ports beginning at `first`.
    fn second(first: u16, floods: &[(u16, u16)]) -> Sample {
        let mut sample = Sample { elapsed: Duration::from_secs(1), ..Sample::default() };
        let mut add = |near_port, far_port, ingress| {
            let far = std::net::Ipv4Addr::new(10, 0, 0, 1).to_ipv6_mapped().octets();
            let key = FlowKey { far, near_port, far_port, ..FlowKey::default() };
            sample.flows.push((key, Counters { ingress, ..Counters::default() }));
            sample.totals.seen.ingress += ingress;
        };
        add(22, 1, Count { bytes: 90_000, packets: 60 });
        for &(near_port, flows) in floods {
            (0..flows)
                .for_each(|flow| add(near_port, first + flow, Count { bytes: 40, packets: 1 }));
        }
        sample
    }

    /// Near ports of the rows that have no far side, and their packets in 40 seconds.
    fn ends(table: &FlowTable) -> Vec<(u16, u64)> {
        let ends = table.flows().filter(|flow| flow.key.has(FlowKey::FAR_UNKNOWN));
        let packets =
            |flow: &crate::flow::Flow| flow.window(crate::flow::Window::Forty).both().packets;
        let mut ends: Vec<_> = ends.map(|flow| (flow.key.near_port, packets(flow))).collect();
        ends.sort_unstable();
        ends
    }

    #[test]
    fn whoever_is_flooded_is_in_a_row_and_who_is_not_is_as_before() {
        let net = Net4 { address: [10, 0, 0, 0].into(), mask: [255, 0, 0, 0].into() };
        let not_judged = Rules { net4: Some(net), ..Rules::default() };
        let one_each: Vec<_> = (1000..2000).map(|port| (port, 1)).collect();
        // (rules, floods, near ends with the packets of 3 seconds, packets in `other`)
        let cases = [
            (Rules::default(), vec![(443, 100)], vec![(443, 2 * 100 - 26)], 0),
            (Rules::default(), vec![(443, 1000)], vec![(443, 3 * 1000 - 126)], 0),
            (Rules::default(), vec![(53, 500), (443, 500)], vec![(53, 1500), (443, 1500 - 125)], 0),
            // A scan: there is nothing to sum.
            (Rules::default(), one_each, vec![], 3 * 1000 - 127),
            (not_judged, vec![(443, 1000)], vec![], 3 * 1000 - 127),
        ];
        for (rules, floods, expected, other) in cases {
            let mut table = FlowTable::new(rules, ROOM);
            for time in 0..3 {
                table.apply(&second(1 + time * 10_000, &floods));
                let account = table.account();
                assert_eq!(account.unaccounted_bytes(), 0);
                assert_eq!(
                    account.spilled.packets,
                    ends(&table).iter().map(|end| end.1).sum::<u64>()
                );
            }
            let account = table.account();
            assert_eq!(
                (ends(&table), account.other.packets),
                (expected, other),
                "of {} floods",
                floods.len()
            );
            assert!(table.len() <= ROOM);
            let big = table.flows().find(|flow| flow.key.near_port == 22);
            assert_eq!(big.map(|flow| flow.cumulative.ingress.packets), Some(180));
        }
    }
}
