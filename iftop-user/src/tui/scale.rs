//! The scale of the bars at the top: labels above a rule with ticks.

use super::{Glyphs, canvas::Canvas};
use crate::app::App;

/// Without bars there is a plain rule. Labels start after the columns of the hint: half a number
/// would be a wrong one.
pub(super) fn draw(canvas: &mut Canvas<'_>, app: &App, glyphs: Glyphs, hint_width: usize) {
    let width = canvas.width();
    let rule = glyphs.rule.repeat(width.into());
    if !app.settings().bars {
        canvas.text(0, 0, &rule);
        return;
    }
    canvas.text(0, 1, &rule);
    canvas.text(0, 1, glyphs.origin);
    // Nor must labels run into each other, which the last one could.
    let mut free = hint_width;
    let settings = app.settings();
    for tick in app.scale().ticks(width, settings.format, settings.spread) {
        let length = u16::try_from(tick.label.len()).unwrap_or(width);
        let column = tick.column.min(width.saturating_sub(length));
        if usize::from(column) >= free {
            canvas.text(column, 0, &tick.label);
            free = usize::from(column + length) + 1;
        }
        canvas.text(tick.column, 1, glyphs.tick);
    }
}
