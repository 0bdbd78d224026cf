//! Which flows make one row: all that is needed of a row to find its place.
//!
//! Most rows are not shown. Of each there is only what it is sorted by; what it adds up to is summed for
//! those that are.

use std::iter;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{
    Labels, Matched, Query, RowId, Sides, Sort,
    choice::{Tally, in_view},
    filter::Matcher,
    row::{Sums, id_of, row_of},
};
use crate::flow::{Flow, FlowTable, Pair, window::Window};

/// What rows are sorted by, the greatest first: each number counts where those before it are equal.
/// Numbers of flows add up to those of their row.
pub(super) type Rank = [u64; 4];

/// A row, and the flows that it is made of.
pub(super) struct Group<'a> {
    /// The first of the flows. It says which row this is.
    flow: &'a Flow,
    pub rank: Rank,
    /// See [`RowId::tie`].
    pub tie: u64,
    /// How many.
    flows: u32,
    /// Whether the left host is the far end of the first flow.
    swapped: bool,
    /// Whether the row passes the filter, where there is one.
    pub passes: bool,
}

impl Group<'_> {
    fn id(&self, query: &Query<'_>) -> RowId {
        id_of(&self.flow.key, self.swapped, query)
    }
}

/// All rows there are, in no order.
pub(super) struct Groups<'a> {
    table: &'a FlowTable,
    query: &'a Query<'a>,
    pub all: Vec<Group<'a>>,
    /// Places in `all`, by the row's identity.
    index: HashTable<u32>,
    seed: RandomState,
    /// The group of each flow, in the table's order.
    group_of: Vec<u32>,
    out_of_view: Tally,
}

const NONE: u32 = u32::MAX;

impl<'a> Groups<'a> {
    pub fn gather(table: &'a FlowTable, query: &'a Query<'a>, labels: &Labels<'_>) -> Self {
        let mut matcher = Matcher::of(query, labels);
        // Memory that is not touched costs nothing.
        let mut all: Vec<Group<'_>> = Vec::with_capacity(table.len());
        let mut group_of = Vec::with_capacity(table.len());
        let mut index = HashTable::with_capacity(table.len());
        let seed = RandomState::default();
        let mut out_of_view = Tally::default();
        for flow in table.flows() {
            let Some((id, swapped)) = row_of(&flow.key, table.rules(), query) else {
                group_of.push(NONE);
                continue;
            };
            if !query.choices.is_empty() && !in_view(&flow.key, swapped, query) {
                out_of_view.add(flow);
                group_of.push(NONE);
                continue;
            }
            let hash = id.hash(&seed);
            let found = index.find(hash, |&group| all[group as usize].id(query) == id).copied();
            let group = found.unwrap_or_else(|| {
                let passes = matcher.as_mut().is_none_or(|matcher| matcher.matches(&id));
                let group = u32::try_from(all.len()).expect("no more rows than flows");
                let (rank, tie) = (Rank::default(), id.tie());
                all.push(Group { flow, rank, tie, flows: 0, swapped, passes });
                index.insert_unique(hash, group, |&group: &u32| {
                    all[group as usize].id(query).hash(&seed)
                });
                group
            });
            let Group { rank, flows, .. } = &mut all[group as usize];
            for (sum, part) in iter::zip(rank, rank_of(flow, swapped, query)) {
                *sum += part;
            }
            *flows += 1;
            group_of.push(group);
        }
        Self { table, query, all, index, seed, group_of, out_of_view }
    }

    pub fn id(&self, group: u32) -> RowId {
        self.all[group as usize].id(self.query)
    }

    /// The group that makes this row.
    pub fn find(&self, id: &RowId) -> Option<u32> {
        self.index.find(id.hash(&self.seed), |&group| self.id(group) == *id).copied()
    }

    /// What these rows add up to.
    pub fn sums(&self, rows: &[(RowId, Option<u32>)]) -> Vec<Sums> {
        let mut sums = vec![Sums::default(); rows.len()];
        // Most rows are one flow; the flows of the others have to be looked for.
        let mut place_of = HashTable::new();
        for (place, group) in iter::zip(0.., rows.iter().map(|(_, group)| *group)) {
            let Some(group) = group else { continue };
            let Group { flow, flows, swapped, .. } = self.all[group as usize];
            if flows == 1 {
                sums[place].add(flow, swapped);
            } else {
                place_of
                    .insert_unique(hash_of(group), (group, place), |(group, _)| hash_of(*group));
            }
        }
        if !place_of.is_empty() {
            for (flow, &group) in iter::zip(self.table.flows(), &self.group_of) {
                if let Some((_, place)) =
                    place_of.find(hash_of(group), |(other, _)| *other == group)
                    && let Some((_, swapped)) = row_of(&flow.key, self.table.rules(), self.query)
                {
                    sums[*place].add(flow, swapped);
                }
            }
        }
        sums
    }

    /// The sum of the rows that pass the filter; `None` where there is none.
    pub fn matched(&self) -> Option<Matched> {
        self.query.filter?;
        let mut tally = Tally::default();
        for (flow, &group) in iter::zip(self.table.flows(), &self.group_of) {
            if self.all.get(group as usize).is_some_and(|group| group.passes) {
                tally.add(flow);
            }
        }
        Some(tally.of(self.table))
    }

    /// The sum of what somebody took out of view; `None` where nobody did.
    pub fn out_of_view(&self) -> Option<Matched> {
        (!self.query.choices.is_empty()).then(|| self.out_of_view.of(self.table))
    }
}

/// Numbers of groups are as even as hashes when they are multiplied by an odd number.
fn hash_of(group: u32) -> u64 {
    u64::from(group).wrapping_mul(0x9e37_79b9_7f4a_7c15).swap_bytes()
}

/// By rate: ties by the longer windows, then by both directions.
fn rank_of(flow: &Flow, swapped: bool, query: &Query<'_>) -> Rank {
    let carried = |counters, sides: Sides| query.measure.of(sides.of(Pair::of(counters, swapped)));
    let by_rate = |first: Window| {
        let mut rank = Rank::default();
        for (rank, window) in iter::zip(&mut rank, &Window::ALL[first as usize..]) {
            *rank = carried(flow.window(*window), query.sides);
        }
        if query.sides != Sides::Both {
            rank[3] = carried(flow.window(first), Sides::Both);
        }
        rank
    };
    match query.sort {
        Sort::Two => by_rate(Window::Two),
        Sort::Ten => by_rate(Window::Ten),
        Sort::Forty => by_rate(Window::Forty),
        Sort::Cumulative => [carried(flow.cumulative, query.sides), 0, 0, 0],
        Sort::Source | Sort::Destination => {
            [carried(flow.window(Window::Forty), Sides::Both), 0, 0, 0]
        }
    }
}
