//! The line in which a filter is asked for, and what becomes of it.
//!
//! It must never compile a packet filter: that takes its time, and is done elsewhere.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    App, Behind, Outcome,
    editor::{Edited, Editor},
};
use crate::{export::Form, filter::ScreenFilter};

const NEW_FILTER: &str = "Installed new filter";
const BAD_FILTER: &str = "Invalid regexp";

/// What is asked for in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Which rows to show.
    ScreenFilter,
    /// Which packets to count.
    PacketFilter,
    /// In which form to write a file: one key.
    Export,
}

impl App {
    /// Begins to.
    pub(super) fn ask(&mut self, question: Question, editor: Editor) {
        self.prompt = Some((question, editor));
        // What was said before says nothing of the line to come.
        self.hint = None;
    }

    /// A key while a line is asked for.
    pub(super) fn edit(&mut self, event: KeyEvent) -> Outcome {
        // Raw mode: the terminal makes no signal of it.
        if event.code == KeyCode::Char('c') && event.modifiers.contains(KeyModifiers::CONTROL) {
            return Outcome::Quit;
        }
        let Some((question, editor)) = &mut self.prompt else { return Outcome::Ignored };
        if *question == Question::Export {
            self.wanted_export = form(event);
            self.prompt = None;
            return Outcome::Draw;
        }
        match editor.key(event) {
            Edited::GoesOn => return Outcome::Draw,
            Edited::Cancelled => {
                self.prompt = None;
                return Outcome::Draw;
            }
            Edited::Accepted if *question == Question::PacketFilter => {
                self.wanted_filter = Some(editor.text().trim().to_owned());
                self.prompt = None;
                return Outcome::Draw;
            }
            Edited::Accepted => {
                let parsed = ScreenFilter::parse(editor.text());
                self.prompt = None;
                self.behind = Behind::Changes;
                self.filter = parsed.unwrap_or_else(|_| {
                    self.say(BAD_FILTER);
                    None
                });
            }
        }
        Outcome::Redraw
    }

    /// The packet filter that somebody has asked for; once.
    pub fn take_wanted_filter(&mut self) -> Option<String> {
        self.wanted_filter.take()
    }

    /// The form of a file that somebody has asked for; once.
    pub fn take_wanted_export(&mut self) -> Option<Form> {
        self.wanted_export.take()
    }

    /// What became of that file.
    pub fn was_exported(&mut self, outcome: Result<String, String>) {
        self.say(match outcome {
            Ok(name) => format!("Wrote {name}"),
            Err(reason) => format!("Not written: {reason}"),
        });
    }

    /// What became of it: it is in use now, or why it is not.
    pub fn filter_was_set(&mut self, text: String, outcome: Result<(), String>) {
        match outcome {
            Ok(()) if text.is_empty() => self.say("No packet filter: everything is counted"),
            Ok(()) => self.say(NEW_FILTER),
            Err(reason) => return self.say(reason),
        }
        self.packet_filter = text;
    }
}

/// Any key but these means none.
fn form(event: KeyEvent) -> Option<Form> {
    let modified = event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match event.code {
        KeyCode::Char('t') if !modified => Some(Form::Text),
        KeyCode::Char('j') if !modified => Some(Form::Json),
        _ => None,
    }
}
