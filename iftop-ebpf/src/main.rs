//! The kernel program: at both tc hooks of one interface, every packet is parsed and counted.
//!
//! It owns the counting in the kernel. It must never drop, delay or change a packet, never change
//! what a neighbouring program decides, never log per packet and never read a clock.
//!
//! Every counter exists twice. Which half is counted into is the lowest bit of an epoch that user
//! space advances; it is read once per packet, so that a packet is whole in one half.
#![no_std]
#![no_main]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

use aya_ebpf::{bindings::TC_ACT_UNSPEC, macros::classifier, programs::TcContext};
use aya_log_ebpf::debug;
use iftop_common::{
    Count,
    aggregate::{self, Counted},
    parse::{Direction, Refused, parse},
};

mod atomic;
mod flows;
mod globals;
mod skb;
mod totals;

use globals::Half;
use skb::Skb;
use totals::Totals;

/// The hook of received packets.
#[classifier]
pub fn iftop_ingress(ctx: TcContext) -> i32 {
    count(&ctx, Direction::Ingress);
    TC_ACT_UNSPEC
}

/// The hook of packets to be sent.
#[classifier]
pub fn iftop_egress(ctx: TcContext) -> i32 {
    count(&ctx, Direction::Egress);
    TC_ACT_UNSPEC
}

#[inline(always)]
fn count(ctx: &TcContext, direction: Direction) {
    let half = Half::current();
    let Some(totals) = Totals::of_this_cpu(half) else { return };
    let skb = Skb::new(ctx);

    match parse(&skb, &skb.hook(direction)) {
        Ok(parsed) => {
            let cut_by_kernel = globals::cut_by_kernel(direction);
            let Counted { frame, ip } = aggregate::count(&skb, &parsed, skb.gso(), cut_by_kernel);
            totals.frame(direction, frame);
            totals.seen(direction, ip);
            if !flows::add(half, &parsed.key, direction, ip) {
                totals.other(direction, ip);
            }
        }
        Err(refused) => {
            let frame = Count { bytes: u64::from(ctx.len()), packets: 1 };
            totals.frame(direction, frame);
            totals.refused(refused, frame);
            report(ctx, &skb, totals, direction, refused);
        }
    }
}

/// Tells user space about a refused packet, a few times per half. The verifier removes all of it
/// when the global is 0.
#[inline(always)]
fn report(ctx: &TcContext, skb: &Skb, totals: Totals, direction: Direction, refused: Refused) {
    if !globals::log_refused() || !totals.may_log() {
        return;
    }
    let (bytes, ethertype) = (ctx.len(), skb.ethertype());
    // Four texts instead of two parameters: those would need another stack frame, and Linux
    // 5.10 and 6.1 then count more than the 512 bytes that there are.
    match (direction, refused) {
        (Direction::Ingress, Refused::NotIp) => {
            debug!(ctx, "ingress: not IP, {} bytes, ethertype 0x{:x}", bytes, ethertype);
        }
        (Direction::Ingress, Refused::Malformed) => {
            debug!(ctx, "ingress: malformed, {} bytes, ethertype 0x{:x}", bytes, ethertype);
        }
        (Direction::Egress, Refused::NotIp) => {
            debug!(ctx, "egress: not IP, {} bytes, ethertype 0x{:x}", bytes, ethertype);
        }
        (Direction::Egress, Refused::Malformed) => {
            debug!(ctx, "egress: malformed, {} bytes, ethertype 0x{:x}", bytes, ethertype);
        }
    }
}

#[cfg(not(test))]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    loop {}
}

/// Some of the kernel's helpers are for GPL programs only; the kernel takes this for one.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
