//! Aggregates: one packet at a hook that stands for several on the wire (GSO, GRO).
//!
//! It owns how such a packet counts. It knows of the hook only what it is told, and must never read
//! anything but the packet.
//!
//! An aggregate that the device cuts up (TSO) passes every capture as one packet, and the interface's
//! own counters too, but for those that hardware keeps of segments. One that the kernel cuts up passes them as its segments, each with headers of its
//! own; that happens behind the egress hook (`validate_xmit_skb()` of `net/core/dev.c`).

use crate::{
    Count, FlowKey,
    parse::{Hook, LinkType, Packet, Parsed, protocol},
};

const UDP_HEADER_BYTES: u64 = 8;
const SCTP_HEADER_BYTES: u64 = 12;
/// In place of the segments' size: they are what hangs at the packet, each as long as it is (SCTP).
/// Of `linux/skbuff.h`.
const GSO_BY_FRAGS: u64 = 0xffff;

/// Kinds of aggregates: bits of the global [`CUT_BY_KERNEL`](crate::names::CUT_BY_KERNEL).
pub mod kind {
    /// TCP over IPv4.
    pub const TCP4: u8 = 1;
    /// TCP over IPv6.
    pub const TCP6: u8 = 2;
    /// UDP over IPv4 (`UDP_SEGMENT` of udp(7)).
    pub const UDP4: u8 = 4;
    /// UDP over IPv6.
    pub const UDP6: u8 = 8;
}

/// What the kernel says of a packet's segments (`struct skb_shared_info`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Gso {
    /// How many. 0 where the aggregate comes from a guest ("dodgy"): how many it has then follows
    /// from its payload.
    pub segments: u64,
    /// Payload of each but the last, in bytes; 0 where there are none: that is what the kernel itself
    /// goes by (`skb_is_gso()`).
    pub segment_bytes: u64,
}

/// What one packet at a hook adds to the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// As the interface's own counters take it.
    pub frame: Count,
    /// IP bytes, and packets on the wire.
    pub ip: Count,
    /// What the cable carried, in bytes: each segment with headers of its own, padded to the least
    /// that a frame has, and with what stands between frames. Without a link header there is no
    /// cable that is known of: then the segments alone.
    pub wire_bytes: u64,
}

/// The least that a frame has without its checksum (IEEE 802.3 §3.2.8), in bytes.
const LEAST_FRAME: u64 = 60;
/// Checksum, preamble, start delimiter and gap, in bytes.
const BETWEEN_FRAMES: u64 = 4 + 8 + 12;

/// What a frame takes of the cable, in bytes.
#[inline(always)]
pub fn wire_bytes(frame_bytes: u64, hook: &Hook) -> u64 {
    match hook.link_type {
        LinkType::RawIp => frame_bytes,
        LinkType::Ethernet => {
            // A tag that the hardware adds, or has taken out.
            let frame_bytes = frame_bytes + hook.stripped_vlan.bytes();
            BETWEEN_FRAMES + if frame_bytes < LEAST_FRAME { LEAST_FRAME } else { frame_bytes }
        }
    }
}

/// Counts a packet that was parsed. `cut_by_kernel` has the [kinds](kind) that the kernel will cut
/// up behind this hook.
#[inline(always)]
pub fn count<P: Packet + ?Sized>(
    packet: &P,
    parsed: &Parsed,
    hook: &Hook,
    gso: Gso,
    cut_by_kernel: u8,
) -> Counted {
    let frame_bytes = packet.frame_bytes();
    let ip_bytes = parsed.ip_bytes;
    if gso.segment_bytes == 0 {
        return Counted {
            frame: Count { bytes: frame_bytes, packets: 1 },
            ip: Count { bytes: ip_bytes, packets: 1 },
            wire_bytes: wire_bytes(frame_bytes, hook),
        };
    }
    let Some(cut) = Cut::new(packet, parsed, gso) else {
        // Where its headers end is not known, so nothing can be said of further ones.
        let packets = gso.segments.max(1);
        return Counted {
            frame: Count { bytes: frame_bytes, packets: 1 },
            ip: Count { bytes: ip_bytes, packets },
            wire_bytes: frame_bytes + packets * wire_bytes(0, hook).saturating_sub(LEAST_FRAME),
        };
    };
    let mut counted = Counted {
        frame: Count { bytes: frame_bytes, packets: 1 },
        ip: Count { bytes: ip_bytes, packets: cut.segments },
        wire_bytes: cut.wire_bytes(hook),
    };
    // How a device does with a tunnel's headers is another question.
    if cut_by_kernel & kind_of(parsed) != 0 && !cut.is_tunnel {
        let further = cut.segments - 1;
        let ip_header_bytes = cut.header_bytes - parsed.ip_offset;
        counted.frame.bytes += further * cut.header_bytes;
        counted.frame.packets = cut.segments;
        counted.ip.bytes += further * ip_header_bytes;
    }
    counted
}

/// An aggregate and how it is cut up.
struct Cut {
    segments: u64,
    /// From the start of the frame, so those of the link are among them.
    header_bytes: u64,
    payload_bytes: u64,
    segment_bytes: u64,
    is_tunnel: bool,
}

impl Cut {
    #[inline(always)]
    fn new<P: Packet + ?Sized>(packet: &P, parsed: &Parsed, gso: Gso) -> Option<Self> {
        let transport_offset = parsed.transport_offset?.get();
        let header_bytes =
            transport_offset + transport_header_bytes(packet, parsed, transport_offset);
        let payload_bytes = packet.frame_bytes().saturating_sub(header_bytes);
        let segment_bytes = match gso.segment_bytes {
            // In the mean: in all they are as long as they are.
            GSO_BY_FRAGS => payload_bytes.div_ceil(gso.segments.max(1)).max(1),
            known => known,
        };
        let segments = match gso.segments {
            0 => payload_bytes.div_ceil(segment_bytes).max(1),
            known => known,
        };
        // More payload than segments can hold: further headers are in it, a tunnel's. How long they
        // are is not known, but for the least that they can be; and where the last segment has room
        // for them, that there are any is not seen.
        let held = segments * segment_bytes;
        let is_tunnel = payload_bytes > held;
        let inner_header_bytes = if is_tunnel { payload_bytes - held } else { 0 };
        Some(Self {
            segments,
            header_bytes: header_bytes + inner_header_bytes,
            payload_bytes: payload_bytes - inner_header_bytes,
            segment_bytes,
            is_tunnel,
        })
    }

    /// All segments; the last one has what is left of the payload.
    #[inline(always)]
    fn wire_bytes(&self, hook: &Hook) -> u64 {
        let further = self.segments - 1;
        let last = self.payload_bytes.saturating_sub(further * self.segment_bytes);
        further * wire_bytes(self.header_bytes + self.segment_bytes, hook)
            + wire_bytes(self.header_bytes + last, hook)
    }
}

/// 0 for what is none of them.
#[inline(always)]
fn kind_of(parsed: &Parsed) -> u8 {
    match (FlowKey::protocol_of(&parsed.words), parsed.is_ipv6) {
        (protocol::TCP, false) => kind::TCP4,
        (protocol::TCP, true) => kind::TCP6,
        (protocol::UDP, false) => kind::UDP4,
        (protocol::UDP, true) => kind::UDP6,
        _ => 0,
    }
}

/// The length of a TCP header is in words of 4 bytes (RFC 9293 §3.1).
#[inline(always)]
fn transport_header_bytes<P: Packet + ?Sized>(packet: &P, parsed: &Parsed, offset: u64) -> u64 {
    match FlowKey::protocol_of(&parsed.words) {
        protocol::TCP => {}
        protocol::SCTP => return SCTP_HEADER_BYTES,
        _ => return UDP_HEADER_BYTES,
    }
    let mut words = [5 << 4];
    packet.read(offset + 12, &mut words);
    u64::from(words[0] >> 4) * 4
}
