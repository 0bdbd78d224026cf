//! Packet filters on capture files, beside libpcap reading the same file.

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

/// Link types, and what stands before an IPv4 packet.
const LINKS: [(u16, &[u8]); 9] = [
    (1, &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]),
    (113, &[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0]),
    (276, &[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0]),
    (101, &[]),
    (228, &[]),
    (0, &[2, 0, 0, 0]),
    (0, &[0, 0, 0, 2]),
    (108, &[0, 0, 0, 2]),
    (9, &[0xff, 3, 0, 0x21]),
];

#[test]
fn what_libpcap_selects_is_counted_for_each_link_type() {
    let expressions = [
        "ip",
        "udp",
        "host 10.1.0.1",
        "dst host 10.1.0.2",
        "port 53",
        "tcp",
        "ip[2:2] > 110",
        "greater 130",
    ];
    let mut all = 0;
    for (link, header) in LINKS {
        let frame = |packet: &[u8]| [header, packet].concat();
        let packets: Vec<_> = (0..40)
            .map(|number| {
                let bytes = 100 + usize::from(number);
                let packet = match number % 4 {
                    0 => packet_from(1, bytes),
                    _ => packet_to(number % 4, bytes),
                };
                Packet::new(START + u64::from(number) * SECOND / 10, &frame(&packet))
            })
            .collect();
        // The file of another machine, where the family stands in its order.
        let order = if header.first() == Some(&0) && link == 0 { Big } else { Little };
        let file = pcap(order, false, link.into(), &packets);
        for expression in expressions {
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
            "iftop: for raw IP frames: the filter \"port:80\": can't parse filter expression",
        ),
        ("-f stp", "the filter \"stp\": "),
    ] {
        let run = read(&file, &format!("--json {options}"));
        assert_eq!((run.status, run.out.as_str()), (Some(1), ""), "{options}");
        assert!(run.errors.contains(expected), "{options}: {}", run.errors);
    }
}
