//! What stands before the packet in a captured frame.
//!
//! It owns the link types that can be read and the names of those that cannot. It must never read an
//! IP header, and never guess: a packet read at the wrong offset would be counted as traffic that never
//! was. Source: <https://www.tcpdump.org/linktypes.html>.

use anyhow::{Result, bail};

use super::Way;
use crate::packet_filter::Dlt;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// `ARPHRD_ETHER` of `linux/if_arp.h`.
const ARPHRD_ETHER: u16 = 1;
const ARPHRD_LOOPBACK: u16 = 772;
/// Both of a capture on `any`, in bytes.
const COOKED_BYTES: usize = 16;
const COOKED2_BYTES: usize = 20;
/// Address families of a null or loop header; IPv6 has another number in each system: Linux, Windows,
/// NetBSD and OpenBSD, FreeBSD, macOS.
const AF_INET: u32 = 2;
const AF_INET6: [u32; 5] = [10, 23, 24, 28, 30];
/// Address and control of HDLC, which PPP may leave out (RFC 1662 §3.1).
const HDLC: [u8; 2] = [0xff, 0x03];
/// Cisco's HDLC, for one host or all: an ethertype follows.
const CISCO_HDLC: [[u8; 2]; 2] = [[0x0f, 0], [0x8f, 0]];
const PPP_IPV4: u16 = 0x0021;
const PPP_IPV6: u16 = 0x0057;

/// Kinds of frames that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkLayer {
    /// Ethernet.
    Ethernet,
    /// Linux cooked, version 1.
    Cooked,
    /// Linux cooked, version 2.
    Cooked2,
    /// IPv4 or IPv6, as the packet itself says.
    RawIp,
    /// IPv4 alone.
    Ipv4,
    /// IPv6 alone.
    Ipv6,
    /// An address family in the byte order of whoever captured.
    Null,
    /// An address family in network byte order.
    Loop,
    /// PPP, with or without the header of HDLC.
    Ppp,
}

/// Link types that a capture may well have and that cannot be read.
const REFUSED: &[(u32, &str)] = &[
    (6, "Token Ring"),
    (8, "SLIP"),
    (10, "FDDI"),
    (51, "PPPoE"),
    (104, "Cisco HDLC"),
    (105, "IEEE 802.11"),
    (107, "Frame Relay"),
    (117, "OpenBSD pflog"),
    (119, "IEEE 802.11 with Prism header"),
    (127, "IEEE 802.11 with radiotap header"),
    (129, "ARCNET of Linux"),
    (143, "DOCSIS"),
    (144, "IrDA of Linux"),
    (147, "private use 0"),
    (187, "Bluetooth HCI"),
    (189, "USB of Linux"),
    (195, "IEEE 802.15.4"),
    (201, "Bluetooth HCI with direction"),
    (202, "AX.25"),
    (220, "USB of Linux, padded"),
    (227, "SocketCAN"),
    (230, "IEEE 802.15.4 without checksum"),
    (239, "NFLOG"),
    (249, "USBPcap"),
    (251, "Bluetooth Low Energy"),
    (252, "Wireshark upper PDU"),
    (253, "Netlink"),
    (265, "Ethernet MPacket"),
    (271, "vsock"),
];

/// What stands behind the link header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// An Ethernet frame.
    Frame,
    /// IPv4 or IPv6.
    Ip,
    /// What an ethertype names, tags included. `cable`: it came in an Ethernet frame, whose header is
    /// gone.
    Typed { ethertype: u16, cable: bool },
    /// No IP.
    Other,
}

/// A frame with its link header read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub inside: Inside,
    /// Where that begins; never behind the end.
    pub offset: usize,
    /// Which way the frame went, where the header says so.
    pub way: Option<Way>,
}

impl LinkLayer {
    /// That of a link type's number, as it stands in a file or as libpcap says it.
    ///
    /// # Errors
    /// Name those that cannot be read.
    pub fn of(number: u32) -> Result<Self> {
        Ok(match number {
            1 => Self::Ethernet,
            113 => Self::Cooked,
            276 => Self::Cooked2,
            // libpcap's numbers for it are others on some systems.
            12 | 14 | 101 => Self::RawIp,
            228 => Self::Ipv4,
            229 => Self::Ipv6,
            0 => Self::Null,
            108 => Self::Loop,
            9 | 50 => Self::Ppp,
            _ => {
                let name = REFUSED.iter().find(|(refused, _)| *refused == number);
                let name = name.map(|(_, name)| format!(" ({name})")).unwrap_or_default();
                bail!(
                    "link type {number}{name} cannot be read: iftop reads Ethernet, Linux cooked, \
                     raw IP, null, loop and PPP"
                );
            }
        })
    }

    /// As libpcap numbers it where filters are compiled, on Linux.
    pub fn dlt(self) -> Dlt {
        Dlt(match self {
            Self::Ethernet => 1,
            Self::Cooked => 113,
            Self::Cooked2 => 276,
            Self::RawIp => 12,
            Self::Ipv4 => 228,
            Self::Ipv6 => 229,
            Self::Null => 0,
            Self::Loop => 108,
            Self::Ppp => 9,
        })
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ethernet => "Ethernet",
            Self::Cooked => "Linux cooked",
            Self::Cooked2 => "Linux cooked v2",
            Self::RawIp => "raw IP",
            Self::Ipv4 => "raw IPv4",
            Self::Ipv6 => "raw IPv6",
            Self::Null => "null",
            Self::Loop => "loop",
            Self::Ppp => "PPP",
        }
    }

    /// Looks behind the link header.
    #[inline]
    pub(super) fn open(self, bytes: &[u8]) -> Opened {
        let typed = |ethertype| Inside::Typed { ethertype, cable: false };
        let plain = |inside, offset| Opened { inside, offset, way: None };
        match self {
            Self::Ethernet => plain(Inside::Frame, 0),
            Self::RawIp => plain(Inside::Ip, 0),
            Self::Ipv4 => plain(typed(ETHERTYPE_IPV4), 0),
            Self::Ipv6 => plain(typed(ETHERTYPE_IPV6), 0),
            Self::Cooked => cooked(bytes).unwrap_or(OTHER),
            Self::Cooked2 => cooked2(bytes).unwrap_or(OTHER),
            Self::Null | Self::Loop => family(self, bytes).map_or(OTHER, |it| plain(typed(it), 4)),
            Self::Ppp => ppp(bytes).map_or(OTHER, |(it, offset)| plain(typed(it), offset)),
        }
    }

    /// The address family of a null or loop header as a system writes it whose families have these numbers;
    /// `None` where there is none that is known.
    pub(super) fn family_here(self, bytes: &[u8], inet: u32, inet6: u32) -> Option<[u8; 4]> {
        let write = match self {
            Self::Null => u32::to_ne_bytes,
            Self::Loop => u32::to_be_bytes,
            _ => return None,
        };
        let number = if family(self, bytes)? == ETHERTYPE_IPV4 { inet } else { inet6 };
        Some(write(number))
    }

    /// Hardware addresses of receiver and sender, where there are two.
    pub(super) fn hardware(self, bytes: &[u8]) -> Option<[[u8; 6]; 2]> {
        if self != Self::Ethernet {
            return None;
        }
        let addresses: &[u8; 12] = bytes.first_chunk()?;
        let (receiver, sender) = (addresses.first_chunk()?, addresses.last_chunk()?);
        Some([*receiver, *sender])
    }
}

const OTHER: Opened = Opened { inside: Inside::Other, offset: 0, way: None };

/// Type of packet, `ARPHRD_*`, length of the address, address, protocol.
fn cooked(bytes: &[u8]) -> Option<Opened> {
    let header: &[u8; COOKED_BYTES] = bytes.first_chunk()?;
    let number = |place: usize| u16::from_be_bytes([header[place], header[place + 1]]);
    let inside = Inside::Typed { ethertype: number(14), cable: number(2) == ARPHRD_ETHER };
    Some(Opened { inside, offset: COOKED_BYTES, way: way(number(0), number(2)) })
}

/// Protocol, two bytes of nothing, interface, `ARPHRD_*`, type of packet, length of the address,
/// address.
fn cooked2(bytes: &[u8]) -> Option<Opened> {
    let header: &[u8; COOKED2_BYTES] = bytes.first_chunk()?;
    let number = |place: usize| u16::from_be_bytes([header[place], header[place + 1]]);
    let inside = Inside::Typed { ethertype: number(0), cable: number(8) == ARPHRD_ETHER };
    Some(Opened { inside, offset: COOKED2_BYTES, way: way(header[10].into(), number(8)) })
}

/// Of `PACKET_*` (`linux/if_packet.h`) and `ARPHRD_*`.
fn way(packet_type: u16, hardware: u16) -> Option<Way> {
    match packet_type {
        // There each packet passes twice, and is captured once, when it is received; it counts as sent.
        _ if hardware == ARPHRD_LOOPBACK => Some(Way::Out),
        // For us, for all, for a group.
        0..=2 => Some(Way::In),
        3 => Some(Way::By),
        4 => Some(Way::Out),
        _ => None,
    }
}

/// The ethertype of an address family.
fn family(link: LinkLayer, bytes: &[u8]) -> Option<u16> {
    let number = *bytes.first_chunk()?;
    let is = |family| match link {
        LinkLayer::Null => number == u32::to_le_bytes(family) || number == u32::to_be_bytes(family),
        _ => number == u32::to_be_bytes(family),
    };
    if is(AF_INET) {
        Some(ETHERTYPE_IPV4)
    } else if AF_INET6.into_iter().any(is) {
        Some(ETHERTYPE_IPV6)
    } else {
        None
    }
}

/// The ethertype of a PPP frame's protocol, and where the packet begins.
fn ppp(bytes: &[u8]) -> Option<(u16, usize)> {
    let start = bytes.first_chunk()?;
    if CISCO_HDLC.contains(start) {
        let ethertype = bytes[2..].first_chunk()?;
        return Some((u16::from_be_bytes(*ethertype), 4));
    }
    let offset = if *start == HDLC { HDLC.len() } else { 0 };
    // One byte where it is odd: all protocols are, so an even one is the first of two (RFC 1661 §2).
    let (protocol, bytes_of_protocol) = match *bytes.get(offset)? {
        odd if odd & 1 == 1 => (odd.into(), 1),
        high => (u16::from_be_bytes([high, *bytes.get(offset + 1)?]), 2),
    };
    let ethertype = match protocol {
        PPP_IPV4 => ETHERTYPE_IPV4,
        PPP_IPV6 => ETHERTYPE_IPV6,
        _ => return None,
    };
    Some((ethertype, offset + bytes_of_protocol))
}
