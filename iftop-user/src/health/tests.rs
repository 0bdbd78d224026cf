//! Minutes of an interface, second by second.

use iftop_common::{Counters, Directions, FlowKey, Totals};

use super::*;
use crate::{
    interface::InterfaceLosses,
    source::surroundings::{Look, Usage},
};

const MB: u64 = 1_000_000;

/// An interface and a monitor of it.
struct Minutes {
    monitor: Monitor,
    interface: InterfaceCounters,
    queue: Queue,
    cpu: Duration,
    places: [Option<Place>; 2],
    xdp: Option<Xdp>,
    readable: bool,
}

/// What happens in a second.
#[derive(Clone, Copy, Default)]
struct Second {
    /// Bytes received that pass our hook.
    ours: u64,
    /// Bytes that the interface counts as received.
    interface: u64,
    /// Frames without IP that pass our hook.
    not_ip: u64,
    /// Frames that claim to be IP and are not.
    malformed: u64,
    /// Packets in a VLAN.
    tagged: u64,
    filtered: u64,
    losses: InterfaceLosses,
    queue_drops: u32,
    backlog: u32,
    cpu: Duration,
    /// Whether all this is of packets sent, not received.
    sent: bool,
}

impl Minutes {
    fn new(about: About) -> Self {
        let interface = InterfaceCounters {
            up: true,
            received: Count { bytes: 77 * MB, packets: 7 },
            losses: InterfaceLosses { dropped: 700, missed: 70, ..InterfaceLosses::default() },
            ..InterfaceCounters::default()
        };
        let queue = Queue { drops: u32::MAX - 5, ..Queue::default() };
        let mut minutes = Self {
            monitor: Monitor::new(About::default(), &Surroundings::default()),
            interface,
            queue,
            cpu: Duration::from_secs(3),
            places: [None; 2],
            xdp: None,
            readable: true,
        };
        let at_start = minutes.surroundings();
        minutes.monitor = Monitor::new(about, &at_start);
        minutes
    }

    fn surroundings(&self) -> Surroundings {
        let counters = self.readable.then_some(self.interface);
        Surroundings {
            before: counters,
            after: counters,
            queue: Some(self.queue),
            look: Look { places: self.places, ..Look::default() },
            xdp: self.xdp,
            usage: Usage { cpu: self.cpu, own_bytes: 9 },
            poll: Duration::from_millis(1),
            ..Surroundings::default()
        }
    }

    fn pass(&mut self, second: Second) -> Health {
        let Minutes { interface: InterfaceCounters { received, sent, .. }, .. } = self;
        (if second.sent { sent } else { received }).bytes += second.interface;
        let losses = &mut self.interface.losses;
        losses.missed += second.losses.missed;
        losses.dropped += second.losses.dropped;
        losses.errors += second.losses.errors;
        losses.send_dropped += second.losses.send_dropped;
        self.queue.drops = self.queue.drops.wrapping_add(second.queue_drops);
        self.queue.backlog = second.backlog;
        self.cpu += second.cpu;
        let count = Count { bytes: second.ours, packets: second.ours / 1000 };
        let frames = if second.sent {
            Counters { egress: count, ..Counters::default() }
        } else {
            Counters { ingress: count, ..Counters::default() }
        };
        let not_ip = Count { bytes: 60, packets: second.not_ip };
        let wire = Directions { ingress: count.bytes + count.packets * 24, egress: 0 };
        let filtered = Count { bytes: 0, packets: second.filtered };
        let filtered = Counters { ingress: filtered, ..Counters::default() };
        let malformed = Count { bytes: 60, packets: second.malformed };
        let seen = frames;
        let totals =
            Totals { frames, seen, wire, not_ip, malformed, filtered, ..Totals::default() };
        let tagged = Count { bytes: 0, packets: second.tagged };
        let key = FlowKey { vlan_and_flags: 5, ..FlowKey::default() };
        self.monitor.apply(&Sample {
            elapsed: Duration::from_secs(1),
            totals,
            flows: vec![(key, Counters { ingress: tagged, ..Counters::default() })],
            surroundings: self.surroundings(),
            ..Sample::default()
        });
        self.monitor.health()
    }
}

fn about() -> About {
    About { takes_ipv6: true, ..About::default() }
}

/// Bytes of ours, of the interface.
fn bytes(ours: u64, interface: u64) -> Second {
    Second { ours, interface, ..Second::default() }
}

fn dropped(dropped: u64, not_ip: u64) -> Second {
    let losses = InterfaceLosses { dropped, ..InterfaceLosses::default() };
    Second { not_ip, losses, ..Second::default() }
}

#[test]
fn ten_minutes_of_clean_traffic_raise_no_alarm() {
    let mut random = fastrand::Rng::with_seed(7);
    for sent in [false, true] {
        let mut minutes = Minutes::new(about());
        // On its way: received ones between the interface's counter and our hook, sent ones in the queue
        // between our hook and the counter.
        let mut waited = 0;
        for second in 0..600 {
            // Long silences, and all sizes of traffic between them.
            let most = 1_u64 << random.u8(1..33);
            let passed = if random.u8(..4) == 0 { random.u64(..most) } else { 0 };
            let waits = random.u64(..=passed / 2);
            let (first, then) = (passed, waited + passed - waits);
            let health = minutes.pass(Second {
                not_ip: random.u64(..50),
                losses: InterfaceLosses { dropped: random.u64(..2), ..InterfaceLosses::default() },
                backlog: if sent { u32::try_from(waits).unwrap() } else { 0 },
                sent,
                ..if sent { bytes(first, then) } else { bytes(then, first) }
            });
            waited = waits;
            assert_eq!(health.missing, [None; 2], "second {second}, {sent}: {health:?}");
        }
    }
}

#[test]
fn counters_that_are_renewed_every_other_second_raise_no_alarm() {
    for hardware in [false, true] {
        let mut minutes = Minutes::new(About { hardware, ..about() });
        let mut late = 0;
        for second in 0..100 {
            let ours = if second % 30 < 15 { 100 * MB } else { 0 };
            late += ours;
            let renewed = if second % 2 == 1 { std::mem::take(&mut late) } else { 0 };
            let health = minutes.pass(bytes(ours, renewed));
            assert_eq!(health.missing, [None; 2], "second {second}");
        }
    }
}

#[test]
fn what_passes_outside_is_said_as_long_as_it_does() {
    let mut minutes = Minutes::new(about());
    let raised: Vec<_> = (0..60)
        .filter(|second| {
            let ours = if (20..40).contains(second) { 31 } else { 100 };
            minutes.pass(bytes(ours * MB, 100 * MB)).missing == [Some(Cause::Outside), None]
        })
        .collect();
    // In its second interval, and as long as it is a tenth of the last ten seconds.
    assert_eq!(raised, (21..=47).collect::<Vec<_>>());
    let health = minutes.monitor.health();
    assert_eq!(health.covered.unwrap().thousandths(), 100_000);
    let all = health.covered_since_start.unwrap();
    assert_eq!((all.ours, all.interface), (4620 * MB, 6000 * MB));
    assert_eq!((all.thousandths(), all.over), (77_000, Duration::from_mins(1)));
}

#[test]
fn of_hardware_it_is_said_once_it_has_lasted() {
    let mut minutes = Minutes::new(About { hardware: true, ..about() });
    let raised: Vec<_> = (0..60)
        .filter(|second| {
            let ours = if (20..40).contains(second) { 31 } else { 100 };
            minutes.pass(bytes(ours * MB, 100 * MB)).missing != [None; 2]
        })
        .collect();
    // A tenth of the last ten seconds, and for three seconds.
    assert_eq!(raised, (24..=47).collect::<Vec<_>>());
}

#[test]
fn a_cause_is_named_for_the_direction_that_it_acts_in() {
    let xdp = Some(Xdp { mode: "native", program: 47 });
    let behind = Place { position: Some(2), of: 2, ..Place::default() };
    for sent in [false, true] {
        let mut minutes = Minutes::new(about());
        minutes.xdp = xdp;
        minutes.places = [None, Some(behind)];
        for _ in 0..2 {
            minutes.pass(Second { sent, ..bytes(0, MB) });
        }
        let expected = if sent { [None, Some(Cause::Tc)] } else { [Some(Cause::Xdp), None] };
        assert_eq!(minutes.monitor.health().missing, expected);
    }
}

#[test]
fn malformed_frames_are_said_where_they_are_more_than_a_few() {
    let malformed = |malformed, frames: u64| Second { malformed, ..bytes(frames * 1000, 0) };
    // (malformed, all) in packets → percent
    let cases = [((9, 9), None), ((10, 10), Some(100)), ((10, 1000), Some(1)), ((10, 1001), None)];
    for ((broken, all), expected) in cases {
        let mut minutes = Minutes::new(about());
        assert_eq!(minutes.pass(malformed(broken, all)).malformed_percent, expected);
        (0..9).for_each(|_| drop(minutes.pass(Second::default())));
        assert_eq!(minutes.monitor.health().malformed_percent, expected, "ten seconds long");
        assert_eq!(minutes.pass(Second::default()).malformed_percent, None);
    }
}

#[test]
fn a_long_queue_that_drains_is_covered() {
    let mut minutes = Minutes::new(about());
    for _ in 0..20 {
        minutes.pass(Second { backlog: 50_000_000, sent: true, ..bytes(5 * MB, MB) });
    }
    for second in (0..40).rev() {
        let health =
            minutes.pass(Second { backlog: second * 1_000_000, sent: true, ..bytes(0, MB) });
        assert!(health.missing == [None; 2], "{second}");
    }
}

#[test]
fn a_loopback_is_looked_at_once_and_hardware_counts_segments() {
    let mut minutes = Minutes::new(About { loopback: true, ..about() });
    minutes.interface.sent.bytes += 5 * MB;
    let covered = minutes.pass(bytes(5 * MB, 5 * MB)).covered.unwrap();
    assert_eq!((covered.ours, covered.interface), (5 * MB, 5 * MB));

    // One frame of 1000 bytes each, with its checksum: 1004.
    let mut minutes = Minutes::new(About { hardware: true, ..about() });
    let covered = minutes.pass(bytes(5 * MB, 5 * MB + 20_000)).covered.unwrap();
    assert_eq!((covered.ours, covered.thousandths()), (5 * MB + 20_000, 100_000));
    let mut minutes = Minutes::new(about());
    assert_eq!(minutes.pass(bytes(5 * MB, 5 * MB + 20_000)).covered.unwrap().ours, 5 * MB);
}

#[test]
fn losses_are_summed_and_their_rate_ends_with_them() {
    let mut minutes = Minutes::new(about());
    let losses = InterfaceLosses { missed: 10, errors: 20, send_dropped: 30, ..Default::default() };
    for _ in 0..5 {
        minutes.pass(Second { losses, queue_drops: 7, ..dropped(0, 0) });
    }
    let health = minutes.monitor.health();
    let now =
        LostNow { missed: 10.0, errors: 20.0, send_failed: 30.0, queue: 7.0, ..LostNow::default() };
    assert_eq!(health.lost_now, now);
    let sums = health.losses.unwrap();
    assert_eq!((sums.interface.missed, sums.queue_dropped), (50, 35), "the queue's counter wraps");
    for _ in 0..9 {
        minutes.pass(Second::default());
    }
    let now = minutes.monitor.health().lost_now;
    let rest = LostNow { missed: 1.0, errors: 2.0, send_failed: 3.0, queue: 0.7, ..now };
    assert_eq!(now, rest, "one of ten seconds");
    minutes.pass(Second::default());
    let health = minutes.monitor.health();
    assert_eq!(health.lost_now, LostNow::default());
    assert_eq!(health.losses, Some(sums));
}

#[test]
fn packets_that_nobody_takes_are_dropped_behind_us() {
    let mut minutes = Minutes::new(about());
    let before_us = |dropped| LostNow { dropped, ..LostNow::default() };
    assert_eq!(minutes.pass(dropped(12, 12)).lost_now, before_us(0.0));
    assert_eq!(minutes.pass(dropped(24, 12)).lost_now, before_us(6.0));
    let mut tagged = Minutes::new(about());
    let health = tagged.pass(Second { tagged: 12, ..dropped(12, 0) });
    assert_eq!(health.lost_now, before_us(0.0));
    let mut filtered = Minutes::new(about());
    let health = filtered.pass(Second { filtered: 12, ..dropped(12, 0) });
    assert_eq!(health.lost_now, before_us(0.0));
    let mut without_ipv6 = Minutes::new(About { takes_ipv6: false, ..about() });
    let health = without_ipv6.pass(Second { ours: 12_000, ..dropped(12, 0) });
    assert_eq!(health.lost_now, before_us(0.0));
}

#[test]
fn counters_that_cannot_be_read_are_unknown_and_nothing_is_lost_of_them() {
    let mut minutes = Minutes::new(about());
    minutes.pass(bytes(MB, MB));
    minutes.readable = false;
    minutes.pass(bytes(MB, MB));
    assert_eq!(minutes.monitor.health().up, None);
    minutes.readable = true;
    let covered = minutes.pass(bytes(MB, MB)).covered_since_start.unwrap();
    assert_eq!((covered.ours, covered.interface), (3 * MB, 3 * MB));

    let never = Monitor::new(about(), &Surroundings::default()).health();
    assert_eq!((never.covered, never.losses, never.queue), (None, None, false));
}

#[test]
fn a_share_of_a_cpu_is_of_the_last_ten_seconds() {
    let mut minutes = Minutes::new(about());
    let busy = Second { cpu: Duration::from_millis(250), ..Second::default() };
    assert_eq!(minutes.pass(busy).cpu, Some(25_000));
    for _ in 0..9 {
        minutes.pass(Second::default());
    }
    assert_eq!(minutes.monitor.health().cpu, Some(2_500));
    assert_eq!(minutes.pass(Second::default()).cpu, Some(0));
}
