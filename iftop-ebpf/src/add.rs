//! Addition to counters in maps: plain where a counter has one writer, atomic where it has several.
//!
//! The flat table has one writer for each counter: hooks run with bottom halves disabled, so that on
//! one CPU none of them interrupts another. On PREEMPT_RT one may, and the hash table's entries
//! belong to all CPUs.

use iftop_common::{Count, Counters, parse::Direction};

/// Adds to a counter.
///
/// # Safety
/// `counter` points to a live, aligned `u64` in a map value.
#[inline(always)]
pub unsafe fn add<const ATOMIC: bool>(counter: *mut u64, value: u64) {
    // SAFETY: the caller vouches for the pointer; of who else writes to it see above.
    unsafe { if ATOMIC { add_atomically(counter, value) } else { *counter += value } }
}

/// Stable Rust's `AtomicU64` does not offer it for this target.
///
/// # Safety
/// As for [`add`].
#[inline(always)]
unsafe fn add_atomically(counter: *mut u64, value: u64) {
    // SAFETY: one instruction (BPF_STX | BPF_ATOMIC | BPF_DW, no fetch: any kernel with BPF), on
    // memory that the caller vouches for.
    #[cfg(target_arch = "bpf")]
    unsafe {
        core::arch::asm!(
            "lock *(u64 *)({counter} + 0) += {value}",
            counter = in(reg) counter,
            value = in(reg) value,
            options(nostack),
        );
    }
    // Only so that the crate can be checked and linted for the host.
    // SAFETY: as above.
    #[cfg(not(target_arch = "bpf"))]
    unsafe {
        core::sync::atomic::AtomicU64::from_ptr(counter)
            .fetch_add(value, core::sync::atomic::Ordering::Relaxed);
    }
}

/// Adds to a [`Count`] in a map value.
///
/// # Safety
/// `count` points to a live `Count` in a map value.
#[inline(always)]
pub unsafe fn add_count<const ATOMIC: bool>(count: *mut Count, value: Count) {
    // SAFETY: both fields lie inside the value that the caller vouches for.
    unsafe {
        add::<ATOMIC>(&raw mut (*count).bytes, value.bytes);
        add::<ATOMIC>(&raw mut (*count).packets, value.packets);
    }
}

/// Adds to one direction of [`Counters`] in a map value.
///
/// # Safety
/// `counters` points to live `Counters` in a map value.
#[inline(always)]
pub unsafe fn add_to<const ATOMIC: bool>(
    counters: *mut Counters,
    direction: Direction,
    count: Count,
) {
    // SAFETY: both fields lie inside the value that the caller vouches for.
    unsafe {
        let counter = match direction {
            Direction::Ingress => &raw mut (*counters).ingress,
            Direction::Egress => &raw mut (*counters).egress,
        };
        add_count::<ATOMIC>(counter, count);
    }
}
