//! The rows of the table, with their bars.

use std::iter;

use super::{
    canvas::Canvas,
    layout::{ARROW_WIDTH, Layout, NUMBER_WIDTH, RATES_WIDTH},
    palette::Palette,
    shown_rows,
};
use crate::{
    app::App,
    label::label,
    units::{Format, Rate},
    view::Sides,
};

pub(super) fn draw(canvas: &mut Canvas<'_>, app: &App, layout: &Layout, palette: Palette) {
    let settings = app.settings();
    let (width, rates_column) = (layout.width, layout.rates());
    let mut line = layout.list_top;
    for row in shown_rows(app, layout.size()) {
        let host_width = usize::from(layout.host_width);
        canvas.text(0, line, &label(&row.local, host_width));
        canvas.text(layout.host_width + ARROW_WIDTH, line, &label(&row.remote, host_width));
        for (sides, traffic) in settings.lines.of(&row.traffic) {
            canvas.text(layout.host_width, line, arrow(sides));
            canvas.style(layout.host_width, line, ARROW_WIDTH, palette.direction(sides));
            if layout.cumulative {
                let count = settings.format.count(traffic.cumulative).to_string();
                canvas.field(rates_column - NUMBER_WIDTH, line, &count, NUMBER_WIDTH);
            }
            rates(canvas, rates_column, line, traffic.rates, settings.format);
            if app.is_busy(row) {
                canvas.style(rates_column, line, RATES_WIDTH, palette.busy());
            }
            if app.is_selected(row) {
                canvas.style(0, line, width, Palette::selected());
            }
            bar(canvas, app, line, &traffic.rates, width);
            line += 1;
        }
    }
}

/// Three rates, each in a column of its own.
pub(super) fn rates(
    canvas: &mut Canvas<'_>,
    column: u16,
    line: u16,
    rates: [Rate; 3],
    format: Format,
) {
    for (column, rate) in iter::zip((column..).step_by(NUMBER_WIDTH.into()), rates) {
        canvas.field(column, line, &format.rate(rate).to_string(), NUMBER_WIDTH);
    }
}

/// The bar under a line, when bars are on.
pub(super) fn bar(canvas: &mut Canvas<'_>, app: &App, line: u16, rates: &[Rate; 3], width: u16) {
    if app.settings().bars {
        let settings = app.settings();
        let rate = app.bar_rate(rates);
        let cells = app.scale().bar_cells(rate, settings.format.unit, settings.spread, width);
        canvas.reverse(0, line, cells);
    }
}

fn arrow(sides: Sides) -> &'static str {
    match sides {
        Sides::Sent => " => ",
        Sides::Received => " <= ",
        Sides::Both => "<=> ",
    }
}
