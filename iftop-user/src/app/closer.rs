//! What is looked at closer: a row in place of the table, and tcpdump's command for it.
//!
//! It owns which row that is, also when it is in the table no more, or would be another one there.

use super::{App, Page, action::Move};
use crate::{
    flow::history::Point,
    tcpdump,
    view::{Closer, Closeup, Detail, Joins, RowId, View},
};

const NOTHING: &str = "There is no row to look at";
const NOT_LOOKING: &str = "Look at a row first: Enter";
const NO_COMMAND: &str = "What came through a pipe is gone";
const COPIED: &str = "Copied, if the terminal has a clipboard";

/// A row, as flows were joined when it was chosen.
#[derive(Clone, Debug)]
pub(super) struct Looking {
    id: RowId,
    joins: Joins,
    /// Its history, as far as it was seen.
    known: Vec<Point>,
}

impl App {
    /// At the row that is selected, or else at the first one on screen; or back to the table.
    pub(super) fn look(&mut self) {
        if self.is_at(Page::Detail) {
            return self.turn(Page::Detail);
        }
        if self.cursor.selected().is_none() {
            self.cursor.select(Move::Down, &self.view);
        }
        let Some(id) = self.cursor.selected() else { return self.say(NOTHING) };
        let joins = self.settings.query().joins();
        self.looking = Some(Looking { id, joins, known: Vec::new() });
        self.turn(Page::Detail);
    }

    /// What the next view is to hold of it.
    pub(super) fn closer(&self) -> Option<Closer<'_>> {
        // Also while it is covered: it goes on from where it was.
        match *self.pages.first()? {
            (Page::Chart, _) => Some(Closer::Interface),
            (Page::Detail, _) => self.looking.as_ref().map(|looking| Closer::Row {
                id: looking.id,
                joins: looking.joins,
                known: &looking.known,
            }),
            _ => None,
        }
    }

    /// Takes in what a view holds of it.
    pub(super) fn note_closeup(&mut self, view: &View) {
        if let (Some(Closeup::Row(detail)), Some(looking)) = (&view.closeup, &mut self.looking)
            && detail.row.id == looking.id
        {
            looking.known.clone_from(&detail.history);
        }
    }

    /// The row that is looked at; not before a view holds it.
    pub fn detail(&self) -> Option<&Detail> {
        match &self.view.closeup {
            Some(Closeup::Row(detail)) if self.is_at(Page::Detail) => Some(detail),
            _ => None,
        }
    }

    /// tcpdump's command for what is listened to, without an expression.
    pub fn dump_by(&mut self, command: String) {
        self.dump_command = command;
    }

    /// tcpdump's command for a row; `None` where what is listened to cannot be had again. What the packet filter
    /// turns away it leaves out too.
    pub fn dump_of(&self, detail: &Detail) -> Option<String> {
        let expression = detail.expression(self.packet_filter());
        let command = Some(&self.dump_command).filter(|command| !command.is_empty())?;
        Some(format!("{command} {}", tcpdump::quoted(&expression)))
    }

    pub(super) fn copy(&mut self) {
        let Some(detail) = self.detail() else { return self.say(NOT_LOOKING) };
        match self.dump_of(detail) {
            Some(command) => {
                self.wanted_copy = Some(command);
                self.say(COPIED);
            }
            None => self.say(NO_COMMAND),
        }
    }

    /// What somebody wants to have in the clipboard; once.
    pub fn take_wanted_copy(&mut self) -> Option<String> {
        self.wanted_copy.take()
    }
}
