//! How well the counting goes: how much of the traffic it covers, what got lost on the way, what it
//! costs.
//!
//! It owns the sums since start and over the last ten seconds of what is read beside the samples.
//! Pure: time comes with the sample. It must never read anything, and nothing here changes what is
//! counted.

use std::{collections::VecDeque, time::Duration};

use iftop_common::{Bytes, Count};

use crate::{
    interface::InterfaceCounters,
    sandbox::Sandboxed,
    source::{
        Facts, Kind, Sample, TableUse,
        surroundings::{Place, Queue, Surroundings},
    },
};

mod coverage;
mod losses;
mod lost_now;

use coverage::{Alarm, Sums};
pub use coverage::{Covered, share};
pub use losses::Losses;
use losses::{Behind, growth};
pub use lost_now::{Loss, LostNow};

/// What is said to happen now happened in this time: windows are as long or a little longer.
const RECENT: Duration = Duration::from_secs(10);

/// Preamble, start delimiter and gap (IEEE 802.3), in bytes: nobody counts them. The checksum, which
/// is on the wire too, some drivers do.
const NEVER_COUNTED: u64 = 20;

/// What is known at the start and stays so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// Of the program that was loaded.
    pub facts: Facts,
    /// Of the link, in bits per second.
    pub link_speed: Option<u64>,
    /// Bound of the kernel's tables and of user space together, in bytes.
    pub max_memory: u64,
    /// Flows that user space remembers at most.
    pub max_flows: u32,
    /// What the bytes of flows are.
    pub bytes: Bytes,
    /// The interface's counters count what its hardware sends, not what the kernel hands on.
    pub hardware: bool,
    /// Each packet passes the interface twice, and we look at it once.
    pub loopback: bool,
    /// The kernel takes IPv6, so that it does not drop it unread.
    pub takes_ipv6: bool,
    /// What this process may no longer do.
    pub sandboxed: Sandboxed,
}

/// What is shown of all this.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// What does not change.
    pub about: About,
    /// Whether the interface is gone, and waited for.
    pub gone: bool,
    /// Whether it is switched on, where that is known.
    pub up: Option<bool>,
    /// Our places at the hooks: ingress, egress.
    pub places: [Option<Place>; 2],
    /// Over the last ten seconds, or since start while that is less; `None` where the interface's
    /// counters cannot be read.
    pub covered: Option<Covered>,
    /// Since start.
    pub covered_since_start: Option<Covered>,
    /// Surely and for some time much passes the interface that does not pass our hooks.
    pub passes_outside: bool,
    /// The kernel's table at the end of the last sample.
    pub table: TableUse,
    /// Memory of this process alone.
    pub own_bytes: u64,
    /// What counting a packet costs, once that was measured.
    pub packet_cost: Option<Duration>,
    /// How long the last reading of the counters took, without waiting.
    pub poll: Duration,
    /// Share of one CPU that this process used of the last ten seconds, in thousandths of a percent;
    /// `None` where these are not seconds of the clock on the wall.
    pub cpu: Option<u64>,
    /// Packets since start; `None` where the interface's counters cannot be read.
    pub losses: Option<Losses>,
    /// Packets per second over the last ten seconds.
    pub lost_now: LostNow,
    /// Whether the queue's counters are known.
    pub queue: bool,
}

/// See the module's description.
#[derive(Clone, Debug)]
pub struct Monitor {
    about: About,
    last: Known,
    behind: Behind,
    alarm: Alarm,
    table: TableUse,
    latest: Surroundings,
    now: Moment,
    start: Moment,
    /// The newest last, as many as it takes to reach back [`RECENT`].
    recent: VecDeque<Moment>,
}

/// The last readings that there were, from which counters are said to have grown.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    interface: Option<InterfaceCounters>,
    queue: Option<Queue>,
}

/// Sums since start at the end of a sample.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    at: Duration,
    cpu: Duration,
    sums: Sums,
    losses: Losses,
}

impl Moment {
    fn since(&self, earlier: &Self) -> Duration {
        self.at.saturating_sub(earlier.at)
    }
}

impl Monitor {
    /// Counting has just begun, and this was read beside.
    pub fn new(about: About, at_start: &Surroundings) -> Self {
        let start = Moment {
            cpu: at_start.usage.cpu,
            sums: Sums {
                uncertain: uncertain(&about, at_start),
                waiting: at_start.queue.map_or(0, |queue| queue.backlog.into()),
                ..Sums::default()
            },
            ..Moment::default()
        };
        Self {
            about,
            last: Known { interface: at_start.before, queue: at_start.queue },
            behind: Behind::at_start(at_start),
            alarm: Alarm::default(),
            table: TableUse::default(),
            latest: *at_start,
            now: start,
            start,
            recent: VecDeque::from([start]),
        }
    }

    /// What does not change.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Takes in what was read beside a sample.
    pub fn apply(&mut self, sample: &Sample) {
        let (read, totals) = (&sample.surroundings, &sample.totals);
        self.latest = *read;
        self.table = sample.table;
        self.now.at += sample.elapsed;
        self.now.cpu = read.usage.cpu;

        let sums = &mut self.now.sums;
        let (frames, seen) = (totals.frames.both(), totals.seen.both());
        sums.least += frames.bytes;
        sums.most += if self.about.hardware {
            let wire = totals.wire.ingress + totals.wire.egress + totals.filtered_wire_bytes;
            let packets = seen.packets
                + totals.not_ip.packets
                + totals.malformed.packets
                + totals.filtered.both().packets;
            wire.saturating_sub(packets * NEVER_COUNTED)
        } else {
            frames.bytes
        };
        sums.uncertain = uncertain(&self.about, read);
        sums.waiting = read.queue.map_or(0, |queue| queue.backlog.into());

        // IP behind a tag that no device here is for, or behind two, is for nobody either.
        let tagged = sample.flows.iter().filter(|(key, _)| key.vlan() != 0);
        let tagged: u64 = tagged.map(|(_, counters)| counters.ingress.packets).sum();
        // What the filter turned away may be anything.
        let mut untaken = totals.not_ip.packets
            + totals.malformed.packets
            + tagged
            + totals.filtered.ingress.packets;
        if !self.about.takes_ipv6 {
            untaken += totals.frames.ingress.packets;
        }
        if let (Some(from), Some(to)) = (self.last.interface, read.before) {
            sums.interface += self.about.bytes(&from, &to);
            let dropped = growth(from.losses.dropped, to.losses.dropped);
            let surely = self.behind.surely_before(dropped, untaken);
            self.now.losses.grow(&from.losses, &to.losses, surely);
        }
        self.now.losses.ours += sample.dropped_packets;
        self.last.interface = read.before.or(self.last.interface);
        if let Some(queue) = read.queue {
            self.now.losses.grow_queue(self.last.queue, queue);
            self.last.queue = Some(queue);
        }

        self.recent.push_back(self.now);
        while self.recent.get(1).is_some_and(|next| self.now.since(next) >= RECENT) {
            self.recent.pop_front();
        }
        let from = self.window_start();
        // What libpcap lost is no sign of packets that went another way.
        let in_kernel = self.about.facts.kind == Kind::Ebpf;
        if in_kernel && self.now.since(&from) >= RECENT && read.before.is_some() {
            self.alarm.look(&from.sums, &self.now.sums, self.now.at);
        }
    }

    /// What can be said now.
    pub fn health(&self) -> Health {
        let (from, now) = (self.window_start(), &self.now);
        let over = now.since(&from);
        let known = self.last.interface.is_some();
        let covered = |from: &Moment| {
            known.then(|| coverage::between(&from.sums, &now.sums, now.since(from)))
        };
        let per_second = |lost: fn(&Losses) -> u64| {
            let packets = lost(&now.losses) - lost(&from.losses);
            if over.is_zero() { 0.0 } else { packets as f64 / over.as_secs_f64() }
        };
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Health {
            about: self.about.clone(),
            gone: self.latest.gone,
            up: self.latest.before.map(|counters| counters.up),
            places: self.latest.look.places,
            covered: covered(&from),
            covered_since_start: covered(&self.start),
            passes_outside: self.alarm.raised,
            table: self.table,
            own_bytes: self.latest.usage.own_bytes,
            packet_cost: self.latest.look.packet_cost,
            poll: self.latest.poll,
            cpu: (self.about.facts.kind != Kind::File).then(|| match micros(over) {
                0 => 0,
                over => micros(now.cpu.saturating_sub(from.cpu)) * 100_000 / over,
            }),
            losses: known.then_some(now.losses),
            lost_now: LostNow {
                ours: match self.about.facts.kind {
                    // A file says it for the whole of it, at its end.
                    Kind::File => 0.0,
                    _ => per_second(|losses| losses.ours),
                },
                missed: per_second(|losses| losses.interface.missed),
                dropped: per_second(|losses| losses.dropped_before_us),
                errors: per_second(|losses| losses.interface.errors),
                send_failed: per_second(Losses::send_failed),
                queue: per_second(|losses| losses.queue_dropped),
            },
            queue: self.last.queue.is_some(),
        }
    }

    fn window_start(&self) -> Moment {
        self.recent.front().copied().unwrap_or(self.start)
    }
}

impl About {
    /// What an interface counted from one reading to another, of what we look at.
    fn bytes(&self, from: &InterfaceCounters, to: &InterfaceCounters) -> u64 {
        let bytes =
            |side: fn(&InterfaceCounters) -> Count| growth(side(from).bytes, side(to).bytes);
        let sent = bytes(|counters| counters.sent);
        if self.loopback { sent } else { sent + bytes(|counters| counters.received) }
    }
}

/// What the interface counted around the end of a sample.
fn uncertain(about: &About, read: &Surroundings) -> u64 {
    match (read.before, read.after) {
        (Some(before), Some(after)) => about.bytes(&before, &after),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
