//! Atomic addition, which stable Rust's `AtomicU64` does not offer for this target.

/// Adds to a counter that other CPUs may be adding to.
///
/// # Safety
/// `counter` points to a live, aligned `u64` in a map value.
#[inline(always)]
pub unsafe fn add(counter: *mut u64, value: u64) {
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

/// Adds a [`Count`](iftop_common::Count) to one in a map.
///
/// # Safety
/// `count` points to a live `Count` in a map value.
#[inline(always)]
pub unsafe fn add_count(count: *mut iftop_common::Count, value: iftop_common::Count) {
    // SAFETY: both fields lie inside the value that the caller vouches for.
    unsafe {
        add(&raw mut (*count).bytes, value.bytes);
        add(&raw mut (*count).packets, value.packets);
    }
}
