//! What libFuzzer begins with: the frames, captures, filters and texts of the other tests, each as its check
//! reads it.
//!
//! It owns how they are put into one row of bytes, and none of what they hold.

use std::fs;

use crate::support::{
    capture::{
        BINARY, MICROSECONDS, NANOSECONDS,
        Order::{Big, Little},
        Packet, enhanced, interface_with, old, pcap, pcapng, section, simple, statistics,
    },
    frame,
};

/// Names the folder that they are to be written to.
pub const FOLDER: &str = "IFTOP_SEEDS";

const OURS: [u8; 6] = [2, 0, 0, 0, 0, 1];
const THEIRS: [u8; 6] = [2, 0, 0, 0, 0, 2];
const ETHERNET_BYTES: usize = 14;
const SAMPLE: &str = include_str!("../../iftop-user/iftoprc.sample");
/// Larger files take libFuzzer more time than they are worth.
const MOST_BYTES: u64 = 4096;

/// Those of the check of that name.
pub fn of(check: &str) -> Vec<Vec<u8>> {
    match check {
        "packet" => packets(),
        "capture_file" => captures(),
        "config_file" => configurations(),
        "packet_filter" => packet_filters(),
        "screen_filter" => screens(),
        "command_line" => command_lines(),
        _ => Vec::new(),
    }
}

/// `Input`'s order in `tests/fuzz/src/packet.rs`: way, link, slot, stripped tag, link type, way, cut bytes.
fn packets() -> Vec<Vec<u8>> {
    let with = |head: [u8; 9], frame: &[u8]| [&head[..], frame].concat();
    let mut seeds = Vec::new();
    for frame in frame::samples(OURS, THEIRS) {
        seeds.push(with([0, 0, 3, 0, 0, 0, 0, 0, 0], &frame));
        seeds.push(with([1, 0, 3, 0x64, 0xe0, 0, 2, 9, 0], &frame));
    }
    // Each link type before IPv4 and before IPv6, by its place among those of the check.
    let heads: [(u8, &[u8], &[u8]); 8] = [
        (1, &[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], &[8, 0]),
        (2, &[], &[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0]),
        (3, &[], &[]),
        (4, &[], &[]),
        (5, &[], &[]),
        (6, &[], &[2, 0, 0, 0]),
        (7, &[], &[0, 0, 0, 2]),
        (8, &[0xff, 3], &[0, 0x21]),
    ];
    let untagged = frame::samples(OURS, THEIRS).into_iter().take(25);
    for packet in untagged.map(|frame| frame[ETHERNET_BYTES..].to_vec()) {
        for (link, head, protocol) in heads {
            let frame = [head, protocol, &packet].concat();
            seeds.push(with([0, 1, 3, 0, 0, link, 0, 0, 0], &frame));
        }
        // As what it is, and as what it is not.
        for ethertype in [0x0800, 0x86dd] {
            let frame = frame::ethernet(OURS, THEIRS, &[], ethertype, &packet);
            seeds.push(with([0, 0, 3, 0, 0, 0, 0, 0, 0], &frame));
        }
        // Cut in the header, behind it, and behind the first of its extensions.
        for bytes in [12, 39, 40, 50] {
            seeds.push(with([0, 1, 3, 0, 0, 0, 0, 60, 0], &packet[..bytes]));
        }
    }
    seeds
}

fn captures() -> Vec<Vec<u8>> {
    let frames = frame::samples(OURS, THEIRS);
    let times = (1_700_000_000_000_000_000..).step_by(700_000_000);
    let packets = times.zip(frames.iter().step_by(4).take(6));
    let packets: Vec<_> = packets.map(|(time, frame)| Packet::new(time, frame)).collect();
    let mut seeds = Vec::new();
    for order in [Little, Big] {
        for link in [1, 101, 113, 276, 9] {
            seeds.push(pcap(order, false, link, &packets[..2]));
        }
        seeds.push(pcap(order, true, 1, &packets));
        for resolution in [MICROSECONDS, NANOSECONDS, BINARY] {
            seeds.push(pcapng(order, resolution, &[1, 101], &packets[..3]));
            let mut blocks = section(order);
            blocks.extend(interface_with(order, resolution, 1, 60, -5));
            blocks.extend(simple(order, &packets[0]));
            blocks.extend(enhanced(
                order,
                resolution,
                &Packet { flags: Some(2), ..packets[1].clone() },
            ));
            blocks.extend(old(order, resolution, &packets[2]));
            blocks.extend(statistics(order, 0, Some(3), 4));
            seeds.push(blocks);
        }
    }
    for package in ["pcap", "pcap-parser", "pdu"] {
        let files = crate::files::foreign::carried_by(package).into_iter();
        let small = files.filter(|file| file.metadata().unwrap().len() <= MOST_BYTES);
        seeds.extend(small.map(|file| fs::read(file).unwrap()));
    }
    seeds
}

/// The sample, each of its directives, networks, and a table of services.
fn configurations() -> Vec<Vec<u8>> {
    let lines = SAMPLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut seeds: Vec<_> = lines.map(|line| line.as_bytes().to_vec()).collect();
    seeds.push(SAMPLE.into());
    seeds.push(b"net-filter: 10/8\nnet-filter6: fd00::/ff00::\nmax-bandwidth: 10M\n".to_vec());
    seeds.push(b"screen-filter: ^10\\.\nfilter-code: tcp port \\\n443 # more\n".to_vec());
    seeds.push(b"10.1/16 branch office # old\n10.0.0.0/255.0.0.0\nfd00::/8 all of us\n".to_vec());
    seeds.push(b"ssh 22/tcp # and more\nhttp 80/tcp www\ndomain 53/udp\nx 9899/sctp\n".to_vec());
    seeds
}

/// What libpcap makes of expressions, at each hook, with frames that they tell apart.
#[cfg(feature = "pcap")]
fn packet_filters() -> Vec<Vec<u8>> {
    let frames = frame::samples(OURS, THEIRS);
    let mut seeds = Vec::new();
    for (place, expression) in crate::filter::EXPRESSIONS.iter().enumerate() {
        let capture = pcap::Capture::dead(pcap::Linktype::ETHERNET).unwrap();
        let program = capture.compile(expression, true).unwrap();
        let hook = [place % 4, place / 4 % 3].map(|choice| u8::try_from(choice).unwrap());
        let frame = &frames[place * 3 % frames.len()];
        // Hook, protocol of the tag, its number, where it is, and how much of the frame is at hand.
        let mut seed =
            [hook[0], hook[1], 0, 5, 0, 1, 64, u8::try_from(frame.len()).unwrap()].to_vec();
        seed.extend(frame);
        for instruction in program.get_instructions() {
            let text = instruction.to_string();
            let numbers: Vec<u32> = text.split(' ').map(|number| number.parse().unwrap()).collect();
            let [code, then, otherwise, k] = numbers[..] else { panic!("{text}") };
            seed.extend([code.to_le_bytes()[0], 0]);
            seed.extend([then, otherwise].map(|distance| distance.to_le_bytes()[0]));
            seed.extend(k.to_le_bytes());
        }
        seeds.push(seed);
    }
    seeds
}

/// Without libpcap: what accepts a frame by its length and its first bytes.
#[cfg(not(feature = "pcap"))]
fn packet_filters() -> Vec<Vec<u8>> {
    vec![vec![0, 0, 0, 5, 0, 1, 64, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x16, 0, 0, 0, 0, 0, 0, 0]]
}

/// A size of the screen, then an expression or keys.
fn screens() -> Vec<Vec<u8>> {
    let expressions = [
        "",
        "10\\.9",
        "^(a|b)+$",
        "host.example.com",
        "[fd00::1]:443",
        "\\d{1,3}(\\.\\d+){3}",
        "(?i)x*?",
    ];
    let keys: [&[u8]; 6] = [
        b"ljkhq",
        b"l10\\.9\xf0tTbBsSnNpPoq",
        b"f tcp port 443\xf0\xf4\xf5\xf6\xf7\xf2\xf3\x01\x05\x0b\x15\x17",
        b"!\xf0ls\xf1L(\xf0h",
        b"123<>\xf8\xf9\xfa\xfb?h\xfd",
        b"l\xff\xfe\xe9\xf0",
    ];
    let expressions = expressions.map(|text| [&[80, 96, 0], text.as_bytes()].concat());
    let keys = keys.map(|keys| [&[80, 96, 1], keys].concat());
    expressions.into_iter().chain(keys).collect()
}

fn command_lines() -> Vec<Vec<u8>> {
    let lines = [
        "-i eth0 -n -N -P -B",
        "-t -s 5 -L 3 -o source --totals",
        "--json --interval 2 --count 4 --dns",
        "-F 10.0.0.0/8 -G fd00::/8 -p -l --screen-filter ^10",
        "-f tcp --hook xdp --table hash --bytes wire --source ebpf",
        "-r file.pcap --local 10.0.0.0/8 --speed 0.5",
        "--max-memory 256M --max-flows 1000 -m 10M --log-scale -b",
        "-c file --no-config --port-display on --line-display two-line --units si -u bytes",
        "--netns 1 --user nobody --cleanup --help --version",
    ];
    lines.map(|line| line.replace(' ', "\0").into_bytes()).into()
}
