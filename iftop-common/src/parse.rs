//! The only packet parser: from the bytes of a frame to a [`FlowKey`] and the packet's IP length.
//!
//! The kernel program, the tests and every other source run this same code, so that the same bytes
//! give the same key everywhere. It reads packets only through [`Packet`] and knows nothing of maps,
//! hooks or clocks. Every loop is bounded and nothing can panic, as the kernel's verifier demands.

use core::num::NonZeroU32;

use crate::FlowKey;

mod hook;

pub use hook::{Direction, Hook, LinkType, Mac, Vlan};

/// A frame that can be read.
pub trait Packet {
    /// Length of the whole frame in bytes, link header included.
    fn frame_bytes(&self) -> u32;

    /// Puts the `N` bytes at `offset` from the start of the frame into `bytes`; false where it does
    /// not hold them. (In an `Option` they would be moved, byte by byte.)
    fn read<const N: usize>(&self, offset: u32, bytes: &mut [u8; N]) -> bool;

    /// The same offset, which is never beyond 32,767. The kernel's verifier must be told so after
    /// each extension header, or it follows every length that each of them could have.
    #[inline(always)]
    fn settle(offset: u32) -> u32 {
        offset
    }
}

/// A frame in host memory.
impl Packet for [u8] {
    fn frame_bytes(&self) -> u32 {
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    fn read<const N: usize>(&self, offset: u32, bytes: &mut [u8; N]) -> bool {
        let rest = usize::try_from(offset).ok().and_then(|start| self.get(start..));
        let Some(found) = rest.and_then(<[u8]>::first_chunk) else { return false };
        *bytes = *found;
        true
    }
}

/// An IP packet that can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Where it belongs.
    pub key: FlowKey,
    /// Length of the IP packet: what its header says, or what the frame holds where the header
    /// says 0 (an aggregate over 64 KiB, "BIG TCP") or more than the frame has.
    pub ip_bytes: u32,
    /// Offset of the IP header in the frame.
    pub ip_offset: u32,
    /// Offset of the transport header in the frame, where it was reached. (Not zero, so that there
    /// is nothing undefined in `None`: the compiler would save that somewhere, which the kernel's
    /// verifier refuses.)
    pub transport_offset: Option<NonZeroU32>,
}

/// Why a frame is not counted as IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It carries something else.
    NotIp,
    /// It claims to be IP, but holds no whole, sane IP header.
    Malformed,
}

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// 802.1Q, 802.1ad, and the number that QinQ had before 802.1ad.
const ETHERTYPES_VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const MAX_VLAN_TAGS: usize = 2;

const ETHERNET_HEADER_BYTES: usize = 14;
const IPV4_HEADER_BYTES: u32 = 20;
const IPV6_HEADER_BYTES: u32 = 40;
const MAX_EXTENSION_HEADERS: usize = 8;

/// IANA protocol numbers.
pub(crate) mod protocol {
    pub const HOP_BY_HOP: u32 = 0;
    pub const TCP: u32 = 6;
    pub const UDP: u32 = 17;
    pub const DCCP: u32 = 33;
    pub const ROUTING: u32 = 43;
    pub const FRAGMENT: u32 = 44;
    pub const AUTHENTICATION: u32 = 51;
    pub const NO_NEXT_HEADER: u32 = 59;
    pub const DESTINATION_OPTIONS: u32 = 60;
    pub const SCTP: u32 = 132;
    pub const MOBILITY: u32 = 135;
    pub const UDP_LITE: u32 = 136;
    pub const HIP: u32 = 139;
    pub const SHIM6: u32 = 140;
}

/// Reads one frame as the hook sees it.
#[inline(always)]
pub fn parse<P: Packet + ?Sized>(packet: &P, hook: &Hook) -> Result<Parsed, Refused> {
    // What each layer finds is put into plain variables: as the payload of a `Result` the compiler
    // would pack it and take it apart again byte by byte.
    let mut link = Link { ip_offset: 0, flags: 0 };
    match hook.link_type {
        LinkType::Ethernet => ethernet(packet, hook, &mut link)?,
        LinkType::RawIp => raw_ip(packet, hook, &mut link)?,
    }
    let mut ip = Ip::default();
    if link.flags & u32::from(FlowKey::IPV6) == 0 {
        ipv4(packet, link.ip_offset, &mut ip)?;
    } else {
        ipv6(packet, link.ip_offset, &mut ip)?;
    }
    let mut flags = link.flags as u16;
    if ip.later_fragment {
        flags |= FlowKey::LATER_FRAGMENT;
    }
    let (source_port, destination_port) = ports(packet, &ip);
    let key = match hook.direction {
        Direction::Ingress => FlowKey {
            near: ip.destination,
            far: ip.source,
            near_port: destination_port,
            far_port: source_port,
            protocol: ip.protocol as u8,
            interface: hook.interface,
            vlan_and_flags: flags,
        },
        Direction::Egress => FlowKey {
            near: ip.source,
            far: ip.destination,
            near_port: source_port,
            far_port: destination_port,
            protocol: ip.protocol as u8,
            interface: hook.interface,
            vlan_and_flags: flags,
        },
    };
    Ok(Parsed {
        key,
        ip_bytes: ip.bytes,
        ip_offset: link.ip_offset,
        transport_offset: ip.transport_offset,
    })
}

/// What stands before the IP header.
struct Link {
    ip_offset: u32,
    /// As in the key: VLAN, family, third party.
    flags: u32,
}

#[inline(always)]
fn ethernet<P: Packet + ?Sized>(packet: &P, hook: &Hook, link: &mut Link) -> Result<(), Refused> {
    let mut header = [0; ETHERNET_HEADER_BYTES];
    if !packet.read(0, &mut header) {
        return Err(Refused::NotIp);
    }
    let mut ethertype = u16::from_be_bytes(part(&header, 12));
    let mut ip_offset = 14;
    let mut vlan = hook.stripped_vlan;
    for _ in 0..MAX_VLAN_TAGS {
        if !ETHERTYPES_VLAN.contains(&ethertype) {
            break;
        }
        let mut tag = [0; 4];
        if !packet.read(ip_offset, &mut tag) {
            return Err(Refused::NotIp);
        }
        vlan = vlan.or(Some(Vlan::new(u16::from_be_bytes(part(&tag, 0)))));
        ethertype = u16::from_be_bytes(part(&tag, 2));
        ip_offset += 4;
    }
    link.ip_offset = ip_offset;
    link.flags = Vlan::id(vlan) | family_flag(ethertype)?;
    let group_address = header[0] & 1 != 0;
    // Two bytes of the source follow.
    let to_us = u64::from_le_bytes(part(&header, 0)) << 16 == hook.mac.0 << 16;
    if matches!(hook.direction, Direction::Ingress) && !group_address && !to_us {
        link.flags |= u32::from(FlowKey::THIRD_PARTY);
    }
    Ok(())
}

#[inline(always)]
fn family_flag(ethertype: u16) -> Result<u32, Refused> {
    match ethertype {
        ETHERTYPE_IPV4 => Ok(0),
        ETHERTYPE_IPV6 => Ok(u32::from(FlowKey::IPV6)),
        _ => Err(Refused::NotIp),
    }
}

#[inline(always)]
fn raw_ip<P: Packet + ?Sized>(packet: &P, hook: &Hook, link: &mut Link) -> Result<(), Refused> {
    let mut first = [0];
    if !packet.read(0, &mut first) {
        return Err(Refused::NotIp);
    }
    let family = match first[0] >> 4 {
        4 => 0,
        6 => u32::from(FlowKey::IPV6),
        _ => return Err(Refused::NotIp),
    };
    link.flags = Vlan::id(hook.stripped_vlan) | family;
    Ok(())
}

/// What the IP headers say.
#[derive(Default)]
struct Ip {
    source: [u8; 16],
    destination: [u8; 16],
    protocol: u32,
    bytes: u32,
    /// Where the packet ends in the frame: what follows is padding, not payload.
    end: u32,
    transport_offset: Option<NonZeroU32>,
    later_fragment: bool,
}

/// RFC 791 §3.1.
#[inline(always)]
fn ipv4<P: Packet + ?Sized>(packet: &P, offset: u32, ip: &mut Ip) -> Result<(), Refused> {
    let mut header = [0; IPV4_HEADER_BYTES as usize];
    if !packet.read(offset, &mut header) {
        return Err(Refused::Malformed);
    }
    let header_bytes = u32::from(header[0] & 0x0f) * 4;
    let available = packet.frame_bytes().saturating_sub(offset);
    if header[0] >> 4 != 4 || header_bytes < IPV4_HEADER_BYTES || header_bytes > available {
        return Err(Refused::Malformed);
    }
    let claimed = u32::from(u16::from_be_bytes(part(&header, 2)));
    if claimed != 0 && claimed < header_bytes {
        return Err(Refused::Malformed);
    }
    ip.bytes = if claimed == 0 || claimed > available { available } else { claimed };
    ip.end = offset + ip.bytes;
    ip.later_fragment = u16::from_be_bytes(part(&header, 6)) & 0x1fff != 0;
    if !ip.later_fragment {
        ip.transport_offset = NonZeroU32::new(offset + header_bytes);
    }
    ip.protocol = u32::from(header[9]);
    ip.source = v4_mapped(part(&header, 12));
    ip.destination = v4_mapped(part(&header, 16));
    Ok(())
}

/// RFC 8200 §3.
#[inline(always)]
fn ipv6<P: Packet + ?Sized>(packet: &P, offset: u32, ip: &mut Ip) -> Result<(), Refused> {
    let mut header = [0; IPV6_HEADER_BYTES as usize];
    if !packet.read(offset, &mut header) {
        return Err(Refused::Malformed);
    }
    if header[0] >> 4 != 6 {
        return Err(Refused::Malformed);
    }
    let payload_bytes = u32::from(u16::from_be_bytes(part(&header, 4)));
    let claimed = payload_bytes + IPV6_HEADER_BYTES;
    let available = packet.frame_bytes().saturating_sub(offset);
    ip.protocol = u32::from(header[6]);
    // A length of 0 means "see the jumbo option" (RFC 2675) or "see the frame", but for a packet
    // that by its own word has nothing after the header.
    let says_nothing = payload_bytes == 0 && ip.protocol != protocol::NO_NEXT_HEADER;
    ip.bytes = if says_nothing || claimed > available { available } else { claimed };
    ip.end = offset + ip.bytes;
    ip.source = part(&header, 8);
    ip.destination = part(&header, 24);
    skip_extensions(packet, offset + IPV6_HEADER_BYTES, ip);
    Ok(())
}

/// Walks the extension headers (RFC 8200 §4, RFC 7045), at most [`MAX_EXTENSION_HEADERS`]. A chain
/// that is longer or cut off ends at the first header that was not passed, without a transport.
#[inline(always)]
fn skip_extensions<P: Packet + ?Sized>(packet: &P, start: u32, ip: &mut Ip) {
    let mut offset = start;
    for _ in 0..MAX_EXTENSION_HEADERS {
        if !is_extension(ip.protocol) {
            break;
        }
        if offset + 8 > ip.end {
            return;
        }
        let mut header = [0; 4];
        if !packet.read(offset, &mut header) {
            return;
        }
        let units = u32::from(header[1]);
        match ip.protocol {
            protocol::FRAGMENT => {
                if u16::from_be_bytes(part(&header, 2)) & 0xfff8 != 0 {
                    ip.protocol = u32::from(header[0]);
                    ip.later_fragment = true;
                    return;
                }
                offset += 8;
            }
            // RFC 4302 §2.2: in units of 4 bytes, less 2.
            protocol::AUTHENTICATION => offset += (units + 2) * 4,
            // RFC 8200 §4.3 and its kin: in units of 8 bytes, less 1.
            _ => offset += (units + 1) * 8,
        }
        offset = P::settle(offset);
        ip.protocol = u32::from(header[0]);
    }
    if !is_extension(ip.protocol) {
        ip.transport_offset = NonZeroU32::new(offset);
    }
}

/// A bit for each protocol number that is an extension header's: one look instead of many ways.
const EXTENSIONS: [u64; 4] = {
    let mut bits = [0; 4];
    let numbers = [
        protocol::HOP_BY_HOP,
        protocol::ROUTING,
        protocol::FRAGMENT,
        protocol::AUTHENTICATION,
        protocol::DESTINATION_OPTIONS,
        protocol::MOBILITY,
        protocol::HIP,
        protocol::SHIM6,
    ];
    let mut place = 0;
    while place < numbers.len() {
        bits[(numbers[place] >> 6) as usize] |= 1 << (numbers[place] & 63);
        place += 1;
    }
    bits
};

#[inline(always)]
fn is_extension(number: u32) -> bool {
    EXTENSIONS[(number >> 6 & 3) as usize] >> (number & 63) & 1 != 0
}

/// Source and destination port; 0 where the protocol has none or the packet ends before them.
#[inline(always)]
fn ports<P: Packet + ?Sized>(packet: &P, ip: &Ip) -> (u16, u16) {
    let has_ports = matches!(
        ip.protocol,
        protocol::TCP | protocol::UDP | protocol::DCCP | protocol::SCTP | protocol::UDP_LITE
    );
    let Some(offset) = ip.transport_offset.map(NonZeroU32::get) else { return (0, 0) };
    if !has_ports || offset + 4 > ip.end {
        return (0, 0);
    }
    let mut ports = [0; 4];
    if !packet.read(offset, &mut ports) {
        return (0, 0);
    }
    (u16::from_be_bytes(part(&ports, 0)), u16::from_be_bytes(part(&ports, 2)))
}

/// Stored in two pieces, as it is read again: in the kernel each is one instruction.
#[inline(always)]
fn v4_mapped(address: [u8; 4]) -> [u8; 16] {
    let mut mapped = [0; 16];
    let low = u64::from_le(0xffff_0000 | u64::from(u32::from_le_bytes(address)) << 32);
    mapped[8..].copy_from_slice(&low.to_ne_bytes());
    mapped
}

/// Some of the bytes, taken out as one piece.
#[inline(always)]
fn part<const N: usize, const M: usize>(bytes: &[u8; N], start: usize) -> [u8; M] {
    let mut part = [0; M];
    part.copy_from_slice(&bytes[start..start + M]);
    part
}
