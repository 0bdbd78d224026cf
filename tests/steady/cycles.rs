//! Attaching and detaching, again and again, under a flood of echo requests and a TCP stream: nothing is lost or
//! turned around that the same traffic does not lose without us.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::number;
use crate::support::{
    at_end::TrueAtEnd,
    bulk,
    iftop::Iftop,
    kernel,
    net::{Cable, Namespace},
};

/// How often it comes and goes at each hook.
const CYCLES: &str = "IFTOP_CYCLES";
const DEFAULT_CYCLES: u64 = 4;

/// So much of the stream is on its way at once: less than any queue has room for.
const BLOCK_BYTES: usize = 1 << 14;
/// Between two blocks, so that the stream leaves room for others.
const PAUSE: Duration = Duration::from_micros(200);

/// What went over the cable.
#[derive(Debug)]
struct Traffic {
    echoes: u64,
    stream_bytes: u64,
    lost: Lost,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
struct Lost {
    /// Requests that were not answered.
    echoes: u64,
    /// Segments that were sent again, but for those of which the other end says that it has them twice.
    segments: u64,
    /// Segments that came behind a later one.
    turned_around: u64,
    /// Packets that `va` was to send, as it says.
    not_sent: u64,
    /// All others that an interface says that it dropped.
    dropped: u64,
}

impl Lost {
    fn is_within(&self, other: &Self) -> bool {
        self.echoes <= other.echoes
            && self.segments <= other.segments
            && self.turned_around <= other.turned_around
            && self.not_sent <= other.not_sent
            && self.dropped <= other.dropped
    }
}

/// With queues of its own, which veth has where it puts packets together: that of a CPU is full now and then where
/// others send at the same time.
fn cable() -> Cable {
    bulk::cable(bulk::OFFLOADED)
}

/// As much as goes over a new cable while something is done.
fn traffic_during(cable: &Cable, work: impl FnOnce()) -> Traffic {
    let done = AtomicBool::new(false);
    let (echoes, echoes_lost, stream_bytes) = thread::scope(|scope| {
        let ping = scope.spawn(|| ping(&cable.b, &done));
        let stream = scope.spawn(|| stream(cable, &done));
        {
            let _done = TrueAtEnd(&done);
            work();
        }
        let (echoes, lost) = ping.join().unwrap();
        (echoes, lost, stream.join().unwrap())
    });
    // The namespaces are new, and so are their counters.
    let counters = [&cable.a, &cable.b].map(protocol_counters);
    let of_both = |name| counters.iter().map(|of| of[name]).sum::<u64>();
    let [received, not_sent] = dropped(&cable.a, "va");
    let lost = Lost {
        echoes: echoes_lost,
        // A probe that was not needed is told as a duplicate.
        segments: of_both("Tcp: RetransSegs").saturating_sub(of_both("TcpExt: TCPDSACKRecv")),
        turned_around: of_both("TcpExt: TCPOFOQueue"),
        not_sent,
        dropped: received + dropped(&cable.b, "vb").iter().sum::<u64>(),
    };
    Traffic { echoes, stream_bytes, lost }
}

/// Asks `va` for echoes, each as soon as the one before is answered. How many, and how many were lost.
fn ping(namespace: &Namespace, done: &AtomicBool) -> (u64, u64) {
    let (mut sent, mut lost) = (0, 0);
    while !done.load(Ordering::Relaxed) {
        // Where an answer does not come it asks again after a second. The last one is waited for as long.
        let arguments = "ping -A -q -c 20000 -W 1 10.9.0.1";
        let mut ping = Command::new("busybox");
        namespace.enter(ping.args(arguments.split(' ')), None);
        let out = String::from_utf8(ping.output().unwrap().stdout).unwrap();
        let line = out.lines().find(|line| line.contains(" packets transmitted, ")).unwrap();
        assert!(!line.contains("duplicates"), "{line}");
        let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [transmitted, received] = numbers[..] else { panic!("{line}") };
        sent += transmitted;
        lost += transmitted - received;
    }
    (sent, lost)
}

/// Sends blocks from `va`, each once the other end has the one before. How many bytes.
fn stream(cable: &Cable, done: &AtomicBool) -> u64 {
    let listener = cable.b.run(|| TcpListener::bind("10.9.0.2:9").unwrap());
    let mut sending = cable.a.run(|| TcpStream::connect("10.9.0.2:9").unwrap());
    let (mut taking, _) = listener.accept().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut block = [0; BLOCK_BYTES];
            while taking.read_exact(&mut block).is_ok() {
                taking.write_all(&[1]).unwrap();
            }
        });
        let mut bytes = 0;
        while !done.load(Ordering::Relaxed) {
            sending.write_all(&[7; BLOCK_BYTES]).unwrap();
            sending.read_exact(&mut [0]).unwrap();
            bytes += BLOCK_BYTES as u64;
            thread::sleep(PAUSE);
        }
        drop(sending);
        bytes
    })
}

/// Counters of the protocols by `Group: Name`.
fn protocol_counters(namespace: &Namespace) -> BTreeMap<String, u64> {
    let text = namespace.run(|| {
        ["snmp", "netstat"]
            .map(|file| fs::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap())
            .concat()
    });
    let lines: Vec<_> = text.lines().collect();
    let mut counters = BTreeMap::new();
    for pair in lines.chunks_exact(2) {
        let (group, names) = pair[0].split_once(": ").unwrap();
        let (_, values) = pair[1].split_once(": ").unwrap();
        for (name, value) in names.split(' ').zip(values.split(' ')) {
            // One of them may be negative, and is none of ours.
            counters.insert(format!("{group}: {name}"), value.parse().unwrap_or_default());
        }
    }
    counters
}

/// Packets that were received, and that were to be sent.
fn dropped(namespace: &Namespace, interface: &str) -> [u64; 2] {
    let text = namespace.run(|| fs::read_to_string("/proc/thread-self/net/dev").unwrap());
    let start = format!("{interface}:");
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(&start)).unwrap();
    let numbers: Vec<u64> = line.split_whitespace().map(|word| word.parse().unwrap()).collect();
    // Of each direction eight numbers: bytes, packets, errors, dropped and others.
    [numbers[2] + numbers[3], numbers[10] + numbers[11]]
}

/// Comes and goes so often, by a hook.
fn come_and_go(namespace: &Namespace, hook: &str, cycles: u64) {
    for _ in 0..cycles {
        let iftop = Iftop::json(namespace, &format!("-i va --hook {hook}"));
        iftop.signal(libc::SIGTERM);
        let end = iftop.end();
        assert_eq!(end.status.code(), Some(143), "{end:?}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn nothing_is_lost_that_is_not_lost_without_us() {
    let cycles = number(CYCLES, DEFAULT_CYCLES);
    let mut time = Duration::ZERO;
    let mut traffic = Vec::new();
    for hook in ["tcx", "clsact", "xdp", "xdp=native"] {
        if hook == "tcx" && !kernel::has_tcx() {
            continue;
        }
        let cable = cable();
        if hook != "tcx" {
            // What it costs to add and remove it is another matter, see below.
            cable.a.command("tc", "qdisc add dev va clsact");
        }
        let began = Instant::now();
        let with = traffic_during(&cable, || come_and_go(&cable.a, hook, cycles));
        eprintln!("{hook}: {cycles} times in {:.1?}: {with:?}", began.elapsed());
        assert!(with.echoes > 10 * cycles && with.stream_bytes > cycles, "{hook}: {with:?}");
        time = time.max(began.elapsed());
        traffic.push((hook, with));
    }
    let without = traffic_during(&cable(), || thread::sleep(time));
    eprintln!("without us: {time:.1?}: {without:?}");
    for (hook, with) in traffic {
        assert!(with.lost.is_within(&without.lost), "{hook}: {with:?}, without: {without:?}");
    }
}

/// Whoever adds a clsact qdisc to an interface that is up, or removes it, has the kernel drop what is to be sent
/// meanwhile: `qdisc_graft` (`net/sched/sch_api.c`) calls `dev_deactivate`, after which `noop_enqueue` gets each
/// packet, until it calls `dev_activate`. `tc` does the same, and nobody can attach there without the qdisc.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_qdisc_that_comes_and_goes_costs_what_the_kernel_says_and_nothing_more() {
    let cycles = number(CYCLES, DEFAULT_CYCLES);
    for by in ["iftop", "tc"] {
        let cable = cable();
        let Traffic { echoes, stream_bytes, lost } = traffic_during(&cable, || match by {
            "iftop" => come_and_go(&cable.a, "clsact", cycles),
            _ => {
                for _ in 0..cycles {
                    cable.a.command("tc", "qdisc add dev va clsact");
                    cable.a.command("tc", "qdisc delete dev va clsact");
                }
            }
        });
        eprintln!("qdisc by {by}, {cycles} times: {echoes} echoes, {stream_bytes} bytes, {lost:?}");
        // Nothing that is received, and nothing that the interface does not tell.
        assert_eq!(lost.dropped, 0, "{by}: {lost:?}");
        assert!(lost.echoes <= lost.not_sent, "{by}: {lost:?}");
        assert!(lost.segments == 0 || lost.not_sent > 0, "{by}: {lost:?}");
    }
}
