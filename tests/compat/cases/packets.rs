//! What counts as a packet, and how many bytes it has.

use super::{Case, Different, Random, Same, case, check};
use crate::support::{
    frame::{self, TCP, UDP, V4},
    net::{VA_MAC, VB_MAC},
    traffic::{Sent, into, packet, tagged, udp},
};

#[test]
#[ignore = "needs root: cargo xtask test"]
fn packets_count_as_in_classic_iftop() {
    check(&cases());
}

/// Some other protocol than IP in a frame of this ethertype.
fn not_ip(ethertype: u16) -> Sent {
    Sent::In(frame::ethernet(VA_MAC, VB_MAC, &[], ethertype, &[0; 46]))
}

fn fragment(offset: u16, payload: &[u8]) -> Sent {
    let [source, destination] = [[10, 9, 0, 2].into(), [10, 9, 0, 1].into()];
    let header = V4 { source, destination, protocol: UDP, options: &[], fragment: offset };
    into(&header.packet(payload))
}

/// The same packet with one byte changed, cut to a length.
fn broken(packet: &[u8], place: usize, byte: u8, length: usize) -> Sent {
    let mut packet = packet.to_vec();
    packet[place] = byte;
    packet.truncate(length);
    // Its first byte may say neither 4 nor 6.
    let ethertype = if packet.len() > 40 && packet[0] == 0x60 { 0x86dd } else { 0x0800 };
    Sent::In(frame::ethernet(VA_MAC, VB_MAC, &[], ethertype, &packet))
}

/// 40 bytes, in a frame filled up to 60.
fn padded() -> Sent {
    let packet = packet(TCP, "10.9.0.2:8", "10.9.0.1:2", 12);
    let mut frame = frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &packet);
    frame.resize(60, 0);
    Sent::In(frame)
}

/// 38 bytes that claim to be 1500.
fn lying() -> Sent {
    let mut packet = udp("10.9.0.2:7", "10.9.0.1:2", 10);
    packet[2..4].copy_from_slice(&1500_u16.to_be_bytes());
    into(&packet)
}

/// A datagram in two; the second looks like ports 4660 and 22136.
fn fragments() -> [Sent; 2] {
    let first = fragment(0x2000, &frame::udp(3333, 4444, 72));
    [first, fragment(0x000a, &[&[0x12, 0x34, 0x56, 0x78][..], &[0; 36]].concat())]
}

fn cases() -> Vec<Case> {
    let plain = || udp("10.9.0.2:7", "10.9.0.1:2", 92);
    let answer = || udp("10.9.0.1:2", "10.9.0.2:7", 92);
    let plain6 = || udp("[fd00:9::2]:7", "[fd00:9::1]:2", 60);
    vec![
        case(
            "3",
            "-N -P",
            vec![into(&plain()), into(&plain6()), padded()],
            &[
                "10.9.0.1:2 10.9.0.2:7 0 120",
                "[fd00:9::1]:2 [fd00:9::2]:7 0 108",
                "10.9.0.1:2 10.9.0.2:8 0 40",
            ],
            Same,
        ),
        case(
            "4",
            "-N -P",
            vec![lying()],
            &["10.9.0.1:2 10.9.0.2:7 0 38"],
            Different("a header that claims more bytes than the frame has is not believed"),
        ),
        case(
            "10",
            "-N -P",
            vec![not_ip(0x0806), not_ip(46), not_ip(0x8847), not_ip(0x8864)],
            &[],
            Same,
        ),
        case(
            "10",
            "-N -P",
            vec![tagged(&[(0x88a8, 100), (0x8100, 200)], &plain())],
            &["10.9.0.1:2 10.9.0.2:7 0 120"],
            Different("what two VLAN tags (QinQ) stand before is counted"),
        ),
        case(
            "11",
            "-N -P",
            vec![tagged(&[(0x8100, 5)], &plain()), tagged(&[(0x8100, 6)], &plain6())],
            &["10.9.0.1:2 10.9.0.2:7 0 120", "[fd00:9::1]:2 [fd00:9::2]:7 0 108"],
            Same,
        ),
        case(
            "11",
            "-N -P",
            vec![Sent::Out(frame::ethernet(VB_MAC, VA_MAC, &[(0x8100, 5)], 0x0800, &answer()))],
            &["10.9.0.1:2 10.9.0.2:7 120 0"],
            Different("a VLAN tag that is still in the frame when it is sent is passed over"),
        ),
        case(
            "17",
            "-P",
            vec![
                into(&packet(TCP, "10.9.0.2:40001", "10.9.0.1:80", 100)),
                into(&udp("10.9.0.2:40001", "10.9.0.1:80", 90)),
                into(&udp("10.9.0.2:40001", "10.9.0.1:53", 80)),
                into(&udp("10.9.0.2:40001", "10.9.0.1:161", 70)),
                into(&packet(TCP, "[fd00:9::2]:40001", "[fd00:9::1]:443", 30)),
            ],
            &[
                "10.9.0.1:http 10.9.0.2:40001 0 128",
                "10.9.0.1:80 10.9.0.2:40001 0 118",
                "10.9.0.1:domain 10.9.0.2:40001 0 108",
                "10.9.0.1:snmp 10.9.0.2:40001 0 98",
                "[fd00:9::1]:https [fd00:9::2]:40001 0 78",
            ],
            Same,
        ),
        case(
            "29",
            "-N -P",
            vec![broken(&plain(), 0, 0x55, 120)],
            &[],
            Random("no row for a version that is neither 4 nor 6"),
        ),
        case(
            "29",
            "-N -P",
            vec![
                broken(&plain(), 0, 0x45, 10),
                broken(&plain(), 0, 0x4f, 50),
                broken(&plain6(), 0, 0x60, 30),
            ],
            &[],
            Different("a header that is not whole is not read beyond its end"),
        ),
        case(
            "30",
            "-N -P",
            fragments().into(),
            &["10.9.0.1:4444 10.9.0.2:3333 0 100", "10.9.0.1 10.9.0.2 0 60"],
            Different("payload of later fragments is not read as ports"),
        ),
    ]
}
