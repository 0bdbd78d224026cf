//! What is left of flows that there is no room for: one flow for each near end, as in the kernel's
//! spill table. So whoever is flooded is in a row, although none of the flows that flood it can be
//! remembered.
//!
//! It owns the sums of one sample, for the ends with the most bytes.

use std::{cmp::Reverse, collections::HashMap, hash::BuildHasher as _};

use foldhash::fast::RandomState;
use iftop_common::{Counters, FlowKey, flat::without_far};

use crate::orient::{Rules, orient};

/// For how many flows in the table there may be one near end in a sample.
const FLOWS_PER_END: usize = 64;

/// Memory that it takes for a while, for each flow that may be remembered and as many new ones, in bytes:
/// the map at its lowest load.
pub(super) const NEAR_BYTES: usize =
    size_of::<Part>() + (size_of::<(FlowKey, Sum)>() + 1) * 2 * 8 / 7 / FLOWS_PER_END + 1;

/// Sums by near end.
pub(super) struct NearEnds {
    sums: HashMap<FlowKey, Sum, RandomState>,
}

/// What the flows of one near end carry for which there is no room.
#[derive(Default)]
struct Sum {
    /// What is known of it from the beginning.
    bytes: u64,
    has_place: bool,
    counters: Counters,
}

/// A flow without room, or all those of one near end.
struct Part {
    /// Of the near end.
    hash: u64,
    bytes: u64,
    /// A line of the sample that it stands in.
    line: u32,
}

impl NearEnds {
    /// The heaviest near ends of flows without room, given as lines and bytes, for a table of so many
    /// flows.
    pub fn heaviest(
        max_flows: usize,
        flows: &[(FlowKey, Counters)],
        without_room: impl Iterator<Item = (u32, u64)>,
        rules: &Rules,
    ) -> Self {
        let seed = RandomState::default();
        let end_of = |part: &Part| near_of(&flows[part.line as usize].0);
        let mut parts: Vec<_> =
            without_room.map(|(line, bytes)| Part { hash: 0, bytes, line }).collect();
        for part in &mut parts {
            part.hash = seed.hash_one(end_of(part));
        }
        parts.sort_unstable_by_key(|part| part.hash);
        // Where two ends have one hash, one of them is overlooked: what it carries becomes `other`.
        parts.dedup_by(|part, first| {
            let is_same = part.hash == first.hash;
            first.bytes += if is_same { part.bytes } else { 0 };
            is_same
        });
        parts.retain(|part| orient(&end_of(part), rules).is_some());
        let max = max_flows.div_ceil(FLOWS_PER_END);
        if parts.len() > max {
            parts.select_nth_unstable_by_key(max, |part| Reverse(part.bytes));
            parts.truncate(max);
        }
        let sum = |part: &Part| Sum { bytes: part.bytes, ..Sum::default() };
        Self { sums: parts.iter().map(|part| (end_of(part), sum(part))).collect() }
    }

    /// Whether a flow is one of them, which then has its place in the table.
    pub fn note_place(&mut self, key: &FlowKey) -> bool {
        let sum = if key.has(FlowKey::FAR_UNKNOWN) { self.sums.get_mut(key) } else { None };
        sum.map(|sum| sum.has_place = true).is_some()
    }

    /// Those that have no place yet, with their bytes; the heaviest first.
    pub fn without_place(&self) -> Vec<(u64, FlowKey)> {
        let without = self.sums.iter().filter(|(_, sum)| !sum.has_place);
        let mut ends: Vec<_> = without.map(|(key, sum)| (sum.bytes, *key)).collect();
        ends.sort_unstable_by_key(|&end| Reverse(end));
        ends
    }

    /// Gives some of them up.
    pub fn drop_ends(&mut self, ends: &[(u64, FlowKey)]) {
        for (_, key) in ends {
            self.sums.remove(key);
        }
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
            (Rules::default(), one_each.clone(), vec![], 3 * 1000 - 127),
            (Rules::default(), [&one_each[..], &[(443, 1000)]].concat(), vec![(443, 2874)], 3000),
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

    /// One second: (near port, flows, bytes of each).
    fn flows(floods: &[(u16, u16, u64)]) -> Sample {
        let mut sample = Sample { elapsed: Duration::from_secs(1), ..Sample::default() };
        for &(near_port, flows, bytes) in floods {
            for far_port in 1..=flows {
                let key = FlowKey { near_port, far_port, ..FlowKey::default() };
                let ingress = Count { bytes, packets: 1 };
                sample.flows.push((key, Counters { ingress, ..Counters::default() }));
                sample.totals.seen.ingress += ingress;
            }
        }
        sample
    }

    #[test]
    fn an_end_takes_a_place_from_who_is_smaller_only() {
        // What is there, what comes → packets of the near end at port 443, flows, packets in `other`.
        let cases = [
            // 500 bytes each: one has to go, and one more for the end.
            (vec![(22, 64, 500)], vec![(443, 20, 40)], (20, 64, 1)),
            (vec![(22, 64, 500)], vec![(443, 12, 40)], (0, 64, 12)),
            (vec![(22, 64, 500), (443, 1, 40)], vec![(443, 2, 40)], (0, 64, 3)),
            // The end came with the kernel's own spill: it is there already.
            (vec![(22, 64, 500)], vec![(443, 0, 0), (443, 3, 40)], (4, 64, 1)),
        ];
        for (known, new, expected) in cases {
            let mut table = FlowTable::new(Rules::default(), 64);
            table.apply(&flows(&known));
            let mut sample = flows(&new);
            if new.len() > 1 {
                let end = FlowKey { near_port: 443, ..FlowKey::default() };
                let ingress = Count { bytes: 5000, packets: 1 };
                sample.totals.seen.ingress += ingress;
                let counters = Counters { ingress, ..Counters::default() };
                sample.flows.push((near_of(&end), counters));
            }
            table.apply(&sample);
            let packets = ends(&table).iter().map(|end| end.1).sum::<u64>();
            let account = table.account();
            assert_eq!(account.unaccounted_bytes(), 0);
            assert_eq!((packets, table.len(), account.other.packets), expected, "{new:?}");
        }
    }
}
