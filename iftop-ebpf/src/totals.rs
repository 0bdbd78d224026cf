//! The totals of each CPU and half, in memory that user space maps.
//!
//! They are counted before any flow is looked up and know nothing of flows. `ATOMIC`: on PREEMPT_RT
//! one program may interrupt another on the same CPU.

use iftop_common::{
    Count, REFUSALS_LOGGED_PER_CPU, Totals as Line,
    parse::{Direction, Refused},
};

use crate::add::{add, add_count, add_to};

/// The line of this CPU in one half.
#[derive(Clone, Copy)]
pub struct Totals<const ATOMIC: bool>(pub(crate) *mut Line);

impl<const ATOMIC: bool> Totals<ATOMIC> {
    /// Counts a frame, in frame bytes.
    #[inline(always)]
    pub fn frame(self, direction: Direction, count: Count) {
        // SAFETY: `self.0` points into a live map value.
        unsafe { add_to::<ATOMIC>(&raw mut (*self.0).frames, direction, count) }
    }

    /// Counts what a frame takes of the cable.
    #[inline(always)]
    pub fn wire(self, direction: Direction, bytes: u64) {
        // SAFETY: as above.
        unsafe {
            let counter = match direction {
                Direction::Ingress => &raw mut (*self.0).wire.ingress,
                Direction::Egress => &raw mut (*self.0).wire.egress,
            };
            add::<ATOMIC>(counter, bytes);
        }
    }

    /// Counts an IP packet, in the bytes of flows.
    #[inline(always)]
    pub fn seen(self, direction: Direction, count: Count) {
        // SAFETY: as above.
        unsafe { add_to::<ATOMIC>(&raw mut (*self.0).seen, direction, count) }
    }

    /// Counts an IP packet that found no room, in the bytes of flows.
    #[inline(always)]
    pub fn other(self, direction: Direction, count: Count) {
        // SAFETY: as above.
        unsafe { add_to::<ATOMIC>(&raw mut (*self.0).other, direction, count) }
    }

    /// Counts a frame that the packet filter turned away, in frame bytes, and what it takes of the cable.
    #[inline(always)]
    pub fn filtered(self, direction: Direction, count: Count, wire_bytes: u64) {
        // SAFETY: as above.
        unsafe {
            add_to::<ATOMIC>(&raw mut (*self.0).filtered, direction, count);
            add::<ATOMIC>(&raw mut (*self.0).filtered_wire_bytes, wire_bytes);
        }
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
            add_count::<ATOMIC>(counter, count);
        }
    }

    /// True a few times per CPU and half. User space zeroes the half, so this needs no clock.
    #[inline(always)]
    pub fn may_log(self) -> bool {
        // SAFETY: as above. The read may race with another program on this CPU, on PREEMPT_RT only, and
        // then one report too many is written.
        unsafe {
            let logged = &raw mut (*self.0).refusals_logged;
            if logged.read_volatile() >= REFUSALS_LOGGED_PER_CPU {
                return false;
            }
            add::<ATOMIC>(logged, 1);
        }
        true
    }
}
