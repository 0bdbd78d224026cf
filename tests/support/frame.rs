//! Frames of known content, put together header by header, and frames that are broken at random.
//!
//! Owns nothing but bytes; reads none of the program's code, so that a mistake there is not
//! repeated here.

use std::net::{Ipv4Addr, Ipv6Addr};

pub const TCP: u8 = 6;
pub const UDP: u8 = 17;

/// An Ethernet frame; each tag is (ethertype, VLAN id).
pub fn ethernet(
    destination: [u8; 6],
    source: [u8; 6],
    tags: &[(u16, u16)],
    ethertype: u16,
    payload: &[u8],
) -> Vec<u8> {
    let mut frame = [destination, source].concat();
    for (ethertype, id) in tags {
        frame.extend(ethertype.to_be_bytes());
        frame.extend(id.to_be_bytes());
    }
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame
}

/// What an IPv4 header says beside what follows from the payload.
#[derive(Clone, Copy, Debug)]
pub struct V4<'a> {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub protocol: u8,
    /// A multiple of 4 bytes, 40 at most.
    pub options: &'a [u8],
    /// Flags and offset, as they stand in the header.
    pub fragment: u16,
}

impl V4<'_> {
    pub fn packet(&self, payload: &[u8]) -> Vec<u8> {
        let header_bytes = 20 + self.options.len();
        let mut packet = vec![0x40 | u8::try_from(header_bytes / 4).unwrap(), 0];
        packet.extend(u16::try_from(header_bytes + payload.len()).unwrap().to_be_bytes());
        packet.extend([0x12, 0x34]);
        packet.extend(self.fragment.to_be_bytes());
        packet.extend([64, self.protocol, 0, 0]);
        packet.extend(self.source.octets());
        packet.extend(self.destination.octets());
        packet.extend(self.options);
        let checksum = internet_checksum(&packet);
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
        packet.extend(payload);
        packet
    }
}

/// An IPv6 packet; each extension header is (its number, its bytes less the next-header byte).
pub fn ipv6(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    extensions: &[(u8, &[u8])],
    protocol: u8,
    payload: &[u8],
) -> Vec<u8> {
    let mut rest = Vec::new();
    for (place, (_, bytes)) in extensions.iter().enumerate() {
        rest.push(extensions.get(place + 1).map_or(protocol, |&(number, _)| number));
        rest.extend(*bytes);
    }
    rest.extend(payload);
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    packet.extend([extensions.first().map_or(protocol, |&(number, _)| number), 64]);
    packet.extend(source.octets());
    packet.extend(destination.octets());
    packet.extend(rest);
    packet
}

/// A UDP datagram, without a checksum; also the start of anything else that has ports.
pub fn udp(source_port: u16, destination_port: u16, payload_bytes: usize) -> Vec<u8> {
    let mut datagram = source_port.to_be_bytes().to_vec();
    datagram.extend(destination_port.to_be_bytes());
    datagram.extend(u16::try_from(payload_bytes + 8).unwrap().to_be_bytes());
    datagram.extend([0, 0]);
    datagram.resize(8 + payload_bytes, 0x55);
    datagram
}

/// RFC 1071.
fn internet_checksum(header: &[u8]) -> u16 {
    let words = header.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

/// One of each kind, sane, for Ethernet; the raw material of [`broken`].
pub fn samples(to: [u8; 6], from: [u8; 6]) -> Vec<Vec<u8>> {
    let v4 = V4 {
        source: Ipv4Addr::new(10, 9, 0, 2),
        destination: Ipv4Addr::new(10, 9, 0, 1),
        protocol: UDP,
        options: &[],
        fragment: 0,
    };
    let (source6, destination6) =
        ("fd00:9::2".parse().unwrap(), "fd00:9::1".parse::<Ipv6Addr>().unwrap());
    let datagram = udp(40_000, 53, 60);
    let hop_by_hop: (u8, &[u8]) = (0, &[0, 5, 2, 0, 0, 1, 0]);
    let routing: (u8, &[u8]) = (43, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let authentication: (u8, &[u8]) = (51, &[1, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1]);
    let options: (u8, &[u8]) = (60, &[0, 1, 4, 0, 0, 0, 0]);
    let first_fragment: (u8, &[u8]) = (44, &[0, 0, 1, 0, 0, 0, 9]);
    let later_fragment: (u8, &[u8]) = (44, &[0, 0, 8, 0, 0, 0, 9]);
    let packets6: Vec<Vec<u8>> = [
        &[][..],
        &[hop_by_hop],
        &[hop_by_hop, routing, options],
        &[first_fragment],
        &[later_fragment],
        &[authentication, options],
        &[options; 8],
        &[options; 9],
    ]
    .iter()
    .map(|extensions| ipv6(source6, destination6, extensions, UDP, &datagram))
    .collect();
    let mut packets4: Vec<Vec<u8>> = [1, 2, 4, TCP, UDP, 33, 41, 47, 50, 51, 132, 136]
        .iter()
        .map(|&protocol| V4 { protocol, ..v4 }.packet(&datagram))
        .collect();
    packets4.push(V4 { options: &[1; 40], ..v4 }.packet(&datagram));
    packets4.push(V4 { options: &[1; 4], ..v4 }.packet(&datagram));
    packets4.push(V4 { fragment: 0x2000, ..v4 }.packet(&datagram));
    packets4.push(V4 { fragment: 0x2001, ..v4 }.packet(&datagram));
    packets4.push(V4 { fragment: 0x0100, ..v4 }.packet(&datagram));

    let tags: [&[(u16, u16)]; 6] = [
        &[],
        &[(0x8100, 5)],
        &[(0x8100, 0x6fff)],
        &[(0x88a8, 100), (0x8100, 200)],
        &[(0x9100, 0), (0x8100, 7)],
        &[(0x88a8, 1), (0x8100, 2), (0x8100, 3)],
    ];
    let mut frames = Vec::new();
    for tags in tags {
        for packet in &packets4 {
            frames.push(ethernet(to, from, tags, 0x0800, packet));
        }
        for packet in &packets6 {
            frames.push(ethernet(to, from, tags, 0x86dd, packet));
        }
        frames.push(ethernet(to, from, tags, 0x0806, &[0; 28]));
    }
    frames.push(ethernet([0xff; 6], from, &[], 0x0800, &packets4[4]));
    frames.push(ethernet([0x33, 0x33, 0, 0, 0, 1], from, &[], 0x86dd, &packets6[0]));
    frames.push(ethernet([2, 0, 0, 0, 0, 99], from, &[], 0x0800, &packets4[4]));
    frames
}

/// A frame made of one of `samples` by cutting, stretching and overwriting, or out of nothing.
/// Never shorter than an Ethernet header, which is the least that the kernel takes for a test.
pub fn broken(samples: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut frame = if random.u8(..8) == 0 {
        (0..random.usize(14..200)).map(|_| random.u8(..)).collect()
    } else {
        samples[random.usize(..samples.len())].clone()
    };
    if random.bool() {
        frame.truncate(random.usize(14..=frame.len()));
    }
    if random.u8(..8) == 0 {
        frame.resize(frame.len() + random.usize(..64), random.u8(..));
    }
    for _ in 0..random.u8(..4) {
        // Mostly among the headers, where it matters.
        let place = random.usize(..frame.len().min(80));
        frame[place] = match random.u8(..4) {
            0 => 0,
            1 => 0xff,
            2 => frame[place] ^ (1 << random.u8(..8)),
            _ => random.u8(..),
        };
    }
    frame
}
