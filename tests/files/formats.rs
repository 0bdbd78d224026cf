//! Both formats in both byte orders, all link types, and what else stands in a file.

use super::*;
use crate::support::capture::{
    BINARY, MICROSECONDS, NANOSECONDS,
    Order::{Big, Little},
    block, enhanced, interface, interface_with, old, pcap, pcapng, section, simple, statistics,
};

#[test]
fn formats_say_the_same() {
    let mut packets = frames_at(&[0, 5, 25, 30]);
    packets[3].original = Some(1514);
    packets[3].bytes.truncate(60);
    let links = &[ETHERNET];
    let mut files = vec![];
    for order in [Little, Big] {
        files.push(pcap(order, false, 1, &packets));
        files.push(pcap(order, true, 1, &packets));
        // How long the checksum is that frames end with does not make another link type.
        files.push(pcap(order, true, 0x2400_0001, &packets));
        for resolution in [MICROSECONDS, NANOSECONDS, BINARY] {
            files.push(pcapng(order, resolution, links, &packets));
        }
    }
    // As Linux once wrote it, with eight more bytes for each packet.
    for order in [Little, Big] {
        let mut modified = pcap(order, false, 1, &[]);
        modified[..4].copy_from_slice(&order.u32(0xa1b2_cd34));
        for packet in &packets {
            let one = pcap(order, false, 1, std::slice::from_ref(packet));
            modified.extend([&one[24..40], &[0xff; 8], &one[40..]].concat());
        }
        files.push(modified);
    }
    for file in files {
        let report = read(&file, "--json --interval 1").last();
        assert_eq!(report["time"], "2023-11-14T22:13:23.000Z", "{:02x?}", &file[..32]);
        assert_eq!(report["elapsed_seconds"], 3.0);
        assert_eq!((report["source"].as_str(), &report["hook"]), (Some("file"), &Value::Null));
        assert_eq!((super::packets(&report, "seen"), bytes(&report, "seen")), (4, 400));
        assert_eq!(bytes(&report, "frames"), 3 * 114 + 1514);
        let flows = report["flows"].as_array().unwrap();
        assert_eq!(flows.len(), 1);
        let rates = &flows[0]["received"]["bits_per_second"];
        // 2 s hold the last three packets and no more than that.
        assert_eq!(rates["10s"], 400 * 8 / 3 + 1, "{rates}");
    }
}

#[test]
fn all_link_types() {
    let packet = packet_to(1, 100);
    let cooked = [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0];
    let cooked2 = [8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    let (eth, tagged) = (
        frame::ethernet(THEIRS, OURS, &[], 0x0800, &[]),
        frame::ethernet(THEIRS, OURS, &[(0x8100, 7)], 0x0800, &[]),
    );
    let cases: &[(u16, &[u8])] = &[
        (1, &eth),
        (1, &tagged),
        (113, &cooked),
        (276, &cooked2),
        (101, &[]),
        (12, &[]),
        (228, &[]),
        (0, &[2, 0, 0, 0]),
        (108, &[0, 0, 0, 2]),
        (9, &[0xff, 3, 0, 0x21]),
    ];
    for (link, header) in cases {
        let packets = [Packet::new(START, &[header, &packet[..]].concat())];
        let files = [
            pcap(Little, false, (*link).into(), &packets),
            pcapng(Big, NANOSECONDS, &[*link], &packets),
        ];
        for file in files {
            let report = read(&file, "--json").last();
            assert_eq!(
                (super::packets(&report, "seen"), bytes(&report, "seen")),
                (1, 100),
                "{link}"
            );
            let flow = &report["flows"][0];
            let ends = ["local", "remote"].map(|end| flow[end]["address"].as_str().unwrap());
            let sent = flow["sent"]["bytes"] == 100;
            // Of cooked ones the way is known.
            let expected = if header.len() >= 16 && *link != 1 {
                (["10.0.0.1", "10.1.0.1"], true)
            } else {
                (["10.1.0.1", "10.0.0.1"], false)
            };
            assert_eq!((ends, sent), expected, "{link}");
        }
    }
    let six =
        frame::ipv6("fd00::1".parse().unwrap(), "fd00::2".parse().unwrap(), &[], UDP, &[0; 60]);
    let report = read(&pcap(Little, false, 229, &[Packet::new(START, &six)]), "--json").last();
    assert_eq!(bytes(&report, "in_flows"), 100);
}

#[test]
fn all_blocks() {
    for order in [Little, Big] {
        let [first, second, third, fourth] =
            [0, 10, 20, 30].map(|tenths| frames_at(&[tenths]).remove(0));
        let other = Packet { interface: 1, ..Packet::new(START + SECOND, &packet_to(2, 50)) };
        let mut file = section(order);
        file.extend(interface(order, NANOSECONDS, ETHERNET));
        file.extend(enhanced(order, NANOSECONDS, &first));
        // Nobody knows it, and a packet of no time that belongs to the first interface.
        file.extend(block(order, 0x0bad_cafe, &[1; 40]));
        file.extend(simple(order, &second));
        file.extend(interface(order, MICROSECONDS, 101));
        file.extend(enhanced(order, MICROSECONDS, &other));
        file.extend(old(order, NANOSECONDS, &third));
        // Another section, in the other byte order, in which interfaces begin anew.
        let turned = if order == Big { Little } else { Big };
        file.extend(section(turned));
        file.extend(interface(turned, BINARY, ETHERNET));
        file.extend(enhanced(turned, BINARY, &fourth));
        let report = read(&file, "--json --interval 1").last();
        assert_eq!((packets(&report, "seen"), bytes(&report, "seen")), (5, 450));
        assert_eq!(report["elapsed_seconds"], 3.0);
        assert_eq!(report["flows"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn an_interface_may_have_an_offset_of_its_times() {
    for (order, resolution, offset, expected) in [
        (Little, NANOSECONDS, 1000, "2023-11-14T22:30:00.000Z"),
        (Big, MICROSECONDS, -20, "2023-11-14T22:13:00.000Z"),
    ] {
        let file = [
            section(order),
            interface_with(order, resolution, ETHERNET, 0, offset),
            enhanced(order, resolution, &frames_at(&[0]).remove(0)),
        ];
        assert_eq!(read(&file.concat(), "--json").last()["time"], expected);
    }
}

/// A simple packet does not say how much of it was captured: what fills it up is no part of it.
#[test]
fn of_simple_packets_there_is_as_much_as_the_interface_captures() {
    let packet = ethernet(&packet_to(1, 100));
    // (captured of the packet, 0 for all of it; its ports)
    for (captured, ports) in [
        (0, [Some(53), Some(4000)]),
        (38, [Some(53), Some(4000)]),
        (37, [None; 2]),
        (36, [None; 2]),
    ] {
        let part = if captured == 0 { &packet } else { &packet[..captured] };
        let original = Some(packet.len().try_into().unwrap());
        let packet = Packet { original, ..Packet::new(START, part) };
        let file = [
            section(Little),
            interface_with(Little, NANOSECONDS, ETHERNET, captured.try_into().unwrap(), 0),
            simple(Little, &packet),
        ];
        let report = read(&file.concat(), "--json -P").last();
        assert_eq!(bytes(&report, "in_flows"), 100, "{captured}");
        let told = ["local", "remote"].map(|end| report["flows"][0][end]["port"].as_u64());
        assert_eq!(told, ports, "{captured}");
    }
}

#[test]
fn from_a_pipe() {
    let file = pcapng(Little, MICROSECONDS, &[ETHERNET], &frames_at(&[0, 5, 25]));
    let run = run(program("-", "--json"), &file);
    assert_eq!(run.errors, "Listening on -\n");
    let report = run.last();
    assert_eq!((packets(&report, "seen"), report["interface"].as_str()), (3, Some("-")));
}

/// More than a buffer and than a pipe hold, with packets of many lengths.
#[test]
fn large_files() {
    let mut random = fastrand::Rng::with_seed(3);
    let packets: Vec<_> = (0..3000)
        .map(|number| {
            let packet = packet_to(random.u8(1..200), random.usize(28..1400));
            Packet::new(START + number * SECOND / 100, &ethernet(&packet))
        })
        .collect();
    let all: usize = packets.iter().map(|packet| packet.bytes.len() - 14).sum();
    for file in [pcap(Big, false, 1, &packets), pcapng(Little, NANOSECONDS, &[ETHERNET], &packets)]
    {
        assert!(file.len() > 1 << 20);
        for run in [read(&file, "--json --interval 10"), run(program("-", "--json"), &file)] {
            let report = run.last();
            assert_eq!(super::packets(&report, "in_flows"), 3000);
            assert_eq!(bytes(&report, "in_flows"), all as u64);
        }
    }
}

/// Statistics count since the capture began, for each interface of each section.
#[test]
fn what_was_lost_while_capturing_is_in_the_account() {
    for order in [Little, Big] {
        let packet = |interface| {
            let bytes = ethernet(&packet_to(1, 100));
            enhanced(order, NANOSECONDS, &Packet { interface, ..Packet::new(START, &bytes) })
        };
        let file = [
            section(order),
            interface(order, NANOSECONDS, ETHERNET),
            interface(order, NANOSECONDS, ETHERNET),
            packet(0),
            statistics(order, 0, Some(3), 0),
            packet(1),
            statistics(order, 1, None, 20),
            statistics(order, 0, Some(4), 100),
            // Another capture, behind the first.
            section(order),
            interface(order, NANOSECONDS, ETHERNET),
            packet(0),
            statistics(order, 0, Some(1000), 0),
        ];
        let run = read(&file.concat(), "--json");
        let report = run.last();
        assert_eq!(report["account"]["dropped_packets"], 1124);
        assert_eq!(report["losses"]["ours"], 1124);
        assert_eq!(packets(&report, "seen"), 3);
        let text = read(&file.concat(), "-t").out;
        assert!(text.contains("Attributed to flows: 0% (lost uncounted)"), "{text}");
    }
    // More than any sum holds, by several interfaces; the largest number says that nobody knows.
    let interface = interface(Little, NANOSECONDS, ETHERNET);
    let (most, unknown) = (u64::MAX - 1, Some(u64::MAX));
    let file = [
        section(Little),
        [&interface[..], &interface].concat(),
        statistics(Little, 0, Some(most), most),
        enhanced(Little, NANOSECONDS, &frames_at(&[0]).remove(0)),
        statistics(Little, 1, unknown, most),
        statistics(Little, 1, unknown, most),
    ];
    let report = read(&file.concat(), "--json").last();
    assert_eq!(report["account"]["dropped_packets"], u64::MAX >> 8);
    let text = read(&file.concat(), "-t").out;
    assert!(text.contains("Attributed to flows: 0% (lost uncounted)"), "{text}");
    let file = [section(Little), statistics(Little, 0, None, 1)].concat();
    let run = read(&file, "--json");
    assert_eq!(run.status, Some(1));
    assert!(
        run.errors.contains("damaged at byte 28: statistics of an interface"),
        "{}",
        run.errors
    );
}
