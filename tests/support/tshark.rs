//! What tshark reads of a capture file: the same numbers, found by somebody else's code.

use std::{collections::BTreeMap, net::IpAddr, path::Path, process::Command, time::Duration};

/// Packets and bytes of IP from one address to another.
pub type Ways = BTreeMap<(IpAddr, IpAddr), (u64, u64)>;

/// A file, read as far as it can be.
#[derive(Debug, Default)]
pub struct Reading {
    /// Packets and bytes of frames.
    pub frames: (u64, u64),
    /// From the first packet to the latest.
    pub elapsed: Duration,
    pub ways: Ways,
    /// Whether the file ends too early.
    pub is_cut: bool,
}

const FIELDS: [&str; 9] = [
    "frame.len",
    "frame.time_epoch",
    "frame.protocols",
    "ip.src",
    "ip.dst",
    "ip.len",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.plen",
];
const IPV6_HEADER_BYTES: u64 = 40;
/// What tshark looks behind and iftop does not: there, the frame is no IP.
const CLOSED: [&str; 1] = ["pppoes"];

/// Reads a file.
pub fn read(file: &Path) -> Reading {
    let mut command = Command::new("tshark");
    // Whatever preferences somebody has there are no part of a test.
    command.env("WIRESHARK_CONFIG_DIR", "/nonexistent").args(["-n", "-r"]).arg(file);
    // Packets alone: it shows other blocks too.
    command.args(["-Y", "frame.encap_type"]);
    // Each packet for itself, and of several headers the outermost.
    command.args(["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]);
    command.args(["-T", "fields", "-E", "occurrence=f"]);
    command.args(FIELDS.iter().flat_map(|field| ["-e", field]));
    let output = command.output().unwrap_or_else(|error| panic!("tshark: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    let is_cut = errors.contains("cut short in the middle of a packet");
    assert!(output.status.success() || is_cut, "{}: {errors}", file.display());
    let mut reading = Reading { is_cut, ..Reading::default() };
    let mut first = None;
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let fields: [&str; FIELDS.len()] = fields.try_into().unwrap();
        reading.frames.0 += 1;
        reading.frames.1 += number(fields[0]);
        if let Some(time) = time(fields[1]) {
            let since = time.saturating_sub(*first.get_or_insert(time));
            reading.elapsed = reading.elapsed.max(since);
        }
        if let Some((way, bytes)) = way(&fields) {
            let sum = reading.ways.entry(way).or_default();
            *sum = (sum.0 + 1, sum.1 + bytes);
        }
    }
    reading
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Since 1970, in seconds with nine decimals; nothing where the packet has no time.
fn time(text: &str) -> Option<Duration> {
    let (seconds, nanoseconds) = text.split_once('.')?;
    assert_eq!(nanoseconds.len(), 9, "{text}");
    Some(Duration::new(number(seconds), nanoseconds.parse().unwrap()))
}

/// Of the first IP header in a frame, where it is whole: both addresses, and bytes.
fn way(fields: &[&str; FIELDS.len()]) -> Option<((IpAddr, IpAddr), u64)> {
    let protocols = fields[2].split(':').take_while(|protocol| !CLOSED.contains(protocol));
    let outermost = protocols.into_iter().find(|protocol| ["ip", "ipv6"].contains(protocol))?;
    let (fields, header) =
        if outermost == "ip" { (&fields[3..6], 0) } else { (&fields[6..9], IPV6_HEADER_BYTES) };
    let source = fields[0].parse().ok()?;
    let destination = fields[1].parse().ok()?;
    Some(((source, destination), number(fields[2]) + header))
}
