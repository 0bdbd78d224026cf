//! Where the display stands in the list: its first row, and the row that is selected.
//!
//! It owns how both move. What is selected is a row, not a place: when rows change places, the
//! display follows it.

use super::keys::Move;
use crate::view::{RowId, View};

/// See the module's description.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The first row on screen.
    first: usize,
    /// How many rows are on screen.
    page: usize,
    selected: Option<RowId>,
    /// A place whose row the view did not hold: to be selected when one does.
    sought: Option<usize>,
}

impl Cursor {
    pub(super) fn first(&self) -> usize {
        self.first
    }

    pub(super) fn selected(&self) -> Option<RowId> {
        self.selected
    }

    /// The last place that a view must hold.
    pub(super) fn furthest(&self) -> usize {
        self.first.max(self.sought.unwrap_or(0))
    }

    pub(super) fn unselect(&mut self) {
        (self.selected, self.sought) = (None, None);
    }

    /// Takes in the rows of a new view. A selected row that is gone is selected no more.
    pub(super) fn settle(&mut self, view: &View) {
        if let Some(row) = self.sought.take().and_then(|place| view.rows.get(place)) {
            self.selected = Some(row.id);
        }
        match self.place(view) {
            Some(place) => self.uncover(place),
            None => self.selected = None,
        }
        self.first = self.first.min(last(view));
    }

    /// So many rows are on screen from the next view on.
    pub(super) fn fit(&mut self, page: usize) {
        self.page = page;
    }

    /// Moves what is selected, or else the display.
    pub(super) fn scroll(&mut self, by: Move, view: &View) {
        if let Some(place) = self.place(view) {
            self.go_to(self.moved(place, by, last(view)), view);
            return;
        }
        let end = match by {
            // The last page is full; single steps go on to the last row.
            Move::PageDown | Move::Last => view.row_count.saturating_sub(self.page.max(1)),
            _ => last(view),
        };
        self.first = self.moved(self.first, by, end.max(self.first));
    }

    /// The same, but selects a row on screen where none is yet.
    pub(super) fn select(&mut self, by: Move, view: &View) {
        if self.place(view).is_some() {
            self.scroll(by, view);
        } else {
            self.go_to(self.first, view);
        }
    }

    fn moved(&self, place: usize, by: Move, end: usize) -> usize {
        let page = self.page.max(1);
        match by {
            Move::Up => place.saturating_sub(1),
            Move::Down => place.saturating_add(1).min(end),
            Move::PageUp => place.saturating_sub(page),
            Move::PageDown => place.saturating_add(page).min(end),
            Move::First => 0,
            Move::Last => end,
        }
    }

    fn go_to(&mut self, place: usize, view: &View) {
        match view.rows.get(place) {
            Some(row) => self.selected = Some(row.id),
            None if place < view.row_count => self.sought = Some(place),
            None => return,
        }
        self.uncover(place);
    }

    /// Moves the display as little as it takes to have a place on it.
    fn uncover(&mut self, place: usize) {
        let page = self.page.max(1);
        self.first = self.first.clamp((place + 1).saturating_sub(page), place);
    }

    fn place(&self, view: &View) -> Option<usize> {
        let selected = self.selected?;
        view.rows.iter().position(|row| row.id == selected)
    }
}

fn last(view: &View) -> usize {
    view.row_count.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixture;

    /// A view of these hosts out of so many.
    fn view(hosts: &[u8], row_count: usize) -> View {
        let row = |host: &u8| {
            fixture::row(
                fixture::endpoint("192.0.2.1"),
                fixture::endpoint(&format!("198.51.100.{host}")),
                fixture::traffic([0.0; 3], 0),
                fixture::traffic([0.0; 3], 0),
            )
        };
        View { row_count, ..fixture::view(hosts.iter().map(row).collect()) }
    }

    /// The place of what is selected.
    fn selected(cursor: &Cursor, view: &View) -> Option<usize> {
        cursor.place(view)
    }

    #[test]
    fn it_moves_over_the_list() {
        use Move::{Down, First, Last, PageDown, PageUp, Up};
        let hosts: Vec<u8> = (0..10).collect();
        let view = view(&hosts, 10);
        // (whether each selects, moves) → (first on screen, selected), with 4 on screen
        let cases: &[(bool, &[Move], usize, Option<usize>)] = &[
            (false, &[Down], 1, None),
            (false, &[Up], 0, None),
            (false, &[Down; 20], 9, None),
            (false, &[PageDown], 4, None),
            (false, &[PageDown; 3], 6, None),
            (false, &[PageDown, PageUp], 0, None),
            (false, &[Last], 6, None),
            (false, &[Last, Down], 7, None),
            (false, &[Last, First], 0, None),
            (true, &[Down], 0, Some(0)),
            (true, &[Up], 0, Some(0)),
            (true, &[Down, Down], 0, Some(1)),
            (true, &[Down; 5], 1, Some(4)),
            (true, &[Down; 20], 6, Some(9)),
            (true, &[Down, PageDown], 1, Some(4)),
            (true, &[Down, Last], 6, Some(9)),
            (true, &[Down, Last, Up, PageUp], 4, Some(4)),
            (true, &[Down, Last, First], 0, Some(0)),
        ];
        for (selects, moves, first, expected) in cases {
            let mut cursor = Cursor::default();
            cursor.fit(4);
            for by in *moves {
                if *selects {
                    cursor.select(*by, &view);
                } else {
                    cursor.scroll(*by, &view);
                }
            }
            assert_eq!(
                (cursor.first(), selected(&cursor, &view)),
                (*first, *expected),
                "{selects} {moves:?}"
            );
        }
    }

    #[test]
    fn it_follows_its_row() {
        let mut cursor = Cursor::default();
        let before = view(&[1, 2, 3, 4, 5], 5);
        cursor.fit(2);
        cursor.select(Move::Down, &before);
        cursor.select(Move::Down, &before);
        let row = cursor.selected();
        assert_eq!((row, cursor.first()), (Some(before.rows[1].id), 0));
        let after = view(&[1, 3, 4, 5, 2], 5);
        cursor.settle(&after);
        assert_eq!((cursor.selected(), selected(&cursor, &after)), (row, Some(4)));
        assert_eq!(cursor.first(), 3, "it is on screen");
        let without = view(&[1, 3], 2);
        cursor.settle(&without);
        assert_eq!((cursor.selected(), cursor.first()), (None, 1));
    }

    #[test]
    fn a_row_that_the_view_does_not_hold_is_sought_in_the_next() {
        let mut cursor = Cursor::default();
        let part = view(&[1, 2], 5);
        cursor.fit(2);
        cursor.select(Move::Down, &part);
        cursor.scroll(Move::Last, &part);
        assert_eq!(cursor.furthest(), 4);
        cursor.fit(2);
        let whole = view(&[1, 2, 3, 4, 5], 5);
        cursor.settle(&whole);
        assert_eq!((cursor.selected(), cursor.first()), (Some(whole.rows[4].id), 3));
    }
}
