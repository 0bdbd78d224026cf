//! The kernel program's parts: every packet at a hook is parsed and counted.
//!
//! They own the counting in the kernel. They must never drop, delay or change a packet, never log
//! per packet and never read a clock.
//!
//! Every counter exists twice. Which half is counted into is the lowest bit of an epoch that user
//! space advances; it is read once per packet, so that a packet is whole in one half.
//!
//! The hooks are in `main.rs` and call [`count()`]: it reads the packet by the parser of `iftop-common` through
//! [`skb`] or [`xdp`], adds to the totals of this CPU and then to the flow's line, in the flat table or the hash
//! map. [`gate`] runs a packet filter before, [`bare`] is for received packets that lost their link header.
//! [`globals`] are the constants that user space sets before the program is loaded. The object is committed
//! beside `iftop-user`: after a change, `cargo xtask build-ebpf`.
#![no_std]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

use aya_ebpf::EbpfContext;
use iftop_common::{
    Bytes, Count, Table,
    aggregate::{self, Counted},
    parse::{Direction, Hook, Link, Packet, Parsed, Refused},
};

pub mod add;
pub mod bare;
mod cpu;
mod direct;
mod flat;
pub mod gate;
pub mod globals;
mod hash;
mod report;
pub mod skb;
mod totals;
pub mod xdp;

use cpu::Here;
use totals::Totals;

/// Counts a packet that passes a hook. What is called where it is none of the usual ones may count it
/// otherwise, and then does not return.
#[inline(always)]
pub fn count<C: EbpfContext, P: Packet>(ctx: &C, packet: &P, hook: &Hook, unusual: impl Fn()) {
    let link = match Link::read(packet, hook) {
        Ok(link) => link,
        Err(refused) => {
            unusual();
            return count_refused(ctx, packet, hook, refused);
        }
    };
    // Twice, so that the way of most packets is one of its own from here to the end.
    if let Some(parsed) = link.usual(packet, hook) {
        return count_parsed(packet, &parsed, hook);
    }
    unusual();
    match link.any(packet, hook) {
        Ok(parsed) => count_parsed(packet, &parsed, hook),
        Err(refused) => count_refused(ctx, packet, hook, refused),
    }
}

#[inline(always)]
fn count_parsed<P: Packet>(packet: &P, parsed: &Parsed, hook: &Hook) {
    let Some(here) = Here::now() else { return };
    let direction = hook.direction;
    let cut_by_kernel = globals::cut_by_kernel(direction);
    let counted = aggregate::count(packet, parsed, hook, packet.gso(), cut_by_kernel);
    // The verifier keeps only the branch of the table that was chosen at load.
    match globals::table() {
        Table::Flat => {
            let totals = here.totals::<false>();
            let ip = add_to_totals(totals, direction, counted);
            if !flat::add(&here, &parsed.words, direction, ip) {
                totals.other(direction, ip);
            }
        }
        Table::Hash => {
            let totals = here.totals::<true>();
            let ip = add_to_totals(totals, direction, counted);
            if !hash::add(here.half, &parsed.words, direction, ip) {
                totals.other(direction, ip);
            }
        }
    }
}

/// Counts an IP packet apart from its flow, and says what its flow is to count.
#[inline(always)]
fn add_to_totals<const ATOMIC: bool>(
    totals: Totals<ATOMIC>,
    direction: Direction,
    Counted { frame, ip, wire_bytes }: Counted,
) -> Count {
    let counted = match globals::bytes() {
        Bytes::Ip => ip,
        Bytes::Wire => Count { bytes: wire_bytes, packets: ip.packets },
    };
    totals.seen(direction, counted);
    totals.frame(direction, frame);
    totals.wire(direction, wire_bytes);
    counted
}

#[inline(always)]
fn count_refused<C: EbpfContext, P: Packet>(ctx: &C, packet: &P, hook: &Hook, refused: Refused) {
    match globals::table() {
        Table::Flat => add_refused::<_, _, false>(ctx, packet, hook, refused),
        Table::Hash => add_refused::<_, _, true>(ctx, packet, hook, refused),
    }
}

#[inline(always)]
fn add_refused<C: EbpfContext, P: Packet, const ATOMIC: bool>(
    ctx: &C,
    packet: &P,
    hook: &Hook,
    refused: Refused,
) {
    let Some(here) = Here::now() else { return };
    let totals = here.totals::<ATOMIC>();
    let frame = Count { bytes: packet.frame_bytes(), packets: 1 };
    totals.frame(hook.direction, frame);
    totals.wire(hook.direction, aggregate::wire_bytes(frame.bytes, hook));
    totals.refused(refused, frame);
    report::refused(ctx, packet, totals, hook.direction, refused);
}
