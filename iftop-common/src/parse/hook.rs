//! What is known of a frame beside its bytes: where it was met, and how it starts.
//!
//! Plain values that whoever has the frame fills in; nothing here looks at one.

use core::num::NonZeroU16;

use crate::FlowKey;

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

/// The id of a VLAN tag and 1, as it may be 0 (a priority without a VLAN): not zero, for the reason that
/// [`Parsed::transport_offset`](super::Parsed::transport_offset) has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vlan(NonZeroU16);

impl Vlan {
    /// From the tag's control information, of which the id is the lowest 12 bits.
    #[inline(always)]
    pub const fn new(control: u16) -> Self {
        Self(NonZeroU16::MIN.saturating_add(control & FlowKey::VLAN_MASK))
    }

    /// 0 without a tag.
    #[inline(always)]
    pub(super) fn id(tag: Option<Self>) -> u32 {
        tag.map_or(0, |tag| u32::from(tag.0.get()) - 1)
    }
}

/// A hardware address, its first byte lowest.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mac(pub u64);

impl Mac {
    /// From its bytes.
    pub const fn new(bytes: [u8; 6]) -> Self {
        let mut wide = [0; 8];
        wide.split_at_mut(bytes.len()).0.copy_from_slice(&bytes);
        Self(u64::from_le_bytes(wide))
    }
}

/// What a hook knows of a packet beside its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    /// Which way the packet goes.
    pub direction: Direction,
    /// What the frame starts with.
    pub link_type: LinkType,
    /// The interface's own hardware address; not looked at on [`LinkType::RawIp`].
    pub mac: Mac,
    /// The interface's slot, copied into the key.
    pub interface: u8,
    /// A VLAN tag that was taken out of the frame (by hardware or by the kernel).
    pub stripped_vlan: Option<Vlan>,
}
