//! The filter in the kernel says what the program says that libpcap made, of every frame.

use aya::{
    programs::{TestRun as _, TestRunOptions},
    util::KernelVersion,
};
use iftop_common::{
    Bytes, Table, Totals,
    flat::Seed,
    parse::{LinkType, Mac},
};

use super::*;
use crate::{
    packet_filter::{
        Tags,
        tests::{expressions, frames, random::too_long},
    },
    source::{
        ebpf::{Settings, cpus, instance::Instance},
        table_size::Size,
    },
};

/// Frames that each expression is asked of, at each hook.
const FRAMES: usize = 100;
/// The kernel gives a program no other ones by `BPF_PROG_TEST_RUN`: a whole Ethernet header, and with
/// a socket buffer a whole IP header behind it (`net/bpf/test_run.c`).
fn can_be_given(frame: &[u8], ingress: &str) -> bool {
    let least = match frame.get(12..14) {
        Some([0x08, 0x00]) if ingress == names::INGRESS => 14 + 20,
        Some([0x86, 0xdd]) if ingress == names::INGRESS => 14 + 40,
        _ => 14,
    };
    frame.len() >= least
}

/// The programs of one kind of hook, attached nowhere.
struct Kernel {
    instance: Instance,
    gates: Gates,
    /// The program that would be attached.
    gate: String,
    verdict: u32,
}

impl Kernel {
    fn load(link_type: LinkType, ingress: &'static str) -> Self {
        let settings = Settings {
            link_type,
            mac: Mac::new([2, 0, 0, 0, 0, 1]),
            cut_by_kernel: 0,
            bytes: Bytes::Ip,
            log_refused: false,
            seed: Seed { keys: [[1, 3]; 5], mix: 5 },
        };
        let size = Size::new(Table::Flat, 1024, cpus::possible().unwrap(), 2);
        let programs = [ingress, names::EGRESS];
        let mut instance = Instance::load_for(&settings, size, &programs, &cpus::online()).unwrap();
        let gates = Gates::load(&mut instance.object, programs).unwrap();
        let verdict = if ingress == names::INGRESS { u32::MAX } else { 2 };
        Self { instance, gates, gate: format!("{ingress}{}", names::GATE), verdict }
    }

    fn set(&mut self, expression: &str, link_type: LinkType) -> PacketFilter {
        let filter = PacketFilter::compile(expression, link_type).unwrap();
        self.gates.set(Some(&filter)).unwrap_or_else(|error| panic!("{expression}: {error:#}"));
        filter
    }

    /// What is counted of a frame.
    fn run(&mut self, frame: &[u8]) -> Totals {
        let options = TestRunOptions { data_in: Some(frame), ..TestRunOptions::new() };
        let result = match self.instance.object.program(&self.gate) {
            Some(Program::SchedClassifier(program)) => program.test_run(options),
            Some(Program::Xdp(program)) => program.test_run(options),
            _ => unreachable!("no such program"),
        };
        let verdict = result.unwrap_or_else(|error| panic!("{error}: {frame:02x?}")).return_value;
        assert_eq!(verdict, self.verdict, "the chain must be left alone: {frame:02x?}");
        self.instance.halves.take_totals(0)
    }

    fn accepts(&mut self, frame: &[u8]) -> bool {
        let totals = self.run(frame);
        assert_eq!(totals.frames.both().packets, 1);
        let filtered = totals.filtered.both();
        assert!(filtered.packets == 0 || filtered.bytes == frame.len() as u64);
        let counts = [totals.seen.both(), totals.not_ip, totals.malformed, filtered];
        assert_eq!(counts.map(|count| count.packets).iter().sum::<u64>(), 1);
        filtered.packets == 0
    }
}

const INGRESS: [&str; 3] = [names::INGRESS, names::XDP, names::XDP_FRAGS];

/// Those of them that this kernel has.
fn ingress() -> &'static [&'static str] {
    if has_frames_in_pieces() { &INGRESS } else { &INGRESS[..2] }
}

fn has_frames_in_pieces() -> bool {
    KernelVersion::current().unwrap() >= KernelVersion::new(5, 18, 0)
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_kernel_accepts_what_libpcaps_program_accepts() {
    let mut random = fastrand::Rng::with_seed(7);
    for link_type in [LinkType::Ethernet, LinkType::RawIp] {
        let ingress = if link_type == LinkType::RawIp { &ingress()[..1] } else { ingress() };
        for ingress in ingress {
            let mut kernel = Kernel::load(link_type, ingress);
            let (mut accepted, mut rejected) = (0, 0);
            for expression in expressions::of(link_type) {
                let filter = kernel.set(expression, link_type);
                let frames = frames::frames(&mut random, FRAMES);
                for frame in frames.iter().filter(|frame| can_be_given(frame, ingress)) {
                    let expected = filter.accepts(frame, u32::try_from(frame.len()).unwrap());
                    let found = kernel.accepts(frame);
                    assert_eq!(found, expected, "{ingress} {expression}: {frame:02x?}");
                    *if found { &mut accepted } else { &mut rejected } += 1;
                }
            }
            assert!(accepted > 1000 && rejected > 1000, "{accepted} {rejected}");
        }
    }
}

/// Random programs, which no expression would make: each instruction, each operand.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_kernel_runs_any_program_as_the_interpreter_does() {
    let mut random = fastrand::Rng::with_seed(11);
    let frames = frames::frames(&mut random, 40);
    for ingress in ingress() {
        let mut kernel = Kernel::load(LinkType::Ethernet, ingress);
        let mut accepted = 0;
        for number in 0..100 {
            let filter = PacketFilter::random(
                &mut random,
                if number % 2 == 0 { Tags::Seen } else { Tags::Skipped },
            );
            kernel.gates.set(Some(&filter)).unwrap_or_else(|error| panic!("{error:#}: {filter:?}"));
            for frame in frames.iter().filter(|frame| can_be_given(frame, ingress)) {
                let expected = filter.accepts(frame, u32::try_from(frame.len()).unwrap());
                assert_eq!(kernel.accepts(frame), expected, "{filter:?}: {frame:02x?}");
                accepted += usize::from(expected);
            }
        }
        assert!(accepted > 1000, "{accepted}");
    }
}

/// Of a frame in several pieces the later ones are read as well.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn bytes_that_are_not_linear_are_read() {
    if !has_frames_in_pieces() {
        return;
    }
    let mut kernel = Kernel::load(LinkType::Ethernet, names::XDP_FRAGS);
    let mut frame = vec![0; 9000];
    frame[8000] = 7;
    for (expression, expected) in [
        ("ether[8000] = 7", true),
        ("ether[8000] = 8", false),
        ("ether[7999:2] = 7", true),
        ("ether[8999:1] = 0", true),
        ("ether[8999:2] = 0", false),
        ("ether[9000] = 0", false),
        ("len = 9000", true),
    ] {
        kernel.set(expression, LinkType::Ethernet);
        assert_eq!(kernel.accepts(&frame), expected, "{expression}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn without_a_filter_all_is_counted_and_a_refused_one_changes_nothing() {
    let mut kernel = Kernel::load(LinkType::Ethernet, names::INGRESS);
    let frame = [0; 60];
    assert!(kernel.accepts(&frame));
    kernel.set("tcp", LinkType::Ethernet);
    assert!(!kernel.accepts(&frame));
    // Too long for a jump of the kernel.
    let long = PacketFilter::of_program(too_long(), Tags::Skipped);
    let error = kernel.gates.set(Some(&long)).unwrap_err();
    assert!(format!("{error:#}").contains("too long"), "{error:#}");
    assert!(!kernel.accepts(&frame));
    kernel.gates.set(None).unwrap();
    assert!(kernel.accepts(&frame));
    kernel.gates.set(None).unwrap();
}
