//! The state of the screen, and how keys and new figures change it.
//!
//! It owns what the user switched on or off, the pause, the scroll position, the hint and the bars'
//! scale. Pure: time comes with each [`View`]. It must never draw, ask for names or read a key.

use std::{borrow::Cow, time::Duration};

use crossterm::event::KeyEvent;

use crate::{
    flow::{Pair, window::Window},
    scale::Scale,
    units::{BytesPerSecond, Unit},
    view::{Query, Sort, Traffic, View},
};

pub mod keys;
pub mod lines;

use keys::Action;
use lines::LineDisplay;

/// A hint goes when more than this has passed.
const HINT_TIME: Duration = Duration::from_secs(2);

/// Rows beyond the first on screen that a view holds: more than a screen is high, so that keys can
/// scroll before the next view, and few enough that labels of the rest cost nothing.
const ROWS_AHEAD: usize = 1000;

const PAUSED: &str = "Display paused";
const UNKNOWN_KEY: &str = "Press h or ? for help";

/// What is displayed of a view, and how. The command line sets it, keys change it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one per switch of the screen")]
pub struct Settings {
    /// Hosts by name.
    pub names: bool,
    /// Services by name.
    pub services: bool,
    /// Ports, and protocols apart.
    pub ports: bool,
    /// The order of rows.
    pub sort: Sort,
    /// Bars under the table.
    pub bars: bool,
    /// Whose rates the bars show.
    pub bar_window: Window,
    /// The column of cumulative counts.
    pub cumulative: bool,
    /// How a row is laid out.
    pub lines: LineDisplay,
    /// What rates are shown in.
    pub unit: Unit,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            names: true,
            services: true,
            ports: false,
            sort: Sort::Ten,
            bars: true,
            bar_window: Window::Ten,
            cumulative: false,
            lines: LineDisplay::TwoLines,
            unit: Unit::Bits,
        }
    }
}

/// What the loop has to do after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Make a view by the query as it is now, show it, and draw.
    Redraw,
    /// End.
    Quit,
    /// Nothing.
    Ignored,
}

/// See the module's description.
#[derive(Clone, Debug)]
pub struct App {
    settings: Settings,
    scale: Scale,
    view: View,
    /// Time since start by the newest view, also while an older one is shown.
    now: Duration,
    paused: bool,
    help: bool,
    scroll: usize,
    hint: Option<Hint>,
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
            scale: Scale::new(max_bandwidth),
            view: View::default(),
            now: Duration::ZERO,
            paused: false,
            help: false,
            scroll: 0,
            hint: None,
        }
    }

    /// Takes in the newest view. While paused only what counts on is taken: the totals since start
    /// and the account.
    pub fn show(&mut self, view: View) {
        self.now = view.elapsed;
        if self.paused {
            self.view.totals.sent.cumulative = view.totals.sent.cumulative;
            self.view.totals.received.cumulative = view.totals.received.cumulative;
            self.view.both.cumulative = view.both.cumulative;
            self.view.account = view.account;
            return;
        }
        self.view = view;
        self.scroll = self.scroll.min(self.last_row());
        self.adapt_scale();
    }

    /// Does what a key asks for.
    pub fn key(&mut self, event: KeyEvent) -> Outcome {
        if event.is_release() {
            return Outcome::Ignored;
        }
        match keys::action(event) {
            Some(Action::Quit) => return Outcome::Quit,
            Some(action) => self.apply(action),
            None => self.say(UNKNOWN_KEY),
        }
        self.adapt_scale();
        Outcome::Redraw
    }

    /// Shows a message for two seconds.
    pub fn say(&mut self, message: impl Into<Cow<'static, str>>) {
        self.hint = Some(Hint { text: message.into(), since: self.now });
    }

    /// What the next view is to hold.
    pub fn query(&self) -> Query {
        Query {
            ports: self.settings.ports,
            sort: self.settings.sort,
            sides: self.settings.lines.sorted_by(),
            limit: Some(self.scroll + ROWS_AHEAD),
        }
    }

    /// Whether hosts are shown by name.
    pub fn wants_names(&self) -> bool {
        self.settings.names
    }

    /// Whether services are shown by name.
    pub fn wants_services(&self) -> bool {
        self.settings.services
    }

    /// What is displayed, and how.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The view that is shown.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The bars' scale.
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// The first row on screen.
    pub fn scroll(&self) -> usize {
        self.scroll
    }

    /// Whether the help page stands in place of the table.
    pub fn help(&self) -> bool {
        self.help
    }

    /// Whether the display is frozen.
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// The message to show. A pause says so whenever nothing else has to be said.
    pub fn hint(&self) -> Option<&str> {
        let fresh =
            self.hint.as_ref().filter(|hint| self.now.saturating_sub(hint.since) <= HINT_TIME);
        fresh.map(|hint| hint.text.as_ref()).or(self.paused.then_some(PAUSED))
    }

    /// The rate a bar stands for.
    pub fn bar_rate(&self, rates: &[BytesPerSecond; 3]) -> BytesPerSecond {
        rates[self.settings.bar_window as usize]
    }

    fn apply(&mut self, action: Action) {
        let settings = &mut self.settings;
        match action {
            Action::Quit => {}
            Action::Help => self.help = !self.help,
            Action::Names => {
                self.say_switched("DNS resolution", |settings| &mut settings.names);
            }
            Action::Services => {
                self.say_switched("Port resolution", |settings| &mut settings.services);
            }
            Action::Ports => {
                settings.ports = !settings.ports;
                self.say(if self.settings.ports { "Port display ON" } else { "Port display OFF" });
            }
            Action::Bars => self.say_switched("Bars", |settings| &mut settings.bars),
            Action::BarWindow => {
                let (window, hint) = match settings.bar_window {
                    Window::Ten => (Window::Forty, "Bars show 40s average"),
                    Window::Forty => (Window::Two, "Bars show 2s average"),
                    Window::Two => (Window::Ten, "Bars show 10s average"),
                };
                settings.bar_window = window;
                self.say(hint);
            }
            Action::Lines => {
                settings.lines = settings.lines.next();
                self.say(self.settings.lines.hint());
            }
            Action::Cumulative => {
                settings.cumulative = !settings.cumulative;
                let verb = if settings.cumulative { "Show" } else { "Hide" };
                self.say(format!("{verb} cumulative totals"));
            }
            Action::Sort(sort) => {
                settings.sort = sort;
                self.say(match sort {
                    Sort::Two => "Sort by col 1",
                    Sort::Ten => "Sort by col 2",
                    Sort::Forty => "Sort by col 3",
                    Sort::Source => "Sort by source",
                    Sort::Destination => "Sort by dest",
                });
            }
            Action::Pause => {
                self.paused = !self.paused;
                self.say(if self.paused { PAUSED } else { "Display unpaused" });
            }
            Action::ScrollDown => self.scroll = (self.scroll + 1).min(self.last_row()),
            Action::ScrollUp => self.scroll = self.scroll.saturating_sub(1),
        }
    }

    fn say_switched(&mut self, what: &str, switch: fn(&mut Settings) -> &mut bool) {
        let switch = switch(&mut self.settings);
        *switch = !*switch;
        let state = if *switch { "on" } else { "off" };
        self.say(format!("{what} {state}"));
    }

    fn last_row(&self) -> usize {
        self.view.rows.len().saturating_sub(1)
    }

    fn adapt_scale(&mut self) {
        let totals = &self.view.totals;
        let lines = self.settings.lines;
        let bars = |traffic: &Pair<Traffic>| lines.of(traffic).map(|(_, traffic)| traffic.rates);
        let rates = self.view.rows.iter().flat_map(|row| bars(&row.traffic));
        let highest = rates
            .chain([totals.sent.rates, totals.received.rates])
            .map(|rates| self.bar_rate(&rates).0)
            .fold(0.0, f64::max);
        self.scale.adapt(BytesPerSecond(highest), self.now);
    }
}

#[cfg(test)]
mod tests;
