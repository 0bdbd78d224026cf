//! The agreement between the kernel program and user space: flow key, counters, names of maps and
//! globals, and the one packet parser ([`parse`](mod@parse)) that both sides run.
//!
//! It owns layouts and what the bytes of a packet mean. It must never allocate, never read a clock
//! or a map, and depends on nothing. Every struct that crosses the border is `repr(C)`, made of
//! integers, its padding named and zero, its size asserted here.
//!
//! [`parse::parse`] reads a packet through the trait [`parse::Packet`] and gives a [`FlowKey`];
//! [`aggregate`] says as how many packets and bytes it counts; a [`Counters`] of the flow and the [`Totals`] of
//! the CPU take that in. [`flat`] is the layout of the table that they stand in and the search in it, [`gate`]
//! what a packet filter and the program behind it agree on, and [`names`](mod@names) what user space finds maps
//! and globals by. All of it runs in tests as in the kernel.
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
pub mod gate;
mod key;
pub mod names;
pub mod parse;

pub use key::FlowKey;

/// How many refused packets a CPU reports in a half, that is between two polls.
pub const REFUSALS_LOGGED_PER_CPU: u64 = 10;

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
    /// Frames that the packet filter turned away, in frame bytes, and packets on the wire.
    pub filtered: Counters,
    /// Refused packets already reported; see [`REFUSALS_LOGGED_PER_CPU`].
    pub refusals_logged: u64,
    /// What these take of the wire, both ways, in bytes; not in `wire`.
    pub filtered_wire_bytes: u64,
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
        self.filtered += other.filtered;
        self.filtered_wire_bytes += other.filtered_wire_bytes;
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
