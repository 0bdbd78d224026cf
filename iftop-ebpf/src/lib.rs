//! The kernel program's parts: every packet at a hook is parsed and counted.
//!
//! They own the counting in the kernel. They must never drop, delay or change a packet, never log
//! per packet and never read a clock.
//!
//! Every counter exists twice. Which half is counted into is the lowest bit of an epoch that user
//! space advances; it is read once per packet, so that a packet is whole in one half.
#![no_std]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

use aya_ebpf::{EbpfContext, helpers::bpf_get_smp_processor_id};
use iftop_common::{
    Bytes, Count, Table,
    aggregate::{self, Counted, Gso},
    parse::{Direction, Hook, Packet, Refused, parse},
};

pub mod add;
mod direct;
mod flat;
pub mod globals;
mod hash;
mod report;
pub mod skb;
mod totals;
pub mod xdp;

use globals::Half;
use totals::Totals;

/// Counts a packet that passes a hook.
#[inline(always)]
pub fn count<C: EbpfContext, P: Packet>(ctx: &C, packet: &P, hook: &Hook, gso: Gso) {
    // SAFETY: the helper has no precondition.
    let cpu = unsafe { bpf_get_smp_processor_id() } as u32;
    let half = Half::current();
    let direction = hook.direction;
    // The verifier keeps only the branch of the table that was chosen at load.
    let table = globals::table();

    match parse(packet, hook) {
        Ok(parsed) => {
            let cut_by_kernel = globals::cut_by_kernel(direction);
            let counted = aggregate::count(packet, &parsed, hook, gso, cut_by_kernel);
            // In words, which stay in registers.
            let key = parsed.key.words();
            match table {
                Table::Flat => {
                    let Some(totals) = Totals::<false>::of(cpu, half) else { return };
                    let ip = add_to_totals(totals, direction, counted);
                    if !flat::add(cpu, half, &key, direction, ip) {
                        totals.other(direction, ip);
                    }
                }
                Table::Hash => {
                    let Some(totals) = Totals::<true>::of(cpu, half) else { return };
                    let ip = add_to_totals(totals, direction, counted);
                    if !hash::add(half, &key, direction, ip) {
                        totals.other(direction, ip);
                    }
                }
            }
        }
        Err(refused) => match table {
            Table::Flat => count_refused::<_, _, false>(ctx, packet, hook, (cpu, half), refused),
            Table::Hash => count_refused::<_, _, true>(ctx, packet, hook, (cpu, half), refused),
        },
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
fn count_refused<C: EbpfContext, P: Packet, const ATOMIC: bool>(
    ctx: &C,
    packet: &P,
    hook: &Hook,
    (cpu, half): (u32, Half),
    refused: Refused,
) {
    let Some(totals) = Totals::<ATOMIC>::of(cpu, half) else { return };
    let frame = Count { bytes: u64::from(packet.frame_bytes()), packets: 1 };
    totals.frame(hook.direction, frame);
    totals.wire(hook.direction, aggregate::wire_bytes(frame.bytes, hook));
    totals.refused(refused, frame);
    report::refused(ctx, packet, totals, hook.direction, refused);
}
