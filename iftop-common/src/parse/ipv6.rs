//! IPv6 (RFC 8200 §3) and its extension headers.

use core::num::NonZeroU64;

use super::{Ip, Packet, Refused, part, protocol, word};

const HEADER_BYTES: u64 = 40;
const MAX_EXTENSION_HEADERS: usize = 8;

/// What most packets are: IPv6 without extension headers, whole, TCP or UDP. False for all others,
/// which are for [`any`]; what it says of a packet is the same.
#[inline(always)]
pub(super) fn usual<P: Packet + ?Sized>(packet: &P, offset: u64, ip: &mut Ip) -> bool {
    const BYTES: u64 = HEADER_BYTES + 4;
    let mut bytes = [0; BYTES as usize];
    if !packet.peek(offset, &mut bytes) {
        return false;
    }
    let length = u64::from(u16::from_be_bytes(part(&bytes, 4))) + HEADER_BYTES;
    let protocol = u64::from(bytes[6]);
    if bytes[0] >> 4 != 6
        || !matches!(protocol, protocol::TCP | protocol::UDP)
        || length < BYTES
        || length > packet.frame_bytes().wrapping_sub(offset)
    {
        return false;
    }
    *ip = Ip {
        source: [word(&bytes, 8), word(&bytes, 16)],
        destination: [word(&bytes, 24), word(&bytes, 32)],
        ports: u32::from_be_bytes(part(&bytes, 40)),
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
    if header[0] >> 4 != 6 {
        return Err(Refused::Malformed);
    }
    let payload_bytes = u64::from(u16::from_be_bytes(part(&header, 4)));
    let claimed = payload_bytes + HEADER_BYTES;
    let available = packet.frame_bytes().wrapping_sub(offset);
    ip.protocol = u64::from(header[6]);
    // A length of 0 means "see the jumbo option" (RFC 2675) or "see the frame", but for a packet
    // that by its own word has nothing after the header.
    let says_nothing = payload_bytes == 0 && ip.protocol != protocol::NO_NEXT_HEADER;
    ip.bytes = if says_nothing || claimed > available { available } else { claimed };
    ip.end = offset + ip.bytes;
    ip.source = [word(&header, 8), word(&header, 16)];
    ip.destination = [word(&header, 24), word(&header, 32)];
    skip_extensions(packet, offset + HEADER_BYTES, ip);
    Ok(())
}

/// Walks the extension headers (RFC 8200 §4, RFC 7045), at most [`MAX_EXTENSION_HEADERS`]. A chain
/// that is longer or cut off ends at the first header that was not passed, without a transport.
#[inline(always)]
fn skip_extensions<P: Packet + ?Sized>(packet: &P, start: u64, ip: &mut Ip) {
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
        let units = u64::from(header[1]);
        match ip.protocol {
            protocol::FRAGMENT => {
                if u16::from_be_bytes(part(&header, 2)) & 0xfff8 != 0 {
                    ip.protocol = u64::from(header[0]);
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
        ip.protocol = u64::from(header[0]);
    }
    if !is_extension(ip.protocol) {
        ip.transport_offset = NonZeroU64::new(offset);
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
fn is_extension(number: u64) -> bool {
    EXTENSIONS[(number >> 6 & 3) as usize] >> (number & 63) & 1 != 0
}
