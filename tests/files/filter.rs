//! Packet filters on capture files, beside libpcap reading the same file.

use std::{net::Ipv6Addr, time::Duration};

use iftop_common::Bytes;
use iftop_user::{
    packet_filter::PacketFilter,
    source::{
        Sample, Source as _,
        capture_file::{CaptureFile, Pace, Playback},
        frames::{Local, Options},
    },
};
use pcap::Capture;

use super::*;
use crate::support::capture::{
    MICROSECONDS,
    Order::{Big, Little},
    pcap, pcapng,
};

/// Frames and bytes of a file that a filter accepts, by libpcap.
fn selected(file: &[u8], expression: &str) -> [u64; 2] {
    let file = Scratch::new(file);
    let mut capture = Capture::from_file(&file.0).unwrap();
    capture.filter(expression, true).unwrap();
    let mut sum = [0, 0];
    while let Ok(packet) = capture.next_packet() {
        sum[0] += 1;
        sum[1] += u64::from(packet.header.len);
    }
    sum
}

/// The same by us.
fn counted(file: &[u8], expression: &str) -> [u64; 2] {
    let file = Scratch::new(file);
    let mut command = program(file.0.to_str().unwrap(), "--json");
    command.args(["-f", expression]);
    let report = run(command, &[]).last();
    assert_eq!(report["filter"], expression);
    let rest = |of: fn(&Value, &str) -> u64| of(&report, "frames") - of(&report, "filtered");
    assert_eq!(packets(&report, "seen") + packets(&report, "not_ip"), rest(packets));
    [rest(packets), rest(bytes)]
}

/// Which packets follow.
#[derive(Clone, Copy, Debug)]
enum Version {
    Four,
    Six,
}
use Version::{Four, Six};

/// Link types, and what stands before a packet.
const LINKS: [(u16, &[u8], Version); 18] = [
    (1, &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0], Four),
    (1, &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xdd], Six),
    (113, &[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], Four),
    (276, &[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0], Four),
    (101, &[], Four),
    (228, &[], Four),
    (0, &[2, 0, 0, 0], Four),
    (0, &[0, 0, 0, 2], Four),
    (0, &[24, 0, 0, 0], Six),
    (0, &[28, 0, 0, 0], Six),
    (0, &[30, 0, 0, 0], Six),
    (0, &[0, 0, 0, 24], Six),
    (0, &[0, 0, 0, 30], Six),
    (108, &[0, 0, 0, 2], Four),
    (108, &[0, 0, 0, 24], Six),
    (108, &[0, 0, 0, 28], Six),
    (108, &[0, 0, 0, 30], Six),
    (9, &[0xff, 3, 0, 0x21], Four),
];

impl Version {
    /// The packet of this number: most are from our host, to one of three.
    fn packet(self, number: u8) -> Vec<u8> {
        let bytes = 100 + usize::from(number);
        let (host, sent) = match number % 4 {
            0 => (1, false),
            host => (host, true),
        };
        match (self, sent) {
            (Four, true) => packet_to(host, bytes),
            (Four, false) => packet_from(host, bytes),
            (Six, _) => {
                let address = |host: u8| Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, host.into());
                let (source, destination) = if sent { (9, host) } else { (host, 9) };
                let segment = frame::udp(4000, 53, bytes - 48);
                frame::ipv6(address(source), address(destination), &[], UDP, &segment)
            }
        }
    }

    fn expressions(self) -> [&'static str; 8] {
        let [any, host, to_host, length] = match self {
            Four => ["ip", "host 10.1.0.1", "dst host 10.1.0.2", "ip[2:2] > 110"],
            Six => ["ip6", "host fd00::1", "dst host fd00::2", "ip6[4:2] > 70"],
        };
        [any, host, to_host, length, "udp", "port 53", "tcp", "greater 130"]
    }
}

#[test]
fn what_libpcap_selects_is_counted_for_each_link_type() {
    let mut all = 0;
    for (link, header, version) in LINKS {
        let packets: Vec<_> = (0..40)
            .map(|number| {
                let time = START + u64::from(number) * SECOND / 10;
                Packet::new(time, &[header, &version.packet(number)].concat())
            })
            .collect();
        // The file of another machine, where the family stands in its order.
        let order = if header.first() == Some(&0) && link == 0 { Big } else { Little };
        let file = pcap(order, false, link.into(), &packets);
        for expression in version.expressions() {
            let expected = selected(&file, expression);
            assert_eq!(counted(&file, expression), expected, "{link} {header:?} {expression}");
            all += expected[0];
        }
    }
    assert!(all > 1000, "{all}");
}

#[test]
fn a_file_with_several_link_types_needs_a_program_for_each() {
    let packet = packet_to(1, 100);
    let mut packets = vec![Packet::new(START, &ethernet(&packet)), Packet::new(START, &packet)];
    packets[1].interface = 1;
    let file = pcapng(Little, MICROSECONDS, &[1, 101], &packets);
    assert_eq!(counted(&file, "udp port 53"), [2, 214]);
    assert_eq!(counted(&file, "tcp"), [0, 0]);
}

#[test]
fn a_filter_that_is_wrong_is_told_before_anything_is_read() {
    let file = pcap(Little, false, 101, &frames_at(&[0]));
    for (options, expected) in [
        (
            "-f port:80",
            ": for raw IP frames: the filter \"port:80\": can't parse filter expression",
        ),
        ("-f stp", ": for raw IP frames: the filter \"stp\": "),
    ] {
        let scratch = Scratch::new(&file);
        let path = scratch.0.to_str().unwrap();
        let run = run(program(path, &format!("--json {options}")), &[]);
        assert_eq!((run.status, run.out.as_str()), (Some(1), ""), "{options}");
        let expected = format!("iftop: {path}{expected}");
        assert!(run.errors.starts_with(&expected), "{options}: {}", run.errors);
    }
}

/// A filter that is set while a file is played, behind its first packets, as at the prompt: compiled for
/// frames that were there, then set.
#[test]
fn a_filter_that_is_set_meanwhile_is_for_the_frames_that_there_were() {
    /// Each second one UDP packet with such a link header, which the file's first filter turns away.
    type Case<'a> = (&'a [u16], usize, &'a str, Result<u64, &'a str>);
    const COOKED: u16 = 113;
    const RAW: u16 = 101;
    // (headers, how many were played, filter, how many of the rest pass or what is wrong with it)
    let cases: &[Case<'_>] = &[
        // What the first frame begins with is known when a file is open.
        (&[RAW; 3], 0, "udp", Ok(3)),
        (&[RAW; 3], 1, "udp", Ok(2)),
        (&[COOKED; 3], 1, "outbound", Ok(2)),
        (&[ETHERNET; 3], 1, "outbound", Err("the filter \"outbound\": ")),
        (&[ETHERNET; 3], 1, "ether src 02:00:00:00:00:01", Ok(2)),
        (&[RAW; 3], 0, "ether src 02:00:00:00:00:01", Err("the filter \"ether src 02")),
        (&[COOKED; 3], 1, "vlan", Err("the filter \"vlan\": ")),
        (&[COOKED, ETHERNET, COOKED, ETHERNET], 2, "udp", Ok(2)),
        (
            &[COOKED, ETHERNET, RAW],
            2,
            "vlan",
            Err("for Linux cooked frames: the filter \"vlan\": "),
        ),
        (&[RAW, ETHERNET, RAW], 2, "arp", Err("for raw IP frames: the filter \"arp\": ")),
    ];
    for &(links, before, expression, expected) in cases {
        let of = format!("{expression} after {before} of {links:?}");
        let (mut file, playback, _scratch) = open_each_second(links);
        let play = |file: &mut CaptureFile, seconds: usize| {
            let (mut sample, mut sums) = (Sample::default(), [0; 2]);
            for _ in 0..seconds {
                playback.advance(Duration::from_secs(1));
                file.sample(&mut sample).unwrap();
                let totals = &sample.totals;
                sums[0] += totals.frames.both().packets;
                sums[1] += totals.filtered.both().packets;
            }
            sums
        };
        let played = before as u64;
        assert_eq!(play(&mut file, before), [played, played], "{of}");
        let set = PacketFilter::compile(expression, playback.dlt())
            .and_then(|filter| file.set_filter(Some(&filter)));
        let rest = links.len() - before;
        let all = rest as u64;
        match (set, expected) {
            (Ok(()), Ok(accepted)) => {
                assert_eq!(play(&mut file, rest), [all, all - accepted], "{of}");
            }
            (Err(error), Err(expected)) => {
                let error = format!("{error:#}");
                assert!(error.starts_with(expected), "{of}: {error}");
                // The old one goes on.
                assert_eq!(play(&mut file, rest), [all, all], "{of}");
            }
            (set, _) => panic!("{of}: {set:?}"),
        }
    }
}

/// A pcapng file with an interface for each packet, and a filter that turns them all away.
fn open_each_second(links: &[u16]) -> (CaptureFile, Playback, Scratch) {
    let packets: Vec<_> = (0..)
        .zip(links)
        .map(|(number, link)| {
            let (_, header, _) = LINKS.iter().find(|(known, ..)| known == link).unwrap();
            let time = START + u64::from(number) * SECOND;
            Packet {
                interface: number,
                ..Packet::new(time, &[header, &packet_to(1, 100)[..]].concat())
            }
        })
        .collect();
    let scratch = Scratch::new(&pcapng(Little, MICROSECONDS, links, &packets));
    let options = Options { local: Local::default(), bytes: Bytes::Ip, max_flows: 64 };
    let pace = Pace { step: Duration::from_secs(1), waits: true };
    let (file, playback) = CaptureFile::open(&scratch.0, options, Some("tcp"), pace).unwrap();
    (file, playback, scratch)
}

#[test]
fn an_interface_that_comes_later_may_have_frames_that_a_filter_is_not_for() {
    let (mut file, playback, _scratch) = open_each_second(&[113, 113, ETHERNET]);
    let filter = PacketFilter::compile("outbound", playback.dlt()).unwrap();
    file.set_filter(Some(&filter)).unwrap();
    let mut sample = Sample::default();
    let mut frames = 0;
    let error = loop {
        playback.advance(Duration::from_secs(1));
        match file.sample(&mut sample) {
            Ok(()) => frames += sample.totals.frames.both().packets,
            Err(error) => break format!("{error:#}"),
        }
    };
    assert_eq!(frames, 2);
    let expected = "a packet of interface 2: for Ethernet frames: the filter \"outbound\": ";
    assert!(error.contains(expected), "{error}");
}
