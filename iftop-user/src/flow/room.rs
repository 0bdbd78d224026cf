//! Where each line of a sample belongs, and which flows give way where there are too many.
//!
//! The table is inside its bound at any time: flows that would not stay are never taken in.

use std::iter;

use iftop_common::{Count, Counters, FlowKey};

use super::{
    Flow, FlowTable,
    deltas::Delta,
    highest::{Highest, seconds},
    index::Index,
    near::{NEAR_BYTES, NearEnds},
    window::Window,
};

/// Where a line of a sample belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// To the flow at this place.
    At(u32),
    /// To a flow that is not in the table yet.
    New,
    /// To that one of those that would be new.
    Candidate(u32),
    /// To none: left out by the rules, or folded.
    Nowhere,
}

/// A flow that would be new.
struct Candidate {
    /// The first line of the sample that has its key.
    line: u32,
    folded: bool,
    bytes: u64,
}

/// Who gives way first: who has the fewest bytes in the last 40 seconds, and of equals who would be
/// new. Otherwise a flood of equal flows would turn the whole table over with each sample.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    bytes: u64,
    known: bool,
    /// Of a known flow its place, or else the number of a candidate.
    id: u32,
}

/// Most memory that [`FlowTable::make_room`] takes for a while, for each flow that may be remembered and
/// as many new ones, in bytes. (The index of those that are new takes less, and is gone before the rest.)
pub(super) const SCRATCH_BYTES: usize = size_of::<Candidate>() + 2 * size_of::<Rank>() + NEAR_BYTES;

impl FlowTable {
    /// Adds what the lines of new flows brought, for as many flows as there is room for, and what the
    /// others brought to the flows of their near ends. Returns what these got.
    pub(super) fn take_in_new(
        &mut self,
        flows: &[(FlowKey, Counters)],
        lines: &mut [Line],
        slot: u32,
    ) -> Vec<Delta> {
        let new = lines.iter().filter(|line| **line == Line::New).count();
        if new == 0 {
            return Vec::new();
        }
        let full = self.flows.len() + new > self.max_flows;
        let near = full.then(|| self.make_room(flows, lines, new));
        self.grow(new);
        for (line, (key, counters)) in iter::zip(lines, flows) {
            if *line == Line::New {
                // An earlier line may have brought it.
                let place = self.place_of(key).unwrap_or_else(|| self.insert(*key, slot));
                self.add(place, *counters, slot);
                *line = Line::At(place);
            }
        }
        let ends = near.into_iter().flat_map(NearEnds::into_flows);
        ends.map(|(key, counters)| {
            let place = self.place_of(&key).unwrap_or_else(|| self.insert(key, slot));
            self.add(place, counters, slot);
            Delta { place, counters }
        })
        .collect()
    }

    /// Makes room for so many flows: in steps, and never for more than there may be.
    fn grow(&mut self, new: usize) {
        let (length, capacity) = (self.flows.len(), self.flows.capacity());
        if length + new > capacity {
            let wanted = (length + new).max(capacity * 2).min(self.max_flows);
            self.flows.reserve_exact(wanted.saturating_sub(length));
        }
    }

    /// Keeps the table inside its bound: of all flows, those that would be new among them, the smallest
    /// go. Whatever a known one carried becomes `other`; what a new one would begin with goes to its near
    /// end, where that is large enough. Lines of new flows that stay remain new.
    fn make_room(
        &mut self,
        flows: &[(FlowKey, Counters)],
        lines: &mut [Line],
        new: usize,
    ) -> NearEnds {
        let mut candidates = distinct(flows, lines, new);
        let excess = (self.flows.len() + candidates.len()).saturating_sub(self.max_flows);
        let mut ranks = self.ranks(&candidates);
        self.give_way(&mut ranks, excess, &mut candidates);
        let mut near = self.near_ends(flows, &mut candidates, ranks);
        for (line, (key, counters)) in iter::zip(lines, flows) {
            *line = match *line {
                Line::Candidate(id) if candidates[id as usize].folded => {
                    if !near.add(key, *counters) {
                        self.account.other += counters.both();
                    }
                    Line::Nowhere
                }
                Line::Candidate(_) => Line::New,
                Line::At(place) if !self.flows.contains(place as usize) => Line::Nowhere,
                same => same,
            };
        }
        near
    }

    /// The near ends of those that there is no room for. For each that is in no place yet the smallest of
    /// those that are left, `ranks`, gives way, if it has fewer bytes.
    fn near_ends(
        &mut self,
        flows: &[(FlowKey, Counters)],
        candidates: &mut [Candidate],
        mut ranks: Vec<Rank>,
    ) -> NearEnds {
        let folded = candidates.iter().filter(|candidate| candidate.folded);
        let folded = folded.map(|candidate| (candidate.line, candidate.bytes));
        let mut near = NearEnds::heaviest(self.max_flows, flows, folded, &self.rules);
        ranks.retain(|rank| {
            let key = match rank.id as usize {
                place if rank.known => &self.flows[place].key,
                id => &flows[candidates[id].line as usize].0,
            };
            !near.note_place(key)
        });
        let ends = near.without_place();
        let smallest = ends.len().min(ranks.len());
        if (1..ranks.len()).contains(&smallest) {
            ranks.select_nth_unstable(smallest);
        }
        ranks[..smallest].sort_unstable();
        let pairs = iter::zip(&ends, &ranks[..smallest]);
        let places = pairs.take_while(|((bytes, _), rank)| *bytes > rank.bytes).count();
        near.drop_ends(&ends[places..]);
        self.give_way(&mut ranks, places, candidates);
        near
    }

    /// All flows, those that would be new among them.
    fn ranks(&self, candidates: &[Candidate]) -> Vec<Rank> {
        let mut ranks = Vec::with_capacity(self.flows.len() + candidates.len());
        ranks.extend(iter::zip(0.., candidates).map(|(id, candidate)| Rank {
            bytes: candidate.bytes,
            known: false,
            id,
        }));
        ranks.extend(self.flows.iter().map(|(place, flow)| Rank {
            bytes: flow.window(Window::Forty).both().bytes,
            known: true,
            id: place_number(place),
        }));
        ranks
    }

    /// The smallest go, so many; the others are left.
    fn give_way(&mut self, ranks: &mut Vec<Rank>, count: usize, candidates: &mut [Candidate]) {
        if count > 0 {
            ranks.select_nth_unstable(count - 1);
        }
        for rank in ranks.drain(..count) {
            if rank.known {
                if let Some(history) = &mut self.history {
                    history.note_given_way(rank.id, &self.flows[rank.id as usize]);
                }
                let (key, carried) = self.forget(rank.id);
                self.account.fold(&key, carried.both());
            } else {
                candidates[rank.id as usize].folded = true;
            }
        }
    }

    pub(super) fn place_of(&self, key: &FlowKey) -> Option<u32> {
        let flows = &self.flows;
        self.index.find(key, |place| flows.get(place as usize).map(|flow| &flow.key))
    }

    fn insert(&mut self, key: FlowKey, slot: u32) -> u32 {
        let place = place_number(self.flows.insert(Flow {
            key,
            cumulative: Counters::default(),
            interval: Counters::default(),
            windows: [Counters::default(); 3],
            unrecorded: Counters::default(),
            highest: Highest::default(),
            first_seen: seconds(self.elapsed),
            born: slot,
            newest_slot: slot,
        }));
        let flows = &self.flows;
        self.index.insert(&key, place, |place| flows.get(place as usize).map(|flow| &flow.key));
        place
    }
}

/// The flows that would be new; a flow that was counted by several CPUs has several lines.
fn distinct(flows: &[(FlowKey, Counters)], lines: &mut [Line], new: usize) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::with_capacity(new);
    let mut index = Index::with_capacity(new);
    for (number, (line, (key, counters))) in iter::zip(0.., iter::zip(lines, flows)) {
        if *line != Line::New {
            continue;
        }
        let found = index.find(key, |id| key_of(&candidates, flows, id));
        let id = found.unwrap_or_else(|| {
            let id = place_number(candidates.len());
            candidates.push(Candidate { line: number, folded: false, bytes: 0 });
            index.insert(key, id, |id| key_of(&candidates, flows, id));
            id
        });
        let Count { bytes, .. } = counters.both();
        candidates[id as usize].bytes += bytes;
        *line = Line::Candidate(id);
    }
    candidates
}

fn key_of<'a>(
    candidates: &[Candidate],
    flows: &'a [(FlowKey, Counters)],
    id: u32,
) -> Option<&'a FlowKey> {
    let line = candidates.get(id as usize)?.line;
    flows.get(line as usize).map(|(key, _)| key)
}

pub(super) fn place_number(place: usize) -> u32 {
    u32::try_from(place).expect("a table is far smaller than 2^32 flows")
}
