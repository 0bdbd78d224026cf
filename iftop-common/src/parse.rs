//! The only packet parser: from the bytes of a frame to a [`FlowKey`] and the packet's IP length.
//!
//! The kernel program, the tests and every other source run this same code, so that the same bytes
//! give the same key everywhere. It reads packets only through [`Packet`] and knows nothing of maps,
//! hooks or clocks. Every loop is bounded and nothing can panic, as the kernel's verifier demands.

use crate::FlowKey;

/// A frame that can be read.
pub trait Packet {
    /// Length of the whole frame in bytes, link header included.
    fn frame_bytes(&self) -> u32;

    /// `N` bytes at `offset` from the start of the frame; `None` where it does not hold them.
    fn read<const N: usize>(&self, offset: u32) -> Option<[u8; N]>;

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

    fn read<const N: usize>(&self, offset: u32) -> Option<[u8; N]> {
        let start = usize::try_from(offset).ok()?;
        self.get(start..)?.first_chunk().copied()
    }
}

/// What stands before the IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LinkType {
    /// Two addresses, VLAN tags, ethertype (IEEE 802.3).
    Ethernet = 0,
    /// Nothing: tun, WireGuard, ipip, PPP.
    RawIp = 1,
}

/// Which hook the packet passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Received by the interface.
    Ingress,
    /// Sent by the interface.
    Egress,
}

/// What a hook knows of a packet beside its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    /// Which way the packet goes.
    pub direction: Direction,
    /// What the frame starts with.
    pub link_type: LinkType,
    /// The interface's own hardware address; not looked at on [`LinkType::RawIp`].
    pub mac: [u8; 6],
    /// The interface's slot, copied into the key.
    pub interface: u8,
    /// Id of a VLAN tag that was taken out of the frame (by hardware or by the kernel).
    pub stripped_vlan: Option<u16>,
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
    /// Offset of the transport header in the frame, where it was reached.
    pub transport_offset: Option<u32>,
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
const VLAN_ID_MASK: u16 = 0x0fff;

const IPV4_HEADER_BYTES: u32 = 20;
const IPV6_HEADER_BYTES: u32 = 40;
const MAX_EXTENSION_HEADERS: usize = 8;

/// IANA protocol numbers.
pub(crate) mod protocol {
    pub const HOP_BY_HOP: u8 = 0;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const DCCP: u8 = 33;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    pub const NO_NEXT_HEADER: u8 = 59;
    pub const DESTINATION_OPTIONS: u8 = 60;
    pub const SCTP: u8 = 132;
    pub const MOBILITY: u8 = 135;
    pub const UDP_LITE: u8 = 136;
    pub const HIP: u8 = 139;
    pub const SHIM6: u8 = 140;
}

/// Reads one frame as the hook sees it.
#[inline(always)]
pub fn parse<P: Packet + ?Sized>(packet: &P, hook: &Hook) -> Result<Parsed, Refused> {
    let link = match hook.link_type {
        LinkType::Ethernet => ethernet(packet, hook)?,
        LinkType::RawIp => raw_ip(packet, hook)?,
    };
    let ip = match link.family {
        Family::V4 => ipv4(packet, link.ip_offset)?,
        Family::V6 => ipv6(packet, link.ip_offset)?,
    };

    let mut flags = link.vlan;
    if matches!(link.family, Family::V6) {
        flags |= FlowKey::IPV6;
    }
    if link.third_party {
        flags |= FlowKey::THIRD_PARTY;
    }
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
            protocol: ip.protocol,
            interface: hook.interface,
            vlan_and_flags: flags,
        },
        Direction::Egress => FlowKey {
            near: ip.source,
            far: ip.destination,
            near_port: source_port,
            far_port: destination_port,
            protocol: ip.protocol,
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

#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
}

struct Link {
    family: Family,
    ip_offset: u32,
    vlan: u16,
    third_party: bool,
}

#[inline(always)]
fn ethernet<P: Packet + ?Sized>(packet: &P, hook: &Hook) -> Result<Link, Refused> {
    let header: [u8; 14] = packet.read(0).ok_or(Refused::NotIp)?;
    let mut ethertype = u16::from_be_bytes([header[12], header[13]]);
    let mut ip_offset = 14;
    let mut vlan = hook.stripped_vlan;
    for _ in 0..MAX_VLAN_TAGS {
        if !ETHERTYPES_VLAN.contains(&ethertype) {
            break;
        }
        let tag: [u8; 4] = packet.read(ip_offset).ok_or(Refused::NotIp)?;
        vlan = vlan.or(Some(u16::from_be_bytes([tag[0], tag[1]])));
        ethertype = u16::from_be_bytes([tag[2], tag[3]]);
        ip_offset += 4;
    }
    let family = match ethertype {
        ETHERTYPE_IPV4 => Family::V4,
        ETHERTYPE_IPV6 => Family::V6,
        _ => return Err(Refused::NotIp),
    };
    let group_address = header[0] & 1 != 0;
    let to_us = header[0] == hook.mac[0]
        && header[1] == hook.mac[1]
        && header[2] == hook.mac[2]
        && header[3] == hook.mac[3]
        && header[4] == hook.mac[4]
        && header[5] == hook.mac[5];
    Ok(Link {
        family,
        ip_offset,
        vlan: vlan.unwrap_or(0) & VLAN_ID_MASK,
        third_party: matches!(hook.direction, Direction::Ingress) && !group_address && !to_us,
    })
}

#[inline(always)]
fn raw_ip<P: Packet + ?Sized>(packet: &P, hook: &Hook) -> Result<Link, Refused> {
    let [first]: [u8; 1] = packet.read(0).ok_or(Refused::NotIp)?;
    let family = match first >> 4 {
        4 => Family::V4,
        6 => Family::V6,
        _ => return Err(Refused::NotIp),
    };
    let vlan = hook.stripped_vlan.unwrap_or(0) & VLAN_ID_MASK;
    Ok(Link { family, ip_offset: 0, vlan, third_party: false })
}

struct Ip {
    source: [u8; 16],
    destination: [u8; 16],
    protocol: u8,
    bytes: u32,
    /// Where the packet ends in the frame: what follows is padding, not payload.
    end: u32,
    transport_offset: Option<u32>,
    later_fragment: bool,
}

/// RFC 791 §3.1.
#[inline(always)]
fn ipv4<P: Packet + ?Sized>(packet: &P, offset: u32) -> Result<Ip, Refused> {
    let header: [u8; IPV4_HEADER_BYTES as usize] = packet.read(offset).ok_or(Refused::Malformed)?;
    let header_bytes = u32::from(header[0] & 0x0f) * 4;
    let available = packet.frame_bytes().saturating_sub(offset);
    if header[0] >> 4 != 4 || header_bytes < IPV4_HEADER_BYTES || header_bytes > available {
        return Err(Refused::Malformed);
    }
    let claimed = u32::from(u16::from_be_bytes([header[2], header[3]]));
    if claimed != 0 && claimed < header_bytes {
        return Err(Refused::Malformed);
    }
    let bytes = if claimed == 0 || claimed > available { available } else { claimed };
    let fragment_offset = u16::from_be_bytes([header[6], header[7]]) & 0x1fff;
    let later_fragment = fragment_offset != 0;
    Ok(Ip {
        source: v4_mapped([header[12], header[13], header[14], header[15]]),
        destination: v4_mapped([header[16], header[17], header[18], header[19]]),
        protocol: header[9],
        bytes,
        end: offset + bytes,
        transport_offset: if later_fragment { None } else { Some(offset + header_bytes) },
        later_fragment,
    })
}

/// RFC 8200 §3.
#[inline(always)]
fn ipv6<P: Packet + ?Sized>(packet: &P, offset: u32) -> Result<Ip, Refused> {
    let header: [u8; 8] = packet.read(offset).ok_or(Refused::Malformed)?;
    let source: [u8; 16] = packet.read(offset + 8).ok_or(Refused::Malformed)?;
    let destination: [u8; 16] = packet.read(offset + 24).ok_or(Refused::Malformed)?;
    if header[0] >> 4 != 6 {
        return Err(Refused::Malformed);
    }
    let next_header = header[6];
    let payload_bytes = u32::from(u16::from_be_bytes([header[4], header[5]]));
    let claimed = payload_bytes + IPV6_HEADER_BYTES;
    let available = packet.frame_bytes().saturating_sub(offset);
    // A length of 0 means "see the jumbo option" (RFC 2675) or "see the frame", but for a packet
    // that by its own word has nothing after the header.
    let says_nothing = payload_bytes == 0 && next_header != protocol::NO_NEXT_HEADER;
    let bytes = if says_nothing || claimed > available { available } else { claimed };
    let end = offset + bytes;
    let transport = skip_extensions(packet, next_header, offset + IPV6_HEADER_BYTES, end);
    Ok(Ip {
        source,
        destination,
        protocol: transport.protocol,
        bytes,
        end,
        transport_offset: transport.offset,
        later_fragment: transport.later_fragment,
    })
}

struct Transport {
    protocol: u8,
    offset: Option<u32>,
    later_fragment: bool,
}

/// Walks the extension headers (RFC 8200 §4, RFC 7045), at most [`MAX_EXTENSION_HEADERS`]. A chain
/// that is longer or cut off ends at the first header that was not passed, without a transport.
#[inline(always)]
fn skip_extensions<P: Packet + ?Sized>(packet: &P, first: u8, start: u32, end: u32) -> Transport {
    let mut protocol = first;
    let mut offset = start;
    for _ in 0..MAX_EXTENSION_HEADERS {
        if !is_extension(protocol) {
            return Transport { protocol, offset: Some(offset), later_fragment: false };
        }
        if offset + 8 > end {
            return Transport { protocol, offset: None, later_fragment: false };
        }
        let Some(header) = packet.read::<4>(offset) else {
            return Transport { protocol, offset: None, later_fragment: false };
        };
        let units = u32::from(header[1]);
        match protocol {
            protocol::FRAGMENT => {
                if u16::from_be_bytes([header[2], header[3]]) & 0xfff8 != 0 {
                    return Transport { protocol: header[0], offset: None, later_fragment: true };
                }
                offset += 8;
            }
            // RFC 4302 §2.2: in units of 4 bytes, less 2.
            protocol::AUTHENTICATION => offset += (units + 2) * 4,
            // RFC 8200 §4.3 and its kin: in units of 8 bytes, less 1.
            _ => offset += (units + 1) * 8,
        }
        offset = P::settle(offset);
        protocol = header[0];
    }
    let offset = if is_extension(protocol) { None } else { Some(offset) };
    Transport { protocol, offset, later_fragment: false }
}

#[inline(always)]
fn is_extension(number: u8) -> bool {
    matches!(
        number,
        protocol::HOP_BY_HOP
            | protocol::ROUTING
            | protocol::FRAGMENT
            | protocol::AUTHENTICATION
            | protocol::DESTINATION_OPTIONS
            | protocol::MOBILITY
            | protocol::HIP
            | protocol::SHIM6
    )
}

/// Source and destination port; 0 where the protocol has none or the packet ends before them.
#[inline(always)]
fn ports<P: Packet + ?Sized>(packet: &P, ip: &Ip) -> (u16, u16) {
    let has_ports = matches!(
        ip.protocol,
        protocol::TCP | protocol::UDP | protocol::DCCP | protocol::SCTP | protocol::UDP_LITE
    );
    let Some(offset) = ip.transport_offset else { return (0, 0) };
    if !has_ports || offset + 4 > ip.end {
        return (0, 0);
    }
    match packet.read::<4>(offset) {
        Some([a, b, c, d]) => (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
        None => (0, 0),
    }
}

#[inline(always)]
const fn v4_mapped(address: [u8; 4]) -> [u8; 16] {
    let [a, b, c, d] = address;
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}
