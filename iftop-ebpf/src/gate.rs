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
    let segments = packet.gso().segments.max(1);
    let filtered = Count { bytes: packet.frame_bytes(), packets: segments };
    totals.filtered(hook.direction, filtered);
    let frame = frame_of(packet, hook).unwrap_or(Count { packets: 1, ..filtered });
    totals.frame(hook.direction, frame);
}

/// On the basis of the interface's own counters, where the kernel cuts the frame up behind the hook.
#[inline(always)]
fn frame_of<P: Packet>(packet: &P, hook: &Hook) -> Option<Count> {
    let (gso, cut_by_kernel) = (packet.gso(), globals::cut_by_kernel(hook.direction));
    if gso.segments <= 1 || cut_by_kernel == 0 {
        return None;
    }
    let parsed = Link::read(packet, hook).ok()?.any(packet, hook).ok()?;
    Some(aggregate::count(packet, &parsed, hook, gso, cut_by_kernel).frame)
}
