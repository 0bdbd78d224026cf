//! What somebody took out of view, or kept alone in it.
//!
//! It owns which flows that means: those that made a row, by the way in which rows were told apart when
//! it was shown. So a choice goes on to mean the same flows when ports are shown or hosts hidden. It must
//! never change what the interface's totals say.

use iftop_common::{Count, FlowKey};

use super::{Joins, Matched, Query, Row, RowId, row::id_of};
use crate::{
    flow::{Flow, FlowTable, window::Window},
    label,
};

/// See the module's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    row: RowId,
    /// As it was called then.
    name: String,
    keeps: bool,
    joins: Joins,
}

impl Choice {
    /// Takes out of view, or keeps alone in it, what is this row where rows are told apart as by the
    /// query.
    pub fn of(row: &Row, keeps: bool, query: &Query<'_>) -> Self {
        let [local, remote] = [&row.local, &row.remote].map(label::text);
        let name = format!("{} <=> {}", local.trim(), remote.trim());
        Self { row: row.id, name, keeps, joins: query.joins() }
    }

    /// The row as it was called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the one that stays, and all others go.
    pub fn keeps(&self) -> bool {
        self.keeps
    }

    /// Whether a row of such a query can stay, as far as the row alone tells.
    pub fn lets_stay(&self, row: &RowId, query: &Query<'_>) -> bool {
        self.joins != query.joins() || (self.row == *row) == self.keeps
    }

    fn row_of(&self, key: &FlowKey, swapped: bool, query: &Query<'_>) -> RowId {
        id_of(key, swapped, &query.joined(self.joins))
    }
}

/// Whether all choices let a flow be in view. Most are of rows that were told apart in one way, which is
/// asked for once.
pub(super) fn in_view(key: &FlowKey, swapped: bool, query: &Query<'_>) -> bool {
    let mut known: Option<(&Choice, RowId)> = None;
    query.choices.iter().all(|choice| {
        let row = match known {
            Some((before, row)) if before.joins == choice.joins => row,
            _ => choice.row_of(key, swapped, query),
        };
        known = Some((choice, row));
        (row == choice.row) == choice.keeps
    })
}

/// Adds up flows, both directions together.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    windows: [Count; 3],
    flows: usize,
}

impl Tally {
    pub fn add(&mut self, flow: &Flow) {
        for window in Window::ALL {
            self.windows[window as usize] += flow.window(window).both();
        }
        self.flows += 1;
    }

    pub fn of(&self, table: &FlowTable) -> Matched {
        let rate = |window| table.rate(window, self.windows[window as usize]);
        Matched { rates: Window::ALL.map(rate), flows: self.flows }
    }
}
