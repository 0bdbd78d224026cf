//! What stands before the counting where there is a packet filter, and what counts those that it turns
//! away.
//!
//! The filter itself is no part of this object: user space makes one of each expression.

use aya_ebpf::{EbpfContext, macros::map, maps::ProgramArray};
use iftop_common::{
    Count, Table, aggregate,
    gate::{COUNT, FILTER, PROGRAMS},
    parse::{Direction, Hook, Link, Packet},
};

use crate::{cpu::Here, globals};

#[map]
static GATE_INGRESS: ProgramArray = ProgramArray::with_max_entries(PROGRAMS, 0);
#[map]
static GATE_EGRESS: ProgramArray = ProgramArray::with_max_entries(PROGRAMS, 0);

/// Jumps to the filter, or to the program that counts where there is none.
#[inline(always)]
pub fn pass<C: EbpfContext>(ctx: &C, direction: Direction) {
    let programs = match direction {
        Direction::Ingress => &GATE_INGRESS,
        Direction::Egress => &GATE_EGRESS,
    };
    // SAFETY: programs of one hook, as the kernel makes sure. It comes back where there is none.
    unsafe {
        programs.tail_call(ctx, FILTER);
        programs.tail_call(ctx, COUNT);
    }
}

/// Counts a frame that the filter turned away: it is none of ours, but it passed the interface.
#[inline(always)]
pub fn turn_away<P: Packet>(packet: &P, hook: &Hook) {
    match globals::table() {
        Table::Flat => add::<_, false>(packet, hook),
        Table::Hash => add::<_, true>(packet, hook),
    }
}

#[inline(always)]
fn add<P: Packet, const ATOMIC: bool>(packet: &P, hook: &Hook) {
    let Some(here) = Here::now() else { return };
    let totals = here.totals::<ATOMIC>();
    let bytes = packet.frame_bytes();
    let (frame, wire_bytes) = aggregate(packet, hook)
        .unwrap_or((Count { bytes, packets: 1 }, aggregate::wire_bytes(bytes, hook)));
    let filtered = Count { bytes, packets: packet.gso().segments.max(1) };
    totals.filtered(hook.direction, filtered, wire_bytes);
    totals.frame(hook.direction, frame);
}

/// What an aggregate is for the interface's own counters, and what it takes of the cable.
#[inline(always)]
fn aggregate<P: Packet>(packet: &P, hook: &Hook) -> Option<(Count, u64)> {
    let gso = packet.gso();
    if gso.segment_bytes == 0 {
        return None;
    }
    let parsed = Link::read(packet, hook).ok()?.any(packet, hook).ok()?;
    let cut_by_kernel = globals::cut_by_kernel(hook.direction);
    let counted = aggregate::count(packet, &parsed, hook, gso, cut_by_kernel);
    Some((counted.frame, counted.wire_bytes))
}
