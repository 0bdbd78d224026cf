//! Where the display stands in the list: its first row, and the row that is selected.
//!
//! It owns how both move. What is selected is a row, not a place: when rows change places, the
//! display follows it.

use super::action::Move;
use crate::view::{RowId, View, uncovered};

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

    /// How many rows a view must hold.
    pub(super) fn page(&self) -> usize {
        self.page.max(1)
    }

    /// The row that a view must hold, whatever its place; not while another one is sought by its place.
    pub(super) fn followed(&self) -> Option<RowId> {
        self.selected.filter(|_| self.sought.is_none())
    }

    pub(super) fn unselect(&mut self) {
        (self.selected, self.sought) = (None, None);
    }

    /// Selects a row that is on screen.
    pub(super) fn pick(&mut self, row: RowId) {
        (self.selected, self.sought) = (Some(row), None);
    }

    /// The selected row is about to go: of the next view the one in its place is selected.
    pub(super) fn leave(&mut self, view: &View) {
        self.sought = self.place(view);
        self.selected = None;
    }

    /// Takes in the rows of a new view. A selected row that is gone is selected no more.
    pub(super) fn settle(&mut self, view: &View) {
        if let Some(place) = self.sought.take() {
            self.selected = row(view, place.min(last(view)));
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

    /// Moves what is selected, or else the display. Moves add up until the next view is there.
    pub(super) fn scroll(&mut self, by: Move, view: &View) {
        if let Some(place) = self.sought.or_else(|| self.place(view)) {
            self.go_to(self.moved(place, by, last(view)), view);
            return;
        }
        let end = match by {
            // The last page is full; single steps go on to the last row.
            Move::PageDown | Move::Last => view.row_count.saturating_sub(self.page()),
            _ => last(view),
        };
        self.first = self.moved(self.first, by, end.max(self.first));
    }

    /// The same, but selects a row on screen where none is yet.
    pub(super) fn select(&mut self, by: Move, view: &View) {
        if self.sought.is_some() || self.place(view).is_some() {
            self.scroll(by, view);
        } else {
            self.go_to(self.first, view);
        }
    }

    fn moved(&self, place: usize, by: Move, end: usize) -> usize {
        let page = self.page();
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
        if place >= view.row_count {
            return;
        }
        match row(view, place) {
            Some(row) => (self.selected, self.sought) = (Some(row), None),
            None => self.sought = Some(place),
        }
        self.uncover(place);
    }

    /// Moves the display as little as it takes to have a place on it.
    fn uncover(&mut self, place: usize) {
        self.first = uncovered(self.first, self.page, place);
    }

    fn place(&self, view: &View) -> Option<usize> {
        let selected = self.selected?;
        let place = view.rows.iter().position(|row| row.id == selected)?;
        Some(view.first + place)
    }
}

/// The row at a place, if the view holds it.
fn row(view: &View, place: usize) -> Option<RowId> {
    view.rows.get(place.checked_sub(view.first)?).map(|row| row.id)
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
        use Move::{Down, First, Last, PageUp, Up};
        // (moves without a view between them) → the place that is reached, with 2 of 9 rows on screen
        let cases: &[(&[Move], usize)] = &[
            (&[Last], 8),
            (&[Last, Up], 7),
            (&[Last, Down], 8),
            (&[Last, PageUp, PageUp], 4),
            (&[Down, Down, Down], 3),
            (&[Last, First], 0),
        ];
        let whole: Vec<u8> = (1..=9).collect();
        for (moves, place) in cases {
            let mut cursor = Cursor::default();
            let part = view(&whole[..2], 9);
            cursor.fit(2);
            cursor.select(Down, &part);
            for by in *moves {
                cursor.scroll(*by, &part);
            }
            let first = cursor.first();
            assert!((first..first + 2).contains(place), "{moves:?}: {first}");
            assert_eq!(cursor.followed().is_some(), *place == 0, "{moves:?}");
            let next = View { first, ..view(&whole[first..first + 2], 9) };
            cursor.settle(&next);
            assert_eq!(selected(&cursor, &next), Some(*place), "{moves:?}");
            assert_eq!(cursor.first(), first, "{moves:?}");
        }
    }

    #[test]
    fn a_place_that_is_gone_is_the_last_one() {
        let mut cursor = Cursor::default();
        let part = view(&[1, 2], 9);
        cursor.fit(2);
        cursor.select(Move::Down, &part);
        cursor.scroll(Move::Last, &part);
        let next = View { first: 2, ..view(&[3], 3) };
        cursor.settle(&next);
        assert_eq!((selected(&cursor, &next), cursor.first()), (Some(2), 2));
        cursor.scroll(Move::Last, &next);
        cursor.settle(&view(&[], 0));
        assert_eq!((cursor.selected(), cursor.first()), (None, 0));
    }
}
