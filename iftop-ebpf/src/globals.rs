//! What user space decides: the load-time globals, constants to the verifier.

use aya_ebpf::Global;
use iftop_common::{
    Bytes, Table,
    parse::{Direction, LinkType, Mac},
};

#[unsafe(no_mangle)]
static CPUS: Global<u32> = Global::new(1);
#[unsafe(no_mangle)]
static LINK_TYPE: Global<u8> = Global::new(LinkType::Ethernet as u8);
#[unsafe(no_mangle)]
static MAC: Global<u64> = Global::new(0);
#[unsafe(no_mangle)]
static CUT_BY_KERNEL: Global<u8> = Global::new(0);
#[unsafe(no_mangle)]
static LOG_REFUSED: Global<u8> = Global::new(0);

#[unsafe(no_mangle)]
static TABLE: Global<u8> = Global::new(Table::Flat as u8);
#[unsafe(no_mangle)]
static BYTES: Global<u8> = Global::new(Bytes::Ip as u8);
#[unsafe(no_mangle)]
static BUCKET_BITS: Global<u32> = Global::new(1);
#[unsafe(no_mangle)]
static SPILL_BITS: Global<u32> = Global::new(1);
#[unsafe(no_mangle)]
static SEED_KEYS: [Global<u64>; 10] = [const { Global::new(0) }; 10];
#[unsafe(no_mangle)]
static SEED_MIX: Global<u64> = Global::new(1);

/// How many CPUs there may be: the parts of one half of the spill table.
#[inline(always)]
pub fn cpus() -> u32 {
    CPUS.load()
}

/// Where flows are counted.
#[inline(always)]
pub fn table() -> Table {
    if TABLE.load() == Table::Hash as u8 { Table::Hash } else { Table::Flat }
}

/// What the bytes of flows are.
#[inline(always)]
pub fn bytes() -> Bytes {
    if BYTES.load() == Bytes::Wire as u8 { Bytes::Wire } else { Bytes::Ip }
}

/// Buckets in a shard, as a power of two.
#[inline(always)]
pub fn bucket_bits() -> u32 {
    BUCKET_BITS.load()
}

/// Buckets in a CPU's part of the spill table, as a power of two.
#[inline(always)]
pub fn spill_bits() -> u32 {
    SPILL_BITS.load()
}

/// This run's random numbers for a word. (They are read where they are used: there are few
/// registers.)
#[inline(always)]
pub fn seed_key(word: usize) -> [u64; 2] {
    [SEED_KEYS[2 * word].load(), SEED_KEYS[2 * word + 1].load()]
}

/// See [`seed_key`].
#[inline(always)]
pub fn seed_mix() -> u64 {
    SEED_MIX.load()
}

/// What frames start with.
#[inline(always)]
pub fn link_type() -> LinkType {
    if LINK_TYPE.load() == LinkType::RawIp as u8 { LinkType::RawIp } else { LinkType::Ethernet }
}

/// The interface's hardware address.
#[inline(always)]
pub fn mac() -> Mac {
    Mac(MAC.load())
}

/// The kinds of aggregates that the kernel cuts up behind this hook.
#[inline(always)]
pub fn cut_by_kernel(direction: Direction) -> u8 {
    match direction {
        Direction::Ingress => 0,
        Direction::Egress => CUT_BY_KERNEL.load(),
    }
}

/// Whether refused packets are reported.
#[inline(always)]
pub fn log_refused() -> bool {
    LOG_REFUSED.load() != 0
}
