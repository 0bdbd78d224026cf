//! Kernel ≡ host: the same frames through the program in the kernel (`BPF_PROG_TEST_RUN`) and
//! through the host's `parse()` give the same counters, every one of them.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
    thread::{self, ScopedJoinHandle},
};

use aya::programs::{SchedClassifier, TestRun as _, TestRunOptions, Xdp};
use iftop_common::{
    Bytes, Count, Counters, Directions, FlowKey, REFUSALS_LOGGED_PER_CPU, Table, Totals,
    aggregate::{self, Gso, kind},
    flat::Seed,
    names,
    parse::{Direction, Hook, LinkType, Mac, Refused, Vlan, parse},
};

use super::{Instance, Settings, cpus, object};
use crate::source::table_size::Size;
use crate::source::{Sample, TableUse, frame};
mod room;
mod verifier;

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const PEER: [u8; 6] = [2, 0, 0, 0, 0, 2];
const RANDOM_FRAMES: usize = 24_000;
/// `TC_ACT_UNSPEC`, as the run returns it.
const UNSPEC: u32 = u32::MAX;

/// Offsets in `struct __sk_buff` (`<linux/bpf.h>`).
const SK_BUFF_BYTES: usize = 192;
const GSO_SEGS: usize = 164;
const GSO_SIZE: usize = 176;

/// All kinds of aggregates.
const ALL_KINDS: u8 = kind::TCP4 | kind::TCP6 | kind::UDP4 | kind::UDP6;

/// The program, loaded but attached nowhere.
struct Kernel {
    instance: Instance,
    sample: Sample,
}

fn settings(link_type: LinkType) -> Settings {
    let mut random = fastrand::Rng::with_seed(0x1f70);
    let seed = Seed {
        keys: std::array::from_fn(|_| [random.u64(..), random.u64(..)]),
        mix: random.u64(..) | 1,
    };
    let bytes = Bytes::Ip;
    Settings { link_type, mac: Mac::new(MAC), cut_by_kernel: 0, bytes, log_refused: false, seed }
}

impl Kernel {
    fn load(table: Table, link_type: LinkType, max_flows: u32) -> Self {
        Self::load_with(table, max_flows, &settings(link_type))
    }

    fn load_with(table: Table, max_flows: u32, settings: &Settings) -> Self {
        let shards = u32::try_from(cpus::online().len()).unwrap();
        let size = Size::new(table, max_flows, cpus::possible().unwrap(), shards);
        Self { instance: Instance::load(settings, size).unwrap(), sample: Sample::default() }
    }

    fn run(&mut self, direction: Direction, frame: &[u8], context: Option<&[u8]>) {
        let program = object::program(&mut self.instance.object, name_of(direction)).unwrap();
        let options =
            TestRunOptions { data_in: Some(frame), ctx_in: context, ..TestRunOptions::new() };
        let result =
            program.test_run(options).unwrap_or_else(|error| panic!("{error}: {frame:02x?}"));
        assert_eq!(
            result.return_value, UNSPEC,
            "the verdict must leave the chain alone: {frame:02x?}"
        );
    }

    /// What the runs since the last call counted in `half`, each flow once, in order.
    fn take(&mut self, half: usize) -> (Vec<(FlowKey, Counters)>, Totals) {
        self.instance.take(half, &mut self.sample).unwrap();
        let mut flows = BTreeMap::<FlowKey, Counters>::new();
        for (key, counters) in &self.sample.flows {
            *flows.entry(*key).or_default() += *counters;
        }
        (flows.into_iter().collect(), self.sample.totals)
    }

    fn table(&self) -> TableUse {
        self.sample.table
    }
}

fn name_of(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => names::INGRESS,
        Direction::Egress => names::EGRESS,
    }
}

fn plain_v4() -> frame::V4<'static> {
    frame::V4 {
        source: [10, 9, 0, 2].into(),
        destination: [10, 9, 0, 1].into(),
        protocol: frame::UDP,
        options: &[],
        fragment: 0,
    }
}

fn by_direction(direction: Direction, count: Count) -> Counters {
    match direction {
        Direction::Ingress => Counters { ingress: count, ..Counters::default() },
        Direction::Egress => Counters { egress: count, ..Counters::default() },
    }
}

/// What else the program is told of a packet: its segments.
fn context(gso: Gso) -> [u8; SK_BUFF_BYTES] {
    let mut context = [0; SK_BUFF_BYTES];
    context[GSO_SEGS..][..4].copy_from_slice(&gso_field(gso.segments));
    context[GSO_SIZE..][..4].copy_from_slice(&gso_field(gso.segment_bytes));
    context
}

fn gso_field(value: u64) -> [u8; 4] {
    u32::try_from(value).unwrap().to_ne_bytes()
}

/// What the host says that the kernel must have counted.
fn expected(
    link_type: LinkType,
    direction: Direction,
    frame: &[u8],
    (gso, settings): (Gso, &Settings),
) -> (Vec<(FlowKey, Counters)>, Totals) {
    let mac = settings.mac;
    let hook = Hook { direction, link_type, mac, interface: 0, stripped_vlan: Vlan::NONE };
    let whole = Count { bytes: frame.len() as u64, packets: 1 };
    let mut totals = Totals { frames: by_direction(direction, whole), ..Totals::default() };
    let cut_by_kernel = if direction == Direction::Egress { settings.cut_by_kernel } else { 0 };
    let wire = |bytes| match direction {
        Direction::Ingress => Directions { ingress: bytes, egress: 0 },
        Direction::Egress => Directions { ingress: 0, egress: bytes },
    };
    totals.wire = wire(aggregate::wire_bytes(frame.len() as u64, &hook));
    let mut flows = Vec::new();
    match parse(frame, &hook) {
        Ok(parsed) => {
            let counted = aggregate::count(frame, &parsed, &hook, gso, cut_by_kernel);
            let bytes = match settings.bytes {
                Bytes::Ip => counted.ip.bytes,
                Bytes::Wire => counted.wire_bytes,
            };
            let of_flow = by_direction(direction, Count { bytes, ..counted.ip });
            totals.frames = by_direction(direction, counted.frame);
            totals.wire = wire(counted.wire_bytes);
            totals.seen = of_flow;
            flows.push((parsed.key(), of_flow));
        }
        Err(Refused::NotIp) => totals.not_ip = whole,
        Err(Refused::Malformed) => totals.malformed = whole,
    }
    (flows, totals)
}

/// `BPF_PROG_TEST_RUN` refuses an IP packet shorter than its header, going by the bytes where an
/// Ethernet header has its ethertype. (Behind a VLAN tag, or without a link header, it takes them.)
fn can_be_run(frame: &[u8]) -> bool {
    let least = match frame[12..14] {
        [0x08, 0x00] => 14 + 20,
        [0x86, 0xdd] => 14 + 40,
        _ => 14,
    };
    frame.len() >= least
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn kernel_and_host_agree_on_every_frame() {
    let mut random = fastrand::Rng::with_seed(0x1f70);
    let samples = frame::samples(MAC, PEER);
    for link_type in [LinkType::Ethernet, LinkType::RawIp] {
        let plain = settings(link_type);
        let cut = Settings { cut_by_kernel: ALL_KINDS, bytes: Bytes::Wire, ..plain };
        let mut kernels = [(Table::Flat, plain), (Table::Flat, cut), (Table::Hash, cut)]
            .map(|(table, settings)| (Kernel::load_with(table, 16, &settings), settings));
        let sane: Vec<Vec<u8>> = match link_type {
            LinkType::Ethernet => samples.clone(),
            LinkType::RawIp => samples
                .iter()
                .filter(|frame| frame[12] == 8 || frame[12] == 0x86)
                .map(|frame| frame[14..].to_vec())
                .collect(),
        };
        let broken: Vec<_> = std::iter::repeat_with(|| frame::broken(&sane, &mut random))
            .filter(|frame| can_be_run(frame))
            .take(RANDOM_FRAMES / 2)
            .collect();
        let mut ip_packets = 0;
        for frame in sane.iter().chain(&broken) {
            // Every other packet is an aggregate.
            let segments = if random.bool() { 0 } else { random.u64(..5) };
            let gso = Gso { segments, segment_bytes: segments * random.u64(..40) };
            for direction in [Direction::Ingress, Direction::Egress] {
                for (kernel, settings) in &mut kernels {
                    kernel.run(direction, frame, Some(&context(gso)));
                    let counted = kernel.take(0);
                    ip_packets += u64::from(counted.1.seen.both().packets > 0);
                    let expected = expected(link_type, direction, frame, (gso, settings));
                    assert_eq!(
                        counted, expected,
                        "{settings:?} {direction:?} {gso:?} {frame:02x?}"
                    );
                }
            }
        }
        let runs = 6 * (sane.len() + broken.len()) as u64;
        assert!(ip_packets > runs / 3 && ip_packets < runs, "the mix is no good: {ip_packets}");
    }
}

/// The same at the XDP hook, where nothing is known of segments, with each of its programs.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn xdp_and_host_agree_on_every_frame() {
    const PASS: u32 = 2;
    let settings = settings(LinkType::Ethernet);
    let mut random = fastrand::Rng::with_seed(0x1f70);
    let sane = frame::samples(MAC, PEER);
    let broken: Vec<_> = std::iter::repeat_with(|| frame::broken(&sane, &mut random))
        .filter(|frame| frame.len() >= 14)
        .take(RANDOM_FRAMES / 4)
        .collect();
    for (name, table) in [(names::XDP, Table::Hash), (names::XDP_FRAGS, Table::Flat)] {
        let size = Size::new(table, 16, cpus::possible().unwrap(), 2);
        let online = cpus::online();
        let instance = Instance::load_for(&settings, size, &[name], &online).unwrap();
        let mut kernel = Kernel { instance, sample: Sample::default() };
        for frame in sane.iter().chain(&broken) {
            let program: &Xdp = kernel.instance.object.program(name).unwrap().try_into().unwrap();
            let options = TestRunOptions { data_in: Some(frame), ..TestRunOptions::new() };
            let verdict = program.test_run(options).unwrap().return_value;
            assert_eq!(verdict, PASS, "every frame goes on: {frame:02x?}");
            let (direction, unsegmented) = (Direction::Ingress, (Gso::default(), &settings));
            let expected = expected(LinkType::Ethernet, direction, frame, unsegmented);
            assert_eq!(kernel.take(0), expected, "{name} {frame:02x?}");
        }
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_epoch_chooses_the_half_of_every_counter() {
    let settings = settings(LinkType::Ethernet);
    let frames = frame::samples(MAC, PEER);
    for table in [Table::Flat, Table::Hash] {
        let mut kernel = Kernel::load_with(table, 16, &settings);
        for epoch in [1, 2, u32::MAX, 0] {
            kernel.instance.store_epoch(epoch);
            kernel.run(Direction::Egress, &frames[0], None);
            let half = (epoch & 1) as usize;
            assert_eq!(kernel.take(1 - half), (Vec::new(), Totals::default()));
            let unsegmented = (Gso::default(), &settings);
            assert_eq!(
                kernel.take(half),
                expected(LinkType::Ethernet, Direction::Egress, &frames[0], unsegmented)
            );
        }
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn an_aggregate_counts_as_the_packets_that_it_stands_for() {
    let settings = Settings { cut_by_kernel: kind::TCP4, ..settings(LinkType::Ethernet) };
    let mut kernel = Kernel::load_with(Table::Flat, 16, &settings);
    let mut tcp = frame::udp(80, 40_000, 12 + 12 + 3000);
    tcp[12] = 8 << 4;
    let v4 = frame::V4 { protocol: frame::TCP, ..plain_v4() };
    let frame = frame::ethernet(MAC, PEER, &[], 0x0800, &v4.packet(&tcp));
    let uncut = Count { bytes: 14 + 20 + 32 + 3000, packets: 1 };
    // (segments, their bytes) → packets: 3000 bytes after a TCP header of 32
    for ((segments, segment_bytes), packets) in
        [((0, 0), 1), ((7, 1400), 7), ((0, 1400), 3), ((0, 1000), 3), ((0, 1001), 3), ((0, 999), 4)]
    {
        let gso = Gso { segments, segment_bytes };
        for direction in [Direction::Ingress, Direction::Egress] {
            kernel.run(direction, &frame, Some(&context(gso)));
            let (flows, totals) = kernel.take(0);
            // What is sent is cut up: further segments have headers, on the wire and in the counters.
            let further = if direction == Direction::Egress { packets - 1 } else { 0 };
            let seen = Count { bytes: 20 + 32 + 3000 + further * (20 + 32), packets };
            let frames =
                Count { bytes: uncut.bytes + further * (14 + 20 + 32), packets: 1 + further };
            assert_eq!(totals.seen, by_direction(direction, seen), "{direction:?} {gso:?}");
            assert_eq!(totals.frames, by_direction(direction, frames), "{direction:?} {gso:?}");
            assert_eq!(flows.len(), 1);
        }
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_log_of_refused_packets_is_limited_and_free_when_off() {
    let arp = frame::ethernet([0xff; 6], PEER, &[], 0x0806, &[0; 28]);
    let [off, on] = [false, true].map(|log_refused| {
        let settings = Settings { log_refused, ..settings(LinkType::Ethernet) };
        let mut kernel = Kernel::load_with(Table::Flat, 16, &settings);
        for _ in 0..REFUSALS_LOGGED_PER_CPU + 90 {
            kernel.run(Direction::Ingress, &arp, None);
        }
        let program = object::program(&mut kernel.instance.object, names::INGRESS).unwrap();
        let instructions = program.info().unwrap().size_translated().unwrap() / 8;
        let (_, totals) = kernel.take(0);
        assert_eq!(totals.not_ip.packets, REFUSALS_LOGGED_PER_CPU + 90);
        (instructions, totals.refusals_logged)
    });
    assert_eq!(off.1, 0);
    // The limit is per CPU, and the test may have been moved to another.
    assert!((REFUSALS_LOGGED_PER_CPU..REFUSALS_LOGGED_PER_CPU + 90).contains(&on.1), "{}", on.1);
    // The verifier took the branch and all behind it out of the program.
    assert!(off.0 + 200 < on.0, "instructions with the log off and on: {} and {}", off.0, on.0);
}
