//! End to end, exact: what was put on the wire is what the program reports, to the byte and packet,
//! per flow, at each kind of hook.

use std::{
    collections::BTreeMap,
    net::Ipv6Addr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::support::{
    frame::{self, UDP, V4},
    iftop::Iftop,
    kernel,
    neighbour::Beside,
    net::{Cable, PacketSocket, VA_MAC, VB_MAC},
};
use serde_json::Value;

mod bulk;
mod kinds;
mod vlan;
mod xdp;

use kinds::{kinds, to_us, to_us6};

/// One way to count: a hook, a table, and what a byte is.
#[derive(Clone, Copy, Debug)]
struct Way {
    hook: &'static str,
    table: &'static str,
    bytes: &'static str,
}

const WAYS: [Way; 7] = [
    Way { hook: "tcx", table: "flat", bytes: "ip" },
    Way { hook: "tcx", table: "flat", bytes: "wire" },
    Way { hook: "tcx", table: "hash", bytes: "ip" },
    Way { hook: "clsact", table: "flat", bytes: "ip" },
    Way { hook: "xdp", table: "flat", bytes: "ip" },
    Way { hook: "xdp=native", table: "hash", bytes: "ip" },
    Way { hook: "xdp=native", table: "flat", bytes: "wire" },
];

/// Those that this kernel has.
fn ways() -> impl Iterator<Item = Way> {
    let is_there = |way: &Way| match way.hook {
        "tcx" => kernel::has_tcx(),
        "xdp=native" => kernel::has_frames_in_pieces(),
        _ => true,
    };
    WAYS.into_iter().filter(is_there)
}

const TABLES: [&str; 2] = ["flat", "hash"];

impl Way {
    /// What the program is told.
    fn options(self) -> String {
        let Self { hook, table, bytes } = self;
        format!("-i va -P --hook {hook} --table {table} --bytes {bytes}")
    }

    /// What a packet counts, by its frame or by what its IP header says.
    fn bytes_of(self, frame: &[u8], ip_bytes: u64) -> u64 {
        // Least frame; checksum, preamble, start delimiter and gap (IEEE 802.3).
        if self.bytes == "wire" { frame.len().max(60) as u64 + 4 + 8 + 12 } else { ip_bytes }
    }
}

/// Does the same with each, all at once: most of the time goes by until reports come.
fn with_each<T: Copy + Send>(cases: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    thread::scope(|scope| {
        let test = &test;
        cases.into_iter().for_each(|case| drop(scope.spawn(move || test(case))));
    });
}

/// Bytes and packets: sent, received.
type Traffic = ([u64; 2], [u64; 2]);

/// A flow as in the report: local and remote `address:port`, protocol.
type Flow = (String, String, u64);

fn flow(local: &str, remote: &str, protocol: u8) -> Flow {
    (local.to_owned(), remote.to_owned(), protocol.into())
}

/// The flows of a report that was asked for with `-P`.
fn flows(report: &Value) -> BTreeMap<Flow, Traffic> {
    let end = |end: &Value| {
        let address = end["address"].as_str().unwrap();
        match end["port"].as_u64() {
            Some(port) => format!("{address}:{port}"),
            None => address.to_owned(),
        }
    };
    let count = |side: &Value| ["bytes", "packets"].map(|unit| side[unit].as_u64().unwrap());
    let rows = report["flows"].as_array().unwrap().iter();
    rows.map(|row| {
        let protocol = row["protocol"]["number"].as_u64().unwrap();
        let key = (end(&row["local"]), end(&row["remote"]), protocol);
        (key, (count(&row["sent"]), count(&row["received"])))
    })
    .collect()
}

fn account(report: &Value, name: &str) -> [u64; 2] {
    ["bytes", "packets"].map(|unit| report["account"][name][unit].as_u64().unwrap())
}

fn v4(from: [u8; 4], to: [u8; 4], protocol: u8) -> V4<'static> {
    V4 { source: from.into(), destination: to.into(), protocol, options: &[], fragment: 0 }
}

const US: [u8; 4] = [10, 9, 0, 1];
const THEM: [u8; 4] = [10, 9, 0, 2];
const US6: &str = "fd00:9::1";
const THEM6: &str = "fd00:9::2";

#[test]
#[ignore = "needs root: cargo xtask test"]
fn every_kind_of_packet_is_counted_where_it_belongs() {
    // An XDP program that the kernel runs leaves others at the tc hooks some packets without link header.
    let both = [Beside::Iftop, Beside::Foreign];
    let later = ways().filter(|way| !way.hook.starts_with("xdp"));
    let beside = later.flat_map(|way| both.map(|beside| (way, beside)));
    with_each(ways().map(|way| (way, Beside::Nobody)).chain(beside), |(way, beside)| {
        let cable = Cable::new();
        let _neighbour = beside.start(&cable.a);
        let iftop = Iftop::json(&cable.a, &way.options());
        let wire = cable.sender_at_vb();
        let mut expected = BTreeMap::new();
        let (mut seen, mut not_ip, mut frames) = ([0; 2], [0; 2], 0);
        for (times, case) in (1..).zip(&kinds()) {
            // Each a different number of times, so that no two rows can be taken for each other.
            for _ in 0..times {
                wire.send(&case.frame);
            }
            frames += times;
            let Some(flow) = &case.flow else {
                not_ip = [times * case.frame.len() as u64, times];
                continue;
            };
            let traffic = [times * way.bytes_of(&case.frame, case.ip_bytes), times];
            seen = [seen[0] + traffic[0], seen[1] + traffic[1]];
            // What a third party on the left said counts as sent in its row. What differs in what
            // no row shows is one row.
            let sent = usize::from(!flow.0.starts_with("192.0.2.9"));
            let row: &mut [[u64; 2]; 2] = expected.entry(flow.clone()).or_default();
            row[sent] = [row[sent][0] + traffic[0], row[sent][1] + traffic[1]];
        }
        let report = iftop.last_report(frames);
        let expected = expected.into_iter().map(|(row, [sent, received])| (row, (sent, received)));
        let way_beside = (way, beside);
        assert_eq!(flows(&report), expected.collect(), "{way_beside:?}");
        assert_eq!(account(&report, "seen"), seen, "{way_beside:?}");
        assert_eq!(account(&report, "in_flows"), seen, "{way_beside:?}");
        assert_eq!(account(&report, "not_ip"), not_ip, "{way_beside:?}");
        assert_eq!(account(&report, "malformed"), [0, 0], "{way:?}");
        assert_eq!(report["hook"], way.hook.split('=').next().unwrap());
        assert_eq!(report["table"]["kind"], way.table);
        let totals = &report["totals"];
        assert_eq!(totals["sent"]["bytes"], 0, "third parties are received, both of them");
        assert_eq!(totals["received"]["packets"], seen[1]);
    });
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn both_directions_meet_in_one_flow() {
    const TIMES: u64 = 7;
    with_each(ways(), |way| {
        let cable = Cable::new();
        let iftop = Iftop::json(&cable.a, &way.options());
        let (into, out) = (cable.sender_at_vb(), cable.sender_at_va());
        let question = v4(US, THEM, UDP).packet(&frame::udp(40_000, 53, 12));
        let answer = v4(THEM, US, UDP).packet(&frame::udp(53, 40_000, 500));
        let questions = [
            frame::ethernet(VB_MAC, VA_MAC, &[], 0x0800, &question),
            // A tag in the packet, as it leaves; the tag makes no other row.
            frame::ethernet(VB_MAC, VA_MAC, &[(0x8100, 9)], 0x0800, &question),
        ];
        let answer = to_us(&[], &answer);
        for _ in 0..TIMES {
            for question in &questions {
                out.send(question);
            }
            into.send(&answer);
        }
        let report = iftop.last_report(3 * TIMES);
        let asked: u64 = questions.iter().map(|question| way.bytes_of(question, 40)).sum();
        let answered = way.bytes_of(&answer, 528);
        let expected = ([TIMES * asked, 2 * TIMES], [TIMES * answered, TIMES]);
        let row = flow("10.9.0.1:40000", "10.9.0.2:53", UDP);
        assert_eq!(flows(&report), BTreeMap::from([(row, expected)]), "{way:?}");
        assert_eq!(report["totals"]["sent"]["bytes"], expected.0[0]);
        assert_eq!(report["totals"]["received"]["bytes"], expected.1[0]);
        assert_eq!(report["totals"]["both"]["packets"], 3 * TIMES);
    });
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_thousand_flows() {
    with_each(TABLES, a_thousand_flows_in);
}

fn a_thousand_flows_in(table: &str) {
    let cable = Cable::new();
    let iftop = Iftop::json(&cable.a, &format!("-i va -P --table {table}"));
    let wire = cable.sender_at_vb();
    let mut expected = BTreeMap::new();
    for port in 1..=1000 {
        let packet = v4(THEM, US, UDP).packet(&frame::udp(port, 53, usize::from(port)));
        let bytes = u64::from(port) + 28;
        wire.send(&to_us(&[], &packet));
        wire.send(&to_us(&[], &packet));
        let key = flow("10.9.0.1:53", &format!("10.9.0.2:{port}"), UDP);
        expected.insert(key, ([0, 0], [2 * bytes, 2]));
    }
    let report = iftop.last_report(2000);
    assert_eq!(flows(&report), expected);
}

/// Headers that are in no linear memory: the kernel is told to make 14 bytes of the frame linear.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn headers_outside_the_linear_part_are_read() {
    let cable = Cable::new();
    let iftop = Iftop::json(&cable.a, "-i va -P");
    // struct virtio_net_hdr: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset
    let virtio_header = [0, 0, 14, 0, 0, 0, 0, 0, 0, 0];
    let question = v4(US, THEM, UDP).packet(&frame::udp(40_000, 53, 7000));
    let answer = v4(THEM, US, UDP).packet(&frame::udp(53, 40_000, 6000));
    for (socket, to, from, packet) in [
        (cable.sender_at_va(), VB_MAC, VA_MAC, &question),
        (cable.sender_at_vb(), VA_MAC, VB_MAC, &answer),
    ] {
        socket.expect_virtio_header();
        let frame = frame::ethernet(to, from, &[], 0x0800, packet);
        socket.send(&[&virtio_header[..], &frame].concat());
    }
    let report = iftop.last_report(2);
    let row = flow("10.9.0.1:40000", "10.9.0.2:53", UDP);
    assert_eq!(flows(&report), BTreeMap::from([(row, ([7028, 1], [6028, 1]))]));
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn nets_and_link_local_addresses_are_left_out_and_accounted_for() {
    let cable = Cable::new();
    let iftop = Iftop::json(&cable.a, "-i va -P -F 10.9.0.2/32");
    let wire = cable.sender_at_vb();
    let inside = v4(THEM, US, UDP).packet(&frame::udp(1, 2, 100));
    let outside = v4([10, 9, 0, 3], US, UDP).packet(&frame::udp(1, 2, 50));
    let us6: Ipv6Addr = US6.parse().unwrap();
    let link_local = frame::ipv6("fe80::1".parse().unwrap(), us6, &[], UDP, &frame::udp(1, 2, 10));
    wire.send(&to_us(&[], &inside));
    wire.send(&to_us(&[], &outside));
    wire.send(&to_us6(&link_local));
    let report = iftop.last_report(3);
    // The net is on the left, so what we received was sent by it.
    let row = flow("10.9.0.2:1", "10.9.0.1:2", UDP);
    assert_eq!(flows(&report), BTreeMap::from([(row, ([128, 1], [0, 0]))]));
    assert_eq!(account(&report, "seen"), [128 + 78 + 58, 3]);
    assert_eq!(account(&report, "excluded"), [78 + 58, 2]);
    assert_eq!(report["totals"]["sent"]["bytes"], 128);
    assert_eq!(report["totals"]["both"]["bytes"], 128);
}

/// Polls and traffic overlap: two senders go on until three reports were taken, each of which adds
/// up.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn nothing_is_lost_while_halves_are_swapped() {
    TABLES.into_iter().for_each(nothing_is_lost_in);
}

fn nothing_is_lost_in(table: &str) {
    const FLOWS: u16 = 50;
    let cable = Cable::new();
    let mut iftop = Iftop::json(&cable.a, &format!("-i va -P --table {table}"));
    let stop = AtomicBool::new(false);
    let send_until_stopped = |socket: PacketSocket, frame_of: fn(u16) -> Vec<u8>| {
        let mut sent = [0_u64; FLOWS as usize];
        while !stop.load(Ordering::Relaxed) {
            for (port, count) in (1..).zip(&mut sent) {
                socket.send(&frame_of(port));
                *count += 1;
            }
        }
        sent
    };
    let (received, sent) = thread::scope(|scope| {
        let (into, out) = (cable.sender_at_vb(), cable.sender_at_va());
        let received = scope.spawn(|| {
            send_until_stopped(into, |port| {
                to_us(&[], &v4(THEM, US, UDP).packet(&frame::udp(port, 53, 20)))
            })
        });
        let sent = scope.spawn(|| {
            send_until_stopped(out, |port| {
                let packet = v4(US, THEM, UDP).packet(&frame::udp(53, port, 120));
                frame::ethernet(VB_MAC, VA_MAC, &[], 0x0800, &packet)
            })
        });
        let mut seen = 0;
        for _ in 0..3 {
            let now = account(&iftop.report(), "seen")[1];
            assert!(now > seen, "there was traffic before each swap");
            seen = now;
        }
        stop.store(true, Ordering::Relaxed);
        (received.join().unwrap(), sent.join().unwrap())
    });
    let report = iftop.last_report(received.iter().sum::<u64>() + sent.iter().sum::<u64>());
    let expected = (1_u16..).zip(received.iter().zip(sent)).map(|(port, (received, sent))| {
        let key = flow("10.9.0.1:53", &format!("10.9.0.2:{port}"), UDP);
        (key, ([sent * 148, sent], [received * 48, *received]))
    });
    assert_eq!(flows(&report), expected.collect());
}

/// On a loopback interface each packet passes both hooks; it is counted once, as sent.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn loopback_counts_once() {
    let cable = Cable::new();
    let iftop = Iftop::json(&cable.a, "-i lo -P");
    let port = cable.a.run(|| {
        let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:4000").unwrap();
        let port = receiver.local_addr().unwrap().port();
        for _ in 0..5 {
            sender.send_to(&[0; 100], ("127.0.0.1", port)).unwrap();
        }
        port
    });
    let report = iftop.last_report(5);
    let row = flow("127.0.0.1:4000", &format!("127.0.0.1:{port}"), UDP);
    assert_eq!(flows(&report), BTreeMap::from([(row, ([640, 5], [0, 0]))]));
}
