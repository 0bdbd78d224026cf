//! In which order rows stand.

use std::{cmp::Ordering, collections::HashMap, net::IpAddr};

use super::{Labels, Query, RowId, Sides, row::Sums};
use crate::{flow::window::Window, label};

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

pub(super) fn ordered(
    mut rows: HashMap<RowId, Sums>,
    query: &Query<'_>,
    labels: &Labels<'_>,
) -> Vec<(RowId, Sums)> {
    if let Order::Frozen(ids) = query.order {
        // A row without flows now stays where it was, with nothing in it.
        return ids.iter().map(|id| (*id, rows.remove(id).unwrap_or_default())).collect();
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    match query.sort {
        Sort::Two => sort_by_rate(&mut rows, query, Window::Two),
        Sort::Ten => sort_by_rate(&mut rows, query, Window::Ten),
        Sort::Forty => sort_by_rate(&mut rows, query, Window::Forty),
        Sort::Cumulative => {
            let carried = |sums: &Sums| query.measure.of(query.sides.of(sums.cumulative));
            rows.sort_unstable_by(|(a_id, a), (b_id, b)| {
                carried(b).cmp(&carried(a)).then_with(|| a_id.cmp(b_id))
            });
        }
        Sort::Source => {
            sort_by_host(&mut rows, query, labels, |id| (id.local(), id.is_hidden_local()));
        }
        Sort::Destination => {
            sort_by_host(&mut rows, query, labels, |id| (id.remote(), id.is_hidden_remote()));
        }
    }
    rows
}

/// Highest first; ties by the longer windows, then by both directions, then by the row, so that equal
/// rows keep their places.
fn sort_by_rate(rows: &mut [(RowId, Sums)], query: &Query<'_>, first: Window) {
    let windows = &Window::ALL[first as usize..];
    rows.sort_unstable_by(|(a_id, a), (b_id, b)| {
        let carried = |sums: &Sums, sides: Sides, window: Window| {
            query.measure.of(sides.of(sums.windows[window as usize]))
        };
        let by = |sides: Sides| {
            windows.iter().fold(Ordering::Equal, |order, &window| {
                order.then_with(|| carried(b, sides, window).cmp(&carried(a, sides, window)))
            })
        };
        by(query.sides).then_with(|| by(Sides::Both)).then_with(|| a_id.cmp(b_id))
    });
}

/// By the text that is shown for a host, as iftop does; ties by the 40 s rate.
fn sort_by_host(
    rows: &mut [(RowId, Sums)],
    query: &Query<'_>,
    labels: &Labels<'_>,
    host: fn(&RowId) -> (IpAddr, bool),
) {
    let text = |id: &RowId| match host(id) {
        (_, true) => label::HIDDEN.to_owned(),
        (address, false) => (labels.host)(address).unwrap_or_else(|| address.to_string()),
    };
    let carried =
        |sums: &Sums| query.measure.of(Sides::Both.of(sums.windows[Window::Forty as usize]));
    rows.sort_by_cached_key(|(id, sums)| (text(id), u64::MAX - carried(sums), *id));
}
