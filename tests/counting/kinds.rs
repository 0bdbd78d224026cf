//! One frame of every kind that can be received, and the flow that it must be counted in.

use std::net::Ipv6Addr;

use super::{Flow, THEM, THEM6, US, US6, flow, v4};
use crate::support::{
    frame::{self, TCP, UDP, V4},
    net::{VA_MAC, VB_MAC},
};

/// One packet to be received, and where it must appear.
pub struct Case {
    pub frame: Vec<u8>,
    pub flow: Option<Flow>,
    pub ip_bytes: u64,
}

fn case(frame: Vec<u8>, flow: Flow, ip_bytes: usize) -> Case {
    Case { frame, flow: Some(flow), ip_bytes: ip_bytes as u64 }
}

/// A frame for us with an IPv4 packet in it.
pub fn to_us(tags: &[(u16, u16)], packet: &[u8]) -> Vec<u8> {
    frame::ethernet(VA_MAC, VB_MAC, tags, 0x0800, packet)
}

pub fn to_us6(packet: &[u8]) -> Vec<u8> {
    frame::ethernet(VA_MAC, VB_MAC, &[], 0x86dd, packet)
}

/// Everything that can be received, each kind under ports of its own.
pub fn kinds() -> Vec<Case> {
    let datagram = |port: u16, payload: usize| frame::udp(port, 53, payload);
    let plain = |port: u16| v4(THEM, US, UDP).packet(&datagram(port, 92));
    let named =
        |port: u16, protocol: u8| flow("10.9.0.1:53", &format!("10.9.0.2:{port}"), protocol);
    let bare = |protocol: u8| flow("10.9.0.1", "10.9.0.2", protocol);
    let named6 = |port: u16| flow("fd00:9::1:53", &format!("fd00:9::2:{port}"), UDP);
    let (us6, them6): (Ipv6Addr, Ipv6Addr) = (US6.parse().unwrap(), THEM6.parse().unwrap());
    let v6 = |extensions: &[(u8, &[u8])], port: u16| {
        frame::ipv6(them6, us6, extensions, UDP, &datagram(port, 60))
    };
    let hop_by_hop: (u8, &[u8]) = (0, &[0, 5, 2, 0, 0, 1, 0]);
    let destination: (u8, &[u8]) = (60, &[0, 1, 4, 0, 0, 0, 0]);
    let fragment: (u8, &[u8]) = (44, &[0, 0, 8, 0, 0, 0, 9]);

    let mut padded = to_us(&[], &v4(THEM, US, TCP).packet(&frame::udp(1001, 53, 12)));
    padded.resize(60, 0);
    let mut lying = v4(THEM, US, UDP).packet(&datagram(1002, 10));
    lying[2..4].copy_from_slice(&1500_u16.to_be_bytes());
    let broadcast = v4(THEM, [10, 9, 0, 255], UDP).packet(&datagram(137, 50));
    let multicast = v4(THEM, [224, 0, 0, 251], UDP).packet(&datagram(5353, 50));
    let first = V4 { fragment: 0x2000, ..v4(THEM, US, UDP) }.packet(&datagram(1003, 100));
    let later = V4 { fragment: 0x000e, ..v4(THEM, US, UDP) }.packet(&datagram(4660, 80));
    let options = V4 { options: &[1; 40], ..v4(THEM, US, UDP) }.packet(&datagram(1004, 30));

    let mut cases = vec![
        case(to_us(&[], &plain(1000)), named(1000, UDP), 120),
        case(padded, named(1001, TCP), 40),
        // Claims 1500 bytes, has 38.
        case(to_us(&[], &lying), named(1002, UDP), 38),
        case(to_us(&[], &first), named(1003, UDP), 128),
        // Payload that looks like port 4660 is not read as one.
        case(to_us(&[], &later), bare(UDP), 108),
        case(to_us(&[], &options), named(1004, UDP), 98),
        case(to_us(&[(0x8100, 5)], &plain(1005)), named(1005, UDP), 120),
        case(to_us(&[(0x88a8, 100), (0x8100, 200)], &plain(1006)), named(1006, UDP), 120),
        case(
            frame::ethernet([0xff; 6], VB_MAC, &[], 0x0800, &broadcast),
            flow("10.9.0.255:53", "10.9.0.2:137", UDP),
            78,
        ),
        case(
            frame::ethernet([1, 0, 0x5e, 0, 0, 0xfb], VB_MAC, &[], 0x0800, &multicast),
            flow("224.0.0.251:53", "10.9.0.2:5353", UDP),
            78,
        ),
        // Between others: the greater address, from its last byte on, stands left.
        case(
            frame::ethernet(
                [2, 0, 0, 0, 0, 0xc],
                [2, 0, 0, 0, 0, 0xd],
                &[],
                0x0800,
                &v4([192, 0, 2, 9], [192, 0, 2, 1], UDP).packet(&datagram(1007, 100)),
            ),
            flow("192.0.2.9:1007", "192.0.2.1:53", UDP),
            128,
        ),
        case(to_us6(&v6(&[], 2000)), named6(2000), 108),
        case(to_us6(&v6(&[hop_by_hop], 2001)), named6(2001), 116),
        case(to_us6(&v6(&[hop_by_hop, destination, destination], 2002)), named6(2002), 132),
        case(to_us6(&v6(&[destination; 8], 2003)), named6(2003), 172),
        // Nine extension headers are one too many: no ports, the ninth's number.
        case(to_us6(&v6(&[destination; 9], 2004)), flow(US6, THEM6, 60), 180),
        case(to_us6(&v6(&[fragment], 2005)), flow(US6, THEM6, UDP), 116),
        case(to_us6(&frame::ipv6(them6, us6, &[], 59, &[])), flow(US6, THEM6, 59), 40),
        Case {
            frame: frame::ethernet([0xff; 6], VB_MAC, &[], 0x0806, &[0; 28]),
            flow: None,
            ip_bytes: 0,
        },
    ];
    for protocol in [33, 132, 136] {
        let packet = v4(THEM, US, protocol).packet(&datagram(1100, 20));
        cases.push(case(to_us(&[], &packet), named(1100, protocol), 48));
    }
    for protocol in [1, 47, 50, 89] {
        let packet = v4(THEM, US, protocol).packet(&datagram(1200, 20));
        cases.push(case(to_us(&[], &packet), bare(protocol), 48));
    }
    cases
}
