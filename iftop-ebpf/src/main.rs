//! The kernel program's hooks. It must never change what a neighbouring program decides.
#![no_std]
#![no_main]

use aya_ebpf::{
    bindings::{TC_ACT_UNSPEC, xdp_action::XDP_PASS},
    macros::{classifier, xdp},
    programs::{TcContext, XdpContext},
};
use iftop_common::parse::Direction;
use iftop_ebpf::{count, skb::Skb, xdp::Frame};

/// The tc hook of received packets.
#[classifier]
pub fn iftop_ingress(ctx: TcContext) -> i32 {
    tc(&ctx, Direction::Ingress)
}

/// The tc hook of packets to be sent.
#[classifier]
pub fn iftop_egress(ctx: TcContext) -> i32 {
    tc(&ctx, Direction::Egress)
}

/// Counts nothing: what a run costs by itself.
#[classifier]
pub fn iftop_nothing(_ctx: TcContext) -> i32 {
    TC_ACT_UNSPEC
}

/// The XDP hook, for frames in one piece.
#[xdp]
pub fn iftop_xdp(ctx: XdpContext) -> u32 {
    early::<false>(&ctx)
}

/// The XDP hook, for frames in any number of pieces (Linux 5.18).
#[xdp(frags)]
pub fn iftop_xdp_frags(ctx: XdpContext) -> u32 {
    early::<true>(&ctx)
}

#[inline(always)]
fn early<const FRAGS: bool>(ctx: &XdpContext) -> u32 {
    let frame = Frame::<FRAGS>::new(ctx);
    count(ctx, &frame, &frame.hook());
    XDP_PASS
}

#[inline(always)]
fn tc(ctx: &TcContext, direction: Direction) -> i32 {
    let skb = Skb::new(ctx);
    count(ctx, &skb, &skb.hook(direction));
    TC_ACT_UNSPEC
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
