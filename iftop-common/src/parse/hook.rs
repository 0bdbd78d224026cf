//! What is known of a frame beside its bytes: where it was met, and how it starts.
//!
//! Plain values that whoever has the frame fills in; nothing here looks at one.

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

/// A VLAN tag, or none. (An `Option` would be taken apart and put together again in the kernel.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vlan(u64);

impl Vlan {
    /// No tag.
    pub const NONE: Self = Self(0);
    const IS_THERE: u64 = FlowKey::VLAN_MASK as u64 + 1;

    /// From the tag's control information, of which the id is the lowest 12 bits. (It may be 0: a
    /// priority without a VLAN.)
    #[inline(always)]
    pub const fn new(control: u16) -> Self {
        Self(Self::IS_THERE | (control & FlowKey::VLAN_MASK) as u64)
    }

    /// The same, or none where `is_there` is 0 and not 1.
    #[inline(always)]
    pub const fn if_there(is_there: u32, control: u32) -> Self {
        // No branch: to the verifier each would double the ways through all that follows.
        Self(Self::new(control as u16).0 * is_there as u64)
    }

    /// Whether there is one.
    #[inline(always)]
    pub(super) const fn is_some(self) -> bool {
        self.0 != 0
    }

    /// Bytes that it adds to the frame.
    #[inline(always)]
    pub(crate) const fn bytes(self) -> u64 {
        (self.0 & Self::IS_THERE) / (Self::IS_THERE / 4)
    }

    /// 0 without a tag.
    #[inline(always)]
    pub(super) const fn id(self) -> u64 {
        self.0 & FlowKey::VLAN_MASK as u64
    }
}

/// A hardware address, its first byte lowest, above 16 bits that are zero: so that two are compared in
/// one step whatever stands beside them.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mac(pub u64);

impl Mac {
    /// From its bytes.
    pub const fn new(bytes: [u8; 6]) -> Self {
        let mut wide = [0; 8];
        wide.split_at_mut(2).1.copy_from_slice(&bytes);
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
    pub stripped_vlan: Vlan,
}
