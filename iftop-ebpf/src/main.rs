//! The kernel program's hooks. It must never change what a neighbouring program decides.
#![no_std]
#![no_main]

use aya_ebpf::{
    bindings::{TC_ACT_UNSPEC, xdp_action::XDP_PASS},
    macros::{classifier, xdp},
    programs::{TcContext, XdpContext},
};
use iftop_common::parse::Direction;
use iftop_ebpf::{
    bare::{self, Bare},
    count, gate,
    skb::Skb,
    xdp::Frame,
};

/// The tc hook of received packets.
#[classifier]
pub fn iftop_ingress(ctx: TcContext) -> i32 {
    let skb = Skb::new(&ctx);
    count(&ctx, &skb, &skb.hook(Direction::Ingress), || bare::count(&ctx, &skb));
    TC_ACT_UNSPEC
}

/// The tc hook of packets to be sent.
#[classifier]
pub fn iftop_egress(ctx: TcContext) -> i32 {
    let skb = Skb::new(&ctx);
    count(&ctx, &skb, &skb.hook(Direction::Egress), || {});
    TC_ACT_UNSPEC
}

/// Counts received packets without their link header.
#[classifier]
pub fn iftop_ingress_bare(ctx: TcContext) -> i32 {
    let bare = Bare::new(&ctx);
    count(&ctx, &bare, &bare.hook(), || {});
    TC_ACT_UNSPEC
}

/// See [`iftop_ingress_reject`].
#[classifier]
pub fn iftop_ingress_bare_reject(ctx: TcContext) -> i32 {
    let bare = Bare::new(&ctx);
    gate::turn_away(&bare, &bare.hook());
    TC_ACT_UNSPEC
}

/// Stands at the hook in place of [`iftop_ingress`] where there is a packet filter.
#[classifier]
pub fn iftop_ingress_gate(ctx: TcContext) -> i32 {
    bare::filter(&ctx, &Skb::new(&ctx));
    gate::pass(&ctx, Direction::Ingress);
    TC_ACT_UNSPEC
}

/// See [`iftop_ingress_gate`].
#[classifier]
pub fn iftop_egress_gate(ctx: TcContext) -> i32 {
    gate::pass(&ctx, Direction::Egress);
    TC_ACT_UNSPEC
}

/// For what the filter turns away.
#[classifier]
pub fn iftop_ingress_reject(ctx: TcContext) -> i32 {
    turn_away(&ctx, Direction::Ingress)
}

/// See [`iftop_ingress_reject`].
#[classifier]
pub fn iftop_egress_reject(ctx: TcContext) -> i32 {
    turn_away(&ctx, Direction::Egress)
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

/// See [`iftop_ingress_gate`].
#[xdp]
pub fn iftop_xdp_gate(ctx: XdpContext) -> u32 {
    gate::pass(&ctx, Direction::Ingress);
    XDP_PASS
}

/// See [`iftop_ingress_gate`].
#[xdp(frags)]
pub fn iftop_xdp_frags_gate(ctx: XdpContext) -> u32 {
    gate::pass(&ctx, Direction::Ingress);
    XDP_PASS
}

/// See [`iftop_ingress_reject`].
#[xdp]
pub fn iftop_xdp_reject(ctx: XdpContext) -> u32 {
    turn_away_early::<false>(&ctx)
}

/// See [`iftop_ingress_reject`].
#[xdp(frags)]
pub fn iftop_xdp_frags_reject(ctx: XdpContext) -> u32 {
    turn_away_early::<true>(&ctx)
}

#[inline(always)]
fn turn_away_early<const FRAGS: bool>(ctx: &XdpContext) -> u32 {
    let frame = Frame::<FRAGS>::new(ctx);
    gate::turn_away(&frame, &frame.hook());
    XDP_PASS
}

#[inline(always)]
fn turn_away(ctx: &TcContext, direction: Direction) -> i32 {
    let skb = Skb::new(ctx);
    gate::turn_away(&skb, &skb.hook(direction));
    TC_ACT_UNSPEC
}

#[inline(always)]
fn early<const FRAGS: bool>(ctx: &XdpContext) -> u32 {
    let frame = Frame::<FRAGS>::new(ctx);
    count(ctx, &frame, &frame.hook(), || {});
    XDP_PASS
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
