//! The packets that are measured: of each kind one, with the benchmark program's instructions at its
//! end.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::frame::{self, TCP, UDP, V4};

pub const TO: [u8; 6] = [2, 0, 0, 0, 0, 0xa];
pub const FROM: [u8; 6] = [2, 0, 0, 0, 0, 0xb];

/// Where every packet over IPv4 goes.
pub const NEAR: &str = "192.0.2.1";

/// Where the program looks for its instructions (`tests/bench/ebpf/src/vary.rs`), and how long they
/// are.
const INSTRUCTIONS: usize = 96;
const INSTRUCTION_BYTES: usize = 16;
pub const FRAME_BYTES: usize = INSTRUCTIONS + INSTRUCTION_BYTES;

const ETHERNET_BYTES: usize = 14;
const TAG_BYTES: usize = 4;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Tcp4,
    Tcp6,
    /// TCP over IPv4 behind a tag.
    Vlan,
    /// A later fragment over IPv4.
    Fragment,
    /// UDP over IPv4: nothing gathers it into aggregates.
    Udp4,
}

/// In which order flows come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// At random, all equally likely.
    Uniform,
    /// At random, flow n as likely as 1/n.
    Skewed,
    /// One after the other, from this one on.
    Sequence(u64),
}

/// One packet, and how the program varies it.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    pub kind: Kind,
    /// There are 2 to the power of this many flows.
    pub bits: u8,
    pub order: Order,
    /// Vary the near address as well: no two packets of different flows have anything in common.
    pub both_ends: bool,
    /// Where live frames are paced: nanoseconds from one to the next.
    pub gap: u32,
}

impl Packet {
    pub const fn new(kind: Kind, bits: u8, order: Order) -> Self {
        Self { kind, bits, order, both_ends: false, gap: 0 }
    }

    /// Its bytes; `seed` is where the random numbers begin.
    pub fn bytes(&self, seed: u64) -> Vec<u8> {
        let (ip, source, destination) = match self.kind {
            Kind::Tcp6 => (ETHERNET_BYTES, 8, 24),
            Kind::Vlan => (ETHERNET_BYTES + TAG_BYTES, 12, 16),
            Kind::Tcp4 | Kind::Fragment | Kind::Udp4 => (ETHERNET_BYTES, 12, 16),
        };
        let low = if self.kind == Kind::Tcp6 { 12 } else { 0 };
        let mut bytes = self.frame();
        let (state, mode) = match self.order {
            Order::Uniform => (seed, 0),
            Order::Skewed => (seed, 1),
            Order::Sequence(first) => (first, 2),
        };
        let second = if self.both_ends { ip + destination + low } else { 0 };
        let place = |offset: usize| u8::try_from(offset).unwrap_or(0);
        let instructions = &mut bytes[INSTRUCTIONS..];
        instructions[..8].copy_from_slice(&state.to_ne_bytes());
        instructions[8..12].copy_from_slice(&[
            place(ip + source + low),
            place(second),
            self.bits,
            mode,
        ]);
        instructions[12..].copy_from_slice(&self.gap.to_ne_bytes());
        bytes
    }

    /// Always of the same length, so that the instructions have room.
    fn frame(&self) -> Vec<u8> {
        let v4 = |protocol, fragment| V4 {
            source: Ipv4Addr::new(10, 0, 0, 0),
            destination: Ipv4Addr::new(192, 0, 2, 1),
            protocol,
            options: &[],
            fragment,
        };
        let [source6, destination6] =
            [2, 1].map(|host| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host));
        let payload = |headers: usize| tcp(FRAME_BYTES - ETHERNET_BYTES - headers);
        let ethernet = |tags: &[_], ethertype, packet: &[u8]| {
            frame::ethernet(TO, FROM, tags, ethertype, packet)
        };
        match self.kind {
            Kind::Tcp4 => ethernet(&[], 0x0800, &v4(TCP, 0).packet(&payload(20))),
            Kind::Udp4 => {
                let datagram = frame::udp(40_000, 443, FRAME_BYTES - ETHERNET_BYTES - 28);
                ethernet(&[], 0x0800, &v4(UDP, 0).packet(&datagram))
            }
            Kind::Fragment => ethernet(&[], 0x0800, &v4(TCP, 100).packet(&payload(20))),
            Kind::Vlan => {
                let packet = v4(TCP, 0).packet(&payload(20 + TAG_BYTES));
                ethernet(&[(0x8100, 5)], 0x0800, &packet)
            }
            Kind::Tcp6 => {
                let packet = frame::ipv6(source6, destination6, &[], TCP, &payload(40));
                ethernet(&[], 0x86dd, &packet)
            }
        }
    }
}

/// A segment of TCP with a header of 20 bytes, so many bytes in all.
fn tcp(bytes: usize) -> Vec<u8> {
    let mut segment = vec![0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff];
    segment.resize(bytes, 0);
    segment
}
