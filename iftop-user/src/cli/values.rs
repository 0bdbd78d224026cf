//! The values that options take, each from its text, on the command line and in the file. An error
//! says what the option takes.

use std::{str::FromStr, time::Duration};

use iftop_common::{Bytes, Table};

use crate::{
    app::lines::LineDisplay,
    filter::ScreenFilter,
    options::LEAST_MEMORY,
    source::{
        Choice,
        hook::{HookChoice, HookKind, XdpBy},
    },
    units::{Prefixes, Unit},
    view::{Grouping, PortDisplay, Sort},
};

mod local;
mod nets;

pub use local::local;
pub use nets::{net4, net6};

const SECONDS_PER_DAY: u64 = 86_400;

/// Flows that can be asked for.
const MOST_FLOWS: u32 = 1 << 24;

/// What `-o` takes.
pub fn sort(text: &str) -> Result<Sort, String> {
    match text {
        "2s" => Ok(Sort::Two),
        "10s" => Ok(Sort::Ten),
        "40s" => Ok(Sort::Forty),
        "cumulative" => Ok(Sort::Cumulative),
        "source" => Ok(Sort::Source),
        "destination" => Ok(Sort::Destination),
        _ => Err("it takes 2s, 10s, 40s, cumulative, source or destination".to_owned()),
    }
}

/// What `--group` takes.
pub fn grouping(text: &str) -> Result<Grouping, String> {
    let found = Grouping::ALL.into_iter().find(|grouping| grouping.name() == text);
    found.ok_or_else(|| "it takes flow, host, network, service or protocol".to_owned())
}

/// What `--port-display` takes.
pub fn port_display(text: &str) -> Result<PortDisplay, String> {
    match text {
        "off" => Ok(PortDisplay::Off),
        "source-only" => Ok(PortDisplay::SourceOnly),
        "destination-only" => Ok(PortDisplay::DestinationOnly),
        "on" => Ok(PortDisplay::On),
        _ => Err("it takes off, source-only, destination-only or on".to_owned()),
    }
}

/// What `--line-display` takes.
pub fn line_display(text: &str) -> Result<LineDisplay, String> {
    match text {
        "two-line" => Ok(LineDisplay::TwoLines),
        "one-line-both" => Ok(LineDisplay::Both),
        "one-line-sent" => Ok(LineDisplay::Sent),
        "one-line-received" => Ok(LineDisplay::Received),
        _ => Err("it takes two-line, one-line-both, one-line-sent or one-line-received".to_owned()),
    }
}

/// What `-u` takes.
pub fn unit(text: &str) -> Result<Unit, String> {
    match text {
        "bits" => Ok(Unit::Bits),
        "bytes" => Ok(Unit::Bytes),
        "packets" => Ok(Unit::Packets),
        _ => Err("it takes bits, bytes or packets".to_owned()),
    }
}

/// What `--units` takes.
pub fn prefixes(text: &str) -> Result<Prefixes, String> {
    match text {
        "binary" | "iec" => Ok(Prefixes::Binary),
        "si" => Ok(Prefixes::Decimal),
        _ => Err("it takes binary (powers of 1024) or si (powers of 1000)".to_owned()),
    }
}

/// What `--source` takes.
pub fn source(text: &str) -> Result<Choice, String> {
    match text {
        "auto" => Ok(Choice::Auto),
        "ebpf" => Ok(Choice::Ebpf),
        "pcap" => Ok(Choice::Pcap),
        _ => Err("it takes auto, ebpf or pcap".to_owned()),
    }
}

/// What `--hook` takes.
pub fn hook(text: &str) -> Result<HookChoice, String> {
    match text {
        "auto" => Ok(HookChoice::Auto),
        "tcx" => Ok(HookChoice::Only(HookKind::Tcx)),
        "clsact" => Ok(HookChoice::Only(HookKind::Clsact)),
        "xdp" | "xdp=generic" => Ok(HookChoice::Xdp(XdpBy::Kernel)),
        "xdp=native" => Ok(HookChoice::Xdp(XdpBy::Driver)),
        _ => Err("it takes auto, tcx, clsact, xdp, xdp=generic or xdp=native".to_owned()),
    }
}

/// What `--table` takes.
pub fn table(text: &str) -> Result<Table, String> {
    match text {
        "flat" => Ok(Table::Flat),
        "hash" => Ok(Table::Hash),
        _ => Err("it takes flat or hash".to_owned()),
    }
}

/// What `--bytes` takes.
pub fn bytes(text: &str) -> Result<Bytes, String> {
    match text {
        "ip" => Ok(Bytes::Ip),
        "wire" => Ok(Bytes::Wire),
        _ => Err("it takes ip or wire".to_owned()),
    }
}

/// What `--max-memory` takes: bytes, or with K, M or G multiples of 1024.
pub fn memory(text: &str) -> Result<u64, String> {
    let factors = [('K', 10), ('M', 20), ('G', 30)];
    let last = text.chars().last().map(|c| c.to_ascii_uppercase());
    let factor = factors.iter().find(|(letter, _)| Some(*letter) == last);
    let (number, shift) = factor.map_or((text, 0), |&(_, shift)| (&text[..text.len() - 1], shift));
    let bytes = digits::<u64>(number).and_then(|number| number.checked_mul(1 << shift));
    bytes.filter(|&bytes| bytes >= LEAST_MEMORY).ok_or_else(|| {
        format!(
            "it takes a number of bytes, or one with K, M or G, from {}M on",
            LEAST_MEMORY >> 20
        )
    })
}

/// What `--max-flows` takes.
pub fn flows(text: &str) -> Result<u32, String> {
    let flows = digits(text).filter(|&flows| (1..=MOST_FLOWS).contains(&flows));
    flows.ok_or_else(|| format!("it takes a whole number, 1 to {MOST_FLOWS}"))
}

/// A yes or no of the file, as iftop has them.
pub fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

/// What `-s` takes.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<u32> = digits(text);
    seconds
        .map(|seconds| Duration::from_secs(seconds.into()))
        .ok_or_else(|| "it takes whole seconds, 0 for no end".to_owned())
}

/// What `--interval` takes.
pub fn interval(text: &str) -> Result<Duration, String> {
    let seconds = digits(text).filter(|seconds| (1..=SECONDS_PER_DAY).contains(seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| format!("it takes whole seconds, 1 to {SECONDS_PER_DAY}"))
}

/// What `-L` takes.
pub fn number(text: &str) -> Result<usize, String> {
    digits(text).ok_or_else(|| "it takes a whole number, 0 or more".to_owned())
}

/// What `--speed` takes.
pub fn speed(text: &str) -> Result<f64, String> {
    let speed: Option<f64> = text.parse().ok();
    speed
        .filter(|speed| (0.01..=10_000.0).contains(speed))
        .ok_or_else(|| "it takes a number, 0.01 to 10000".to_owned())
}

/// What `--count` takes.
pub fn count(text: &str) -> Result<u64, String> {
    let count = digits(text).filter(|&count| count > 0);
    count.ok_or_else(|| "it takes a whole number, 1 or more".to_owned())
}

/// What `-m` takes: digits and at most one letter, in steps of 1024 as in iftop.
pub fn bits_per_second(text: &str) -> Result<u64, String> {
    let (number, factor) = match text.char_indices().next_back() {
        Some((end, 'k' | 'K')) => (&text[..end], 1 << 10),
        Some((end, 'm' | 'M')) => (&text[..end], 1 << 20),
        Some((end, 'g' | 'G')) => (&text[..end], 1 << 30),
        Some((end, 'b' | 'B')) => (&text[..end], 1),
        _ => (text, 1),
    };
    digits(number)
        .and_then(|number: u64| number.checked_mul(factor))
        .ok_or_else(|| "it takes a whole number, with K, M or G at most behind it".to_owned())
}

/// What `--screen-filter` takes.
pub fn screen_filter(text: &str) -> Result<Option<ScreenFilter>, String> {
    ScreenFilter::parse(text).map_err(|error| {
        // The lines before the last show the expression and the place in it.
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default();
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        format!("it takes a regular expression: {reason}")
    })
}

/// A number of digits alone: `parse` takes a sign too.
fn digits<T: FromStr>(text: &str) -> Option<T> {
    let only_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| only_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        let cases = [
            ("0", Some(0)),
            ("64k", Some(65_536)),
            ("2M", Some(2 << 20)),
            ("10G", Some(10 << 30)),
            ("100b", Some(100)),
            ("", None),
            ("M", None),
            ("1.5M", None),
            ("-5", None),
            ("+5", None),
            ("10Mb", None),
            ("10Q", None),
            ("18446744073709551615G", None),
        ];
        for (text, expected) in cases {
            assert_eq!(bits_per_second(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_whole_and_bounded() {
        type Parse = fn(&str) -> Option<u64>;
        let seconds: Parse = |text| seconds(text).ok().map(|time| time.as_secs());
        let interval: Parse = |text| interval(text).ok().map(|time| time.as_secs());
        let number: Parse = |text| number(text).ok().map(|number| number as u64);
        let count: Parse = |text| count(text).ok();
        let cases = [
            (seconds, "0", Some(0)),
            (seconds, "4294967295", Some(4_294_967_295)),
            (seconds, "4294967296", None),
            (seconds, "1s", None),
            (seconds, "+5", None),
            (seconds, "1.5", None),
            (seconds, "", None),
            (interval, "1", Some(1)),
            (interval, "86400", Some(86_400)),
            (interval, "0", None),
            (interval, "86401", None),
            (number, "0", Some(0)),
            (number, "7", Some(7)),
            (number, "-1", None),
            (number, "abc", None),
            (count, "1", Some(1)),
            (count, "0", None),
        ];
        for (parse, text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
