//! The flow key: what makes two packets belong together.

use crate::flat;

/// One conversation as a hook sees it, 40 bytes.
///
/// Near and far come from the hook alone (ingress: near = destination; egress: near = source), so
/// both directions of a conversation share one key. IPv4 addresses are v4-mapped (RFC 4291 §2.5.5.2).
/// Ports are in host order, 0 where the protocol has none or they cannot be known.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    /// The address on our side of the wire.
    pub near: [u8; 16],
    /// The address on the other side.
    pub far: [u8; 16],
    /// Port of the near address.
    pub near_port: u16,
    /// Port of the far address.
    pub far_port: u16,
    /// IP protocol number; of IPv6 the last header that could be reached.
    pub protocol: u8,
    /// Which of several interfaces: a slot, not an ifindex. 0 while there is one.
    pub interface: u8,
    /// Lowest 12 bits: id of the outermost VLAN tag, 0 without one. Above: the flags below.
    pub vlan_and_flags: u16,
}

impl FlowKey {
    /// Mask of the VLAN id in [`vlan_and_flags`](Self::vlan_and_flags).
    pub const VLAN_MASK: u16 = 0x0fff;
    /// The packet was IPv6 (an IPv6 packet may carry v4-mapped addresses, so the address does not say).
    pub const IPV6: u16 = 0x1000;
    /// A fragment other than the first: it has no ports.
    pub const LATER_FRAGMENT: u16 = 0x2000;
    /// Received, but addressed to the hardware address of somebody else.
    pub const THIRD_PARTY: u16 = 0x4000;
    /// There was no room for this flow, in the kernel's table or in user space: the far side was left
    /// out, so that its address and port are zero, and all such flows of the near side are one.
    pub const FAR_UNKNOWN: u16 = 0x8000;

    /// The same in five words: the addresses as they stand in memory, then what is beside them.
    #[inline(always)]
    pub fn words(&self) -> flat::Words {
        [
            half(&self.near, 0),
            half(&self.near, 8),
            half(&self.far, 0),
            half(&self.far, 8),
            u64::from(self.near_port)
                | u64::from(self.far_port) << 16
                | u64::from(self.protocol) << 32
                | u64::from(self.interface) << 40
                | u64::from(self.vlan_and_flags) << 48,
        ]
    }

    /// The inverse of [`words`](Self::words).
    pub fn from_words(words: &flat::Words) -> Self {
        let [near, far] = [[words[0], words[1]], [words[2], words[3]]].map(|halves| {
            let mut address = [0; 16];
            address[..8].copy_from_slice(&halves[0].to_ne_bytes());
            address[8..].copy_from_slice(&halves[1].to_ne_bytes());
            address
        });
        Self {
            near,
            far,
            near_port: words[4] as u16,
            far_port: (words[4] >> 16) as u16,
            protocol: (words[4] >> 32) as u8,
            interface: (words[4] >> 40) as u8,
            vlan_and_flags: (words[4] >> 48) as u16,
        }
    }

    /// The protocol, of the words.
    #[inline(always)]
    pub(crate) const fn protocol_of(words: &flat::Words) -> u64 {
        words[4] >> 32 & 0xff
    }

    /// True when all of `flags` are set.
    #[inline(always)]
    pub const fn has(&self, flags: u16) -> bool {
        self.vlan_and_flags & flags == flags
    }

    /// Id of the outermost VLAN tag, 0 without one.
    #[inline(always)]
    pub const fn vlan(&self) -> u16 {
        self.vlan_and_flags & Self::VLAN_MASK
    }
}

/// Eight bytes of an address.
#[inline(always)]
fn half(address: &[u8; 16], start: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&address[start..start + 8]);
    u64::from_ne_bytes(bytes)
}
