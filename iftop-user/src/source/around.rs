//! What is read around the counters with each sample, on the poller's thread.
//!
//! It owns when to ask what again. It must never fail: a figure that is not to be had is unknown.

use std::time::{Duration, Instant};

use super::ebpf::{Hook, place};
use crate::{
    interface::{InterfaceCounters, counters},
    qdisc::root_queue,
    source::surroundings::{Place, Queue, Surroundings},
    usage::usage,
};

/// Others attach and detach rarely.
const PLACES_PERIOD: Duration = Duration::from_secs(10);
/// The kernel lists the queues of all interfaces to tell that of one; where there are thousands, it
/// is asked less often, so that this takes no more than a thousandth of a CPU.
const QUEUE_SHARE: u32 = 1000;

/// See the module's description.
pub(super) struct Around {
    interface_index: u32,
    /// The identifiers of our programs: ingress, egress.
    programs: [Option<u32>; 2],
    places: Asked<[Option<Place>; 2]>,
    queue: Asked<Option<Queue>>,
}

/// An answer, and when it is too old.
#[derive(Default)]
struct Asked<T> {
    answer: T,
    until: Option<Instant>,
}

impl Around {
    /// Of an interface at whose hooks are these programs of ours.
    pub(super) fn new(interface_index: u32, programs: [Option<u32>; 2]) -> Self {
        Self { interface_index, programs, places: Asked::default(), queue: Asked::default() }
    }

    /// Other programs of ours stand at the hooks from now on.
    pub(super) fn programs_are(&mut self, programs: [Option<u32>; 2]) {
        self.programs = programs;
        self.places.until = None;
    }

    /// The interface's own counters, now.
    pub(super) fn counters(&self) -> Option<InterfaceCounters> {
        counters(self.interface_index).ok()
    }

    /// All there is, after a sample was taken, which took so long.
    pub(super) fn read(
        &mut self,
        before: Option<InterfaceCounters>,
        poll: Duration,
    ) -> Surroundings {
        let after = self.counters();
        let (index, [ingress, egress]) = (self.interface_index, self.programs);
        let place = |hook, program: Option<u32>| place(index, hook, program?);
        Surroundings {
            before,
            after,
            queue: self.queue.get(|| root_queue(index).ok().flatten(), |took| took * QUEUE_SHARE),
            places: self.places.get(
                || [place(Hook::TcxIngress, ingress), place(Hook::TcxEgress, egress)],
                |_| PLACES_PERIOD,
            ),
            usage: usage(),
            packet_cost: None,
            poll,
        }
    }

    /// Asks for everything again the next time.
    #[cfg(test)]
    pub(super) fn forget(&mut self) {
        self.places.until = None;
    }
}

impl<T: Copy> Asked<T> {
    /// The answer, which is asked for anew where it is too old; how long it stays good may depend on
    /// how long it took.
    fn get(&mut self, ask: impl FnOnce() -> T, good_for: impl FnOnce(Duration) -> Duration) -> T {
        let now = Instant::now();
        if self.until.is_none_or(|until| until <= now) {
            self.answer = ask();
            self.until = Some(now + good_for(now.elapsed()));
        }
        self.answer
    }
}
