//! The three lines of interface-wide figures at the bottom.
//!
//! Columns stand where they stand in iftop; where one would run into the next, it is left out.

use super::{
    canvas::Canvas,
    layout::{Layout, NUMBER_WIDTH},
    table,
};
use crate::{app::App, view::Total};

/// Share of the link's speed, of the 2 s rate on the wire.
const PERCENT: u16 = 8;
const PERCENT_WIDTH: u16 = 7;
const CUMULATIVE_LABEL: u16 = 16;
const CUMULATIVE: u16 = 22;
const PEAK_LABEL: u16 = 32;
const PEAK: u16 = 39;
/// The highest rate since start, where there is room between peak and rates.
const MAX_LABEL: u16 = 48;
const MAX: u16 = 54;
/// Before the rates.
const RATES_LABEL: u16 = 8;
/// Of `TOTAL:` and a blank.
const NAME_WIDTH: u16 = 7;

pub(super) fn draw(canvas: &mut Canvas<'_>, app: &App, layout: &Layout) {
    let view = app.view();
    let top = layout.height - 3;
    let rates_column = layout.rates();
    let cumulative = CUMULATIVE + NUMBER_WIDTH <= rates_column;
    let peak = PEAK + NUMBER_WIDTH <= rates_column;
    let max = MAX + NUMBER_WIDTH + RATES_LABEL <= rates_column;
    let figures_end = match (cumulative, peak) {
        (_, true) if max => MAX + NUMBER_WIDTH,
        (_, true) => PEAK + NUMBER_WIDTH,
        (true, false) => CUMULATIVE + NUMBER_WIDTH,
        (false, false) => NAME_WIDTH,
    };

    let lines: [(&str, &Total); 3] =
        [("TX:", &view.totals.sent), ("RX:", &view.totals.received), ("TOTAL:", &view.both)];
    let format = app.settings().format;
    for (line, (name, total)) in std::iter::zip(top.., lines) {
        canvas.text(0, line, name);
        if cumulative {
            let count = format.count(total.cumulative).to_string();
            canvas.field(CUMULATIVE, line, &count, NUMBER_WIDTH);
        }
        if peak {
            let rate = format.rate(total.peak).to_string();
            canvas.field(PEAK, line, &rate, NUMBER_WIDTH);
        }
        if max {
            let rate = format.rate(total.highest.rate).to_string();
            canvas.field(MAX, line, &rate, NUMBER_WIDTH);
        }
        table::rates(canvas, rates_column, line, total.rates, format);
    }

    if let Some(percents) = app.link_percent().filter(|_| cumulative) {
        for (line, percent) in std::iter::zip(top.., percents) {
            canvas.field(PERCENT, line, &format!("{percent:5.1}%"), PERCENT_WIDTH);
        }
    }
    if cumulative {
        canvas.text(CUMULATIVE_LABEL, top, "cum:");
    }
    if peak {
        canvas.text(PEAK_LABEL, top, "peak:");
    }
    if max {
        canvas.text(MAX_LABEL, top, "max:");
    }
    if figures_end + RATES_LABEL <= rates_column {
        canvas.text(rates_column - RATES_LABEL, top, "rates:");
    }
    // Both directions together may well be more than the scale: no bar.
    table::bar(canvas, app, top, &view.totals.sent.rates, layout.width);
    table::bar(canvas, app, top + 1, &view.totals.received.rates, layout.width);
}
