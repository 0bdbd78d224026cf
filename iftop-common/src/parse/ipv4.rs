//! IPv4 (RFC 791 §3.1).

use core::num::NonZeroU64;

use super::{Ip, Packet, Refused, part, protocol};

const HEADER_BYTES: u64 = 20;

/// What most packets are: IPv4 without options, no later fragment, whole, TCP or UDP. False for all
/// others, which are for [`any`]; what it says of a packet is the same.
#[inline(always)]
pub(super) fn usual<P: Packet + ?Sized>(packet: &P, offset: u64, ip: &mut Ip) -> bool {
    const BYTES: u64 = HEADER_BYTES + 4;
    /// Version, length of the header, offset of the fragment.
    const MASK: u64 = u64::from_le_bytes([0xff, 0, 0, 0, 0, 0, 0x1f, 0xff]);
    let mut bytes = [0; BYTES as usize];
    if !packet.peek(offset, &mut bytes) {
        return false;
    }
    let length = u64::from(u16::from_be_bytes(part(&bytes, 2)));
    let protocol = u64::from(bytes[9]);
    if u64::from_le_bytes(part(&bytes, 0)) & MASK != 0x45
        || !matches!(protocol, protocol::TCP | protocol::UDP)
        || length < BYTES
        || length > packet.frame_bytes().wrapping_sub(offset)
    {
        return false;
    }
    *ip = Ip {
        source: v4_mapped(part(&bytes, 12)),
        destination: v4_mapped(part(&bytes, 16)),
        ports: u32::from_be_bytes(part(&bytes, 20)),
        protocol,
        bytes: length,
        end: offset + length,
        transport_offset: NonZeroU64::new(offset + HEADER_BYTES),
        later_fragment: false,
    };
    true
}

/// Any packet.
#[inline(always)]
pub(super) fn any<P: Packet + ?Sized>(packet: &P, offset: u64, ip: &mut Ip) -> Result<(), Refused> {
    let mut header = [0; HEADER_BYTES as usize];
    if !packet.read(offset, &mut header) {
        return Err(Refused::Malformed);
    }
    let header_bytes = u64::from(header[0] & 0x0f) * 4;
    // Not below zero, as the header could be read.
    let available = packet.frame_bytes().wrapping_sub(offset);
    if header[0] >> 4 != 4 || header_bytes < HEADER_BYTES || header_bytes > available {
        return Err(Refused::Malformed);
    }
    let claimed = u64::from(u16::from_be_bytes(part(&header, 2)));
    if claimed != 0 && claimed < header_bytes {
        return Err(Refused::Malformed);
    }
    ip.bytes = if claimed == 0 || claimed > available { available } else { claimed };
    ip.end = offset + ip.bytes;
    ip.later_fragment = u16::from_be_bytes(part(&header, 6)) & 0x1fff != 0;
    if !ip.later_fragment {
        ip.transport_offset = NonZeroU64::new(offset + header_bytes);
    }
    ip.protocol = u64::from(header[9]);
    ip.source = v4_mapped(part(&header, 12));
    ip.destination = v4_mapped(part(&header, 16));
    Ok(())
}

/// Whose first word is 0.
#[inline(always)]
fn v4_mapped(address: [u8; 4]) -> [u64; 2] {
    [0, u64::from_le(0xffff_0000 | u64::from(u32::from_le_bytes(address)) << 32)]
}
