//! Aggregates: as how many bytes and packets each counts. One line per case.

use std::net::Ipv6Addr;

use crate::support::frame::{self, TCP, UDP, V4};
use iftop_common::{
    Count,
    aggregate::{
        Counted, Gso, count,
        kind::{TCP4, TCP6, UDP4, UDP6},
    },
    parse::{Direction, Hook, LinkType, parse},
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
            mac: MAC,
            interface: 0,
            stripped_vlan: None,
        };
        let parsed = parse(&frame[..], &hook).unwrap();
        let counted = count(&frame[..], &parsed, Gso { segments, segment_bytes }, kinds);
        let (frames, packets, frame_headers, ip_headers) = expected;
        let further = packets - 1;
        let frame_bytes = frame.len() as u64 + further * frame_headers;
        let ip_bytes = u64::from(parsed.ip_bytes) + further * ip_headers;
        let frame = Count { bytes: frame_bytes, packets: frames };
        let ip = Count { bytes: ip_bytes, packets };
        assert_eq!(counted, Counted { frame, ip }, "{name}");
    }
}
