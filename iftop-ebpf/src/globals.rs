//! What user space decides: the load-time globals, constants to the verifier, and the epoch.

use aya_ebpf::{Global, bindings::BPF_F_MMAPABLE, macros::map, maps::Array};
use iftop_common::parse::{Direction, LinkType};

#[unsafe(no_mangle)]
static CPUS: Global<u32> = Global::new(1);
#[unsafe(no_mangle)]
static LINK_TYPE: Global<u8> = Global::new(LinkType::Ethernet as u8);
#[unsafe(no_mangle)]
static MAC: Global<[u8; 6]> = Global::new([0; 6]);
#[unsafe(no_mangle)]
static CUT_BY_KERNEL: Global<u8> = Global::new(0);
#[unsafe(no_mangle)]
static LOG_REFUSED: Global<u8> = Global::new(0);

#[map]
static EPOCH: Array<u32> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// One of the two sets of counters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// Even epochs.
    Even,
    /// Odd epochs.
    Odd,
}

impl Half {
    /// The half to count into now. Ask once per packet.
    #[inline(always)]
    pub fn current() -> Self {
        // SAFETY: the pointer is to the live value; user space stores to it, hence volatile.
        let epoch = EPOCH.get_ptr(0).map_or(0, |epoch| unsafe { epoch.read_volatile() });
        if epoch & 1 == 0 { Self::Even } else { Self::Odd }
    }
}

/// How many CPUs there may be: the length of one half of the totals.
#[inline(always)]
pub fn cpus() -> u32 {
    CPUS.load()
}

/// What frames start with.
#[inline(always)]
pub fn link_type() -> LinkType {
    if LINK_TYPE.load() == LinkType::RawIp as u8 { LinkType::RawIp } else { LinkType::Ethernet }
}

/// The interface's hardware address.
#[inline(always)]
pub fn mac() -> [u8; 6] {
    MAC.load()
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
