//! The pages that can stand in place of the table, and how far they are scrolled.
//!
//! It owns which page is left for which. It must never know what is on one.

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

impl Page {
    /// Whether one is back at that other page when this one is left: not at the table.
    fn covers(self, other: Self) -> bool {
        let explains = |page| matches!(page, Self::Help | Self::Health);
        explains(self) && !explains(other)
    }
}

impl App {
    /// To a page, or where that is shown, back to what it covers.
    pub(super) fn turn(&mut self, page: Page) {
        if self.is_at(page) {
            self.pages.pop();
        } else {
            self.pages.retain(|(below, _)| page.covers(*below));
            self.pages.push((page, 0));
        }
    }

    /// The page that stands in place of the table, and from which of its lines on.
    pub fn page(&self) -> Option<(Page, usize)> {
        self.pages.last().copied()
    }

    pub(super) fn is_at(&self, page: Page) -> bool {
        self.page().is_some_and(|(shown, _)| shown == page)
    }

    /// By lines, however far; where the page ends is known to whoever lays it out.
    pub(super) fn scroll_page(&mut self, by: Move) {
        if let Some((_, first)) = self.pages.last_mut() {
            *first = match by {
                Move::Up => first.saturating_sub(1),
                Move::Down => (*first + 1).min(MOST_LINES),
                Move::PageUp | Move::First => 0,
                Move::PageDown | Move::Last => MOST_LINES,
            };
        }
    }
}
