//! Files that are cut off, damaged, or none: what was readable is told, and then what is wrong, where.

use std::time::Duration;

use iftop_user::{
    flow::FlowTable,
    orient::Rules,
    source::{
        Sample, Source as _,
        capture_file::{CaptureFile, Pace},
        frames::{Local, Options},
    },
};

use super::*;
use crate::support::capture::{
    MICROSECONDS, NANOSECONDS,
    Order::{Big, Little},
    block, interface, pcap, pcapng, section,
};

/// Where a packet's block begins behind a section and an interface.
const PACKET: usize = 28 + 40;

type Write = fn(&[Packet]) -> Vec<u8>;

/// Packets that were counted, and the error in the end.
fn readable(path: &Path) -> (u64, Option<String>) {
    let options =
        Options { local: Local::default(), bytes: iftop_common::Bytes::Ip, max_flows: 64 };
    let pace = Pace { step: Duration::from_secs(1), waits: true };
    let (mut file, playback) = match CaptureFile::open(path, options, None, pace) {
        Ok(opened) => opened,
        Err(error) => return (0, Some(format!("{error:#}"))),
    };
    let mut table = FlowTable::new(Rules::default(), 64);
    let mut sample = Sample::default();
    let end = loop {
        playback.advance(Duration::from_secs(1));
        match file.sample(&mut sample) {
            Ok(()) => table.apply(&sample),
            Err(error) => break Some(format!("{error:#}")),
        }
        table.end_interval();
        if sample.last {
            break None;
        }
    };
    assert_eq!(table.account().unaccounted_bytes(), 0);
    (table.account().frames.packets, end)
}

/// Where each packet of a file ends.
fn ends(write: Write, packets: &[Packet]) -> Vec<usize> {
    (0..=packets.len()).map(|count| write(&packets[..count]).len()).collect()
}

#[test]
fn cut_off_anywhere() {
    let packets = frames_at(&[0, 5, 12, 900]);
    let formats: [Write; 4] = [
        |packets| pcap(Little, false, 1, packets),
        |packets| pcap(Big, true, 1, packets),
        |packets| pcapng(Little, MICROSECONDS, &[ETHERNET], packets),
        |packets| pcapng(Big, NANOSECONDS, &[ETHERNET], packets),
    ];
    for write in formats {
        let ends = ends(write, &packets);
        let file = write(&packets);
        let scratch = Scratch::new(&file);
        for length in (0..=file.len()).rev() {
            fs::OpenOptions::new()
                .write(true)
                .open(&scratch.0)
                .unwrap()
                .set_len(length as u64)
                .unwrap();
            let whole = ends.iter().filter(|&&end| end <= length).count().saturating_sub(1);
            let (counted, error) = readable(&scratch.0);
            assert_eq!(counted, whole as u64, "{length}: {error:?}");
            // Between two blocks of a pcapng file nothing tells that there should be more.
            let at_an_end =
                ends.contains(&length) || file[0] == 0x0a && [28, 28 + 40].contains(&length);
            match error {
                None => assert!(at_an_end, "{length}"),
                Some(error) if length == 0 => assert!(error.ends_with("it is empty"), "{error}"),
                Some(error) => {
                    assert!(error.contains(&format!(" at byte {length},")), "{length}: {error}");
                }
            }
        }
    }
}

#[test]
fn what_was_readable_is_told_and_then_the_error() {
    let mut file = pcap(Little, false, 1, &frames_at(&[0, 10, 25]));
    file.truncate(file.len() - 1);
    let run = read(&file, "--json");
    assert_eq!(run.status, Some(1));
    let reports = run.reports();
    assert_eq!(reports.iter().map(|report| packets(report, "seen")).collect::<Vec<_>>(), [2]);
    let error = run.errors.lines().last().unwrap();
    let expected = ": cut off at byte 413, in a packet that begins at byte 284";
    assert!(error.starts_with("iftop: /") && error.ends_with(expected), "{error}");
    let text = read(&file, "-t -nN");
    assert_eq!(text.status, Some(1));
    assert!(
        text.out.contains("200B") && text.errors.ends_with(&format!("{expected}\n")),
        "{text:?}"
    );
    let piped = run_piped(&file);
    assert_eq!((piped.status, piped.reports().len()), (Some(1), 1), "{piped:?}");
    assert!(piped.errors.ends_with(&format!("iftop: stdin{expected}\n")), "{piped:?}");
}

fn run_piped(file: &[u8]) -> Run {
    run(program("-", "--json"), file)
}

#[test]
fn each_mistake_is_told_with_its_place() {
    let packet = frames_at(&[0]);
    let with = |mut file: Vec<u8>, place: usize, bytes: &[u8]| {
        file[place..place + bytes.len()].copy_from_slice(bytes);
        file
    };
    let old = || pcap(Little, false, 1, &packet);
    let new = || pcapng(Little, MICROSECONDS, &[ETHERNET], &packet);
    let twice = |link| {
        let mut packets = frames_at(&[0, 1]);
        packets[1].interface = 1;
        pcapng(Little, MICROSECONDS, &[ETHERNET, link], &packets)
    };
    let cases = [
        (vec![], 0, ": it is empty"),
        (b"ab".to_vec(), 0, ": it ends at byte 2, before it says what it is"),
        (b"GET / HTTP/1.1".to_vec(), 0, ": no pcap or pcapng: it begins with 47 45 54 20"),
        (
            vec![0x1f, 0x8b, 8, 0, 0],
            0,
            "begins with 1f 8b 08 00: it is compressed, try zcat FILE | iftop -r -",
        ),
        (
            pcap(Little, false, 127, &packet),
            0,
            ": link type 127 (IEEE 802.11 with radiotap header) cannot be read: iftop reads Ethernet, \
             Linux cooked, raw IP, null, loop and PPP",
        ),
        (
            pcap(Big, false, 147, &[]),
            0,
            "link type 147 (private use 0) cannot be read: iftop reads",
        ),
        (with(old(), 32, &[0xff; 4]), 0, ": damaged at byte 24: a packet of 4294967295 bytes"),
        (with(new(), 8, &[0; 4]), 0, ": damaged at byte 0: a section without its magic number"),
        (with(new(), PACKET + 4, &[0; 4]), 0, ": damaged at byte 68: a block of 0 bytes"),
        (with(new(), PACKET + 4, &[150]), 0, ": damaged at byte 68: a block of 150 bytes"),
        (with(new(), PACKET + 4, &[0xfc; 4]), 0, ": a block of 4244438268 bytes"),
        (
            with(new(), PACKET + 4, &[152, 0]),
            0,
            ": cut off at byte 216, in a block that begins at byte 68",
        ),
        (
            with(new(), PACKET + 4, &[140, 0]),
            0,
            ": damaged at byte 68: a block whose two lengths are not the same",
        ),
        (
            with(new(), PACKET + 20, &[0xff, 0xff]),
            0,
            ": damaged at byte 68: a packet that does not fit into its block",
        ),
        (with(new(), PACKET + 20, &[0xff; 4]), 0, ": a packet that does not fit into its block"),
        (
            with(new(), PACKET + 8, &[9]),
            0,
            ": damaged at byte 68: a packet of interface 9, which there is not",
        ),
        (
            twice(220),
            1,
            ": at byte 256, a packet of interface 1: link type 220 (USB of Linux, padded) cannot be \
             read: iftop reads Ethernet, Linux cooked, raw IP, null, loop and PPP",
        ),
        ([section(Little), block(Little, 6, &[0; 8])].concat(), 0, "does not fit into its block"),
        ([section(Little), block(Little, 1, &[0; 4])].concat(), 0, ": damaged at byte 28: a "),
        (
            [section(Little), block(Little, 3, &[0; 8])].concat(),
            0,
            "of interface 0, which there is",
        ),
        ([section(Big), block(Big, 2, &[0; 8])].concat(), 0, "does not fit into its block"),
        (
            [section(Big), interface(Big, MICROSECONDS, 1), block(Big, 2, &[0xff; 20])].concat(),
            0,
            "a packet of interface 65535, which there is not",
        ),
    ];
    for (file, counted, expected) in cases {
        let scratch = Scratch::new(&file);
        let (packets, error) = readable(&scratch.0);
        let error = error.unwrap_or_else(|| panic!("no error, but {expected}"));
        assert!(error.contains(expected), "{expected:?} in {error:?}");
        assert_eq!(packets, counted, "{error}");
    }
    // An interface that cannot be read is no harm while it says nothing.
    let scratch = Scratch::new(&pcapng(Little, MICROSECONDS, &[ETHERNET, 220], &packet));
    assert_eq!(readable(&scratch.0), (1, None));
}

#[test]
fn files_that_cannot_be_opened() {
    let directory = env!("CARGO_TARGET_TMPDIR");
    for (path, expected) in [
        (
            "/nonexistent",
            "iftop: /nonexistent: No such file or directory (os error 2)\n".to_owned(),
        ),
        (directory, format!("iftop: {directory}: it is a directory\n")),
    ] {
        for options in ["-t", "--json"] {
            let run = run(program(path, options), &[]);
            assert_eq!((run.status, run.out.as_str()), (Some(1), ""));
            assert_eq!(run.errors, expected);
        }
    }
    // Nothing is said of what is not there.
    let run = read(b"nonsense", "--json");
    assert_eq!((run.status, run.out.as_str()), (Some(1), ""), "{run:?}");
}

/// Whatever stands in a file, it is read to an end, and every packet has a place.
#[test]
fn garbage_does_no_harm() {
    let mut random = fastrand::Rng::with_seed(2026);
    let samples = frame::samples(OURS, THEIRS);
    let packets: Vec<_> = (0..12)
        .map(|number| {
            let bytes = &samples[random.usize(..samples.len())];
            let flags = random.bool().then(|| random.u32(..));
            Packet { flags, ..Packet::new(START + number * SECOND / 3, bytes) }
        })
        .collect();
    let files = [
        pcap(Little, false, 1, &packets),
        pcap(Big, true, 113, &packets),
        pcapng(Little, MICROSECONDS, &[ETHERNET, 101], &packets),
        pcapng(Big, NANOSECONDS, &[276, ETHERNET], &packets),
    ];
    let scratch = Scratch::new(&[]);
    for _ in 0..4000 {
        let mut file = files[random.usize(..files.len())].clone();
        for _ in 0..random.usize(1..6) {
            // Mostly where lengths and types are.
            let place = random.usize(..file.len());
            let place = if random.bool() { place / 4 * 4 } else { place };
            match random.u8(..6) {
                0 => file[place] = random.u8(..),
                1 => file[place] ^= 1 << random.u8(..8),
                2 => file[place] = 0xff,
                3 => file.truncate(place.max(1)),
                4 => {
                    file.remove(place);
                }
                _ => file.insert(place, random.u8(..)),
            }
            if file.is_empty() {
                break;
            }
        }
        fs::write(&scratch.0, &file).unwrap();
        let (counted, error) = readable(&scratch.0);
        assert!(counted <= 64, "{counted} {error:?}");
        if let Some(error) = error {
            let told = ["byte", "cannot be read", "it is empty", "no pcap or pcapng"];
            assert!(told.iter().any(|words| error.contains(words)), "{error}");
        }
    }
}
