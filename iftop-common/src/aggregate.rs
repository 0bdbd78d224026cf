//! Aggregates: one packet at a hook that stands for several on the wire (GSO, GRO).
//!
//! It owns how such a packet counts. It knows of the hook only what it is told, and must never read
//! anything but the packet.
//!
//! An aggregate that the device cuts up (TSO) passes every capture and the interface's own counters
//! as one packet. One that the kernel cuts up passes them as its segments, each with headers of its
//! own; that happens behind the egress hook (`validate_xmit_skb()` of `net/core/dev.c`).

use crate::{
    Count, FlowKey,
    parse::{Packet, Parsed, protocol},
};

const UDP_HEADER_BYTES: u32 = 8;

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
    /// How many. 0 where there are none, and where the aggregate comes from a guest ("dodgy"): how
    /// many it has then follows from its payload.
    pub segments: u32,
    /// Payload of each but the last, in bytes; 0 where there are none.
    pub segment_bytes: u32,
}

/// What one packet at a hook adds to the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// As the interface's own counters take it.
    pub frame: Count,
    /// IP bytes, and packets on the wire.
    pub ip: Count,
}

/// Counts a packet that was parsed. `cut_by_kernel` has the [kinds](kind) that the kernel will cut
/// up behind this hook.
#[inline(always)]
pub fn count<P: Packet + ?Sized>(
    packet: &P,
    parsed: &Parsed,
    gso: Gso,
    cut_by_kernel: u8,
) -> Counted {
    let frame_bytes = u64::from(packet.frame_bytes());
    let ip_bytes = u64::from(parsed.ip_bytes);
    let uncut = |segments: u32| Counted {
        frame: Count { bytes: frame_bytes, packets: 1 },
        ip: Count { bytes: ip_bytes, packets: u64::from(segments) },
    };
    let is_cut = cut_by_kernel & kind_of(&parsed.key) != 0;
    if gso.segments != 0 && !is_cut {
        return uncut(gso.segments);
    }
    let (Some(transport_offset), 1..) = (parsed.transport_offset, gso.segment_bytes) else {
        return uncut(if gso.segments == 0 { 1 } else { gso.segments });
    };
    // From the start of the frame, so those of the link are among them.
    let header_bytes = transport_offset + transport_header_bytes(packet, parsed, transport_offset);
    let payload_bytes = packet.frame_bytes().saturating_sub(header_bytes);
    let segments = match gso.segments {
        0 => payload_bytes.div_ceil(gso.segment_bytes).max(1),
        known => known,
    };
    // More payload than segments can hold: further headers are in it, a tunnel's. How the device
    // does with those is another question, and how long they are is not known.
    let is_tunnel = u64::from(payload_bytes) > u64::from(segments) * u64::from(gso.segment_bytes);
    if !is_cut || is_tunnel {
        return uncut(segments);
    }
    let further = u64::from(segments) - 1;
    let ip_header_bytes = header_bytes - parsed.ip_offset;
    Counted {
        frame: Count {
            bytes: frame_bytes + further * u64::from(header_bytes),
            packets: u64::from(segments),
        },
        ip: Count {
            bytes: ip_bytes + further * u64::from(ip_header_bytes),
            packets: u64::from(segments),
        },
    }
}

/// 0 for what is none of them.
#[inline(always)]
fn kind_of(key: &FlowKey) -> u8 {
    match (key.protocol, key.has(FlowKey::IPV6)) {
        (protocol::TCP, false) => kind::TCP4,
        (protocol::TCP, true) => kind::TCP6,
        (protocol::UDP, false) => kind::UDP4,
        (protocol::UDP, true) => kind::UDP6,
        _ => 0,
    }
}

/// The length of a TCP header is in words of 4 bytes (RFC 9293 §3.1).
#[inline(always)]
fn transport_header_bytes<P: Packet + ?Sized>(packet: &P, parsed: &Parsed, offset: u32) -> u32 {
    if parsed.key.protocol != protocol::TCP {
        return UDP_HEADER_BYTES;
    }
    let words = packet.read::<1>(offset + 12).map_or(5, |[byte]| byte >> 4);
    u32::from(words) * 4
}
