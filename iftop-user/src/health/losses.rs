//! What got lost on its way, by whom, and whether before us or behind.
//!
//! It owns the sums since start. Counters of the kernel are of the interface's whole life, and may
//! begin anew: what is taken from them is how they grow.

use crate::{
    interface::{InterfaceCounters, InterfaceLosses},
    source::surroundings::{Queue, Surroundings},
};

/// A counter of a queueing discipline that shrinks by more than this has begun anew; else it wrapped.
const WRAPPED: u32 = u32::MAX / 2;

/// Packets since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// By us, before they could be counted.
    pub ours: u64,
    /// By the interface's own counters.
    pub interface: InterfaceLosses,
    /// Of those that the interface dropped while receiving, the ones that surely never came to our
    /// hook: those that no protocol takes are dropped behind it.
    pub dropped_before_us: u64,
    /// By the queue that the interface sends from, behind our hook.
    pub queue_dropped: u64,
    /// How often that queue was over its limit.
    pub queue_overlimits: u64,
}

impl Losses {
    /// What the device could not take or the driver threw away: never seen by us.
    pub fn before_us(&self) -> u64 {
        self.interface.missed + self.dropped_before_us
    }

    /// What could not be sent, though we counted it, not by the queue.
    pub fn send_failed(&self) -> u64 {
        self.interface.send_dropped + self.interface.send_errors
    }

    /// Takes in how the interface's counters grew.
    pub(super) fn grow(&mut self, from: &InterfaceLosses, to: &InterfaceLosses, surely: u64) {
        let sum = &mut self.interface;
        let fields: [fn(&mut InterfaceLosses) -> &mut u64; 8] = [
            |losses| &mut losses.missed,
            |losses| &mut losses.dropped,
            |losses| &mut losses.errors,
            |losses| &mut losses.over_errors,
            |losses| &mut losses.fifo_errors,
            |losses| &mut losses.no_handler,
            |losses| &mut losses.send_dropped,
            |losses| &mut losses.send_errors,
        ];
        let (mut from, mut to) = (*from, *to);
        for field in fields {
            *field(sum) += growth(*field(&mut from), *field(&mut to));
        }
        self.dropped_before_us += surely;
    }

    /// Takes in how the queue's counters grew.
    pub(super) fn grow_queue(&mut self, from: Option<Queue>, to: Queue) {
        // Another qdisc has counted nothing of what its predecessor did.
        let from = from.filter(|from| from.handle == to.handle);
        let from = from.unwrap_or(Queue { drops: 0, overlimits: 0, ..to });
        self.queue_dropped += wrapped_growth(from.drops, to.drops);
        self.queue_overlimits += wrapped_growth(from.overlimits, to.overlimits);
    }
}

/// How a counter grew; one that is less than it was has begun anew.
pub(super) fn growth(from: u64, to: u64) -> u64 {
    to.checked_sub(from).unwrap_or(to)
}

fn wrapped_growth(from: u32, to: u32) -> u64 {
    let growth = to.wrapping_sub(from);
    u64::from(if growth > WRAPPED { to } else { growth })
}

/// Packets that the kernel may have dropped behind our ingress hook and counted as dropped by the
/// interface: those that no protocol takes. They are no IP or tagged, and we counted them.
///
/// The interface's counter is read before the sample ends, so that it may be behind us by one
/// interval, never more: what was not used up of one interval stands for the next one only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Behind {
    left: u64,
}

impl Behind {
    /// What the interface dropped around the moment when counting began may not have been counted.
    pub(super) fn at_start(read: &Surroundings) -> Self {
        let dropped = |counters: InterfaceCounters| counters.losses.dropped;
        let around = read.before.map(dropped).zip(read.after.map(dropped));
        Self { left: around.map_or(0, |(before, after)| growth(before, after)) }
    }

    /// Of so many packets that the interface dropped, while so many passed us that nobody may have
    /// taken, how many surely never came to us.
    pub(super) fn surely_before(&mut self, dropped: u64, untaken: u64) -> u64 {
        let may_be_behind = untaken + self.left;
        let behind = dropped.min(may_be_behind);
        self.left = (may_be_behind - behind).min(untaken);
        dropped - behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_grow_wrap_and_begin_anew() {
        assert_eq!([growth(5, 7), growth(7, 7), growth(7, 2)], [2, 0, 2]);
        assert_eq!(wrapped_growth(u32::MAX - 1, 3), 5);
        assert_eq!(wrapped_growth(1000, 3), 3);
        let queue = |handle, drops| Queue { handle, drops, ..Queue::default() };
        // (before, now) → sum
        let cases = [
            ((None, queue(1, 4)), 4),
            ((Some(queue(1, 4)), queue(1, 9)), 5),
            ((Some(queue(1, 400)), queue(2, 9)), 9),
            ((Some(queue(0, 400)), queue(0, 2)), 2),
        ];
        for ((from, to), expected) in cases {
            let mut losses = Losses::default();
            losses.grow_queue(from, to);
            assert_eq!(losses.queue_dropped, expected, "{from:?} {to:?}");
        }
    }

    #[test]
    fn what_may_have_been_dropped_behind_us_is_not_said_to_be_before_us() {
        // Each interval: (dropped, untaken) → surely before us
        let cases: &[&[((u64, u64), u64)]] = &[
            &[((0, 0), 0), ((7, 0), 7), ((7, 0), 7)],
            &[((5, 5), 0), ((9, 5), 4)],
            // Read too early for its interval.
            &[((0, 3), 0), ((3, 0), 0), ((3, 0), 3)],
            &[((1, 3), 0), ((5, 3), 0), ((3, 0), 3)],
            // What was long ago stands for nothing now.
            &[((0, 1000), 0), ((0, 0), 0), ((10, 0), 10)],
            &[((0, 1000), 0), ((0, 2), 0), ((10, 0), 8)],
        ];
        for case in cases {
            let mut behind = Behind::default();
            for ((dropped, untaken), expected) in *case {
                assert_eq!(behind.surely_before(*dropped, *untaken), *expected, "{case:?}");
            }
        }
    }

    #[test]
    fn every_counter_is_summed() {
        let of = |n| InterfaceLosses {
            missed: n,
            dropped: 2 * n,
            errors: 3 * n,
            over_errors: 4 * n,
            fifo_errors: 5 * n,
            no_handler: 6 * n,
            send_dropped: 7 * n,
            send_errors: 8 * n,
        };
        let mut losses = Losses::default();
        losses.grow(&of(10), &of(13), 2);
        losses.grow(&of(13), &of(14), 1);
        assert_eq!(losses.interface, of(4));
        assert_eq!((losses.before_us(), losses.send_failed()), (4 + 3, 28 + 32));
    }
}
