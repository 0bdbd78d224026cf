//! Where things stand: the columns and rows of iftop's screen, for any size.

use ratatui::layout::Size;

use crate::app::App;

/// Below this, neither hosts nor totals are readable.
const MIN_WIDTH: u16 = 40;
/// Scale, one row of two lines, status and totals.
const MIN_HEIGHT: u16 = 8;
const TOTALS_HEIGHT: u16 = 3;
/// With the rule above them.
const BOTTOM_HEIGHT: u16 = TOTALS_HEIGHT + 1;

/// Width of a rate or count, with the blank before it.
pub(super) const NUMBER_WIDTH: u16 = 8;
pub(super) const RATES_WIDTH: u16 = 3 * NUMBER_WIDTH;
pub(super) const ARROW_WIDTH: u16 = 4;
/// With a blank at both ends.
pub(super) const HINT_WIDTH: usize = 79;
const MAX_HOST_WIDTH: u16 = 256;
/// With a narrower host column than this, the cumulative column gives way.
const MIN_HOST_WIDTH: u16 = 6;

/// The screen, divided.
pub(super) struct Layout {
    pub(super) width: u16,
    pub(super) height: u16,
    /// Of each of the two host columns.
    pub(super) host_width: u16,
    /// Whether the column of cumulative counts is wanted and has room.
    pub(super) cumulative: bool,
    /// First row of the list.
    pub(super) list_top: u16,
    lines_per_row: u16,
}

impl Layout {
    pub(super) fn new(size: Size, app: &App) -> Self {
        let settings = app.settings();
        let hosts = size.width.saturating_sub(RATES_WIDTH + ARROW_WIDTH) / 2;
        let beside_cumulative = hosts.saturating_sub(NUMBER_WIDTH / 2);
        let cumulative = settings.cumulative && beside_cumulative >= MIN_HOST_WIDTH;
        let host_width = if cumulative { beside_cumulative } else { hosts };
        Self {
            width: size.width,
            height: size.height,
            host_width: host_width.min(MAX_HOST_WIDTH),
            cumulative,
            list_top: if settings.bars { 2 } else { 1 },
            lines_per_row: if settings.lines.sides().len() > 1 { 2 } else { 1 },
        }
    }

    pub(super) fn fits_totals(&self) -> bool {
        self.width >= MIN_WIDTH && self.height >= TOTALS_HEIGHT
    }

    pub(super) fn fits_list(&self) -> bool {
        self.fits_totals() && self.height >= MIN_HEIGHT
    }

    pub(super) fn size(&self) -> Size {
        Size { width: self.width, height: self.height }
    }

    /// The rule above the totals.
    pub(super) fn status_row(&self) -> Option<u16> {
        self.height.checked_sub(BOTTOM_HEIGHT)
    }

    /// Lines of the list.
    pub(super) fn list_height(&self) -> u16 {
        if self.fits_list() { self.height - BOTTOM_HEIGHT - self.list_top } else { 0 }
    }

    /// How many rows of the table fit.
    pub(super) fn capacity(&self) -> usize {
        usize::from(self.list_height() / self.lines_per_row)
    }

    /// The rule above the list, which has the heads of columns for the mouse.
    pub(super) fn heads_row(&self) -> u16 {
        self.list_top - 1
    }

    /// Which row of the table stands on a line, from the first on screen.
    pub(super) fn row_at(&self, line: u16) -> Option<usize> {
        let place = usize::from(line.checked_sub(self.list_top)? / self.lines_per_row);
        (place < self.capacity()).then_some(place)
    }

    /// First of the columns of rates.
    pub(super) fn rates(&self) -> u16 {
        self.width.saturating_sub(RATES_WIDTH)
    }
}
