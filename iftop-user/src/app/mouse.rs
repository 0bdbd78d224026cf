//! What the mouse does, where it is on: each thing that it can do a key can do too.
//!
//! It must never know where things stand on the screen.

use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use super::{
    App, Behind, Outcome,
    action::{Action, Move},
    keys,
};
use crate::view::{RowId, Sort};

/// Rows that one step of the wheel goes.
const WHEEL_ROWS: usize = 3;

/// What is under the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A row of the table.
    Row(RowId),
    /// The head of a column, and the order that it stands for.
    Head(Sort),
    /// Nothing that answers.
    Nothing,
}

impl App {
    /// Does what the mouse asks for. While a line is edited it asks for nothing.
    pub fn mouse(&mut self, event: MouseEvent, target: Target) -> Outcome {
        if !self.settings.mouse || self.prompt.is_some() {
            return Outcome::Ignored;
        }
        match (event.kind, target) {
            (MouseEventKind::ScrollUp, _) => self.roll(Move::Up),
            (MouseEventKind::ScrollDown, _) => self.roll(Move::Down),
            (MouseEventKind::Down(MouseButton::Left), Target::Head(sort)) => {
                self.apply(Action::Sort(sort));
            }
            (MouseEventKind::Down(MouseButton::Left), Target::Row(row)) => self.click(row),
            _ => return Outcome::Ignored,
        }
        Outcome::Redraw
    }

    fn roll(&mut self, by: Move) {
        for _ in 0..WHEEL_ROWS {
            self.apply(Action::Scroll(by));
        }
    }

    /// Selects a row, or does with the one that is selected what Enter does.
    fn click(&mut self, row: RowId) {
        if self.cursor.selected() != Some(row) {
            self.cursor.pick(row);
            if self.behind == Behind::Nothing {
                self.behind = Behind::Moves;
            }
        } else if let Some(action) = keys::action(KeyEvent::from(KeyCode::Enter)) {
            self.apply(action);
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyModifiers;

    use super::*;
    use crate::{
        app::{Page, Settings},
        view::{View, fixture},
    };

    type Check = fn(&App) -> bool;

    fn event(kind: MouseEventKind) -> MouseEvent {
        MouseEvent { kind, column: 0, row: 0, modifiers: KeyModifiers::NONE }
    }

    fn app(mouse: bool, keys: &str) -> App {
        let mut app = App::new(Settings { mouse, ..Settings::default() }, None);
        app.show(fixture::hosts());
        app.fit(2);
        for key in keys.chars() {
            app.key(KeyEvent::from(KeyCode::Char(key)));
        }
        app
    }

    #[test]
    fn it_selects_scrolls_and_sorts() {
        let (left, right) = (MouseButton::Left, MouseButton::Right);
        let rows: Vec<RowId> = fixture::hosts().rows.iter().map(|row| row.id).collect();
        let (row, head) = (Target::Row(rows[1]), Target::Head(Sort::Two));
        let (up, down) = (MouseEventKind::ScrollUp, MouseEventKind::ScrollDown);
        let press = MouseEventKind::Down;
        // (keys before, what the mouse does, where, what comes of it, and what is then)
        let cases: &[(&str, MouseEventKind, Target, Outcome, Check)] = &[
            ("", press(left), row, Outcome::Redraw, |app| app.cursor.selected().is_some()),
            ("", press(left), head, Outcome::Redraw, |app| app.settings.sort == Sort::Two),
            ("", press(left), Target::Nothing, Outcome::Ignored, |app| app.scroll() == 0),
            ("", press(right), row, Outcome::Ignored, |app| app.cursor.selected().is_none()),
            ("", MouseEventKind::Up(left), row, Outcome::Ignored, |app| app.scroll() == 0),
            ("", down, row, Outcome::Redraw, |app| app.scroll() == 3),
            ("j", up, Target::Nothing, Outcome::Redraw, |app| app.scroll() == 0),
            ("h", down, Target::Nothing, Outcome::Redraw, |app| {
                app.page() == Some((Page::Help, 3)) && app.scroll() == 0
            }),
            ("l", press(left), row, Outcome::Ignored, |app| app.cursor.selected().is_none()),
            ("l", down, row, Outcome::Ignored, |app| app.scroll() == 0),
            ("M", press(left), row, Outcome::Ignored, |app| app.cursor.selected().is_none()),
        ];
        for (keys, kind, target, outcome, check) in cases {
            let mut app = app(true, keys);
            assert_eq!(app.mouse(event(*kind), *target), *outcome, "{keys} {kind:?} {target:?}");
            assert!(check(&app), "{keys} {kind:?} {target:?}");
        }
        let mut off = app(false, "");
        assert_eq!(off.mouse(event(press(left)), row), Outcome::Ignored);
    }

    #[test]
    fn a_row_stays_selected_and_keys_go_on_from_it() {
        let mut app = app(true, "");
        let rows: Vec<RowId> = app.view().rows.iter().map(|row| row.id).collect();
        let click = event(MouseEventKind::Down(MouseButton::Left));
        app.mouse(click, Target::Row(rows[1]));
        assert!(app.needs_view_before(KeyEvent::from(KeyCode::Char('x'))));
        app.show(View { first: 0, ..fixture::hosts() });
        assert_eq!(app.cursor.selected(), Some(rows[1]));
        app.key(KeyEvent::from(KeyCode::Down));
        assert_eq!(app.cursor.selected(), Some(rows[2]));
        // Once more is Enter.
        app.mouse(click, Target::Row(rows[2]));
        assert_eq!(app.page(), Some((Page::Detail, 0)));
    }
}
