//! What of a view is displayed, and how. The command line and the config file set it, keys change it.

use std::borrow::Cow;

use super::{action::Action, lines::LineDisplay};
use crate::{
    flow::window::Window,
    scale::Spread,
    units::{Format, Unit},
    view::{Grouping, PortDisplay, Query, Sort},
};

/// See the module's description.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one per switch of the screen")]
pub struct Settings {
    /// Hosts by name.
    pub names: bool,
    /// Services by name.
    pub services: bool,
    /// What rows are.
    pub grouping: Grouping,
    /// Ports of flows, and protocols apart.
    pub ports: PortDisplay,
    /// All left hosts of flows are one.
    pub hide_source: bool,
    /// All right hosts of flows are one.
    pub hide_destination: bool,
    /// The order of rows.
    pub sort: Sort,
    /// Bars under the table.
    pub bars: bool,
    /// Whose rates the bars show.
    pub bar_window: Window,
    /// Linear bars or logarithmic ones.
    pub spread: Spread,
    /// The column of cumulative counts.
    pub cumulative: bool,
    /// How a row is laid out.
    pub lines: LineDisplay,
    /// What numbers are shown in.
    pub format: Format,
    /// The mouse does something, and cannot select text.
    pub mouse: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            names: true,
            services: true,
            grouping: Grouping::Flow,
            ports: PortDisplay::Off,
            hide_source: false,
            hide_destination: false,
            sort: Sort::Ten,
            bars: true,
            bar_window: Window::Ten,
            spread: Spread::Linear,
            cumulative: false,
            lines: LineDisplay::TwoLines,
            format: Format::default(),
            mouse: false,
        }
    }
}

impl Settings {
    /// The part of a query that follows from them.
    pub fn query(&self) -> Query<'static> {
        Query {
            grouping: self.grouping,
            ports: self.ports,
            hide_source: self.hide_source,
            hide_destination: self.hide_destination,
            sort: self.sort,
            measure: self.format.unit.measure(),
            sides: self.lines.sorted_by(),
            ..Query::default()
        }
    }

    /// Does what an action asks for, and says so in iftop's words; `None` where it does not concern
    /// what is displayed.
    pub fn apply(&mut self, action: Action) -> Option<Cow<'static, str>> {
        let hint = self.set(action)?;
        let unseen = action.changes_rows() && !self.changes_rows(action);
        Some(if unseen { format!("{hint}, but not in groups").into() } else { hint })
    }

    /// Whether rows are others after it: which flows are told apart says nothing of groups.
    pub fn changes_rows(&self, action: Action) -> bool {
        action == Action::Group || self.grouping == Grouping::Flow && action.changes_rows()
    }

    fn set(&mut self, action: Action) -> Option<Cow<'static, str>> {
        let hint = match action {
            Action::Names => return Some(switch("DNS resolution", &mut self.names)),
            Action::Services => return Some(switch("Port resolution", &mut self.services)),
            Action::Bars => return Some(switch("Bars", &mut self.bars)),
            Action::Mouse => return Some(switch("Mouse", &mut self.mouse)),
            Action::HideSource => {
                self.hide_source = !self.hide_source;
                if self.hide_source { "Hide source host" } else { "Show source host" }
            }
            Action::HideDestination => {
                self.hide_destination = !self.hide_destination;
                if self.hide_destination { "Hide dest host" } else { "Show dest host" }
            }
            Action::Group => {
                self.grouping = self.grouping.next();
                return Some(format!("Group by {}", self.grouping.name()).into());
            }
            Action::SourcePorts => {
                let (source, destination) = self.ports.sides();
                self.show_ports(PortDisplay::of_sides(!source, destination))
            }
            Action::DestinationPorts => {
                let (source, destination) = self.ports.sides();
                self.show_ports(PortDisplay::of_sides(source, !destination))
            }
            Action::Ports => self.show_ports(match self.ports {
                PortDisplay::Off => PortDisplay::On,
                _ => PortDisplay::Off,
            }),
            Action::BarWindow => {
                self.bar_window = match self.bar_window {
                    Window::Ten => Window::Forty,
                    Window::Forty => Window::Two,
                    Window::Two => Window::Ten,
                };
                match self.bar_window {
                    Window::Two => "Bars show 2s average",
                    Window::Ten => "Bars show 10s average",
                    Window::Forty => "Bars show 40s average",
                }
            }
            Action::LogScale => {
                self.spread = self.spread.other();
                match self.spread {
                    Spread::Linear => "Linear scale",
                    Spread::Logarithmic => "Logarithmic scale",
                }
            }
            Action::Lines => {
                self.lines = self.lines.next();
                self.lines.hint()
            }
            Action::Cumulative => {
                self.cumulative = !self.cumulative;
                if self.cumulative { "Show cumulative totals" } else { "Hide cumulative totals" }
            }
            Action::Unit => {
                self.format.unit = self.format.unit.next();
                match self.format.unit {
                    Unit::Bits => "Rates in bits",
                    Unit::Bytes => "Rates in bytes",
                    Unit::Packets => "Rates and counts in packets",
                }
            }
            Action::Sort(sort) => {
                self.sort = sort;
                match sort {
                    Sort::Two => "Sort by col 1",
                    Sort::Ten => "Sort by col 2",
                    Sort::Forty => "Sort by col 3",
                    Sort::Cumulative => "Sort by cumulative",
                    Sort::Source => "Sort by source",
                    Sort::Destination => "Sort by dest",
                }
            }
            _ => return None,
        };
        Some(hint.into())
    }

    fn show_ports(&mut self, ports: PortDisplay) -> &'static str {
        self.ports = ports;
        match ports {
            PortDisplay::Off => "Port display OFF",
            PortDisplay::SourceOnly => "Port display SOURCE",
            PortDisplay::DestinationOnly => "Port display DEST",
            PortDisplay::On => "Port display ON",
        }
    }
}

fn switch(what: &str, switch: &mut bool) -> Cow<'static, str> {
    *switch = !*switch;
    format!("{what} {}", if *switch { "on" } else { "off" }).into()
}
