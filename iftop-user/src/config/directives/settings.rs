//! The settings of the table.

use super::{Section, Setting};
use crate::cli::values;

/// All settings.
pub const SETTINGS: &[Setting] = &[
    Setting {
        directive: "interface",
        long: "interface",
        short: Some('i'),
        value: "INTERFACE",
        section: Section::Count,
        help: "Interface to watch [default: that of the default route]",
        set: |layer, text| {
            put(&mut layer.interface, unless_blank(text, |text| Ok(text.to_owned())))
        },
    },
    Setting {
        directive: "filter-code",
        long: "filter",
        short: Some('f'),
        value: "FILTER",
        section: Section::Count,
        help: "Count only packets that match, in the language of tcpdump: pcap-filter(7)",
        set: |layer, text| {
            put(&mut layer.packet_filter, unless_blank(text, |text| Ok(text.to_owned())))
        },
    },
    Setting {
        directive: "net-filter",
        long: "net",
        short: Some('F'),
        value: "NET/MASK",
        section: Section::Count,
        help: "IPv4 flows in and out of this network only, as 10.0.0.0/8",
        set: |layer, text| put(&mut layer.net, unless_blank(text, values::net4)),
    },
    Setting {
        directive: "net-filter6",
        long: "net6",
        short: Some('G'),
        value: "NET6/MASK6",
        section: Section::Count,
        help: "IPv6 flows in and out of this network only, as fd00::/8",
        set: |layer, text| put(&mut layer.net6, unless_blank(text, values::net6)),
    },
    Setting {
        directive: "group",
        long: "group",
        short: None,
        value: "WHAT",
        section: Section::Show,
        help: "What rows are: flow, host, network, service or protocol [default: flow]; hosts are hidden and ports \
            told apart only in flows",
        set: |layer, text| put(&mut layer.grouping, values::grouping(text)),
    },
    Setting {
        directive: "networks",
        long: "networks",
        short: None,
        value: "FILE",
        section: Section::Show,
        help: "Names of networks, one a line, as: 10.1.0.0/16 branch office [default: none, and networks \
            are /24 and /64]",
        set: |layer, text| put(&mut layer.networks, unless_blank(text, |text| Ok(text.into()))),
    },
    Setting {
        directive: "port-display",
        long: "port-display",
        short: None,
        value: "SIDES",
        section: Section::Show,
        help: "Which ports to tell apart: off, source-only, destination-only or on",
        set: |layer, text| put(&mut layer.ports, values::port_display(text)),
    },
    Setting {
        directive: "sort",
        long: "sort",
        short: Some('o'),
        value: "ORDER",
        section: Section::Show,
        help: "2s, 10s, 40s (rate over that time), cumulative, source or destination [default: 10s]",
        set: |layer, text| put(&mut layer.sort, values::sort(text)),
    },
    Setting {
        directive: "screen-filter",
        long: "screen-filter",
        short: None,
        value: "REGEX",
        section: Section::Show,
        help: "Only rows of which an end, as it is shown, matches",
        set: |layer, text| put(&mut layer.screen_filter, values::screen_filter(text)),
    },
    Setting {
        directive: "bandwidth-unit",
        long: "unit",
        short: Some('u'),
        value: "UNIT",
        section: Section::Look,
        help: "Rates in bits, bytes or packets [default: bits]",
        set: |layer, text| put(&mut layer.unit, values::unit(text)),
    },
    Setting {
        directive: "units",
        long: "units",
        short: None,
        value: "POWERS",
        section: Section::Look,
        help: "K, M and G as powers of 1024 (binary) or of 1000 (si) [default: binary]",
        set: |layer, text| put(&mut layer.prefixes, values::prefixes(text)),
    },
    Setting {
        directive: "line-display",
        long: "line-display",
        short: None,
        value: "LINES",
        section: Section::Look,
        help: "two-line, one-line-both, one-line-sent or one-line-received [default: two-line]",
        set: |layer, text| put(&mut layer.line_display, values::line_display(text)),
    },
    Setting {
        directive: "max-bandwidth",
        long: "max-bandwidth",
        short: Some('m'),
        value: "RATE",
        section: Section::Look,
        help: "Upper end of the bar scale in bits per second, with K, M or G; 0 to adapt it",
        set: |layer, text| put(&mut layer.max_bandwidth, values::bits_per_second(text)),
    },
    Setting {
        directive: "timed-output",
        long: "seconds",
        short: Some('s'),
        value: "SECONDS",
        section: Section::Reports,
        help: "End after so long, with a report (or some, with --interval); 0 for never",
        set: |layer, text| put(&mut layer.seconds, values::seconds(text)),
    },
    Setting {
        directive: "num-lines",
        long: "lines",
        short: Some('L'),
        value: "NUMBER",
        section: Section::Reports,
        help: "At most so many rows per report [default: 10 in text, all in JSON]",
        set: |layer, text| put(&mut layer.lines, values::number(text)),
    },
];

fn put<T>(field: &mut Option<T>, value: Result<T, String>) -> Result<(), String> {
    *field = Some(value?);
    Ok(())
}

/// An empty text says that there is to be none.
fn unless_blank<T>(text: &str, parse: fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.trim().is_empty() { Ok(None) } else { parse(text).map(Some) }
}
