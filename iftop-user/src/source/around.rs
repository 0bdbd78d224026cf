//! What is read around the counters with each sample, on the poller's thread.
//!
//! It owns when to ask what again. It must never fail: a figure that is not to be had is unknown.

use std::time::{Duration, Instant};

use crate::{
    interface::{InterfaceCounters, counters},
    qdisc::root_queue,
    source::surroundings::{Look, Queue, Surroundings},
    usage::usage,
};

/// The kernel lists the queues of all interfaces to tell that of one; where there are thousands, it
/// is asked less often, so that this takes no more than a thousandth of a CPU.
const QUEUE_SHARE: u32 = 1000;
/// Who else is at the hooks is to be known when packets begin to be missing: each sample asks, but where
/// ours is one of so many thousand filters that to list them would take a tenth of a CPU. Even then it is
/// never older than this when a sample is taken.
const LOOK_SHARE: u32 = 10;
const LOOK_AT_LEAST_EACH: Duration = Duration::from_secs(8);

/// See the module's description.
pub(super) struct Around {
    interface_index: u32,
    /// Whether an XDP program there is ours.
    at_xdp: bool,
    look: Asked<Look>,
    queue: Asked<Option<Queue>>,
}

/// An answer, and when it is too old.
#[derive(Default)]
struct Asked<T> {
    answer: T,
    until: Option<Instant>,
}

impl Around {
    /// Of the interface of this index, at the XDP hook of which our program is or not.
    pub(super) fn new(interface_index: u32, at_xdp: bool) -> Self {
        Self { interface_index, at_xdp, look: Asked::default(), queue: Asked::default() }
    }

    /// The interface's own counters, now.
    pub(super) fn counters(&self) -> Option<InterfaceCounters> {
        counters(self.interface_index).ok()
    }

    /// All there is, after a sample was taken, which took so long. What takes privileges somebody else looks
    /// for.
    pub(super) fn read(
        &mut self,
        before: Option<InterfaceCounters>,
        poll: Duration,
        look: impl FnOnce() -> Look,
    ) -> Surroundings {
        let after = self.counters();
        let index = self.interface_index;
        Surroundings {
            gone: false,
            before,
            after,
            queue: self
                .queue
                .get(|| root_queue(index).ok().flatten(), |_, took| took * QUEUE_SHARE),
            look: self.look.get(look, |look, took| match look.packet_cost {
                Some(_) => (took * LOOK_SHARE).min(LOOK_AT_LEAST_EACH),
                // It is being measured.
                None => Duration::ZERO,
            }),
            xdp: before.and_then(|counters| counters.xdp).filter(|_| !self.at_xdp),
            usage: usage(),
            poll,
        }
    }

    /// Has somebody look again the next time.
    pub(super) fn forget(&mut self) {
        self.look.until = None;
    }
}

impl<T: Copy> Asked<T> {
    /// The answer, which is asked for anew where it is too old; how long it stays good may depend on
    /// how long it took.
    fn get(
        &mut self,
        ask: impl FnOnce() -> T,
        good_for: impl FnOnce(&T, Duration) -> Duration,
    ) -> T {
        let now = Instant::now();
        if self.until.is_none_or(|until| until <= now) {
            self.answer = ask();
            self.until = Some(now + good_for(&self.answer, now.elapsed()));
        }
        self.answer
    }
}
