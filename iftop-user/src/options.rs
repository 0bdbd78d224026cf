//! What the program was told: by each origin alone, and by all of them together.
//!
//! It owns which origin wins and the default of each option. It must never know how an option is
//! spelled.

use std::{path::PathBuf, time::Duration};

use crate::{
    app::{Settings, lines::LineDisplay},
    filter::ScreenFilter,
    netns::Target,
    orient::{Net4, Net6},
    scale::Spread,
    units::{Format, Prefixes, Unit},
    view::{Grouping, PortDisplay, Sort},
};

mod counting;
mod reading;
mod rights;

pub use counting::{Counting, LEAST_MEMORY};
pub use reading::Reading;
pub use rights::Rights;

/// Flows in a text report, as in iftop.
const DEFAULT_LINES: usize = 10;

/// What one origin says: the command line or the configuration file. `None`: nothing.
///
/// Where the default is to have no value, `Some(None)` says so.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "each is described where it is spelled, in `config::directives`")]
pub struct Layer {
    pub interface: Option<Option<String>>,
    pub dns: Option<bool>,
    pub services: Option<bool>,
    pub packet_filter: Option<Option<String>>,
    pub bars: Option<bool>,
    pub promiscuous: Option<bool>,
    pub hide_source: Option<bool>,
    pub hide_destination: Option<bool>,
    pub unit: Option<Unit>,
    pub prefixes: Option<Prefixes>,
    pub sort: Option<Sort>,
    pub line_display: Option<LineDisplay>,
    pub cumulative: Option<bool>,
    pub spread: Option<Spread>,
    pub max_bandwidth: Option<u64>,
    pub net: Option<Option<Net4>>,
    pub net6: Option<Option<Net6>>,
    pub link_local: Option<bool>,
    pub grouping: Option<Grouping>,
    pub networks: Option<Option<PathBuf>>,
    pub ports: Option<PortDisplay>,
    pub seconds: Option<Duration>,
    pub text: Option<bool>,
    pub lines: Option<usize>,
    pub screen_filter: Option<Option<ScreenFilter>>,
    pub summary: Option<bool>,
    pub mouse: Option<bool>,
}

impl Layer {
    /// What this one says, and for the rest what the other one says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            interface: self.interface.or(other.interface),
            dns: self.dns.or(other.dns),
            services: self.services.or(other.services),
            packet_filter: self.packet_filter.or(other.packet_filter),
            bars: self.bars.or(other.bars),
            promiscuous: self.promiscuous.or(other.promiscuous),
            hide_source: self.hide_source.or(other.hide_source),
            hide_destination: self.hide_destination.or(other.hide_destination),
            unit: self.unit.or(other.unit),
            prefixes: self.prefixes.or(other.prefixes),
            sort: self.sort.or(other.sort),
            line_display: self.line_display.or(other.line_display),
            cumulative: self.cumulative.or(other.cumulative),
            spread: self.spread.or(other.spread),
            max_bandwidth: self.max_bandwidth.or(other.max_bandwidth),
            net: self.net.or(other.net),
            net6: self.net6.or(other.net6),
            link_local: self.link_local.or(other.link_local),
            grouping: self.grouping.or(other.grouping),
            networks: self.networks.or(other.networks),
            ports: self.ports.or(other.ports),
            seconds: self.seconds.or(other.seconds),
            text: self.text.or(other.text),
            lines: self.lines.or(other.lines),
            screen_filter: self.screen_filter.or(other.screen_filter),
            summary: self.summary.or(other.summary),
            mouse: self.mouse.or(other.mouse),
        }
    }
}

/// What only the command line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    /// JSON instead of text.
    pub json: bool,
    /// Time between reports.
    pub interval: Option<Duration>,
    /// End after so many.
    pub count: Option<u64>,
}

/// What is to be done, all origins together.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "one per switch")]
pub struct Options {
    /// The interface; `None`: that of the default route.
    pub interface: Option<String>,
    /// The network namespace that it is in; `None`: the one that the program runs in.
    pub netns: Option<Target>,
    /// Whether only what others left is to be removed.
    pub cleanup: bool,
    /// Whether an interface that is not there is waited for.
    pub wait: bool,
    /// Only packets that it accepts are counted; not compiled yet.
    pub packet_filter: Option<String>,
    /// What is displayed at first. For JSON hosts have names only where the command line itself asks
    /// for them.
    pub settings: Settings,
    /// Only rows of the live table of which an end matches.
    pub screen_filter: Option<ScreenFilter>,
    /// The same in reports: the file has no say in that, as in iftop.
    pub report_filter: Option<ScreenFilter>,
    /// Upper end of the bars' scale in bits per second; `None` or 0: it adapts.
    pub max_bandwidth: Option<u64>,
    /// Show IPv4 flows in and out of this network only.
    pub net: Option<Net4>,
    /// The same for IPv6.
    pub net6: Option<Net6>,
    /// Count IPv6 from or to link-local addresses too.
    pub link_local: bool,
    /// The file that names networks.
    pub networks: Option<PathBuf>,
    /// Promiscuous mode.
    pub promiscuous: bool,
    /// Text reports instead of a live table.
    pub text: bool,
    /// Format, times and number of reports.
    pub reports: Reports,
    /// Reports end after so long.
    pub seconds: Option<Duration>,
    /// The live table ends after so long: the file has no say in that, as in iftop.
    pub screen_seconds: Option<Duration>,
    /// At most so many rows in a report. For JSON only the command line sets it.
    pub lines: Option<usize>,
    /// A summary when the live table ends.
    pub summary: bool,
    /// What is read instead of an interface.
    pub reading: Reading,
    /// How packets are counted.
    pub counting: Counting,
    /// What the program may do meanwhile.
    pub rights: Rights,
}

impl Options {
    /// The command line wins over the file, the file over the defaults.
    pub fn new(
        line: Layer,
        file: Layer,
        netns: Option<Target>,
        reports: Reports,
        reading: Reading,
        counting: Counting,
    ) -> Self {
        let some_time = |seconds: &Duration| !seconds.is_zero();
        let screen_seconds = line.seconds.filter(some_time);
        // Machines get what they ask for, whatever a person likes to see.
        let (json_names, json_lines) = (line.dns.unwrap_or(false), line.lines);
        let report_filter = line.screen_filter.clone().flatten();
        let all = line.or(file);
        let default = Settings::default();
        let settings = Settings {
            names: if reports.json { json_names } else { all.dns.unwrap_or(default.names) },
            services: all.services.unwrap_or(default.services),
            grouping: all.grouping.unwrap_or(default.grouping),
            ports: all.ports.unwrap_or(default.ports),
            hide_source: all.hide_source.unwrap_or(default.hide_source),
            hide_destination: all.hide_destination.unwrap_or(default.hide_destination),
            sort: all.sort.unwrap_or(default.sort),
            bars: all.bars.unwrap_or(default.bars),
            bar_window: default.bar_window,
            spread: all.spread.unwrap_or(default.spread),
            cumulative: all.cumulative.unwrap_or(default.cumulative),
            lines: all.line_display.unwrap_or(default.lines),
            format: Format {
                unit: all.unit.unwrap_or(default.format.unit),
                prefixes: all.prefixes.unwrap_or(default.format.prefixes),
            },
            mouse: all.mouse.unwrap_or(default.mouse),
        };
        Self {
            interface: all.interface.flatten(),
            netns,
            cleanup: false,
            wait: false,
            packet_filter: all.packet_filter.flatten(),
            settings,
            screen_filter: all.screen_filter.flatten(),
            report_filter,
            max_bandwidth: all.max_bandwidth.filter(|&limit| limit != 0),
            net: all.net.flatten(),
            net6: all.net6.flatten(),
            link_local: all.link_local.unwrap_or(false),
            networks: all.networks.flatten(),
            promiscuous: all.promiscuous.unwrap_or(false),
            text: all.text.unwrap_or(false),
            reports,
            seconds: all.seconds.filter(some_time),
            screen_seconds,
            lines: if reports.json { json_lines } else { Some(all.lines.unwrap_or(DEFAULT_LINES)) },
            summary: all.summary.unwrap_or(true),
            reading,
            counting,
            rights: Rights::default(),
        }
    }
}
