//! Taking rows out of view, and back.
//!
//! What is meant is the row as it is shown: with ports a flow, without them what two hosts have to do with
//! each other, and where hosts of a side are hidden all of one host.

use super::{App, Freeze};
use crate::view::Choice;

const NO_ROW: &str = "Select a row first, by Up or Down";
/// These are about the rows of the table.
pub(super) const NO_TABLE: &str = "Back to the table first";
const NOTHING_OUT: &str = "Nothing is out of view";

impl App {
    /// Takes the selected row out of view, or all others.
    pub(super) fn choose(&mut self, keeps: bool) {
        if self.page().is_some() {
            return self.say(NO_TABLE);
        }
        let selected = self.view.rows.iter().find(|row| self.is_selected(row));
        let Some(row) = selected else { return self.say(NO_ROW) };
        let choice = Choice::of(row, keeps, &self.settings.query());
        if !keeps {
            self.cursor.leave(&self.view);
        }
        let what = if keeps { "Only" } else { "Out of view:" };
        self.say(format!("{what} {}", choice.name()));
        self.choices.push(choice);
    }

    /// As before the last of that.
    pub(super) fn bring_back(&mut self) {
        if self.page().is_some() {
            return self.say(NO_TABLE);
        }
        let Some(choice) = self.choices.pop() else { return self.say(NOTHING_OUT) };
        // An order that was frozen later does not have the rows that come back.
        let query = self.settings.query();
        if let Freeze::Yes(rows) = &self.freeze
            && rows.iter().all(|row| choice.lets_stay(row, &query))
        {
            self.freeze = Freeze::Wanted;
        }
        let what = if choice.keeps() { "No longer only" } else { "In view again:" };
        self.say(format!("{what} {}", choice.name()));
    }
}
