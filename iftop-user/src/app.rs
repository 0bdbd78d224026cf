//! The state of the display, and how keys and new figures change it.
//!
//! It owns what the user switched on or off, the pause, the frozen order, what is selected, the hint
//! and the bars' scale. Pure: time comes with each [`View`]. It must never draw, ask for names or
//! read a key.

use std::{borrow::Cow, time::Duration};

use crossterm::event::KeyEvent;

use crate::{
    export::Form,
    filter::ScreenFilter,
    flow::Pair,
    scale::Scale,
    units::Rate,
    view::{Choice, RowId, Traffic, View},
};

pub mod action;
mod behind;
mod closer;
mod cursor;
pub mod editor;
pub mod keys;
pub mod lines;
pub mod mouse;
mod out_of_view;
mod page;
mod prompt;
pub mod settings;
mod shown;
pub mod text_keys;

use action::Action;
use behind::Behind;
use closer::Looking;
use cursor::Cursor;
use editor::Editor;
use out_of_view::NO_TABLE;
pub use page::Page;
use prompt::Question;
pub use settings::Settings;

/// A hint goes when more than this has passed.
const HINT_TIME: Duration = Duration::from_secs(2);

const PAUSED: &str = "Display paused";
const FROZEN: &str = "Order frozen";
const UNKNOWN_KEY: &str = "Press h or ? for help";
const NO_SHELL: &str = "Sorry, subshells have been disabled.";

/// What the loop has to do after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Make a view by the query as it is now, show it, and draw.
    Redraw,
    /// Draw: the view is as it was. A view of a full table takes too long to make one for each letter
    /// of a filter.
    Draw,
    /// End.
    Quit,
    /// Nothing.
    Ignored,
}

/// See the module's description.
#[derive(Clone, Debug)]
pub struct App {
    settings: Settings,
    filter: Option<ScreenFilter>,
    scale: Scale,
    view: View,
    /// Time since start by the newest view, also while an older one is shown.
    now: Duration,
    paused: bool,
    freeze: Freeze,
    behind: Behind,
    /// What stands in place of the table, from which of its lines on; one that covers another is the last.
    pages: Vec<(Page, usize)>,
    cursor: Cursor,
    /// The row that is looked at closer.
    looking: Option<Looking>,
    /// tcpdump for what is listened to, without an expression.
    dump_command: String,
    /// What is to be copied, until somebody takes it.
    wanted_copy: Option<String>,
    /// What was taken out of view, or kept alone in it, one after the other.
    choices: Vec<Choice>,
    prompt: Option<(Question, Editor)>,
    /// The packet filter that is in use, as it was written.
    packet_filter: String,
    /// The one that is to be used, until somebody takes it.
    wanted_filter: Option<String>,
    /// In which form a file is to be written, until somebody takes it.
    wanted_export: Option<Form>,
    hint: Option<Hint>,
    /// In bits per second.
    link_speed: Option<u64>,
}

/// Whether rows move.
#[derive(Clone, Debug)]
enum Freeze {
    No,
    /// The next view says which rows there are.
    Wanted,
    Yes(Vec<RowId>),
}

#[derive(Clone, Debug)]
struct Hint {
    text: Cow<'static, str>,
    since: Duration,
}

impl App {
    /// An empty table. `max_bandwidth` in bits per second fixes the scale, unless it is 0.
    pub fn new(settings: Settings, max_bandwidth: Option<u64>) -> Self {
        Self {
            settings,
            filter: None,
            scale: Scale::new(max_bandwidth),
            view: View::default(),
            now: Duration::ZERO,
            paused: false,
            freeze: Freeze::No,
            behind: Behind::Nothing,
            pages: Vec::new(),
            cursor: Cursor::default(),
            looking: None,
            dump_command: String::new(),
            wanted_copy: None,
            choices: Vec::new(),
            prompt: None,
            packet_filter: String::new(),
            wanted_filter: None,
            wanted_export: None,
            hint: None,
            link_speed: None,
        }
    }

    /// The same with a screen filter.
    #[must_use]
    pub fn with_filter(self, filter: Option<ScreenFilter>) -> Self {
        Self { filter, ..self }
    }

    /// The same with a packet filter.
    #[must_use]
    pub fn with_packet_filter(self, packet_filter: Option<&str>) -> Self {
        Self { packet_filter: packet_filter.unwrap_or_default().to_owned(), ..self }
    }

    /// The same on a link of so many bits per second.
    #[must_use]
    pub fn with_link_speed(self, link_speed: Option<u64>) -> Self {
        Self { link_speed, ..self }
    }

    /// Takes in the newest view.
    pub fn show(&mut self, mut view: View) {
        self.now = view.elapsed;
        if let Some(rows) = view.frozen.take() {
            self.freeze = Freeze::Yes(rows);
        }
        self.note_closeup(&view);
        self.view = view;
        self.behind = Behind::Nothing;
        self.cursor.settle(&self.view);
        self.adapt_scale();
    }

    /// So many rows are on screen: of the next view what is selected is among them.
    pub fn fit(&mut self, rows: usize) {
        self.cursor.fit(rows);
    }

    /// Does what a key asks for.
    pub fn key(&mut self, event: KeyEvent) -> Outcome {
        if event.is_release() {
            return Outcome::Ignored;
        }
        if self.prompt.is_some() {
            return self.edit(event);
        }
        match keys::action(event) {
            Some(Action::Quit) => Outcome::Quit,
            Some(Action::Terminal) => Outcome::Ignored,
            Some(action) => {
                self.apply(action);
                Outcome::Redraw
            }
            None => {
                self.say(UNKNOWN_KEY);
                Outcome::Redraw
            }
        }
    }

    /// Does what an action asks for, as far as it concerns the display.
    pub fn apply(&mut self, action: Action) {
        self.fall_behind(action);
        match action {
            Action::Help => self.turn(Page::Help),
            Action::Health => self.turn(Page::Health),
            Action::Chart => self.turn(Page::Chart),
            Action::Detail => self.look(),
            Action::Copy => self.copy(),
            Action::Unselect if self.page().is_some() => drop(self.pages.pop()),
            Action::Scroll(by) | Action::Select(by) if self.page().is_some() => {
                self.scroll_page(by);
            }
            Action::Pause => {
                self.paused = !self.paused;
                self.say(if self.paused { PAUSED } else { "Display unpaused" });
            }
            Action::Freeze => {
                self.freeze = match self.freeze {
                    Freeze::No => Freeze::Wanted,
                    Freeze::Wanted | Freeze::Yes(_) => Freeze::No,
                };
                self.say(if self.frozen() { FROZEN } else { "Order unfrozen" });
            }
            Action::Scroll(by) => self.cursor.scroll(by, &self.view),
            Action::Select(by) => self.cursor.select(by, &self.view),
            Action::Unselect => self.cursor.unselect(),
            Action::ScreenFilter => {
                let text = self.filter.as_ref().map(ScreenFilter::text).unwrap_or_default();
                self.ask(Question::ScreenFilter, Editor::new(text));
            }
            Action::PacketFilter => {
                self.ask(Question::PacketFilter, Editor::new(&self.packet_filter));
            }
            Action::TakeOut => self.choose(false),
            Action::KeepOnly => self.choose(true),
            Action::BringBack => self.bring_back(),
            Action::Export if self.page().is_some() => self.say(NO_TABLE),
            Action::Export => self.ask(Question::Export, Editor::default()),
            Action::Shell => self.say(NO_SHELL),
            _ => {
                if let Some(hint) = self.settings.apply(action) {
                    self.say(hint);
                }
            }
        }
        // Other rows: those that were frozen are there no more.
        if self.settings.changes_rows(action) && self.frozen() {
            self.freeze = Freeze::Wanted;
        }
    }

    /// Shows a message for two seconds.
    pub fn say(&mut self, message: impl Into<Cow<'static, str>>) {
        self.hint = Some(Hint { text: message.into(), since: self.now });
    }

    fn adapt_scale(&mut self) {
        let totals = &self.view.totals;
        let lines = self.settings.lines;
        let bars = |traffic: &Pair<Traffic>| lines.of(traffic).map(|(_, traffic)| traffic.rates);
        let rates = self.view.rows.iter().flat_map(|row| bars(&row.traffic));
        let highest = rates
            .chain([totals.sent.rates, totals.received.rates])
            .map(|rates| self.bar_rate(&rates))
            .fold(Rate::default(), Rate::max);
        self.scale.adapt(highest, self.now);
    }
}

#[cfg(test)]
mod tests;
