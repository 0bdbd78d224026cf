//! The packet parser: which key and how many bytes, or why not. One line per case.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv6Addr},
};

use crate::{
    fuzz::parser::Distant,
    support::frame::{self, TCP, UDP, V4},
};
use iftop_common::{
    FlowKey,
    parse::{Direction, Hook, LinkType, Mac, Packet, Refused, Vlan, parse},
};

const OUR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const THEIR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
const OTHER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 3];
const US: [u8; 4] = [10, 0, 0, 1];
const THEM: [u8; 4] = [10, 0, 0, 2];
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

const INGRESS: Hook = Hook {
    direction: Direction::Ingress,
    link_type: LinkType::Ethernet,
    mac: Mac::new(OUR_MAC),
    interface: 3,
    stripped_vlan: Vlan::NONE,
};
const EGRESS: Hook = Hook { direction: Direction::Egress, ..INGRESS };
const RAW: Hook = Hook { link_type: LinkType::RawIp, ..INGRESS };
const STRIPPED: Hook = Hook { stripped_vlan: Vlan::new(0xe064), ..INGRESS };

fn packet4() -> V4<'static> {
    V4 { source: THEM.into(), destination: US.into(), protocol: UDP, options: &[], fragment: 0 }
}

fn packet6(extensions: &[(u8, &[u8])], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let (us, them): (Ipv6Addr, Ipv6Addr) = ("fd00::1".parse().unwrap(), "fd00::2".parse().unwrap());
    frame::ipv6(them, us, extensions, protocol, payload)
}

fn to_us(ethertype: u16, packet: &[u8]) -> Vec<u8> {
    frame::ethernet(OUR_MAC, THEIR_MAC, &[], ethertype, packet)
}

fn with(mut bytes: Vec<u8>, changes: &[(usize, u8)]) -> Vec<u8> {
    for &(place, byte) in changes {
        bytes[place] = byte;
    }
    bytes
}

fn cut(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.truncate(length);
    bytes
}

/// `near:port < far:port protocol bytes flags`, or the refusal.
fn parsed(frame: &[u8], hook: &Hook) -> String {
    match parse(frame, hook) {
        Err(Refused::NotIp) => "not IP".to_owned(),
        Err(Refused::Malformed) => "malformed".to_owned(),
        Ok(parsed) => {
            let key = parsed.key();
            assert_eq!(key.interface, hook.interface);
            let address = |bytes: [u8; 16]| {
                let address = Ipv6Addr::from(bytes);
                if key.has(FlowKey::IPV6) {
                    IpAddr::from(address)
                } else {
                    address.to_ipv4_mapped().expect("IPv4 is v4-mapped").into()
                }
            };
            let arrow = if hook.direction == Direction::Ingress { '<' } else { '>' };
            let mut text = format!(
                "{} {} {arrow} {} {} p{} {}B",
                address(key.near),
                key.near_port,
                address(key.far),
                key.far_port,
                key.protocol,
                parsed.ip_bytes
            );
            if key.vlan() != 0 {
                write!(text, " vlan {}", key.vlan()).unwrap();
            }
            for (flag, name) in
                [(FlowKey::LATER_FRAGMENT, " later"), (FlowKey::THIRD_PARTY, " third party")]
            {
                if key.has(flag) {
                    text += name;
                }
            }
            text
        }
    }
}

fn check(cases: &[(&str, Vec<u8>, Hook, &str)]) {
    for (name, frame, hook, expected) in cases {
        assert_eq!(parsed(frame, hook), *expected, "{name}: {frame:02x?}");
    }
}

#[test]
fn link_layers() {
    let datagram = frame::udp(5000, 53, 20);
    let plain = packet4().packet(&datagram);
    let tagged = |tags: &[(u16, u16)]| frame::ethernet(OUR_MAC, THEIR_MAC, tags, IPV4, &plain);
    let received = "10.0.0.1 53 < 10.0.0.2 5000 p17 48B";
    check(&[
        ("plain", to_us(IPV4, &plain), INGRESS, received),
        ("sent", to_us(IPV4, &plain), EGRESS, "10.0.0.2 5000 > 10.0.0.1 53 p17 48B"),
        ("802.1Q", tagged(&[(0x8100, 5)]), INGRESS, &format!("{received} vlan 5")),
        ("priority bits", tagged(&[(0x8100, 0xe005)]), INGRESS, &format!("{received} vlan 5")),
        ("priority tag", tagged(&[(0x8100, 0xe000)]), INGRESS, received),
        ("QinQ", tagged(&[(0x88a8, 7), (0x8100, 5)]), INGRESS, &format!("{received} vlan 7")),
        ("old QinQ", tagged(&[(0x9100, 7), (0x8100, 5)]), INGRESS, &format!("{received} vlan 7")),
        ("three tags", tagged(&[(0x88a8, 7), (0x8100, 5), (0x8100, 6)]), INGRESS, "not IP"),
        ("stripped", to_us(IPV4, &plain), STRIPPED, &format!("{received} vlan 100")),
        ("one stripped", tagged(&[(0x8100, 5)]), STRIPPED, &format!("{received} vlan 100")),
        ("cut tag", cut(tagged(&[(0x8100, 5)]), 17), INGRESS, "not IP"),
        ("ARP", to_us(0x0806, &[0; 28]), INGRESS, "not IP"),
        ("MPLS", to_us(0x8847, &plain), INGRESS, "not IP"),
        ("802.3 length", to_us(0x0026, &plain), INGRESS, "not IP"),
        ("nothing", Vec::new(), INGRESS, "not IP"),
        ("cut ethertype", cut(to_us(IPV4, &plain), 13), INGRESS, "not IP"),
        (
            "for somebody else",
            frame::ethernet(OTHER_MAC, THEIR_MAC, &[], IPV4, &plain),
            INGRESS,
            &format!("{received} third party"),
        ),
        (
            "multicast",
            frame::ethernet([1, 0, 0x5e, 0, 0, 1], THEIR_MAC, &[], IPV4, &plain),
            INGRESS,
            received,
        ),
        ("raw IPv4", plain.clone(), RAW, received),
        ("raw IPv6", packet6(&[], UDP, &datagram), RAW, "fd00::1 53 < fd00::2 5000 p17 68B"),
        ("raw, something else", vec![0x50; 60], RAW, "not IP"),
        ("raw, nothing", Vec::new(), RAW, "not IP"),
    ]);
}

#[test]
fn ipv4() {
    let datagram = frame::udp(5000, 53, 20);
    let plain = packet4().packet(&datagram);
    let eth = |packet: Vec<u8>| to_us(IPV4, &packet);
    let protocol = |protocol| eth(V4 { protocol, ..packet4() }.packet(&datagram));
    let fragment = |fragment| eth(V4 { fragment, ..packet4() }.packet(&datagram));
    let mut padded = eth(V4 { protocol: TCP, ..packet4() }.packet(&frame::udp(80, 81, 12)));
    padded.resize(60, 0xee);
    // Two bytes of payload, then padding that looks like ports.
    let mut short = eth(packet4().packet(&[0x13, 0x88]));
    short.resize(60, 0x11);
    let ports = |protocol: u8| format!("10.0.0.1 53 < 10.0.0.2 5000 p{protocol} 48B");
    let bare = |protocol: u8| format!("10.0.0.1 0 < 10.0.0.2 0 p{protocol} 48B");
    check(&[
        ("TCP", protocol(6), INGRESS, &ports(6)),
        ("DCCP", protocol(33), INGRESS, &ports(33)),
        ("SCTP", protocol(132), INGRESS, &ports(132)),
        ("UDP-Lite", protocol(136), INGRESS, &ports(136)),
        ("ICMP", protocol(1), INGRESS, &bare(1)),
        ("GRE", protocol(47), INGRESS, &bare(47)),
        (
            "options",
            eth(V4 { options: &[1; 40], ..packet4() }.packet(&datagram)),
            INGRESS,
            "10.0.0.1 53 < 10.0.0.2 5000 p17 88B",
        ),
        ("padding", padded, INGRESS, "10.0.0.1 81 < 10.0.0.2 80 p6 40B"),
        ("padding is no port", short, INGRESS, "10.0.0.1 0 < 10.0.0.2 0 p17 22B"),
        ("first fragment", fragment(0x2000), INGRESS, &ports(17)),
        ("later fragment", fragment(0x2010), INGRESS, &format!("{} later", bare(17))),
        ("last fragment", fragment(0x0010), INGRESS, &format!("{} later", bare(17))),
        ("do not fragment", fragment(0x4000), INGRESS, &ports(17)),
        (
            "length 0: an aggregate",
            with(eth(plain.clone()), &[(16, 0), (17, 0)]),
            INGRESS,
            &ports(17),
        ),
        (
            "length beyond the frame",
            with(eth(plain.clone()), &[(16, 5), (17, 0xdc)]),
            INGRESS,
            &ports(17),
        ),
        (
            "length below the header",
            with(eth(plain.clone()), &[(16, 0), (17, 19)]),
            INGRESS,
            "malformed",
        ),
        ("header of 16 bytes", with(eth(plain.clone()), &[(14, 0x44)]), INGRESS, "malformed"),
        (
            "header beyond the frame",
            with(cut(eth(plain.clone()), 14 + 24), &[(14, 0x4f)]),
            INGRESS,
            "malformed",
        ),
        ("version 5", with(eth(plain.clone()), &[(14, 0x55)]), INGRESS, "malformed"),
        ("cut header", cut(eth(plain.clone()), 14 + 19), INGRESS, "malformed"),
        (
            "header alone",
            cut(eth(plain.clone()), 14 + 20),
            INGRESS,
            "10.0.0.1 0 < 10.0.0.2 0 p17 20B",
        ),
        ("cut ports", cut(eth(plain.clone()), 14 + 23), INGRESS, "10.0.0.1 0 < 10.0.0.2 0 p17 23B"),
    ]);
}

#[test]
fn ipv6() {
    let datagram = frame::udp(5000, 53, 20);
    let eth = |extensions: &[(u8, &[u8])]| to_us(IPV6, &packet6(extensions, UDP, &datagram));
    let options = |number: u8| (number, &[0, 1, 4, 0, 0, 0, 0][..]);
    let long: (u8, &[u8]) = (60, &[1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let authentication: (u8, &[u8]) =
        (51, &[4, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    let first: (u8, &[u8]) = (44, &[0, 0, 1, 0, 0, 0, 9]);
    let later: (u8, &[u8]) = (44, &[0, 0, 8, 0, 0, 0, 9]);
    let ports = |bytes: usize| format!("fd00::1 53 < fd00::2 5000 p17 {bytes}B");
    let plain = eth(&[]);
    let mut nothing = to_us(IPV6, &packet6(&[], 59, &[]));
    nothing.resize(60, 0);
    check(&[
        ("plain", plain.clone(), INGRESS, &ports(68)),
        ("hop-by-hop", eth(&[options(0)]), INGRESS, &ports(76)),
        ("routing, destination", eth(&[options(43), long]), INGRESS, &ports(92)),
        (
            "mobility, HIP, shim6",
            eth(&[options(135), options(139), options(140)]),
            INGRESS,
            &ports(92),
        ),
        ("authentication", eth(&[authentication]), INGRESS, &ports(92)),
        ("eight", eth(&[options(60); 8]), INGRESS, &ports(132)),
        ("nine", eth(&[options(60); 9]), INGRESS, "fd00::1 0 < fd00::2 0 p60 140B"),
        ("first fragment", eth(&[first]), INGRESS, &ports(76)),
        (
            "later fragment",
            eth(&[options(0), later]),
            INGRESS,
            "fd00::1 0 < fd00::2 0 p17 84B later",
        ),
        (
            "fragment of options",
            to_us(IPV6, &packet6(&[later], 60, &datagram)),
            INGRESS,
            "fd00::1 0 < fd00::2 0 p60 76B later",
        ),
        (
            "ESP",
            to_us(IPV6, &packet6(&[], 50, &datagram)),
            INGRESS,
            "fd00::1 0 < fd00::2 0 p50 68B",
        ),
        ("no next header, padded", nothing, INGRESS, "fd00::1 0 < fd00::2 0 p59 40B"),
        ("length 0: an aggregate", with(plain.clone(), &[(18, 0), (19, 0)]), INGRESS, &ports(68)),
        ("length beyond the frame", with(plain.clone(), &[(18, 9)]), INGRESS, &ports(68)),
        (
            "cut in the chain",
            cut(eth(&[options(0)]), 14 + 40 + 6),
            INGRESS,
            "fd00::1 0 < fd00::2 0 p0 46B",
        ),
        ("cut header", cut(plain.clone(), 14 + 39), INGRESS, "malformed"),
        ("version 4", with(plain.clone(), &[(14, 0x45)]), INGRESS, "malformed"),
    ]);
}

/// Whatever the bytes are, the parser comes back, never counts more than there is, and says the same
/// of a usual packet by the short way and by the long one.
#[test]
fn broken_frames_do_no_harm() {
    let mut random = fastrand::Rng::with_seed(7);
    let samples = frame::samples(OUR_MAC, THEIR_MAC);
    for _ in 0..300_000 {
        let frame = frame::broken(&samples, &mut random);
        for hook in [INGRESS, EGRESS, RAW] {
            let parsed = parse(&frame[..], &hook);
            if let Ok(parsed) = parsed {
                assert!(parsed.ip_bytes <= frame.frame_bytes(), "{frame:02x?}");
            }
            assert_eq!(parsed, parse(&Distant(&frame), &hook), "{frame:02x?}");
        }
    }
}
