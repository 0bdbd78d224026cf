//! What the state of the display means: for the next view, and for whoever draws it.

use super::{App, FROZEN, Freeze, HINT_TIME, PAUSED, Question, Settings, editor::Editor};
use crate::{
    filter::ScreenFilter,
    flow::Pair,
    scale::Scale,
    units::Rate,
    view::{Order, Query, Row, View},
};

/// A row is busy from this share of the interface's traffic on.
const BUSY_SHARE: f64 = 0.2;

impl App {
    /// What the next view is to hold.
    pub fn query(&self) -> Query<'_> {
        Query {
            order: match &self.freeze {
                Freeze::No => Order::Live,
                Freeze::Wanted => Order::Freeze,
                Freeze::Yes(rows) => Order::Frozen(rows),
            },
            filter: self.filter.as_ref().map(ScreenFilter::regex),
            choices: &self.choices,
            first: self.cursor.first(),
            limit: Some(self.cursor.page()),
            wanted: self.cursor.followed(),
            closer: self.closer(),
            ..self.settings.query()
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
        self.cursor.first()
    }

    /// Whether this row is selected.
    pub fn is_selected(&self, row: &Row) -> bool {
        self.cursor.selected() == Some(row.id)
    }

    /// Whether this row carries a large part of all traffic.
    pub fn is_busy(&self, row: &Row) -> bool {
        let rate = |rates: &[Rate; 3]| self.bar_rate(rates).per_second(self.settings.format.unit);
        let Pair { sent, received } = &row.traffic;
        let all = rate(&self.view.both.rates);
        all > 0.0 && rate(&sent.rates) + rate(&received.rates) >= all * BUSY_SHARE
    }

    /// How much of the link's speed is used, in percent: sent, received.
    pub fn link_percent(&self) -> Option<[f64; 2]> {
        let speed = self.link_speed.filter(|&speed| speed > 0)? as f64;
        Some(self.view.wire_bits_per_second.map(|bits| bits * 100.0 / speed))
    }

    /// Whether the display is frozen.
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// Whether rows stay where they are.
    pub fn frozen(&self) -> bool {
        !matches!(self.freeze, Freeze::No)
    }

    /// The filter that rows must pass.
    pub fn filter(&self) -> Option<&ScreenFilter> {
        self.filter.as_ref()
    }

    /// The line that is being edited: what is asked for, and the editor.
    pub fn prompt(&self) -> Option<(&'static str, &Editor)> {
        self.prompt.as_ref().map(|(question, editor)| match question {
            Question::ScreenFilter => ("Screen filter> ", editor),
            Question::PacketFilter => ("Net filter> ", editor),
            Question::Export => ("Export: t text, j JSON, Esc ", editor),
        })
    }

    /// The packet filter that is in use, where there is one.
    pub fn packet_filter(&self) -> Option<&str> {
        Some(self.packet_filter.as_str()).filter(|text| !text.is_empty())
    }

    /// The message to show. A pause or a frozen order says so whenever nothing else has to be said.
    pub fn hint(&self) -> Option<&str> {
        let fresh =
            self.hint.as_ref().filter(|hint| self.now.saturating_sub(hint.since) <= HINT_TIME);
        let lasting = || self.paused.then_some(PAUSED).or(self.frozen().then_some(FROZEN));
        fresh.map(|hint| hint.text.as_ref()).or_else(lasting)
    }

    /// The rate a bar stands for.
    pub fn bar_rate(&self, rates: &[Rate; 3]) -> Rate {
        rates[self.settings.bar_window as usize]
    }
}
