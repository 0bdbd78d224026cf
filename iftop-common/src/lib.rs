//! The agreement between the kernel program and user space: flow key, counters, names of maps and
//! globals, and the one packet parser ([`parse`](mod@parse)) that both sides run.
//!
//! It owns layouts and what the bytes of a packet mean. It must never allocate, never read a clock
//! or a map, and depends on nothing. Every struct that crosses the border is `repr(C)`, made of
//! integers, its padding named and zero, its size asserted here.
#![no_std]
#![forbid(unsafe_code)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "in the kernel all is 64 bits wide, and what is cut off here is known to be zero"
)]
#![expect(
    clippy::inline_always,
    reason = "in the kernel a call passes five registers at most, so all of it becomes one function"
)]

use core::ops::{AddAssign, SubAssign};

pub mod aggregate;
pub mod flat;
pub mod parse;

/// Names of maps and load-time globals in the eBPF object, as both sides spell them.
pub mod names {
    /// [`PerCpu`](crate::PerCpu) × CPUs, mmapable.
    pub const PER_CPU: &str = "PER_CPU";
    /// [`Bucket`](crate::flat::Bucket) × 2 × shards × buckets, mmapable: the flat table. Index
    /// `(half * shards + shard) * buckets + bucket`.
    pub const FLAT: &str = "FLAT";
    /// [`Bucket`](crate::flat::Bucket) × 2 × CPUs × buckets, mmapable: the spill table. Index
    /// `(half * CPUS + cpu) * buckets + bucket`.
    pub const SPILL: &str = "SPILL";
    /// Two hash maps, one per half: [`Words`](crate::flat::Words) → [`Counters`](crate::Counters).
    pub const FLOWS: [&str; 2] = ["FLOWS_0", "FLOWS_1"];
    /// Two hash maps like them, for what found no room there: flows without their far side.
    pub const FLOWS_SPILL: [&str; 2] = ["FLOWS_SPILL_0", "FLOWS_SPILL_1"];
    /// Global `u8`: which table is counted into, a [`Table`](crate::Table) as a number.
    pub const TABLE: &str = "TABLE";
    /// Global `u8`: what a byte is, a [`Bytes`](crate::Bytes) as a number.
    pub const BYTES: &str = "BYTES";
    /// Global `u32`: buckets in a shard, as a power of two in
    /// [`BUCKET_BITS`](crate::flat::BUCKET_BITS).
    pub const BUCKET_BITS: &str = "BUCKET_BITS";
    /// Global `u32`: the same for a CPU's part of the spill table.
    pub const SPILL_BITS: &str = "SPILL_BITS";
    /// Global `[u64; 10]`: of this run's [`Seed`](crate::flat::Seed).
    pub const SEED_KEYS: &str = "SEED_KEYS";
    /// Global `u64`: see [`SEED_KEYS`].
    pub const SEED_MIX: &str = "SEED_MIX";
    /// Global `u32`: how many CPUs there may ever be.
    pub const CPUS: &str = "CPUS";
    /// Global `u8`: the [`LinkType`](crate::parse::LinkType) as a number.
    pub const LINK_TYPE: &str = "LINK_TYPE";
    /// Global `u64`: the interface's own hardware address, a [`Mac`](crate::parse::Mac).
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
    /// A program that counts nothing.
    pub const NOTHING: &str = "iftop_nothing";
    /// The program at the XDP hook.
    pub const XDP: &str = "iftop_xdp";
    /// The same for frames in several pieces.
    pub const XDP_FRAGS: &str = "iftop_xdp_frags";
}

/// How many refused packets a CPU reports in a half, that is between two polls.
pub const REFUSALS_LOGGED_PER_CPU: u64 = 10;

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
    /// No line was free for this flow: the far side was left out, so that its address and port are
    /// zero, and all such flows of the near side are one.
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

/// Something that is there once per hook, 16 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directions {
    /// At the ingress hook.
    pub ingress: u64,
    /// At the egress hook.
    pub egress: u64,
}

impl AddAssign for Directions {
    fn add_assign(&mut self, other: Self) {
        self.ingress += other.ingress;
        self.egress += other.egress;
    }
}

/// Where flows are counted.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Table {
    /// [`flat`]: lines that one CPU alone writes to.
    #[default]
    Flat = 0,
    /// Two hash maps of the kernel, and atomic additions everywhere: where a program may be
    /// preempted by another on its CPU (`PREEMPT_RT`).
    Hash = 1,
}

/// What the bytes of IP packets are.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bytes {
    /// Those of the IP packet, as its header says.
    #[default]
    Ip = 0,
    /// Those that the cable carried; see [`aggregate::Counted`].
    Wire = 1,
}

/// What one CPU counted in one half, 192 bytes (three cache lines of its own).
///
/// Counted before the flow is looked up, so that it is an independent witness:
/// `seen` = all flows + `other`. The third line is for packets that are not as usual.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// IP packets, in the [bytes](Bytes) that flows are counted in.
    pub seen: Counters,
    /// Every frame at the hooks, as the kernel's own interface counters take it: sum of `skb->len`,
    /// one per skb, and the segments of those that the kernel cuts up behind the hook.
    pub frames: Counters,
    /// IP packets and others, in bytes on the wire.
    pub wire: Directions,
    /// IP packets that found no room in any table, in the bytes of `seen`.
    pub other: Counters,
    /// Frames that carry no IP, in frame bytes.
    pub not_ip: Count,
    /// Frames that claim to carry IP and do not hold a whole, sane IP header, in frame bytes.
    pub malformed: Count,
    /// Refused packets already reported; see [`REFUSALS_LOGGED_PER_CPU`].
    pub refusals_logged: u64,
    /// Padding.
    pub reserved: [u64; 5],
}

/// All that one CPU counts with, but for flows, 576 bytes: one look-up for a packet.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerCpu {
    /// Its lowest bit is the half that is counted into. The same for all CPUs, but for the moments in
    /// which user space advances them one after another.
    pub epoch: u64,
    /// Padding.
    pub reserved: [u64; 7],
    /// By the lowest bit of the epoch.
    pub halves: [HalfOfCpu; 2],
}

/// One half of [`PerCpu`], 256 bytes: found by a shift.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HalfOfCpu {
    /// What was counted.
    pub totals: Totals,
    /// Where the CPU's shard of the flat table begins; [`NO_SHARD`](crate::flat::NO_SHARD) for none.
    pub first_bucket: u64,
    /// Padding.
    pub reserved: [u64; 7],
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.seen += other.seen;
        self.frames += other.frames;
        self.wire += other.wire;
        self.other += other.other;
        self.not_ip += other.not_ip;
        self.malformed += other.malformed;
        self.refusals_logged += other.refusals_logged;
    }
}

const _: () = {
    assert!(size_of::<FlowKey>() == 40);
    assert!(size_of::<Counters>() == 32);
    assert!(size_of::<Totals>() == 192);
    assert!(size_of::<PerCpu>() == 576);
    assert!(size_of::<HalfOfCpu>() == 256);
    assert!(size_of::<flat::Line>() == 64);
    assert!(size_of::<flat::Bucket>() == 256);
};
