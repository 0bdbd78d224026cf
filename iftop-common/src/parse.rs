//! The only packet parser: from the bytes of a frame to a [`FlowKey`] and the packet's IP length.
//!
//! The kernel program, the tests and every other source run this same code, so that the same bytes
//! give the same key everywhere. It reads packets only through [`Packet`] and knows nothing of maps,
//! hooks or clocks. Every loop is bounded and nothing can panic, as the kernel's verifier demands.

use core::num::NonZeroU64;

use crate::{FlowKey, aggregate::Gso, flat::Words};

mod hook;
mod ipv4;
mod ipv6;
mod link;
mod transport;

pub use hook::{Direction, Hook, LinkType, Mac, Vlan};
pub use link::{ETHERTYPES_VLAN, Link};

/// A frame that can be read. (Lengths and offsets are as wide as the kernel's registers, in which
/// narrower ones would be cut to size again and again.)
pub trait Packet {
    /// Length of the whole frame in bytes, link header included.
    fn frame_bytes(&self) -> u64;

    /// Puts the `N` bytes at `offset` from the start of the frame into `bytes`; false where it does
    /// not hold them. (In an `Option` they would be moved, byte by byte.)
    fn read<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool;

    /// The same, and false as well where they are not at hand.
    #[inline(always)]
    fn peek<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        self.read(offset, bytes)
    }

    /// What it is made of, where it is an aggregate.
    #[inline(always)]
    fn gso(&self) -> Gso {
        Gso::default()
    }

    /// The same offset, which is never beyond 32,767. The kernel's verifier must be told so after
    /// each extension header, or it follows every length that each of them could have.
    #[inline(always)]
    fn settle(offset: u64) -> u64 {
        offset
    }
}

/// A frame in host memory.
impl Packet for [u8] {
    fn frame_bytes(&self) -> u64 {
        self.len() as u64
    }

    fn read<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        let rest = usize::try_from(offset).ok().and_then(|start| self.get(start..));
        let Some(found) = rest.and_then(<[u8]>::first_chunk) else { return false };
        *bytes = *found;
        true
    }
}

/// An IP packet that can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Where it belongs: a [`FlowKey`] in words, which the kernel program keeps in registers.
    pub words: Words,
    /// As the flag in the words says. (In the kernel, looking for it there would make a way of its own
    /// of each combination of flags for the verifier.)
    pub is_ipv6: bool,
    /// Length of the IP packet: what its header says, or what the frame holds where the header
    /// says 0 (an aggregate over 64 KiB, "BIG TCP") or more than the frame has.
    pub ip_bytes: u64,
    /// Offset of the IP header in the frame.
    pub ip_offset: u64,
    /// Offset of the transport header in the frame, where it was reached. (Not zero, so that there
    /// is nothing undefined in `None`: the compiler would save that somewhere, which the kernel's
    /// verifier refuses.)
    pub transport_offset: Option<NonZeroU64>,
}

impl Parsed {
    /// Where it belongs.
    pub fn key(&self) -> FlowKey {
        FlowKey::from_words(&self.words)
    }
}

/// Why a frame is not counted as IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It carries something else.
    NotIp,
    /// It claims to be IP, but holds no whole, sane IP header.
    Malformed,
}

/// IANA protocol numbers.
pub(crate) mod protocol {
    pub const HOP_BY_HOP: u64 = 0;
    pub const TCP: u64 = 6;
    pub const UDP: u64 = 17;
    pub const DCCP: u64 = 33;
    pub const ROUTING: u64 = 43;
    pub const FRAGMENT: u64 = 44;
    pub const AUTHENTICATION: u64 = 51;
    pub const NO_NEXT_HEADER: u64 = 59;
    pub const DESTINATION_OPTIONS: u64 = 60;
    pub const SCTP: u64 = 132;
    pub const MOBILITY: u64 = 135;
    pub const UDP_LITE: u64 = 136;
    pub const HIP: u64 = 139;
    pub const SHIM6: u64 = 140;
}

/// Reads one frame as the hook sees it.
#[inline(always)]
pub fn parse<P: Packet + ?Sized>(packet: &P, hook: &Hook) -> Result<Parsed, Refused> {
    let link = Link::read(packet, hook)?;
    match link.usual(packet, hook) {
        Some(parsed) => Ok(parsed),
        None => link.any(packet, hook),
    }
}

/// What the IP headers say.
#[derive(Default)]
struct Ip {
    /// Addresses are two words each, as they stand in memory.
    source: [u64; 2],
    destination: [u64; 2],
    /// The source's, and the destination's in the lower half.
    ports: u32,
    protocol: u64,
    bytes: u64,
    /// Where the packet ends in the frame: what follows is padding, not payload.
    end: u64,
    transport_offset: Option<NonZeroU64>,
    later_fragment: bool,
}

impl Link {
    /// The second step, which reads what most packets are: no options, extension headers or later
    /// fragments, whole, TCP or UDP. Of others it says nothing, and of these the same as [`any`](Self::any).
    #[inline(always)]
    pub fn usual<P: Packet + ?Sized>(&self, packet: &P, hook: &Hook) -> Option<Parsed> {
        let mut ip = Ip::default();
        let is_usual = if self.is_ipv6 {
            ipv6::usual(packet, self.ip_offset, &mut ip)
        } else {
            ipv4::usual(packet, self.ip_offset, &mut ip)
        };
        is_usual.then(|| self.parsed(hook, &ip))
    }

    /// The second step, for any packet.
    #[inline(always)]
    pub fn any<P: Packet + ?Sized>(&self, packet: &P, hook: &Hook) -> Result<Parsed, Refused> {
        let mut ip = Ip::default();
        if self.is_ipv6 {
            ipv6::any(packet, self.ip_offset, &mut ip)?;
        } else {
            ipv4::any(packet, self.ip_offset, &mut ip)?;
        }
        ip.ports = transport::ports(packet, &ip);
        Ok(self.parsed(hook, &ip))
    }

    #[inline(always)]
    fn parsed(&self, hook: &Hook, ip: &Ip) -> Parsed {
        let fragment = if ip.later_fragment { u64::from(FlowKey::LATER_FRAGMENT) } else { 0 };
        let family = if self.is_ipv6 { u64::from(FlowKey::IPV6) } else { 0 };
        let flags = self.flags | family | fragment;
        let beside = ip.protocol << 32 | u64::from(hook.interface) << 40 | flags << 48;
        let [[source, source_low], [destination, destination_low]] = [ip.source, ip.destination];
        let words = match hook.direction {
            Direction::Ingress => {
                let ports = u64::from(ip.ports);
                [destination, destination_low, source, source_low, ports | beside]
            }
            Direction::Egress => {
                let ports = u64::from(ip.ports.rotate_left(16));
                [source, source_low, destination, destination_low, ports | beside]
            }
        };
        Parsed {
            words,
            is_ipv6: self.is_ipv6,
            ip_bytes: ip.bytes,
            ip_offset: self.ip_offset,
            transport_offset: ip.transport_offset,
        }
    }
}

/// Eight bytes as they stand in memory.
#[inline(always)]
fn word<const N: usize>(bytes: &[u8; N], start: usize) -> u64 {
    u64::from_ne_bytes(part(bytes, start))
}

/// Some of the bytes, taken out as one piece.
#[inline(always)]
fn part<const N: usize, const M: usize>(bytes: &[u8; N], start: usize) -> [u8; M] {
    let mut part = [0; M];
    part.copy_from_slice(&bytes[start..start + M]);
    part
}
