//! Kernel ≡ host: the same frames through the program in the kernel (`BPF_PROG_TEST_RUN`) and
//! through the host's `parse()` give the same counters, every one of them.

use std::{
    os::fd::AsFd as _,
    sync::atomic::{AtomicU32, Ordering},
    thread::{self, ScopedJoinHandle},
};

use aya::programs::{SchedClassifier, TestRun as _, TestRunOptions};
use iftop_common::{
    Count, Counters, FlowKey, REFUSALS_LOGGED_PER_CPU, Totals,
    aggregate::{self, Gso, kind},
    names,
    parse::{Direction, Hook, LinkType, Refused, parse},
};

use super::{
    Halves, HookChoice, Options,
    batch::{FIRST_BATCH, take_all},
    cpus, object,
};
use crate::interface::Interface;

#[path = "../../../../tests/support/frame.rs"]
mod frame;

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const PEER: [u8; 6] = [2, 0, 0, 0, 0, 2];
const ARPHRD_ETHER: u16 = 1;
const ARPHRD_NONE: u16 = 0xfffe;
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
    object: aya::Ebpf,
    halves: Halves,
}

impl Kernel {
    fn load(link_layer: u16, max_flows: u32) -> Self {
        Self::load_with(link_layer, max_flows, false, 0)
    }

    fn load_with(link_layer: u16, max_flows: u32, log_refused: bool, cut_by_kernel: u8) -> Self {
        let interface = Interface { link_layer, mac: Some(MAC), ..Interface::default() };
        let cpus = cpus::possible().unwrap();
        let options =
            Options { interface: &interface, hook: HookChoice::Auto, max_flows, log_refused };
        let mut object = object::load(&options, cpus, cut_by_kernel).unwrap();
        let halves = Halves::take(&mut object, max_flows, cpus).unwrap();
        Self { object, halves }
    }

    fn run(&mut self, direction: Direction, frame: &[u8], context: Option<&[u8]>) {
        let name = match direction {
            Direction::Ingress => names::INGRESS,
            Direction::Egress => names::EGRESS,
        };
        let program = object::program(&mut self.object, name).unwrap();
        let options =
            TestRunOptions { data_in: Some(frame), ctx_in: context, ..TestRunOptions::new() };
        let result =
            program.test_run(options).unwrap_or_else(|error| panic!("{error}: {frame:02x?}"));
        assert_eq!(
            result.return_value, UNSPEC,
            "the verdict must leave the chain alone: {frame:02x?}"
        );
    }

    /// What the runs since the last call counted in `half`.
    fn take(&mut self, half: usize) -> (Vec<(FlowKey, Counters)>, Totals) {
        (self.halves.take_flows(half).unwrap(), self.halves.take_totals(half))
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
    context[GSO_SEGS..][..4].copy_from_slice(&gso.segments.to_ne_bytes());
    context[GSO_SIZE..][..4].copy_from_slice(&gso.segment_bytes.to_ne_bytes());
    context
}

/// What the host says that the kernel must have counted.
fn expected(
    link_type: LinkType,
    direction: Direction,
    frame: &[u8],
    (gso, cut_by_kernel): (Gso, u8),
) -> (Vec<(FlowKey, Counters)>, Totals) {
    let hook = Hook { direction, link_type, mac: MAC, interface: 0, stripped_vlan: None };
    let whole = Count { bytes: frame.len() as u64, packets: 1 };
    let mut totals = Totals { frames: by_direction(direction, whole), ..Totals::default() };
    let cut_by_kernel = if direction == Direction::Egress { cut_by_kernel } else { 0 };
    let mut flows = Vec::new();
    match parse(frame, &hook) {
        Ok(parsed) => {
            let counted = aggregate::count(frame, &parsed, gso, cut_by_kernel);
            totals.frames = by_direction(direction, counted.frame);
            totals.seen = by_direction(direction, counted.ip);
            flows.push((parsed.key, by_direction(direction, counted.ip)));
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
    for (link_layer, link_type) in
        [(ARPHRD_ETHER, LinkType::Ethernet), (ARPHRD_NONE, LinkType::RawIp)]
    {
        let mut kernels =
            [0, ALL_KINDS].map(|cut| (Kernel::load_with(link_layer, 16, false, cut), cut));
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
            let segments = if random.bool() { 0 } else { random.u32(..5) };
            let gso = Gso { segments, segment_bytes: segments * random.u32(..40) };
            for (direction, kernel) in
                [(Direction::Ingress, 1), (Direction::Egress, 0), (Direction::Egress, 1)]
            {
                let (kernel, cut_by_kernel) = &mut kernels[kernel];
                kernel.run(direction, frame, Some(&context(gso)));
                let counted = kernel.take(0);
                ip_packets += u64::from(counted.1.seen.both().packets > 0);
                let expected = expected(link_type, direction, frame, (gso, *cut_by_kernel));
                assert_eq!(counted, expected, "{link_type:?} {direction:?} {gso:?} {frame:02x?}");
            }
        }
        let runs = 3 * (sane.len() + broken.len()) as u64;
        assert!(ip_packets > runs / 3 && ip_packets < runs, "the mix is no good: {ip_packets}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_full_table_loses_no_byte() {
    const ROOM: u32 = 16;
    let mut kernel = Kernel::load(ARPHRD_ETHER, ROOM);
    let v4 = plain_v4();
    let mut sent = Count::default();
    for port in 0..100 {
        let packet = v4.packet(&frame::udp(port, 53, usize::from(port)));
        sent += Count { bytes: packet.len() as u64, packets: 1 };
        kernel.run(Direction::Ingress, &frame::ethernet(MAC, PEER, &[], 0x0800, &packet), None);
    }
    let (flows, totals) = kernel.take(0);
    assert_eq!(totals.seen.ingress, sent);
    assert!(totals.other.ingress.packets > 0, "100 flows do not fit into {ROOM} lines");
    let mut placed = totals.other.ingress;
    for (_, counters) in &flows {
        placed += counters.ingress;
    }
    assert_eq!(placed, sent);
    assert_eq!(kernel.take(0), (Vec::new(), Totals::default()), "reading empties the half");
}

/// A map is read in pieces; where not even one bucket fits into a piece, pieces grow.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_table_is_read_in_pieces_of_any_size() {
    const FLOWS: u16 = 10_000;
    let mut kernel = Kernel::load(ARPHRD_ETHER, 2 * u32::from(FLOWS));
    let frames: Vec<_> = (0..FLOWS)
        .map(|port| {
            let packet = plain_v4().packet(&frame::udp(port, 53, 20));
            frame::ethernet(MAC, PEER, &[], 0x0800, &packet)
        })
        .collect();
    for first_batch in [1, 7, FIRST_BATCH] {
        for frame in &frames {
            kernel.run(Direction::Ingress, frame, None);
        }
        let map = kernel.halves.flows[0].fd().as_fd();
        let taken = take_all(map, kernel.halves.max_flows, first_batch).unwrap();
        let mut ports: Vec<_> = taken.iter().map(|(key, _)| key.far_port).collect();
        ports.sort_unstable();
        assert_eq!(ports, (0..FLOWS).collect::<Vec<_>>(), "pieces of {first_batch}");
        assert_eq!(take_all(map, kernel.halves.max_flows, first_batch).unwrap(), []);
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_epoch_chooses_the_half_of_every_counter() {
    let mut kernel = Kernel::load(ARPHRD_ETHER, 16);
    let frames = frame::samples(MAC, PEER);
    for epoch in [1, 2, u32::MAX, 0] {
        kernel.halves.epoch.store(epoch);
        kernel.run(Direction::Egress, &frames[0], None);
        let half = (epoch & 1) as usize;
        assert_eq!(kernel.take(1 - half), (Vec::new(), Totals::default()));
        assert_eq!(
            kernel.take(half),
            expected(LinkType::Ethernet, Direction::Egress, &frames[0], (Gso::default(), 0))
        );
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn an_aggregate_counts_as_the_packets_that_it_stands_for() {
    let mut kernel = Kernel::load_with(ARPHRD_ETHER, 16, false, kind::TCP4);
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
        let mut kernel = Kernel::load_with(ARPHRD_ETHER, 16, log_refused, 0);
        for _ in 0..REFUSALS_LOGGED_PER_CPU + 90 {
            kernel.run(Direction::Ingress, &arp, None);
        }
        let program = object::program(&mut kernel.object, names::INGRESS).unwrap();
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

/// Two CPUs meet at the same new flow, again and again, while the epoch is turned without a pause:
/// in each half the flows add up to what was seen, and no packet is `other`.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn cpus_that_meet_at_a_new_flow_lose_nothing() {
    const ROUNDS: u16 = 10_000;
    const REPEAT: u32 = 10;
    let Kernel { object, mut halves } = Kernel::load(ARPHRD_ETHER, 2 * u32::from(ROUNDS));
    let program: &SchedClassifier = object.program(names::INGRESS).unwrap().try_into().unwrap();
    let arrived = AtomicU32::new(0);
    let send = || {
        for round in 0..ROUNDS {
            let packet = plain_v4().packet(&frame::udp(round, 53, 20));
            let frame = frame::ethernet(MAC, PEER, &[], 0x0800, &packet);
            // A barrier that does not sleep, so that both are let go in the same moment.
            arrived.fetch_add(1, Ordering::SeqCst);
            while arrived.load(Ordering::SeqCst) < 2 * (u32::from(round) + 1) {
                thread::yield_now();
            }
            let data_in = Some(&frame[..]);
            let options = TestRunOptions { data_in, repeat: REPEAT, ..TestRunOptions::new() };
            program.test_run(options).unwrap();
        }
    };
    thread::scope(|scope| {
        let senders = [scope.spawn(send), scope.spawn(send)];
        let mut epoch = 0;
        while !senders.iter().all(ScopedJoinHandle::is_finished) {
            epoch += 1;
            halves.epoch.store(epoch);
            thread::yield_now();
        }
    });
    let mut seen = 0;
    for half in [0, 1] {
        let mut in_flows = Counters::default();
        for (_, counters) in halves.take_flows(half).unwrap() {
            in_flows += counters;
        }
        let totals = halves.take_totals(half);
        assert_eq!(totals.other, Counters::default());
        assert_eq!(totals.seen, in_flows);
        seen += totals.seen.ingress.packets;
    }
    assert_eq!(seen, u64::from(ROUNDS) * u64::from(REPEAT) * 2);
}

/// The verifier follows every path that a packet could take, and gives up at a million instructions
/// (Linux 5.2). How many there are differs by kernel; this is far above what any showed.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_verifier_has_little_to_do() {
    const MOST: u32 = 80_000;
    for (link_layer, cut_by_kernel) in
        [(ARPHRD_ETHER, 0), (ARPHRD_ETHER, ALL_KINDS), (ARPHRD_NONE, 0), (ARPHRD_NONE, ALL_KINDS)]
    {
        let mut kernel = Kernel::load_with(link_layer, 16, false, cut_by_kernel);
        for name in [names::INGRESS, names::EGRESS] {
            let program = object::program(&mut kernel.object, name).unwrap();
            // Kernels before 5.16 do not say.
            if let Some(verified) = program.info().unwrap().verified_instruction_count() {
                assert!(
                    verified < MOST,
                    "{name}, link layer {link_layer}, cut {cut_by_kernel}: {verified}"
                );
            }
        }
    }
}
