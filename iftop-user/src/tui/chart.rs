//! The chart of the last ten minutes: a column or more for each step, sent above received.
//!
//! It owns where a step stands and what the axes say. Each direction has its own scale, from 0 to its highest
//! rate, so that what is little can be seen too. It must never show a step that is not known as an empty one.

use std::{iter, time::Duration};

use ratatui::{symbols::bar, widgets::Sparkline};

use super::{Glyphs, canvas::Canvas, palette::Palette};
use crate::{
    flow::{Pair, history::Point, window::Window},
    units::{Format, Rate},
    view::Sides,
};

/// `=> 19.8Mb ` and the axis.
const LABEL_WIDTH: u16 = 12;
/// The axis of time, with its labels.
const TIME_HEIGHT: u16 = 2;
/// The least that it needs.
pub(super) const MIN_HEIGHT: u16 = 2 + TIME_HEIGHT;
/// From here on a bar grows no more.
const MAX_HEIGHT: u16 = 2 * 12 + TIME_HEIGHT;
/// Between two labels of the axis of time.
const TICK: Duration = Duration::from_mins(2);

/// Of terminals that show ASCII alone.
const ASCII_BARS: bar::Set<'static> = bar::Set {
    full: "#",
    seven_eighths: "#",
    three_quarters: "+",
    five_eighths: "+",
    half: "=",
    three_eighths: "-",
    one_quarter: "-",
    one_eighth: "_",
    empty: " ",
};

/// Draws the steps, the newest at the right, into rows from `top` on.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    top: u16,
    height: u16,
    history: &[Point],
    format: Format,
    glyphs: Glyphs,
    palette: Palette,
) {
    let room = canvas.width().saturating_sub(LABEL_WIDTH);
    if height < MIN_HEIGHT || room == 0 {
        return;
    }
    let bars = (height.min(MAX_HEIGHT) - TIME_HEIGHT) / 2;
    let steps = Columns::new(history, room);
    let mut row = top;
    for side in [Sides::Sent, Sides::Received] {
        let of = |pair: Pair<Rate>| if side == Sides::Sent { pair.sent } else { pair.received };
        let rates: Vec<_> = steps.shown.iter().map(|point| point.rates().map(of)).collect();
        // What has just begun says little, unless there is nothing else.
        let counts = |point: &Point| {
            !point.is_open || point.duration >= Window::Two.length() || steps.shown.len() == 1
        };
        let long_enough = iter::zip(&rates, steps.shown).filter(|(_, point)| counts(point));
        let highest = long_enough.filter_map(|(rate, _)| *rate).fold(Rate::default(), Rate::max);
        let arrow = if side == Sides::Sent { "=>" } else { "<=" };
        canvas.text(0, row, &format!("{arrow}{}", format.rate(highest)));
        canvas.style(0, row, 2, palette.direction(side));
        for line in row..row + bars {
            canvas.text(LABEL_WIDTH - 1, line, glyphs.axis);
        }
        let highest = whole(highest.per_second(format.unit)).max(1);
        // What is not nothing has to be seen.
        let least = highest.div_ceil(u64::from(bars) * 8);
        let value = |rate: Rate| match rate.per_second(format.unit) {
            nothing if nothing <= 0.0 => 0,
            something => whole(something).clamp(least, highest),
        };
        let values = rates.iter().map(|rate| rate.map(value));
        let wide = values.flat_map(|value| iter::repeat_n(value, steps.width.into()));
        let sparkline = Sparkline::default()
            .data(wide)
            .max(highest)
            .bar_set(if glyphs.is_unicode { bar::NINE_LEVELS } else { ASCII_BARS })
            .absent_value_symbol(if glyphs.is_unicode { "·" } else { "?" })
            .style(palette.direction(side));
        canvas.widget(LABEL_WIDTH + steps.indent, row, steps.columns(), bars, sparkline);
        row += bars;
    }
    time_axis(canvas, row, &steps, glyphs);
}

/// Where each step stands.
struct Columns<'a> {
    /// Those that there is room for.
    shown: &'a [Point],
    /// Columns of a step.
    width: u16,
    /// Columns that are left free before the first.
    indent: u16,
}

impl<'a> Columns<'a> {
    fn new(history: &'a [Point], room: u16) -> Self {
        /// Steps in ten minutes, and the one that is not over.
        const STEPS: u16 = 61;
        let width = (room / STEPS).max(1);
        // One that begins now has no rate yet.
        let history = match history.split_last() {
            Some((last, others)) if last.duration.is_zero() => others,
            _ => history,
        };
        // Steps that are a little short are more.
        let most = (room / width).min(STEPS);
        let shown = &history[history.len().saturating_sub(most.into())..];
        let columns = Self { shown, width, indent: 0 };
        Self { indent: most * width - columns.columns(), ..columns }
    }

    fn columns(&self) -> u16 {
        u16::try_from(self.shown.len()).unwrap_or(u16::MAX).saturating_mul(self.width)
    }
}

/// A rule with a tick every two minutes, and below it how long ago that was.
fn time_axis(canvas: &mut Canvas<'_>, row: u16, steps: &Columns<'_>, glyphs: Glyphs) {
    let end = LABEL_WIDTH + steps.indent + steps.columns();
    canvas.text(LABEL_WIDTH - 1, row, glyphs.origin);
    canvas.text(LABEL_WIDTH, row, &glyphs.rule.repeat((end - LABEL_WIDTH).into()));
    canvas.text(0, row + 1, "each 10s");
    canvas.text(end.saturating_sub(3), row + 1, "now");
    let (mut age, mut next, mut column) = (Duration::ZERO, TICK, end);
    for point in steps.shown.iter().rev() {
        age += point.duration;
        column -= steps.width;
        if age >= next {
            let label = format!("-{}m", age.as_secs() / 60);
            canvas.text(column, row, glyphs.tick);
            canvas.text(column.saturating_sub(1), row + 1, &label);
            // There may be years between two packets of a file.
            next = TICK * u32::try_from(age.as_secs() / TICK.as_secs() + 1).unwrap_or(u32::MAX);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is never negative, and far below 2^64"
)]
fn whole(rate: f64) -> u64 {
    rate.round() as u64
}
