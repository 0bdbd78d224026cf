//! The pages that can stand in place of the table, and how far they are scrolled.

use super::{App, action::Move};

/// More lines than any page has: the longest are those of the keys, and of a network with its prefixes.
const MOST_LINES: usize = 200;

/// What can stand in place of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The keys.
    Help,
    /// How the counting goes.
    Health,
    /// All that is known of a row.
    Detail,
    /// The interface's last ten minutes.
    Chart,
}

impl App {
    /// To a page, or where that is shown, back to the table.
    pub(super) fn turn(&mut self, page: Page) {
        let shown = self.page.is_some_and(|(shown, _)| shown == page);
        self.page = if shown { None } else { Some((page, 0)) };
    }

    /// By lines, however far; where the page ends is known to whoever lays it out.
    pub(super) fn scroll_page(&mut self, by: Move) {
        if let Some((_, first)) = &mut self.page {
            *first = match by {
                Move::Up => first.saturating_sub(1),
                Move::Down => (*first + 1).min(MOST_LINES),
                Move::PageUp | Move::First => 0,
                Move::PageDown | Move::Last => MOST_LINES,
            };
        }
    }
}
