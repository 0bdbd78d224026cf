//! A row in the words of tcpdump (pcap-filter(7)).
//!
//! Pure text. Whoever pastes it sees the packets of the row, and more where the language has no words for less:
//! where both ends of the row have ports, also those of a flow between the same hosts that has the two ports the other
//! way round; of a network also what is between two hosts of ours there, and what is in a smaller one with a name of
//! its own; of a service also what has that port at the other side. It misses what the language cannot look into:
//! packets with two tags or a tag without a VLAN, with extension headers of IPv6, fragments without ports.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{RowGroup, RowId};
use crate::networks::Prefix;

/// Where no more is known.
const EITHER: &str = "(ip or ip6)";

/// An expression for the packets of a row, without regard to tags.
pub(super) fn packets(id: &RowId, group: &RowGroup) -> String {
    match group {
        RowGroup::Hosts => untagged(id),
        RowGroup::Network { prefixes, .. } => of_networks(prefixes),
        RowGroup::Service { port: Some(port), protocol, .. } => {
            format!("{} and port {port}", of_either(*protocol))
        }
        RowGroup::Service { port: None, protocol, .. } | RowGroup::Protocol(protocol) => {
            of_either(*protocol)
        }
    }
}

/// An expression for such packets as were seen in these VLANs (0 stands for no tag) and pass a packet filter.
/// That one says itself what it means of tags, or else it means each packet, behind whatever tag.
pub(super) fn tagged(packets: &str, vlans: &BTreeSet<u16>, filter: Option<&str>) -> String {
    let packets = match filter {
        Some(filter) => format!("({filter}) and {packets}"),
        None => packets.to_owned(),
    };
    if filter.is_some_and(speaks_of_tags) {
        return packets;
    }
    let tags: Vec<u16> = vlans.iter().copied().filter(|&vlan| vlan != 0).collect();
    match (&tags[..], vlans.contains(&0)) {
        ([], _) => packets,
        // Only what stands behind it is asked of the packet behind the tag.
        ([tag], false) => format!("vlan {tag} and {packets}"),
        (_, false) => format!("vlan and {packets}"),
        (_, true) => format!("({packets}) or (vlan and {packets})"),
    }
}

fn speaks_of_tags(filter: &str) -> bool {
    filter.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "vlan")
}

fn untagged(id: &RowId) -> String {
    let mut parts = Vec::new();
    let ends = id.bare_ends();
    let is_ipv6 = ends[0].is_ipv6();
    match id.protocol() {
        Some(number) => parts.push(of_protocol(number, is_ipv6)),
        None if id.is_of_both_families() => parts.push(EITHER.to_owned()),
        // A host alone would mean ARP too.
        None => parts.push(if is_ipv6 { "ip6" } else { "ip" }.to_owned()),
    }
    // Where both sides have the same one, each has to have it.
    let same_port = ends[0].port().filter(|port| ends[1].port() == Some(*port));
    for end in ends {
        let mut part = String::new();
        if !end.is_hidden() {
            // Writing to a string cannot fail.
            let _ = write!(part, "host {}", end.address());
        }
        if let Some(port) = end.port().filter(|_| same_port.is_none()) {
            let and = if part.is_empty() { "" } else { " and " };
            let _ = write!(part, "{and}port {port}");
        }
        if !part.is_empty() && !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.extend(same_port.map(|port| format!("src port {port} and dst port {port}")));
    parts.join(" and ")
}

/// In brackets where it is more than one word of the language; all there is where none is known.
fn of_networks(prefixes: &[Prefix]) -> String {
    let networks: Vec<_> = prefixes.iter().map(|prefix| format!("net {prefix}")).collect();
    match &networks[..] {
        [] => EITHER.to_owned(),
        [one] => one.clone(),
        many => format!("({})", many.join(" or ")),
    }
}

/// A protocol over IPv4 and over IPv6.
fn of_either(number: u8) -> String {
    let [v4, v6] = [false, true].map(|is_ipv6| of_protocol(number, is_ipv6));
    if v4 == v6 { v4 } else { format!("({v4} or {v6})") }
}

/// IANA "Protocol Numbers"; those that the language has a word for.
fn of_protocol(number: u8, is_ipv6: bool) -> String {
    match number {
        1 => "icmp".to_owned(),
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        58 => "icmp6".to_owned(),
        132 => "sctp".to_owned(),
        _ if is_ipv6 => format!("ip6 proto {number}"),
        _ => format!("ip proto {number}"),
    }
}
