//! The benchmark's kernel programs: what iftop is measured against, and what makes packets.
//!
//! Each classifier does what is measured and then turns the packet into one of another flow, for the
//! next run (`vary`); `bench_control` does only that, so that the difference is the cost of counting.
//! None of this is ever part of iftop.
#![no_std]
#![no_main]

use aya_ebpf::{
    bindings::{TC_ACT_SHOT, TC_ACT_UNSPEC, xdp_action},
    macros::{classifier, map, xdp},
    maps::PerCpuArray,
    programs::{TcContext, XdpContext},
};
use iftop_common::parse::Direction;
use iftop_ebpf::{bare, count, skb::Skb};

mod baseline;
mod vary;

/// An empty program at a tc hook.
#[classifier]
pub fn bench_empty(_ctx: TcContext) -> i32 {
    TC_ACT_UNSPEC
}

/// Another flow's packet, and nothing more.
#[classifier]
pub fn bench_control(ctx: TcContext) -> i32 {
    vary::vary(ctx.data(), ctx.data_end());
    TC_ACT_UNSPEC
}

/// iftop's own code.
#[classifier]
pub fn bench_iftop(ctx: TcContext) -> i32 {
    let skb = Skb::new(&ctx);
    count(&ctx, &skb, &skb.hook(Direction::Ingress), || bare::count(&ctx, &skb));
    vary::vary(ctx.data(), ctx.data_end());
    TC_ACT_UNSPEC
}

/// The parser alone.
#[classifier]
pub fn bench_parse(ctx: TcContext) -> i32 {
    baseline::parse_only(&ctx);
    vary::vary(ctx.data(), ctx.data_end());
    TC_ACT_UNSPEC
}

/// The same parser before one shared hash map with atomic additions.
#[classifier]
pub fn bench_hash(ctx: TcContext) -> i32 {
    baseline::hash(&ctx);
    vary::vary(ctx.data(), ctx.data_end());
    TC_ACT_UNSPEC
}

/// The same parser before a hash map with a value per CPU.
#[classifier]
pub fn bench_percpu_hash(ctx: TcContext) -> i32 {
    baseline::percpu_hash(&ctx);
    vary::vary(ctx.data(), ctx.data_end());
    TC_ACT_UNSPEC
}

/// The same parser before a hash map with a value per CPU that forgets the least recently used.
#[classifier]
pub fn bench_lru_percpu_hash(ctx: TcContext) -> i32 {
    baseline::lru_percpu_hash(&ctx);
    vary::vary(ctx.data(), ctx.data_end());
    TC_ACT_UNSPEC
}

/// The end of a path on which packets are only to be counted: UDP over IPv4 goes no further.
#[classifier]
pub fn bench_sink(ctx: TcContext) -> i32 {
    const ETHERTYPE: usize = 12;
    const PROTOCOL: usize = 23;
    let data = ctx.data();
    if data + PROTOCOL + 1 > ctx.data_end() {
        return TC_ACT_UNSPEC;
    }
    // SAFETY: inside the packet, as just checked.
    let (ethertype, protocol) =
        unsafe { (*((data + ETHERTYPE) as *const [u8; 2]), *((data + PROTOCOL) as *const u8)) };
    if ethertype == [8, 0] && protocol == 17 { TC_ACT_SHOT } else { TC_ACT_UNSPEC }
}

/// Makes frames: as another flow's packet, each is sent by the interface that it seems to come from.
#[xdp]
pub fn bench_generate(ctx: XdpContext) -> u32 {
    if let Some(generated) = GENERATED.get_ptr_mut(0) {
        // SAFETY: this CPU's own value.
        let [state, due] = unsafe { &mut *generated };
        vary::vary_by(ctx.data(), ctx.data_end(), state, due);
    }
    xdp_action::XDP_TX
}

/// What each CPU has made, and when the next is due.
#[map]
static GENERATED: PerCpuArray<[u64; 2]> = PerCpuArray::with_max_entries(1, 0);

#[cfg(not(test))]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    loop {}
}

/// Some of the kernel's helpers are for GPL programs only; the kernel takes this for one.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
