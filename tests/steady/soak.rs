//! Runs that stay, under a load that changes and beside interfaces that come and go: they take no more than at
//! first, and their totals are exact.

use std::{
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use iftop_user::interface::{self, InterfaceCounters};
use serde_json::Value;

use super::number;
use crate::support::{
    at_end::TrueAtEnd,
    bulk,
    footprint::{Footprint, children},
    iftop::{Iftop, checked, kill},
    net::{Cable, Namespace},
    pty::Pty,
    traffic::{Senders, into, out, udp},
};

/// For how long.
const SECONDS: &str = "IFTOP_SOAK_SECONDS";
const DEFAULT_SECONDS: u64 = 15;

/// Fewer than the cable has room for, so that none of them is dropped.
const BURST: usize = 200;
/// As many as there are in all: then the tables grow no more.
const FLOWS: u16 = 2000;
/// Of UDP and IPv4.
const HEADER_BYTES: usize = 28;

/// Packets that the interface receives each time before it goes.
const EACH_TIME: u64 = 100;

/// Looks that packets are given to arrive before they are taken for lost.
const PATIENCE: usize = 100_000;

/// Each time it is back; the rest is looked at with each report.
const LOOKS: usize = 500;

/// What may be resident in the end beyond what was: the memory of an allocator is never quite level.
const GROWTH_BYTES: u64 = 1 << 20;

/// Packets that were sent one by one, and their IP bytes.
#[derive(Default)]
struct Sent {
    received: [u64; 2],
    sent: [u64; 2],
}

/// The load, from one thread: each kind ends before the next one begins.
struct Load<'a> {
    cable: &'a Cable,
    senders: Senders,
    random: fastrand::Rng,
    sent: Sent,
}

impl Load<'_> {
    fn go_on_until(&mut self, done: &AtomicBool) {
        while !done.load(Ordering::Relaxed) {
            match self.random.u8(..8) {
                0 => {
                    let [tcp_bytes, udp_packets] =
                        [4_000_000, 40].map(|most| self.random.usize(..most));
                    bulk::transfer_all(self.cable, tcp_bytes, udp_packets);
                }
                // Bursts and silences are the load, so that time has to pass.
                1 => thread::sleep(Duration::from_millis(self.random.u64(..1500))),
                2 => {
                    self.wait_until_all_has_arrived();
                    bulk::take_down_and_up(self.cable);
                }
                3 => self.small_packets(),
                _ => self.short_flows(),
            }
        }
    }

    /// Of one flow, as fast as they can be sent.
    fn small_packets(&mut self) {
        for _ in 0..self.random.usize(..20) {
            self.wait_until_all_has_arrived();
            (0..BURST).for_each(|_| self.send(1, 20));
        }
    }

    /// A packet each.
    fn short_flows(&mut self) {
        self.wait_until_all_has_arrived();
        for _ in 0..self.random.usize(..BURST) {
            let (port, bytes) = (self.random.u16(1..=FLOWS), self.random.usize(..1400));
            self.send(port, bytes);
        }
    }

    /// Nothing is in the queue of either end.
    fn wait_until_all_has_arrived(&self) {
        let [near, far] = [(&self.cable.a, "va"), (&self.cable.b, "vb")];
        let look = || [near, far].map(|(namespace, name)| counters(namespace, name));
        let is_all = |[near, far]: &[InterfaceCounters; 2]| {
            near.sent.packets == far.received.packets && far.sent.packets == near.received.packets
        };
        let mut seen = look();
        for _ in 0..PATIENCE {
            if is_all(&seen) {
                return;
            }
            thread::yield_now();
            seen = look();
        }
        panic!("not all has arrived: {seen:?}");
    }

    fn send(&mut self, port: u16, payload_bytes: usize) {
        let (us, them) = ("10.9.0.1:53", format!("10.99.0.2:{port}"));
        let to = if self.random.bool() {
            self.senders.send(&into(&udp(&them, us, payload_bytes)));
            &mut self.sent.received
        } else {
            self.senders.send(&out(&udp(us, &them, payload_bytes)));
            &mut self.sent.sent
        };
        to[0] += 1;
        to[1] += (payload_bytes + HEADER_BYTES) as u64;
    }
}

/// Others come, are renamed, and go. How many.
fn churn(cable: &Cable, done: &AtomicBool) -> u64 {
    let mut rounds = 0;
    while !done.load(Ordering::Relaxed) {
        cable.a.ip("link add new type veth peer name far");
        cable.a.ip("link set new name newer");
        cable.a.ip("link set newer up");
        cable.a.ip("link delete newer");
        rounds += 1;
    }
    rounds
}

/// The one that is watched receives packets, goes and comes, again and again. How often.
fn away_and_back(
    iftop: &mut Iftop,
    cable: &Cable,
    done: &AtomicBool,
    mut look: impl FnMut(),
) -> u64 {
    let packet = into(&udp("10.9.0.2:1", "10.9.0.1:2", 20));
    let mut rounds = 0;
    while !done.load(Ordering::Relaxed) {
        let senders = Senders::new(cable);
        (0..EACH_TIME).for_each(|_| senders.send(&packet));
        cable.a.ip("link delete va");
        assert_eq!(iftop.error_line(), "iftop: va is gone: waiting for its return\n");
        cable.plug();
        assert_eq!(iftop.error_line(), "iftop: va is back\n");
        // Who has said so is a thread until it has ended.
        for _ in 0..LOOKS {
            thread::yield_now();
            look();
        }
        rounds += 1;
    }
    rounds
}

/// What a process held, by quarters of the time. Descriptors and threads: the least of all looks, as some are there
/// for a moment; memory: the most.
struct Watched {
    name: String,
    process: u32,
    quarters: [Option<Footprint>; 4],
}

impl Watched {
    /// A run and the processes that it has beside it: its helper, and of the live table who writes for key `e`.
    fn with_others(name: &str, process: u32, others: usize) -> Vec<Self> {
        let watched = |name, process| Self { name, process, quarters: [None; 4] };
        let mut all = vec![watched(name.to_owned(), process)];
        all.extend(children(process).into_iter().map(|it| watched(format!("{name}, other"), it)));
        assert_eq!(all.len(), 1 + others, "{name}");
        all
    }

    fn look(&mut self, quarter: usize) {
        let now = Footprint::of(self.process);
        let so_far = self.quarters[quarter].get_or_insert(now);
        *so_far = Footprint {
            resident_bytes: so_far.resident_bytes.max(now.resident_bytes),
            descriptors: so_far.descriptors.min(now.descriptors),
            threads: so_far.threads.min(now.threads),
        };
    }

    /// Between the second quarter and the last. In the first one tables and windows fill.
    fn assert_level(&self) {
        let [first, second, third, last] = self.quarters;
        // In a short run not every quarter has its return of an interface.
        let [early, late] = [second.or(first), last.or(third)].map(Option::unwrap);
        eprintln!("{}: {early:?}, then {late:?}", self.name);
        assert_eq!(late.descriptors, early.descriptors, "{}", self.name);
        assert_eq!(late.threads, early.threads, "{}", self.name);
        let most = early.resident_bytes + GROWTH_BYTES;
        assert!(late.resident_bytes <= most, "{}: {early:?}, then {late:?}", self.name);
    }
}

fn counters(namespace: &Namespace, name: &str) -> InterfaceCounters {
    namespace.run(|| interface::counters(interface::find(name).unwrap().index).unwrap())
}

/// Packets and bytes of frames as `va` itself counted them, both ways.
fn counted_by_the_interface(cable: &Cable) -> [u64; 2] {
    let mut counters = counters(&cable.a, "va");
    counters.received += counters.sent;
    [counters.received.packets, counters.received.bytes]
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn who_stays_takes_no_more_and_is_exact() {
    let time = Duration::from_secs(number(SECONDS, DEFAULT_SECONDS));
    let cable = bulk::cable(bulk::OFFLOADED);
    let before = counted_by_the_interface(&cable);
    let other = Cable::new();
    let mut all = Iftop::json(&cable.a, "-i va -nP -L 10");
    // By the other hook, with a filter, in the helper's hands.
    let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
    command.args("-i va -nP --json -L 10 --interval 1000 --hook clsact".split(' '));
    if cfg!(feature = "pcap") {
        command.args(["-f", "net 10.99.0.0/16"]);
    }
    let mut filtered = Iftop::spawn(&cable.a, command);
    filtered.wait_until_listening();
    let mut waiting = Iftop::start(&other.a, "-i va --json --interval 1000 --wait");
    waiting.wait_until_listening();
    let mut pty = Pty::open(100, 40);
    let table = pty.start(&cable.a, "-i va -P");
    pty.read_until("TOTAL:");

    let table_process = table.id();
    let mut watched: Vec<_> = [("JSON", &all), ("filter", &filtered)]
        .into_iter()
        .flat_map(|(name, iftop)| Watched::with_others(name, iftop.id(), 1))
        .chain(Watched::with_others("table", table.id(), 2))
        .collect();
    let mut watched_waiting = Watched::with_others("--wait", waiting.id(), 1);
    let done = AtomicBool::new(false);
    let random = fastrand::Rng::with_seed(7);
    let sent = Sent::default();
    let mut load = Load { cable: &cable, senders: Senders::new(&cable), random, sent };
    let began = Instant::now();
    let look = |watched: &mut [Watched]| {
        let quarter = 4 * began.elapsed().as_millis() / time.as_millis();
        let quarter = usize::try_from(quarter).unwrap().min(3);
        for process in watched {
            process.look(quarter);
        }
    };
    let (rounds, returns, ended) = thread::scope(|scope| {
        let drawn = scope.spawn(move || pty.read_to_end(table));
        let loading = scope.spawn(|| load.go_on_until(&done));
        let churning = scope.spawn(|| churn(&cable, &done));
        let returning = scope
            .spawn(|| away_and_back(&mut waiting, &other, &done, || look(&mut watched_waiting)));
        {
            let _done = TrueAtEnd(&done);
            while began.elapsed() < time {
                all.report();
                look(&mut watched);
            }
        }
        loading.join().unwrap();
        kill(table_process, libc::SIGTERM);
        (churning.join().unwrap(), returning.join().unwrap(), drawn.join().unwrap())
    });

    let Sent { received, sent } = load.sent;
    let [packets_at_va, bytes_at_va] = {
        let now = counted_by_the_interface(&cable);
        [now[0] - before[0], now[1] - before[1]]
    };
    eprintln!(
        "{time:?}: {packets_at_va} packets, {bytes_at_va} bytes at the interface; one by one {received:?} \
         received, {sent:?} sent; {rounds} interfaces came and went, the watched one {returns} times"
    );
    assert_eq!(ended.code(), Some(143));
    let report = all.last_report(packets_at_va);
    assert_eq!(report["account"]["frames"]["bytes"], bytes_at_va, "{report}");
    let report = last_report(filtered);
    if cfg!(feature = "pcap") {
        for (direction, expected) in [("received", received), ("sent", sent)] {
            let total = &report["totals"][direction];
            let total = ["packets", "bytes"].map(|unit| total[unit].as_u64().unwrap());
            assert_eq!(total, expected, "{direction}: {}", report["account"]);
        }
    }
    let report = last_report(waiting);
    assert_eq!(report["account"]["frames"]["packets"], returns * EACH_TIME, "{report}");
    watched.iter().chain(&watched_waiting).for_each(Watched::assert_level);
}

/// As it ends.
fn last_report(iftop: Iftop) -> Value {
    iftop.signal(libc::SIGTERM);
    let end = iftop.end();
    assert_eq!(end.status.code(), Some(143), "{end:?}");
    checked(end.out.lines().last().unwrap())
}
