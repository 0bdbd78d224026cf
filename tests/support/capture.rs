//! Capture files, written byte by byte; reads none of the program's code, and no library's.

/// How numbers of more than one byte stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

use Order::{Big, Little};

/// A packet as it goes into a file.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Nanoseconds since 1970.
    pub time: u64,
    pub bytes: Vec<u8>,
    /// How long it was, where it was cut.
    pub original: Option<u32>,
    /// Which interface of a pcapng file.
    pub interface: u32,
    /// `epb_flags` or `pack_flags`, where there are any.
    pub flags: Option<u32>,
}

impl Packet {
    pub fn new(time: u64, bytes: &[u8]) -> Self {
        Self { time, bytes: bytes.to_vec(), original: None, interface: 0, flags: None }
    }

    fn original(&self) -> u32 {
        self.original.unwrap_or_else(|| length(&self.bytes))
    }
}

impl Order {
    fn u16(self, number: u16) -> [u8; 2] {
        if self == Big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub fn u32(self, number: u32) -> [u8; 4] {
        if self == Big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn u64(self, number: u64) -> [u8; 8] {
        if self == Big { number.to_be_bytes() } else { number.to_le_bytes() }
    }
}

/// The old format, with microseconds or nanoseconds.
pub fn pcap(order: Order, nanoseconds: bool, link: u32, packets: &[Packet]) -> Vec<u8> {
    let magic = if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let unit = if nanoseconds { 1 } else { 1000 };
    let mut file = order.u32(magic).to_vec();
    file.extend([order.u16(2), order.u16(4)].concat());
    file.extend([0, 0, 65_535, link].map(|number| order.u32(number)).concat());
    for packet in packets {
        let seconds = u32::try_from(packet.time / 1_000_000_000).unwrap();
        let rest = u32::try_from(packet.time % 1_000_000_000 / unit).unwrap();
        let header = [seconds, rest, length(&packet.bytes), packet.original()];
        file.extend(header.map(|number| order.u32(number)).concat());
        file.extend(&packet.bytes);
    }
    file
}

/// How times stand in a pcapng file: its option's value, and units in a second.
pub type Resolution = (u8, u64);

pub const MICROSECONDS: Resolution = (6, 1_000_000);
pub const NANOSECONDS: Resolution = (9, 1_000_000_000);
pub const BINARY: Resolution = (0x80 | 0x14, 1 << 20);

/// The new format: one section, an interface for each link type.
pub fn pcapng(order: Order, resolution: Resolution, links: &[u16], packets: &[Packet]) -> Vec<u8> {
    let mut file = section(order);
    for link in links {
        file.extend(interface(order, resolution, *link));
    }
    for packet in packets {
        file.extend(enhanced(order, resolution, packet));
    }
    file
}

pub fn section(order: Order) -> Vec<u8> {
    let mut body = order.u32(0x1a2b_3c4d).to_vec();
    body.extend([order.u16(1), order.u16(0)].concat());
    body.extend([0xff; 8]);
    block(order, 0x0a0d_0d0a, &body)
}

pub fn interface(order: Order, resolution: Resolution, link: u16) -> Vec<u8> {
    interface_with(order, resolution, link, 0, 0)
}

/// The same with the most that is captured of a packet, in bytes, and what is to be added to times, in
/// seconds (`if_tsoffset`).
pub fn interface_with(
    order: Order,
    (resolution, _): Resolution,
    link: u16,
    snap_bytes: u32,
    offset: i64,
) -> Vec<u8> {
    let mut body = [order.u16(link), order.u16(0)].concat();
    body.extend(order.u32(snap_bytes));
    body.extend(option(order, 2, b"eth0"));
    body.extend(option(order, 9, &[resolution]));
    if offset != 0 {
        body.extend(option(order, 14, &order.u64(offset.cast_unsigned())));
    }
    body.extend(option(order, 0, &[]));
    block(order, 1, &body)
}

pub fn enhanced(order: Order, (_, units): Resolution, packet: &Packet) -> Vec<u8> {
    let time = u128::from(packet.time) * u128::from(units) / 1_000_000_000;
    let (high, low) = (u32::try_from(time >> 32).unwrap(), (time & 0xffff_ffff) as u32);
    let header = [packet.interface, high, low, length(&packet.bytes), packet.original()];
    let mut body = header.map(|number| order.u32(number)).concat();
    body.extend(&packet.bytes);
    pad(&mut body);
    body.extend(flags(order, packet));
    block(order, 6, &body)
}

/// It has no time.
pub fn simple(order: Order, packet: &Packet) -> Vec<u8> {
    let mut body = order.u32(packet.original()).to_vec();
    body.extend(&packet.bytes);
    pad(&mut body);
    block(order, 3, &body)
}

/// The obsolete one.
pub fn old(order: Order, (_, units): Resolution, packet: &Packet) -> Vec<u8> {
    let time = packet.time / (1_000_000_000 / units);
    let mut body = [order.u16(packet.interface.try_into().unwrap()), order.u16(0xffff)].concat();
    let time = order.u64(time);
    // The higher half comes first in either order.
    let halves = if order == Little { [&time[4..], &time[..4]] } else { [&time[..4], &time[4..]] };
    body.extend(halves.concat());
    body.extend(
        [length(&packet.bytes), packet.original()].map(|number| order.u32(number)).concat(),
    );
    body.extend(&packet.bytes);
    pad(&mut body);
    body.extend(flags(order, packet));
    block(order, 2, &body)
}

fn flags(order: Order, packet: &Packet) -> Vec<u8> {
    let options = |flags| [option(order, 2, &order.u32(flags)), option(order, 0, &[])].concat();
    packet.flags.map(options).unwrap_or_default()
}

/// Statistics of an interface: what it dropped (`isb_ifdrop`), and what the system did (`isb_osdrop`).
pub fn statistics(order: Order, interface: u32, dropped: Option<u64>, by_system: u64) -> Vec<u8> {
    let mut body = [interface, 0, 0].map(|number| order.u32(number)).concat();
    body.extend(option(order, 4, &order.u64(1_000_000)));
    body.extend(dropped.map(|dropped| option(order, 5, &order.u64(dropped))).unwrap_or_default());
    body.extend(option(order, 7, &order.u64(by_system)));
    body.extend(option(order, 0, &[]));
    block(order, 5, &body)
}

pub fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let length = order.u32(length(body) + 12);
    [&order.u32(kind), &length, body, &length].concat()
}

fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let mut option = [order.u16(code), order.u16(value.len().try_into().unwrap())].concat();
    option.extend(value);
    pad(&mut option);
    option
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn length(bytes: &[u8]) -> u32 {
    bytes.len().try_into().unwrap()
}
