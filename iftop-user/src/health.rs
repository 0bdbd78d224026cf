//! How well the counting goes: how much of the traffic it covers, what got lost on the way, what it
//! costs.
//!
//! It owns the sums since start and over the last ten seconds of what is read beside the samples.
//! Pure: time comes with the sample. It must never read anything, and nothing here changes what is
//! counted.

use std::{collections::VecDeque, time::Duration};

use iftop_common::{Bytes, Count};

use crate::{
    interface::{InterfaceCounters, Xdp},
    sandbox::Sandboxed,
    source::{
        Facts, Kind, Sample, TableUse,
        surroundings::{Place, Queue, Surroundings},
    },
};

mod alarm;
mod cause;
mod coverage;
mod losses;
mod lost_now;
mod moment;

use alarm::Alarm;
pub use cause::Cause;
pub use coverage::{Covered, share};
pub use losses::Losses;
use losses::{Behind, growth};
pub use lost_now::{Loss, LostNow};
use moment::Moment;

/// What is said to happen now happened in this time: windows are as long or a little longer.
const RECENT: Duration = Duration::from_secs(10);

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
    /// Our places at the hooks of tc: ingress, egress.
    pub places: [Option<Place>; 2],
    /// The XDP program of somebody else before us.
    pub xdp: Option<Xdp>,
    /// Over the last ten seconds, or since start while that is less; `None` where the interface's
    /// counters cannot be read.
    pub covered: Option<Covered>,
    /// Since start.
    pub covered_since_start: Option<Covered>,
    /// Why, where surely much passes the interface that does not pass our hooks: received, sent.
    pub missing: [Option<Cause>; 2],
    /// Share of the frames of the last ten seconds that claim to be IP and are not, in percent, where it is
    /// worth a word.
    pub malformed_percent: Option<u64>,
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
    /// For received and sent packets, of hardware.
    alarms: [Alarm; 2],
    /// In which direction much is missing.
    missing: [bool; 2],
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

impl Monitor {
    /// Counting has just begun, and this was read beside.
    pub fn new(about: About, at_start: &Surroundings) -> Self {
        let start = Moment::at_start(&about, at_start);
        Self {
            about,
            last: Known { interface: at_start.before, queue: at_start.queue },
            behind: Behind::at_start(at_start),
            alarms: [Alarm::default(); 2],
            missing: [false; 2],
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
        if self.latest.gone && !read.gone {
            // What another one carried before we stood there, nobody was to count.
            self.last.interface = None;
        }
        self.latest = *read;
        self.table = sample.table;
        self.now.at += sample.elapsed;
        self.now.cpu = read.usage.cpu;

        self.now.count(&self.about, totals);
        self.now.read(&self.about, read);

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
            self.now.carried(self.about.bytes(&from, &to));
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
        // What libpcap lost is no sign of packets that went another way.
        if self.about.facts.kind == Kind::Ebpf && read.before.is_some() {
            self.missing = std::array::from_fn(|side| self.is_missing(side));
        }
    }

    /// Whether surely much of what was received, or sent, did not pass us.
    fn is_missing(&mut self, side: usize) -> bool {
        if !self.about.hardware {
            let sums: Vec<_> = self.recent.iter().map(|moment| moment.sides[side]).collect();
            return alarm::is_missing(&sums);
        }
        let (from, now) = (self.window_start(), &self.now);
        if now.since(&from) >= RECENT {
            self.alarms[side].look(&from.sides[side], &now.sides[side], now.at);
        }
        self.alarms[side].raised
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
            xdp: self.latest.xdp,
            covered: covered(&from),
            covered_since_start: covered(&self.start),
            missing: std::array::from_fn(|side| {
                // Only received frames come to XDP.
                let xdp = self.latest.xdp.filter(|_| side == 0);
                self.missing[side].then(|| Cause::of(self.latest.look.places[side], xdp))
            }),
            malformed_percent: now.malformed_percent_since(&from),
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
    /// What an interface counted from one reading to another, of what we look at: received, sent.
    fn bytes(&self, from: &InterfaceCounters, to: &InterfaceCounters) -> [u64; 2] {
        let bytes =
            |side: fn(&InterfaceCounters) -> Count| growth(side(from).bytes, side(to).bytes);
        let received = if self.loopback { 0 } else { bytes(|counters| counters.received) };
        [received, bytes(|counters| counters.sent)]
    }
}

#[cfg(test)]
mod tests;
