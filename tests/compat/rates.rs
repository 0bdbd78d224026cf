//! Rates over 2 and 10 seconds, of steady traffic, as both programs print them.
//!
//! The traffic is a pulse every two seconds, always the same. Classic iftop counts by slots between
//! whole seconds of the clock on the wall, ours by those between its samples; each pulse is sent half
//! a second or more after the begin and before the end of a slot of either. So a slot of two seconds
//! holds one pulse, and a window of ten seconds five, whatever their phase; that a program divides by
//! the right time is what is left to be seen. Where the machine stands still for half a second, a
//! pulse slips into the next slot and makes two reports wrong, which a median of five bears.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::support::{
    classic::{self, Pump},
    frame::TCP,
    iftop::Iftop,
    net::{Cable, on_one_cpu},
    report::{Report, value},
    traffic::{Senders, Sent, into, out, packet, udp},
};

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

const PERIOD: Duration = Duration::from_secs(2);
/// As many fill the window of 10 seconds.
const PULSES_IN_WINDOW: u32 = 5;
/// Reports that are compared.
const REPORTS: usize = 5;
/// More than are needed; it ends by itself.
const MAX_PULSES: u32 = 20;
const TOLERANCE: f64 = 0.02;

/// Left, right, bytes of a pulse sent and received; in the order of rates.
const ROWS: [(&str, &str, u32, u32); 6] = [
    ("10.9.0.1:5201", "10.9.0.2:40000", 40 * 1040, 20 * 52),
    ("[fd00:9::1]:443", "[fd00:9::2]:40001", 3 * 60, 16 * 1260),
    ("10.9.0.1:53", "10.9.0.2:40002", 16 * 128, 16 * 500),
    ("[fd00:9::1]:53", "[fd00:9::2]:40003", 10 * 148, 10 * 88),
    ("10.9.0.1", "10.9.0.2", 4 * 84, 4 * 84),
    ("fd00:9::1", "fd00:9::2", 2 * 104, 0),
];

/// (how many, what)
fn pulse() -> Vec<(u32, Sent)> {
    let ends = |row: usize| (ROWS[row].0, ROWS[row].1);
    let (us0, them0) = ends(0);
    let (us1, them1) = ends(1);
    let (us2, them2) = ends(2);
    let (us3, them3) = ends(3);
    vec![
        (40, out(&packet(TCP, us0, them0, 1012))),
        (20, into(&packet(TCP, them0, us0, 24))),
        (3, out(&packet(TCP, us1, them1, 12))),
        (16, into(&packet(TCP, them1, us1, 1212))),
        (16, out(&udp(us2, them2, 100))),
        (16, into(&udp(them2, us2, 472))),
        (10, out(&udp(us3, them3, 100))),
        (10, into(&udp(them3, us3, 40))),
        (4, out(&packet(ICMP, "10.9.0.1:0", "10.9.0.2:0", 56))),
        (4, into(&packet(ICMP, "10.9.0.2:0", "10.9.0.1:0", 56))),
        (2, out(&packet(ICMPV6, "[fd00:9::1]:0", "[fd00:9::2]:0", 56))),
    ]
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn steady_rates_are_classic_iftops() {
    let cable = Cable::new();
    let options = "-i va -t -n -N -P -L 20";
    let mut classic = classic::start(&cable.a, options);
    let mut ours = Iftop::start(&cable.a, options);
    classic.wait_until_listening();
    ours.wait_until_listening();
    let _pump = Pump::start(&cable);
    let stop = AtomicBool::new(false);
    let [ours, classic] = thread::scope(|scope| {
        let classic = scope.spawn(|| full_reports(&mut classic));
        Report::next(&mut ours);
        scope.spawn(|| send_pulses(&cable, &stop));
        let ours = full_reports(&mut ours);
        let classic = classic.join().unwrap();
        stop.store(true, Ordering::Relaxed);
        [ours, classic]
    });
    compare(&ours, &classic);
}

/// Sends a pulse every two seconds, the first in about a second and in the middle of a second of the
/// clock on the wall. To be called when ours has just reported.
fn send_pulses(cable: &Cable, stop: &AtomicBool) {
    let (senders, pulse) = (Senders::new(cable), pulse());
    let (now, least) = (Instant::now(), PERIOD / 4);
    let wall = (SystemTime::now() + least).duration_since(UNIX_EPOCH).unwrap();
    let to_middle = (1_500 - u64::from(wall.subsec_millis())) % 1000;
    let mut due = now + least + Duration::from_millis(to_middle);
    for _ in 0..MAX_PULSES {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        // The pace is the test; it waits for nothing.
        thread::sleep(due.saturating_duration_since(Instant::now()));
        on_one_cpu(|| {
            for (times, sent) in &pulse {
                (0..*times).for_each(|_| senders.send(sent));
            }
        });
        due += PERIOD;
    }
}

fn pulse_bytes() -> u32 {
    ROWS.iter().map(|row| row.2 + row.3).sum()
}

/// The first reports whose windows of 10 seconds are full of pulses.
fn full_reports(iftop: &mut Iftop) -> Vec<Report> {
    let full = f64::from(PULSES_IN_WINDOW * pulse_bytes());
    let mut reports = Vec::new();
    for _ in 0..20 {
        let report = Report::next(iftop);
        // As printed, it is less than a hundredth off.
        if value(&report.cumulative()[2]) > full * 0.98 {
            reports.push(report);
        }
        if reports.len() == REPORTS {
            return reports;
        }
    }
    panic!("too few pulses: {reports:?}");
}

fn compare(ours: &[Report], classic: &[Report]) {
    let (our_rates, classic_rates) = (rates(ours), rates(classic));
    assert_eq!(our_rates.len(), 4 * ROWS.len() + 6);
    for (name, &ours) in &our_rates {
        let classic = classic_rates[name];
        let expected = truth(name);
        for (whose, other) in [("classic iftop", classic), ("sent", expected)] {
            let close = (ours - other).abs() <= TOLERANCE * other;
            assert!(close, "{name:?}: ours {ours}, {whose} {other}");
        }
    }
    // Of the same number of pulses: all that does not hang on the clock is the same.
    let by_bytes = |report: &Report| (report.cumulative(), counts(report));
    let classic: HashMap<_, _> = classic.iter().map(by_bytes).collect();
    let pairs = ours.iter().map(by_bytes).filter(|(bytes, ours)| {
        classic.get(bytes).is_some_and(|classic| {
            assert_eq!(ours, classic);
            true
        })
    });
    assert!(pairs.count() >= 2, "{ours:?}");
}

/// Hosts in order, and bytes since start.
fn counts(report: &Report) -> Vec<[String; 4]> {
    let rows = report.rows();
    let hosts: Vec<_> = rows.iter().map(|row| (row.left.as_str(), row.right.as_str())).collect();
    assert_eq!(hosts, ROWS.map(|row| (row.0, row.1)));
    rows.into_iter()
        .map(|row| {
            let ([.., sent], [.., received]) = (row.sent, row.received);
            [row.left, row.right, sent, received]
        })
        .collect()
}

/// Which row (the totals come last), which direction, which window.
type Name = (usize, usize, usize);

/// The median of each rate over 2 and 10 seconds, in bits per second.
fn rates(reports: &[Report]) -> HashMap<Name, f64> {
    let mut all: HashMap<Name, Vec<f64>> = HashMap::new();
    for report in reports {
        let rows = report.rows();
        let directions = rows.iter().enumerate().flat_map(|(place, row)| {
            [(place, 0, row.sent[..2].to_vec()), (place, 1, row.received[..2].to_vec())]
        });
        let totals = ["Total send rate:", "Total receive rate:", "Total send and receive rate:"];
        let totals = (0..)
            .zip(totals)
            .map(|(direction, name)| (rows.len(), direction, report.summary(name)[..2].to_vec()));
        for (row, direction, texts) in directions.chain(totals) {
            for (window, text) in texts.iter().enumerate() {
                all.entry((row, direction, window)).or_default().push(value(text));
            }
        }
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    all.into_iter().map(|(name, values)| (name, median(values))).collect()
}

/// What was sent, in bits per second.
fn truth(&(row, direction, _): &Name) -> f64 {
    let of = |&(_, _, sent, received): &(&str, &str, u32, u32)| match direction {
        0 => sent,
        1 => received,
        _ => sent + received,
    };
    let bytes = ROWS.get(row).map_or_else(|| ROWS.iter().map(of).sum(), of);
    f64::from(bytes) * 8.0 / PERIOD.as_secs_f64()
}
