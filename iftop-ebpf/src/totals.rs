//! The totals: one line per CPU and half, in memory that user space maps.
//!
//! They are counted before any flow is looked up and know nothing of flows. Additions are atomic:
//! on PREEMPT_RT one program may interrupt another on the same CPU.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE, helpers::bpf_get_smp_processor_id, macros::map, maps::Array,
};
use iftop_common::{
    Count, Counters, REFUSALS_LOGGED_PER_CPU, Totals as Line,
    parse::{Direction, Refused},
};

use crate::{
    atomic,
    globals::{self, Half},
};

/// User space sets the true length, 2 × CPUs, when it loads the program.
#[map]
static TOTALS: Array<Line> = Array::with_max_entries(2, BPF_F_MMAPABLE);

/// The line of this CPU in one half.
#[derive(Clone, Copy)]
pub struct Totals(*mut Line);

impl Totals {
    /// `None` only for the verifier: the map has a line for every CPU.
    #[inline(always)]
    pub fn of_this_cpu(half: Half) -> Option<Self> {
        let first = if half == Half::Even { 0 } else { globals::cpus() };
        // SAFETY: the helper has no precondition.
        let cpu = unsafe { bpf_get_smp_processor_id() } as u32;
        TOTALS.get_ptr_mut(first + cpu).map(Self)
    }

    /// Counts a frame, in frame bytes.
    #[inline(always)]
    pub fn frame(self, direction: Direction, count: Count) {
        // SAFETY: `self.0` is a live map value (see `of_this_cpu`).
        unsafe { add(&raw mut (*self.0).frames, direction, count) }
    }

    /// Counts an IP packet, in IP bytes.
    #[inline(always)]
    pub fn seen(self, direction: Direction, count: Count) {
        // SAFETY: as above.
        unsafe { add(&raw mut (*self.0).seen, direction, count) }
    }

    /// Counts an IP packet that no flow could be found for, in IP bytes.
    #[inline(always)]
    pub fn other(self, direction: Direction, count: Count) {
        // SAFETY: as above.
        unsafe { add(&raw mut (*self.0).other, direction, count) }
    }

    /// Counts a frame that is not a sane IP packet, in frame bytes.
    #[inline(always)]
    pub fn refused(self, refused: Refused, count: Count) {
        // SAFETY: as above.
        unsafe {
            let counter = match refused {
                Refused::NotIp => &raw mut (*self.0).not_ip,
                Refused::Malformed => &raw mut (*self.0).malformed,
            };
            atomic::add_count(counter, count);
        }
    }

    /// True a few times per CPU and half. User space zeroes the half, so this needs no clock.
    #[inline(always)]
    pub fn may_log(self) -> bool {
        // SAFETY: as above. The read may race with another CPU's program on PREEMPT_RT only, and
        // then one report too many is written.
        unsafe {
            let logged = &raw mut (*self.0).refusals_logged;
            if logged.read_volatile() >= REFUSALS_LOGGED_PER_CPU {
                return false;
            }
            atomic::add(logged, 1);
        }
        true
    }
}

/// # Safety
/// `counters` points to live `Counters` in a map value.
#[inline(always)]
pub unsafe fn add(counters: *mut Counters, direction: Direction, count: Count) {
    // SAFETY: both fields lie inside the value that the caller vouches for.
    unsafe {
        let counter = match direction {
            Direction::Ingress => &raw mut (*counters).ingress,
            Direction::Egress => &raw mut (*counters).egress,
        };
        atomic::add_count(counter, count);
    }
}
