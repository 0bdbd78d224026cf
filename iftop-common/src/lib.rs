//! The agreement between the kernel program and user space: flow key, counters, names of maps and
//! globals, and the one packet parser ([`parse`](mod@parse)) that both sides run.
//!
//! It owns layouts and what the bytes of a packet mean. It must never allocate, never read a clock
//! or a map, and depends on nothing. Every struct that crosses the border is `repr(C)`, made of
//! integers, its padding named and zero, its size asserted here.
#![no_std]
#![forbid(unsafe_code)]
#![expect(
    clippy::inline_always,
    reason = "in the kernel a call passes five registers at most, so all of it becomes one function"
)]

use core::ops::{AddAssign, SubAssign};

pub mod aggregate;
pub mod parse;

/// Names of maps and load-time globals in the eBPF object, as both sides spell them.
pub mod names {
    /// `u32 × 1`, mmapable: the epoch. Its lowest bit is the half that the program counts into.
    pub const EPOCH: &str = "EPOCH";
    /// [`Totals`](crate::Totals) × 2 × CPUs, mmapable; index `half * CPUS + cpu`.
    pub const TOTALS: &str = "TOTALS";
    /// Two hash maps, one per half: [`FlowKey`](crate::FlowKey) → [`Counters`](crate::Counters).
    pub const FLOWS: [&str; 2] = ["FLOWS_0", "FLOWS_1"];
    /// Global `u32`: how many CPUs there may ever be.
    pub const CPUS: &str = "CPUS";
    /// Global `u8`: the [`LinkType`](crate::parse::LinkType) as a number.
    pub const LINK_TYPE: &str = "LINK_TYPE";
    /// Global `[u8; 6]`: the interface's own hardware address.
    pub const MAC: &str = "MAC";
    /// Global `u8`: the [kinds](crate::aggregate::kind) of aggregates that the kernel cuts up on their
    /// way to the device.
    pub const CUT_BY_KERNEL: &str = "CUT_BY_KERNEL";
    /// Global `u8`: 1 to report refused packets through aya-log, 0 to compile that out.
    pub const LOG_REFUSED: &str = "LOG_REFUSED";
    /// The programs at the two hooks.
    pub const INGRESS: &str = "iftop_ingress";
    /// See [`INGRESS`].
    pub const EGRESS: &str = "iftop_egress";
}

/// How many refused packets a CPU reports in a half, that is between two polls.
pub const REFUSALS_LOGGED_PER_CPU: u64 = 10;

/// One conversation as a hook sees it, 40 bytes.
///
/// Near and far come from the hook alone (ingress: near = destination; egress: near = source), so
/// both directions of a conversation share one key. IPv4 addresses are v4-mapped (RFC 4291 §2.5.5.2).
/// Ports are in host order, 0 where the protocol has none or they cannot be known.
#[repr(C)]
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
    /// No line was free for this flow: the far side was left out, so that its address and port are
    /// zero, and all such flows of the near side are one.
    pub const FAR_UNKNOWN: u16 = 0x8000;

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

/// Bytes and packets of one thing that is counted, 16 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Bytes; what a byte is (of IP, of the frame) is said where the count stands.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.packets += other.packets;
    }
}

impl SubAssign for Count {
    fn sub_assign(&mut self, other: Self) {
        self.bytes -= other.bytes;
        self.packets -= other.packets;
    }
}

/// A [`Count`] per hook, 32 bytes; the value of the flow maps.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// At the ingress hook: received by this interface.
    pub ingress: Count,
    /// At the egress hook: sent by this interface.
    pub egress: Count,
}

impl Counters {
    /// Both hooks together.
    pub fn both(&self) -> Count {
        let mut sum = self.ingress;
        sum += self.egress;
        sum
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.ingress += other.ingress;
        self.egress += other.egress;
    }
}

/// What one CPU counted in one half, 192 bytes (three cache lines of its own).
///
/// Counted before the flow is looked up, so that it is an independent witness:
/// `seen` = all flows + `other`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// IP packets, in IP bytes.
    pub seen: Counters,
    /// IP packets that found no room in the flow map, in IP bytes.
    pub other: Counters,
    /// Every frame at the hooks, as the kernel's own interface counters take it: sum of `skb->len`,
    /// one per skb, and the segments of those that the kernel cuts up behind the hook.
    pub frames: Counters,
    /// Frames that carry no IP, in frame bytes.
    pub not_ip: Count,
    /// Frames that claim to carry IP and do not hold a whole, sane IP header, in frame bytes.
    pub malformed: Count,
    /// Refused packets already reported; see [`REFUSALS_LOGGED_PER_CPU`].
    pub refusals_logged: u64,
    /// Padding.
    pub reserved: [u64; 7],
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.seen += other.seen;
        self.other += other.other;
        self.frames += other.frames;
        self.not_ip += other.not_ip;
        self.malformed += other.malformed;
        self.refusals_logged += other.refusals_logged;
    }
}

const _: () = {
    assert!(size_of::<FlowKey>() == 40);
    assert!(size_of::<Counters>() == 32);
    assert!(size_of::<Totals>() == 192);
};
