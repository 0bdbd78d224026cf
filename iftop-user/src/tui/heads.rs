//! The heads of columns, for the mouse: in the rule above the first row, right above what they sort by.

use std::iter;

use super::{
    canvas::Canvas,
    hint,
    layout::{ARROW_WIDTH, Layout, NUMBER_WIDTH},
    shown_rows,
};
use crate::{
    app::{App, mouse::Target},
    view::Sort,
};

/// A column that rows can be sorted by.
struct Head {
    sort: Sort,
    name: &'static str,
    /// Its first column on the screen.
    start: u16,
    width: u16,
    /// Whether its text stands at the right, as numbers do.
    right: bool,
}

fn heads(layout: &Layout) -> impl Iterator<Item = Head> {
    let host = layout.host_width;
    let of_host = |sort, name, start| Head { sort, name, start, width: host, right: false };
    let hosts =
        [of_host(Sort::Source, "left", 0), of_host(Sort::Destination, "right", host + ARROW_WIDTH)];
    let rates = [(Sort::Two, "2s"), (Sort::Ten, "10s"), (Sort::Forty, "40s")];
    let number =
        |(start, (sort, name))| Head { sort, name, start, width: NUMBER_WIDTH, right: true };
    let starts = (layout.rates()..).step_by(NUMBER_WIDTH.into());
    let cumulative = layout.cumulative.then_some((Sort::Cumulative, "cum"));
    let cumulative = cumulative.map(|head| (layout.rates() - NUMBER_WIDTH, head));
    hosts.into_iter().chain(cumulative.into_iter().chain(iter::zip(starts, rates)).map(number))
}

/// The one that rows are sorted by stands in brackets.
pub(super) fn draw(canvas: &mut Canvas<'_>, app: &App, layout: &Layout) {
    for Head { sort, name, start, width, right } in heads(layout) {
        let text =
            if app.settings().sort == sort { format!("[{name}]") } else { format!(" {name} ") };
        // The first stands beside the corner of the scale.
        let length = u16::try_from(text.len()).unwrap_or(width);
        let indent = if right { width.saturating_sub(length) } else { 1 };
        canvas.text(start + indent, layout.heads_row(), &text);
    }
}

/// What is under the mouse on a screen of this size.
pub(super) fn target(app: &App, layout: &Layout, column: u16, row: u16) -> Target {
    if !layout.fits_list() || app.page().is_some() || column >= layout.width {
        return Target::Nothing;
    }
    if row == layout.heads_row() {
        // What is said may stand over the first of them.
        let covered = if row == 0 { hint(app).chars().count() } else { 0 };
        let is_under = |head: &Head| (head.start..head.start + head.width).contains(&column);
        let head = heads(layout).find(is_under).filter(|_| usize::from(column) >= covered);
        return head.map_or(Target::Nothing, |head| Target::Head(head.sort));
    }
    let shown = shown_rows(app, layout.size());
    let row = layout.row_at(row).and_then(|place| shown.get(place));
    row.map_or(Target::Nothing, |row| Target::Row(row.id))
}

#[cfg(test)]
mod tests;
