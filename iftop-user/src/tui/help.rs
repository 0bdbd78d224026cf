//! The help page, made from the table of keys.

use super::{canvas::Canvas, layout::Layout};
use crate::app::keys::{BINDINGS, Binding, Section};

const LEFT: [Section; 3] = [Section::Hosts, Section::Sorting, Section::Rows];
const RIGHT: [Section; 1] = [Section::General];

/// Column of the right half.
const RIGHT_COLUMN: u16 = 40;
/// With fewer columns the halves stand one above the other.
const TWO_COLUMNS: u16 = 72;

/// In place of the table, from a line on, but never so that less is shown than there is room for.
pub(super) fn draw(canvas: &mut Canvas<'_>, layout: &Layout, first: usize) {
    if layout.width >= TWO_COLUMNS {
        column(canvas, layout, 0, &page(&LEFT), first);
        column(canvas, layout, RIGHT_COLUMN, &page(&RIGHT), first);
    } else {
        // The general keys first: the way out must be on the smallest screen.
        let sections = [&RIGHT[..], &LEFT].concat();
        column(canvas, layout, 0, &page(&sections), first);
    }
}

pub(super) fn column(
    canvas: &mut Canvas<'_>,
    layout: &Layout,
    column: u16,
    lines: &[String],
    first: usize,
) {
    let height = usize::from(layout.list_height());
    let first = first.min(lines.len().saturating_sub(height));
    let rows = (layout.list_top..).take(height);
    for (row, line) in std::iter::zip(rows, &lines[first..]) {
        canvas.text(column, row, line);
    }
}

fn page(sections: &[Section]) -> Vec<String> {
    let mut lines = Vec::new();
    for section in sections {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(section.title().to_owned());
        let bindings = BINDINGS.iter().filter(|binding| binding.section == *section);
        let lines_of =
            |binding: &Binding| binding.help.map(|help| format!(" {} - {help}", binding.names()));
        lines.extend(bindings.filter_map(lines_of));
    }
    lines
}
