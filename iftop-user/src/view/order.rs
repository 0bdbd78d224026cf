//! In which order rows stand, and which of them are shown.

use std::{cmp::Ordering, fmt::Write as _, iter};

use super::{
    Labels, Query, RowId,
    filter::Matcher,
    groups::{Group, Groups},
    row::End,
    uncovered,
};
use crate::{label, networks::Networks};

/// The order of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Highest rate of a window first.
    Two,
    /// See [`Two`](Self::Two).
    #[default]
    Ten,
    /// See [`Two`](Self::Two).
    Forty,
    /// Most since the flow's entry began first.
    Cumulative,
    /// By the left host's name as shown.
    Source,
    /// By the right host's name as shown.
    Destination,
}

/// Whether rows move with their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order<'a> {
    /// They do.
    #[default]
    Live,
    /// They do this time, and the view says which rows there are.
    Freeze,
    /// These rows in this order, and no others.
    Frozen(&'a [RowId]),
}

/// The rows to show, in order.
pub(super) struct Ordered {
    /// With their flows, where there are any now.
    pub rows: Vec<(RowId, Option<u32>)>,
    /// The place of the first of them among all rows.
    pub first: usize,
    /// How many rows there are.
    pub row_count: usize,
    /// All rows in order, also those that do not pass the filter.
    pub frozen: Option<Vec<RowId>>,
}

pub(super) fn ordered(groups: &Groups<'_>, query: &Query<'_>, labels: &Labels<'_>) -> Ordered {
    match query.order {
        Order::Frozen(ids) => frozen(ids, groups, query, labels),
        Order::Live | Order::Freeze => sorted(groups, query, labels),
    }
}

/// A row without flows now stays where it was, with nothing in it.
fn frozen(ids: &[RowId], groups: &Groups<'_>, query: &Query<'_>, labels: &Labels<'_>) -> Ordered {
    let mut matcher = Matcher::of(query, labels);
    let stays = |id: &&RowId| query.choices.iter().all(|choice| choice.lets_stay(id, query));
    let mut passes = |id: &&RowId| matcher.as_mut().is_none_or(|matcher| matcher.matches(id));
    let passing: Vec<&RowId> = ids.iter().filter(|id| stays(id) && passes(id)).collect();
    let wanted = query.wanted.and_then(|wanted| passing.iter().position(|id| **id == wanted));
    let (first, end) = shown(query, passing.len(), wanted);
    let rows = passing[first..end].iter().map(|id| (**id, groups.find(id)));
    Ordered { rows: rows.collect(), first, row_count: passing.len(), frozen: None }
}

fn sorted(groups: &Groups<'_>, query: &Query<'_>, labels: &Labels<'_>) -> Ordered {
    let group = |group: u32| &groups.all[group as usize];
    let host: Option<fn([End; 2]) -> End> = match query.sort {
        Sort::Source => Some(|[local, _]| local),
        Sort::Destination => Some(|[_, remote]| remote),
        _ => None,
    };
    let texts =
        host.map(|host| Texts::of(groups, query.networks, labels, host)).unwrap_or_default();
    // Ties by the row, so that equal rows keep their places.
    let compare = |&a: &u32, &b: &u32| -> Ordering {
        let (one, other) = (group(a), group(b));
        texts.get(a).cmp(texts.get(b)).then_with(|| {
            let by_numbers = other.rank.cmp(&one.rank).then(one.tie.cmp(&other.tie));
            by_numbers.then_with(|| groups.id(a).cmp(&groups.id(b)))
        })
    };
    let passes = |&(_, group): &(u32, &Group<'_>)| group.passes;
    let numbered = iter::zip(0.., &groups.all);
    let mut order: Vec<u32> = numbered.filter(passes).map(|(number, _)| number).collect();
    let frozen = matches!(query.order, Order::Freeze).then(|| {
        let mut all: Vec<u32> = iter::zip(0.., &groups.all).map(|(number, _)| number).collect();
        all.sort_unstable_by(compare);
        all.into_iter().map(|group| groups.id(group)).collect()
    });
    let wanted = query.wanted.and_then(|wanted| groups.find(&wanted));
    let wanted = wanted.filter(|&wanted| group(wanted).passes).map(|wanted| {
        order.iter().filter(|other| compare(other, &wanted) == Ordering::Less).count()
    });
    let row_count = order.len();
    let (first, end) = shown(query, row_count, wanted);
    // Sorted are only those that are shown.
    if end < order.len() {
        order.select_nth_unstable_by(end, compare);
        order.truncate(end);
    }
    if 0 < first && first < order.len() {
        order.select_nth_unstable_by(first, compare);
    }
    order.drain(..first);
    order.sort_unstable_by(compare);
    let rows = order.into_iter().map(|group| (groups.id(group), Some(group)));
    Ordered { rows: rows.collect(), first, row_count, frozen }
}

/// The places of the first row that is shown, and of the first behind those that are.
fn shown(query: &Query<'_>, row_count: usize, wanted: Option<usize>) -> (usize, usize) {
    let limit = query.limit.unwrap_or(usize::MAX);
    let first = wanted.map_or(query.first, |place| uncovered(query.first, limit, place));
    let first = first.min(row_count.saturating_sub(1));
    (first, first.saturating_add(limit).min(row_count))
}

/// The text that is shown for one host of each row, as iftop sorts by it. In one piece: there may be
/// a hundred thousand.
#[derive(Default)]
struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    fn of(
        groups: &Groups<'_>,
        networks: Option<&Networks>,
        labels: &Labels<'_>,
        host: fn([End; 2]) -> End,
    ) -> Self {
        let mut texts = Self::default();
        for (number, _) in iter::zip(0.., &groups.all) {
            let end = host(groups.id(number).bare_ends());
            // Writing to a string cannot fail.
            let _ = if end.is_hidden() {
                texts.text.write_str(label::HIDDEN)
            } else if let Some(name) = end.name(labels, networks) {
                texts.text.write_str(&name)
            } else {
                write!(texts.text, "{}", end.address())
            };
            texts.ends.push(texts.text.len());
        }
        texts
    }

    /// Nothing where rows are not sorted by text.
    fn get(&self, group: u32) -> &str {
        let group = group as usize;
        let begin = group.checked_sub(1).and_then(|before| self.ends.get(before));
        let range = begin.copied().unwrap_or(0)..self.ends.get(group).copied().unwrap_or(0);
        self.text.get(range).unwrap_or("")
    }
}
