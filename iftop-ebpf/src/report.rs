//! The log of refused packets, a few per half. The verifier removes all of it when it is off.

use aya_ebpf::EbpfContext;
use aya_log_ebpf::debug;
use iftop_common::parse::{Direction, Packet, Refused};

use crate::{globals, totals::Totals};

/// Tells user space about a refused packet.
#[inline(always)]
pub fn refused<C: EbpfContext, P: Packet, const ATOMIC: bool>(
    ctx: &C,
    packet: &P,
    totals: Totals<ATOMIC>,
    direction: Direction,
    refused: Refused,
) {
    if !globals::log_refused() || !totals.may_log() {
        return;
    }
    let bytes = packet.frame_bytes();
    let mut ethertype = [0; 2];
    packet.read(12, &mut ethertype);
    let ethertype = u16::from_be_bytes(ethertype);
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
