//! What others count with: the kernel's hash maps, behind the same parser and with the same key.
//!
//! No totals, no halves, no aggregates: everything that iftop's program does beside is missing here.

use core::hint::black_box;

use aya_ebpf::{
    bindings::BPF_NOEXIST,
    macros::map,
    maps::{HashMap, LruPerCpuHashMap, PerCpuHashMap},
    programs::TcContext,
};
use iftop_common::{
    Count,
    flat::Words,
    parse::{Direction, parse},
};
use iftop_ebpf::{add::add_count, skb::Skb};

/// The benchmark sets the true sizes when it loads the programs.
#[map]
static HASH: HashMap<Words, Count> = HashMap::with_max_entries(1, 0);
#[map]
static PERCPU_HASH: PerCpuHashMap<Words, Count> = PerCpuHashMap::with_max_entries(1, 0);
#[map]
static LRU_PERCPU_HASH: LruPerCpuHashMap<Words, Count> = LruPerCpuHashMap::with_max_entries(1, 0);

/// Parses as iftop does and hands key and count on.
#[inline(always)]
fn with_parsed(ctx: &TcContext, function: impl Fn(&Words, Count)) {
    let skb = Skb::new(ctx);
    if let Ok(parsed) = parse(&skb, &skb.hook(Direction::Ingress)) {
        let count = Count { bytes: parsed.ip_bytes, packets: 1 };
        function(&parsed.words, count);
    }
}

/// Makes the key and drops it.
#[inline(always)]
pub fn parse_only(ctx: &TcContext) {
    with_parsed(ctx, |key, _| {
        black_box(key);
    });
}

/// Atomic additions, as all CPUs share a value.
#[inline(always)]
pub fn hash(ctx: &TcContext) {
    with_parsed(ctx, |key, count| {
        if let Some(value) = HASH.get_ptr_mut(key) {
            // SAFETY: a live map value; nothing is removed while the program runs.
            unsafe { add_count::<true>(value, count) };
        } else {
            let _ = HASH.insert(key, count, u64::from(BPF_NOEXIST));
        }
    });
}

/// Plain additions, as each CPU has its own value.
#[inline(always)]
pub fn percpu_hash(ctx: &TcContext) {
    with_parsed(ctx, |key, count| {
        if let Some(value) = PERCPU_HASH.get_ptr_mut(key) {
            // SAFETY: as above, and this CPU's own.
            unsafe { add_count::<false>(value, count) };
        } else {
            let _ = PERCPU_HASH.insert(key, count, u64::from(BPF_NOEXIST));
        }
    });
}

/// The same; there is always room, as others are forgotten.
#[inline(always)]
pub fn lru_percpu_hash(ctx: &TcContext) {
    with_parsed(ctx, |key, count| {
        if let Some(value) = LRU_PERCPU_HASH.get_ptr_mut(key) {
            // SAFETY: as above; a value that is forgotten meanwhile stays valid memory.
            unsafe { add_count::<false>(value, count) };
        } else {
            let _ = LRU_PERCPU_HASH.insert(key, count, u64::from(BPF_NOEXIST));
        }
    });
}
