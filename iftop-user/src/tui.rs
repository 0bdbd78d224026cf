//! The live table: lays out what the app shows, to iftop's columns.
//!
//! It owns where things stand on the screen. A pure function of its arguments; it computes nothing
//! but layout and must never do IO.

use std::net::IpAddr;

use ratatui::{Frame, layout::Size};

use crate::{
    app::{App, Page, mouse::Target},
    source::capture_file::Progress,
    view::{Row, View},
};

mod canvas;
mod chart;
mod closer;
mod heads;
mod health;
mod help;
mod layout;
mod palette;
mod progress;
mod prompt;
mod scale;
mod status;
mod table;
mod totals;
mod wrap;

use canvas::Canvas;
use layout::Layout;
use palette::Palette;

/// What the screen says of the program rather than of the traffic.
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    /// Name of the interface.
    pub interface: &'a str,
    /// The network namespace that it is in, where that was asked for.
    pub netns: Option<&'a str>,
    /// Kind of source and hook: `ebpf/tcx`.
    pub source: &'a str,
    /// Why it is not the kernel that counts, where that is so.
    pub reason: Option<&'a str>,
    /// How much of a file was played.
    pub progress: Option<Progress>,
    /// Something that somebody should know, beside the traffic, in many words and in few.
    pub note: Option<[&'a str; 2]>,
    /// Whether the terminal can show more than ASCII.
    pub unicode: bool,
    /// Whether it is to show colours.
    pub colours: bool,
}

impl<'a> Status<'a> {
    /// Of an interface on a terminal that can show more than ASCII, in one colour; nothing else is to be said.
    pub const fn new(interface: &'a str, source: &'a str) -> Self {
        Self {
            interface,
            netns: None,
            source,
            reason: None,
            progress: None,
            note: None,
            unicode: true,
            colours: false,
        }
    }
}

/// The characters of rules.
#[derive(Clone, Copy)]
struct Glyphs {
    rule: &'static str,
    tick: &'static str,
    origin: &'static str,
    done: &'static str,
    to_do: &'static str,
    axis: &'static str,
    is_unicode: bool,
}

impl Glyphs {
    const UNICODE: Self = Self {
        rule: "─",
        tick: "┴",
        origin: "└",
        done: "█",
        to_do: "·",
        axis: "│",
        is_unicode: true,
    };
    const ASCII: Self = Self {
        rule: "-",
        tick: "+",
        origin: "|",
        done: "#",
        to_do: ".",
        axis: "|",
        is_unicode: false,
    };

    fn of(status: &Status<'_>) -> Self {
        if status.unicode { Self::UNICODE } else { Self::ASCII }
    }
}

/// Draws the whole screen; here with 80 columns, C, and R rows.
///
/// ```text
///                 12.5Kb          25.0Kb          37.5Kb          50.0Kb    62.5Kb   0  hint or scale
/// └───────────────┴───────────────┴───────────────┴───────────────┴───────────────   1  its ticks
/// 192.0.2.1                  => 198.51.100.2               9.51Mb  7.84Mb  7.84Mb    2  rows, or help
///                            <=                            7.72Kb  7.31Kb  7.31Kb
/// │                         │   │                         │       │       │
/// 0                         L   L+4                       C-24    C-16    C-8
///
/// ── eth0 ─ ebpf/tcx ─ 12,408 flows ─ attributed 100% ────────────────────────────   R-4  status
/// TX:      95.1%  cum:   5.88MB   peak:   9.51Mb  rates:   9.51Mb  7.84Mb  7.84Mb    R-3
/// RX:       5.2%          262KB            522Kb            521Kb   349Kb   349Kb    R-2
/// TOTAL:                 6.14MB           10.0Mb           10.0Mb  8.18Mb  8.18Mb    R-1
/// ```
///
/// With the mouse on, line 1 names the columns. Bars are reverse video under the text, from column 0. A lower screen keeps the totals; where not
/// even they fit, it says what it needs.
pub fn draw(frame: &mut Frame<'_>, app: &App, status: &Status<'_>) {
    let layout = Layout::new(frame.area().as_size(), app);
    let glyphs = Glyphs::of(status);
    let palette = Palette::new(status.colours);
    let mut canvas = Canvas::new(frame);
    if !layout.fits_totals() {
        canvas.text(0, 0, "iftop: at least 40x8, please");
        return;
    }
    let hint = hint(app);
    if layout.fits_list() {
        scale::draw(&mut canvas, app, glyphs, hint.chars().count());
        match app.page() {
            Some((Page::Help, first)) => help::draw(&mut canvas, &layout, first),
            Some((Page::Health, first)) => health::draw(&mut canvas, app, &layout, status, first),
            Some((Page::Detail | Page::Chart, first)) => {
                closer::draw(&mut canvas, app, &layout, status, first);
            }
            None => {
                if app.settings().mouse {
                    heads::draw(&mut canvas, app, &layout);
                }
                table::draw(&mut canvas, app, &layout, palette);
            }
        }
    }
    if let Some(row) = layout.status_row() {
        status::draw(&mut canvas, row, app, status, glyphs, palette);
    }
    totals::draw(&mut canvas, app, &layout);
    match app.prompt() {
        Some((question, editor)) => prompt::draw(&mut canvas, question, editor),
        None if layout.fits_list() => canvas.reversed_text(0, 0, &hint),
        None => {}
    }
}

/// As much of the hint as there is room for; empty without one.
fn hint(app: &App) -> String {
    let hint = app.hint().map(|hint| format!(" {hint:.0$} ", layout::HINT_WIDTH - 2));
    hint.unwrap_or_default()
}

/// What is at a place of a screen of this size.
pub fn target(app: &App, size: Size, column: u16, row: u16) -> Target {
    heads::target(app, &Layout::new(size, app), column, row)
}

/// How many rows a screen of this size has room for.
pub fn capacity(app: &App, size: Size) -> usize {
    Layout::new(size, app).capacity()
}

/// The rows that are on a screen of this size.
pub fn shown_rows(app: &App, size: Size) -> &[Row] {
    let View { rows, first, .. } = app.view();
    let rows = rows.get(app.scroll().saturating_sub(*first)..).unwrap_or_default();
    &rows[..rows.len().min(capacity(app, size))]
}

/// The addresses whose names matter on a screen of this size.
pub fn shown_addresses(app: &App, size: Size) -> impl Iterator<Item = IpAddr> {
    let detail = app.detail().map(|detail| &detail.row);
    shown_rows(app, size).iter().chain(detail).flat_map(Row::addresses)
}

#[cfg(test)]
mod tests;
