//! Aggregates: as how many bytes and packets each counts. One line per case.

use std::net::Ipv6Addr;

use crate::support::frame::{self, TCP, UDP, V4};
use iftop_common::{
    Count,
    aggregate::{
        Gso, count,
        kind::{TCP4, TCP6, UDP4, UDP6},
    },
    parse::{Direction, Hook, LinkType, Mac, Vlan, parse},
};

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const PAYLOAD_BYTES: usize = 3000;

/// What follows the IP header: TCP's is 32 bytes long, another's 8.
fn transport(protocol: u8) -> Vec<u8> {
    if protocol != TCP {
        return frame::udp(443, 50_000, PAYLOAD_BYTES);
    }
    let mut segment = frame::udp(443, 50_000, 24 + PAYLOAD_BYTES);
    segment[12] = 8 << 4;
    segment
}

fn v4(tags: &[(u16, u16)], protocol: u8, options: &[u8], fragment: u16) -> Vec<u8> {
    let (source, destination) = ([10, 9, 0, 1].into(), [10, 9, 0, 2].into());
    let packet =
        V4 { source, destination, protocol, options, fragment }.packet(&transport(protocol));
    frame::ethernet(MAC, MAC, tags, 0x0800, &packet)
}

fn v6(extensions: &[(u8, &[u8])], protocol: u8) -> Vec<u8> {
    let us: Ipv6Addr = "fd00:9::1".parse().unwrap();
    let packet = frame::ipv6(us, us, extensions, protocol, &transport(protocol));
    frame::ethernet(MAC, MAC, &[], 0x86dd, &packet)
}

#[test]
fn segments_that_the_kernel_makes_have_headers_of_their_own() {
    const ALL: u8 = TCP4 | TCP6 | UDP4 | UDP6;
    const HOP_BY_HOP: (u8, &[u8]) = (0, &[0, 5, 2, 0, 0, 1, 0]);
    let plain4 = || v4(&[], TCP, &[], 0);
    // (kinds that the kernel cuts up, segments, their bytes)
    // → frames, packets, headers of each further segment: of the frame, of IP
    for (name, frame, (kinds, segments, segment_bytes), expected) in [
        ("no aggregate", plain4(), (ALL, 0, 0), (1, 1, 0, 0)),
        ("one segment", plain4(), (ALL, 1, 0), (1, 1, 0, 0)),
        ("TCP", plain4(), (TCP4, 3, 1448), (3, 3, 14 + 20 + 32, 20 + 32)),
        ("cut up by the device", plain4(), (ALL - TCP4, 3, 1448), (1, 3, 0, 0)),
        ("from a guest", plain4(), (TCP4, 0, 1448), (3, 3, 14 + 20 + 32, 20 + 32)),
        ("that, by the device", plain4(), (0, 0, 1448), (1, 3, 0, 0)),
        ("with options", v4(&[], TCP, &[1; 12], 0), (TCP4, 2, 1500), (2, 2, 14 + 32 + 32, 32 + 32)),
        ("tagged", v4(&[(0x8100, 5)], TCP, &[], 0), (TCP4, 2, 1500), (2, 2, 18 + 20 + 32, 20 + 32)),
        ("TCP over IPv6", v6(&[], TCP), (TCP6, 3, 1428), (3, 3, 14 + 40 + 32, 40 + 32)),
        ("IPv4 means not IPv6", v6(&[], TCP), (TCP4, 3, 1428), (1, 3, 0, 0)),
        ("extended", v6(&[HOP_BY_HOP], TCP), (TCP6, 3, 1428), (3, 3, 14 + 48 + 32, 48 + 32)),
        ("UDP", v4(&[], UDP, &[], 0), (UDP4, 3, 1000), (3, 3, 14 + 20 + 8, 20 + 8)),
        ("UDP over IPv6", v6(&[], UDP), (UDP6, 3, 1000), (3, 3, 14 + 40 + 8, 40 + 8)),
        ("a tunnel over UDP", v4(&[], UDP, &[], 0), (UDP4, 2, 1448), (1, 2, 0, 0)),
        ("another protocol", v4(&[], 47, &[], 0), (ALL, 3, 1448), (1, 3, 0, 0)),
        ("a later fragment", v4(&[], TCP, &[], 1), (ALL, 3, 1448), (1, 3, 0, 0)),
    ] {
        let hook = Hook {
            direction: Direction::Egress,
            link_type: LinkType::Ethernet,
            mac: Mac::new(MAC),
            interface: 0,
            stripped_vlan: Vlan::NONE,
        };
        let parsed = parse(&frame[..], &hook).unwrap();
        let counted = count(&frame[..], &parsed, &hook, Gso { segments, segment_bytes }, kinds);
        let (frames, packets, frame_headers, ip_headers) = expected;
        let further = packets - 1;
        let frame_bytes = frame.len() as u64 + further * frame_headers;
        let ip_bytes = parsed.ip_bytes + further * ip_headers;
        let frame = Count { bytes: frame_bytes, packets: frames };
        let ip = Count { bytes: ip_bytes, packets };
        assert_eq!((counted.frame, counted.ip), (frame, ip), "{name}");
    }
}

/// What the cable carried does not depend on who cuts an aggregate up.
#[test]
fn the_wire_carries_every_header_and_gap() {
    const GAPS: u64 = 24;
    let small = |bytes| {
        let v4 = V4 {
            source: [10, 9, 0, 1].into(),
            destination: [10, 9, 0, 2].into(),
            protocol: UDP,
            options: &[],
            fragment: 0,
        };
        frame::ethernet(MAC, MAC, &[], 0x0800, &v4.packet(&frame::udp(1, 2, bytes)))
    };
    let tcp4 = || v4(&[], TCP, &[], 0);
    let (none, tag) = (Vlan::NONE, Vlan::new(5));
    // (frame, its tag in metadata, segments, their bytes) → bytes
    for (name, frame, (tag, segments, segment_bytes), expected) in [
        ("plain", tcp4(), (none, 0, 0), 14 + 20 + 32 + 3000 + GAPS),
        ("short", small(3), (none, 0, 0), 60 + GAPS),
        ("short and tagged", small(15), (tag, 0, 0), 14 + 4 + 20 + 8 + 15 + GAPS),
        ("tagged", tcp4(), (tag, 0, 0), 14 + 4 + 20 + 32 + 3000 + GAPS),
        ("two segments", tcp4(), (none, 2, 1500), 2 * (14 + 20 + 32 + 1500 + GAPS)),
        ("a shorter last", tcp4(), (none, 3, 1448), 3 * (66 + GAPS) + 3000),
        ("a last that is padded", tcp4(), (none, 3, 1499), 3 * (66 + GAPS) + 3000),
        ("from a guest", tcp4(), (none, 0, 1448), 3 * (66 + GAPS) + 3000),
        ("tagged segments", tcp4(), (tag, 3, 1448), 3 * (70 + GAPS) + 3000),
        ("UDP padded", v4(&[], UDP, &[], 0), (none, 300, 10), 300 * (60 + GAPS)),
        // Of a tunnel's headers the least that they can be.
        ("a tunnel", v4(&[], UDP, &[], 0), (none, 2, 1448), 2 * (42 + 104 + 1448 + GAPS)),
        (
            "SCTP, each as long as it is",
            v4(&[], 132, &[], 0),
            (none, 3, 0xffff),
            3 * (46 + GAPS) + 2996,
        ),
        ("no transport", v4(&[], TCP, &[], 1), (none, 3, 1448), 66 + 3000 + 3 * GAPS),
    ] {
        for kinds in [0, TCP4 | UDP4] {
            let hook = Hook {
                direction: Direction::Egress,
                link_type: LinkType::Ethernet,
                mac: Mac::new(MAC),
                interface: 0,
                stripped_vlan: tag,
            };
            let parsed = parse(&frame[..], &hook).unwrap();
            let counted = count(&frame[..], &parsed, &hook, Gso { segments, segment_bytes }, kinds);
            assert_eq!(counted.wire_bytes, expected, "{name}");
        }
    }
}

/// Where there is no link header, no cable is known of.
#[test]
fn without_a_link_header_the_packets_alone_count() {
    let hook = Hook {
        direction: Direction::Egress,
        link_type: LinkType::RawIp,
        mac: Mac::new(MAC),
        interface: 0,
        stripped_vlan: Vlan::NONE,
    };
    let packet = v4(&[], TCP, &[], 0).split_off(14);
    let parsed = parse(&packet[..], &hook).unwrap();
    for ((segments, segment_bytes), expected) in [((0, 0), 3052), ((3, 1448), 3 * 52 + 3000)] {
        let counted = count(&packet[..], &parsed, &hook, Gso { segments, segment_bytes }, 0);
        assert_eq!(counted.wire_bytes, expected);
    }
}
