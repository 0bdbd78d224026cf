//! The three lines of interface-wide figures at the bottom.
//!
//! Columns stand where they stand in iftop; where one would run into the next, it is left out.

use super::{
    canvas::Canvas,
    layout::{Layout, NUMBER_WIDTH},
    table,
};
use crate::{app::App, units, view::Total};

const CUMULATIVE_LABEL: u16 = 16;
const CUMULATIVE: u16 = 22;
const PEAK_LABEL: u16 = 32;
const PEAK: u16 = 39;
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
    let figures_end = match (cumulative, peak) {
        (_, true) => PEAK + NUMBER_WIDTH,
        (true, false) => CUMULATIVE + NUMBER_WIDTH,
        (false, false) => NAME_WIDTH,
    };

    let lines: [(&str, &Total); 3] =
        [("TX:", &view.totals.sent), ("RX:", &view.totals.received), ("TOTAL:", &view.both)];
    for (line, (name, total)) in std::iter::zip(top.., lines) {
        canvas.text(0, line, name);
        if cumulative {
            let count = units::bytes(total.cumulative.bytes).to_string();
            canvas.field(CUMULATIVE, line, &count, NUMBER_WIDTH);
        }
        let unit = app.settings().unit;
        if peak {
            let rate = units::rate(total.peak, unit).to_string();
            canvas.field(PEAK, line, &rate, NUMBER_WIDTH);
        }
        table::rates(canvas, rates_column, line, total.rates, unit);
    }

    if cumulative {
        canvas.text(CUMULATIVE_LABEL, top, "cum:");
    }
    if peak {
        canvas.text(PEAK_LABEL, top, "peak:");
    }
    if figures_end + RATES_LABEL <= rates_column {
        canvas.text(rates_column - RATES_LABEL, top, "rates:");
    }
    // Both directions together may well be more than the scale: no bar.
    table::bar(canvas, app, top, &view.totals.sent.rates, layout.width);
    table::bar(canvas, app, top + 1, &view.totals.received.rates, layout.width);
}
