//! Frames in, flows and totals out.

use std::fmt::Write as _;

use iftop_common::{Counters, Totals};

use super::*;
use crate::{
    orient::{Net4, Net6, address},
    source::{
        TableUse,
        frame::{self, TCP, UDP, V4},
    },
};

const OURS: [u8; 6] = [2, 0, 0, 0, 0, 1];
const THEIRS: [u8; 6] = [2, 0, 0, 0, 0, 2];
const GROUP: [u8; 6] = [1, 0, 0x5e, 0, 0, 1];

fn counting(local: Local, bytes: Bytes, max_flows: u32) -> Frames {
    Frames::new(Options { local, bytes, max_flows })
}

fn whole(link: LinkLayer, bytes: &[u8], way: Option<Way>) -> Frame<'_> {
    Frame { link, bytes, original_bytes: bytes.len() as u64, way }
}

fn sample(frames: &mut Frames) -> Sample {
    let mut sample = Sample::default();
    frames.take(&mut sample);
    let flows = sample.flows.iter().fold(Counters::default(), |mut sum, (_, counters)| {
        sum += *counters;
        sum
    });
    let totals = &sample.totals;
    let mut placed = flows;
    placed += totals.other;
    assert_eq!(totals.seen, placed, "each packet has a place");
    let refused = totals.not_ip.packets + totals.malformed.packets;
    assert_eq!(totals.frames.both().packets, totals.seen.both().packets + refused);
    sample
}

/// `near:port < far:port bytes flags` of the one flow that there is, or the refusal.
fn told(sample: &Sample) -> String {
    let Totals { not_ip, malformed, .. } = sample.totals;
    let [(key, counters)] = &sample.flows[..] else {
        assert!(sample.flows.is_empty());
        return format!("{} not IP, {} malformed", not_ip.packets, malformed.packets);
    };
    let arrow = if counters.ingress.packets > 0 { '<' } else { '>' };
    let (near, far) = (address(key, &key.near), address(key, &key.far));
    let bytes = counters.both().bytes;
    let mut text = format!("{near} {} {arrow} {far} {} {bytes}B", key.near_port, key.far_port);
    if key.vlan() != 0 {
        write!(text, " vlan {}", key.vlan()).unwrap();
    }
    if key.has(FlowKey::THIRD_PARTY) {
        text += " by";
    }
    text
}

/// 48 bytes of IPv4.
fn v4() -> Vec<u8> {
    let (source, destination) = ([10, 0, 0, 2].into(), [10, 0, 0, 1].into());
    V4 { source, destination, protocol: UDP, options: &[], fragment: 0 }
        .packet(&frame::udp(5000, 53, 20))
}

/// 68 bytes of IPv6.
fn v6() -> Vec<u8> {
    let (source, destination) = ("fd00::2".parse().unwrap(), "fd00::1".parse().unwrap());
    frame::ipv6(source, destination, &[], TCP, &frame::udp(5000, 53, 20))
}

fn behind(header: &[u8], packet: &[u8]) -> Vec<u8> {
    [header, packet].concat()
}

fn cooked(kind: u8, arphrd: u8, protocol: [u8; 2]) -> Vec<u8> {
    let [high, low] = protocol;
    vec![0, kind, 0, arphrd, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, high, low]
}

fn cooked2(kind: u8, protocol: [u8; 2]) -> Vec<u8> {
    let [high, low] = protocol;
    vec![high, low, 0, 0, 0, 0, 0, 7, 0, 1, kind, 6, 2, 0, 0, 0, 0, 9, 0, 0]
}

const RECEIVED4: &str = "10.0.0.1 53 < 10.0.0.2 5000 48B";
const SENT4: &str = "10.0.0.2 5000 > 10.0.0.1 53 48B";
const BY4: &str = "10.0.0.1 53 < 10.0.0.2 5000 48B by";
const BY6: &str = "fd00::1 53 < fd00::2 5000 68B by";
const NOT_IP: &str = "1 not IP, 0 malformed";
const MALFORMED: &str = "0 not IP, 1 malformed";

#[test]
fn link_layers() {
    let (v4, v6) = (v4(), v6());
    let eth = |packet: &[u8], ethertype| frame::ethernet(OURS, THEIRS, &[], ethertype, packet);
    let tagged = behind(&[0, 5, 8, 0], &v4);
    // (link type, frame, what is counted, what it takes of the cable)
    let cases = [
        (1, eth(&v4, 0x0800), BY4, 24 + 62),
        (1, eth(&v6, 0x86dd), BY6, 24 + 82),
        (1, eth(&[0; 28], 0x0806), NOT_IP, 24 + 60),
        (1, vec![2; 13], NOT_IP, 24 + 60),
        (1, vec![], NOT_IP, 24 + 60),
        (113, behind(&cooked(0, 1, [8, 0]), &v4), RECEIVED4, 24 + 62),
        (113, behind(&cooked(1, 1, [8, 0]), &v4), RECEIVED4, 24 + 62),
        (113, behind(&cooked(2, 1, [8, 0]), &v4), RECEIVED4, 24 + 62),
        (113, behind(&cooked(3, 1, [8, 0]), &v4), BY4, 24 + 62),
        (113, behind(&cooked(4, 1, [8, 0]), &v4), SENT4, 24 + 62),
        (113, behind(&cooked(7, 1, [8, 0]), &v4), BY4, 24 + 62),
        (113, behind(&cooked(4, 0, [8, 0]), &v4), SENT4, 48),
        (113, behind(&cooked(4, 1, [0x86, 0xdd]), &v6), "fd00::2 5000 > fd00::1 53 68B", 24 + 82),
        (
            113,
            behind(&cooked(0, 1, [0x81, 0]), &tagged),
            "10.0.0.1 53 < 10.0.0.2 5000 48B vlan 5",
            24 + 66,
        ),
        (113, behind(&cooked(0, 1, [8, 6]), &[0; 28]), NOT_IP, 24 + 60),
        (113, vec![0; 15], NOT_IP, 15),
        (276, behind(&cooked2(0, [8, 0]), &v4), RECEIVED4, 24 + 62),
        (276, behind(&cooked2(3, [8, 0]), &v4), BY4, 24 + 62),
        (276, behind(&cooked2(4, [8, 0]), &v4), SENT4, 24 + 62),
        (276, vec![8; 19], NOT_IP, 19),
        (101, v4.clone(), BY4, 48),
        (12, v6.clone(), BY6, 68),
        (14, v6.clone(), BY6, 68),
        (101, vec![0x50; 40], NOT_IP, 40),
        (228, v4.clone(), BY4, 48),
        (228, v6.clone(), MALFORMED, 68),
        (229, v6.clone(), BY6, 68),
        (229, v4.clone(), MALFORMED, 48),
        (0, behind(&[2, 0, 0, 0], &v4), BY4, 48),
        (0, behind(&[0, 0, 0, 2], &v4), BY4, 48),
        (0, behind(&[10, 0, 0, 0], &v6), BY6, 68),
        (0, behind(&[23, 0, 0, 0], &v6), BY6, 68),
        (0, behind(&[24, 0, 0, 0], &v6), BY6, 68),
        (0, behind(&[0, 0, 0, 28], &v6), BY6, 68),
        (0, behind(&[30, 0, 0, 0], &v6), BY6, 68),
        (0, behind(&[7, 0, 0, 0], &v6), NOT_IP, 72),
        (0, vec![2, 0, 0], NOT_IP, 3),
        (0, vec![2, 0, 0, 0], MALFORMED, 0),
        (108, behind(&[0, 0, 0, 2], &v4), BY4, 48),
        (108, behind(&[2, 0, 0, 0], &v4), NOT_IP, 52),
        (9, behind(&[0xff, 3, 0, 0x21], &v4), BY4, 48),
        (9, behind(&[0xff, 3, 0, 0x57], &v6), BY6, 68),
        (9, behind(&[0, 0x21], &v4), BY4, 48),
        (9, behind(&[0x21], &v4), BY4, 48),
        (9, behind(&[0xff, 3, 0x57], &v6), BY6, 68),
        (50, behind(&[0xff, 3, 0xc0, 0x21], &[1; 20]), NOT_IP, 24),
        (50, behind(&[0x0f, 0, 8, 0], &v4), BY4, 48),
        (9, vec![0xff, 3], NOT_IP, 2),
        (9, vec![0x0f, 0, 8], NOT_IP, 3),
        (9, vec![], NOT_IP, 0),
    ];
    for (number, bytes, expected, wire) in cases {
        let mut frames = counting(Local::default(), Bytes::Ip, 10);
        frames.count(&whole(LinkLayer::of(number).unwrap(), &bytes, None)).unwrap();
        let sample = sample(&mut frames);
        let totals = &sample.totals;
        assert_eq!(told(&sample), expected, "{number}: {bytes:02x?}");
        assert_eq!(totals.frames.both().bytes, bytes.len() as u64, "{number}: {bytes:02x?}");
        assert_eq!(totals.wire.ingress + totals.wire.egress, wire, "{number}: {bytes:02x?}");
    }
}

#[test]
fn link_types_that_cannot_be_read_are_named() {
    let words = "iftop reads Ethernet, Linux cooked, raw IP, null, loop and PPP";
    let cases = [
        (127, "link type 127 (IEEE 802.11 with radiotap header) cannot be read: "),
        (9999, "link type 9999 cannot be read: "),
    ];
    for (number, expected) in cases {
        let error = LinkLayer::of(number).unwrap_err().to_string();
        assert_eq!(error, expected.to_owned() + words);
    }
    let read: Vec<u32> = (0..300).filter(|&number| LinkLayer::of(number).is_ok()).collect();
    assert_eq!(read, [0, 1, 9, 12, 14, 50, 101, 108, 113, 228, 229, 276]);
}

#[test]
fn what_is_local_says_which_way_unless_the_capture_does() {
    type Case<'a> = (&'a [LocalPart], &'a [u8], Option<Way>, &'a str);
    let net4 = |a, mask: [u8; 4]| LocalPart::Net4(Net4 { address: a, mask: mask.into() });
    let ours = net4([10, 0, 0, 1].into(), [255; 4]);
    let theirs = net4([10, 0, 0, 2].into(), [255; 4]);
    let both = net4([10, 0, 0, 0].into(), [255, 0, 0, 0]);
    let elsewhere = net4([192, 0, 2, 0].into(), [255, 255, 255, 0]);
    let six = LocalPart::Net6(Net6 {
        address: "fd00::1".parse().unwrap(),
        mask: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap(),
    });
    let mac = LocalPart::Mac;
    let plain4 = frame::ethernet(OURS, THEIRS, &[], 0x0800, &v4());
    let plain6 = frame::ethernet(OURS, THEIRS, &[], 0x86dd, &v6());
    let to_group = frame::ethernet(GROUP, THEIRS, &[], 0x0800, &v4());
    // (what is local, frame, what the capture says → what is counted)
    let received6 = "fd00::1 53 < fd00::2 5000 68B";
    let cases: &[Case] = &[
        (&[], &plain4, None, BY4),
        (&[ours], &plain4, None, RECEIVED4),
        (&[theirs], &plain4, None, SENT4),
        (&[ours, theirs], &plain4, None, BY4),
        (&[both], &plain4, None, BY4),
        (&[elsewhere], &plain4, None, BY4),
        (&[elsewhere, theirs], &plain4, None, SENT4),
        (&[six], &plain4, None, BY4),
        (&[six], &plain6, None, received6),
        (&[ours, six], &plain6, None, received6),
        (&[mac(OURS)], &plain4, None, RECEIVED4),
        (&[mac(THEIRS)], &plain6, None, "fd00::2 5000 > fd00::1 53 68B"),
        (&[mac([9; 6])], &plain4, None, BY4),
        (&[mac(OURS)], &to_group, None, RECEIVED4),
        (&[mac(THEIRS)], &to_group, None, SENT4),
        (&[ours], &plain4, Some(Way::Out), SENT4),
        (&[theirs], &plain4, Some(Way::In), RECEIVED4),
        (&[theirs], &plain4, Some(Way::By), BY4),
    ];
    for (local, bytes, way, expected) in cases {
        let mut frames = counting(local.iter().copied().collect(), Bytes::Ip, 10);
        frames.count(&whole(LinkLayer::Ethernet, bytes, *way)).unwrap();
        assert_eq!(told(&sample(&mut frames)), *expected, "{local:?} {way:?}");
    }
    // Without an Ethernet header there is no hardware.
    let mut frames = counting([mac(OURS)].into_iter().collect(), Bytes::Ip, 10);
    frames.count(&whole(LinkLayer::RawIp, &v4(), None)).unwrap();
    assert_eq!(told(&sample(&mut frames)), BY4);
}

#[test]
fn what_was_cut_off_counts_in_full() {
    let bytes = frame::ethernet(OURS, THEIRS, &[], 0x0800, &v4());
    // (captured, original → what is counted, frame bytes)
    let cases = [
        (62, 62, RECEIVED4, 62),
        (38, 62, RECEIVED4, 62),
        (37, 62, "10.0.0.1 0 < 10.0.0.2 0 48B", 62),
        (34, 62, "10.0.0.1 0 < 10.0.0.2 0 48B", 62),
        (33, 62, MALFORMED, 62),
        (13, 62, NOT_IP, 62),
        (0, 62, NOT_IP, 62),
        // Padding is no payload; a length that the frame had not is not believed.
        (62, 1500, RECEIVED4, 1500),
        (40, 50, "10.0.0.1 53 < 10.0.0.2 5000 36B", 50),
        // Less than was captured: a mistake of whoever wrote it.
        (62, 0, RECEIVED4, 62),
    ];
    for (captured, original_bytes, expected, frame_bytes) in cases {
        let mut frames = counting(Local::default(), Bytes::Ip, 10);
        let way = Some(Way::In);
        let bytes = &bytes[..captured];
        frames.count(&Frame { link: LinkLayer::Ethernet, bytes, original_bytes, way }).unwrap();
        let sample = sample(&mut frames);
        assert_eq!(told(&sample), expected, "{captured} {original_bytes}");
        assert_eq!(sample.totals.frames.both().bytes, frame_bytes, "{captured} {original_bytes}");
    }
}

#[test]
fn bytes_of_the_wire() {
    let bytes = frame::ethernet(OURS, THEIRS, &[], 0x0800, &v4());
    let mut frames = counting(Local::default(), Bytes::Wire, 10);
    frames.count(&whole(LinkLayer::Ethernet, &bytes, Some(Way::In))).unwrap();
    assert_eq!(told(&sample(&mut frames)), "10.0.0.1 53 < 10.0.0.2 5000 86B");
}

#[test]
fn flows_without_room_lose_their_far_side_first() {
    const FLOWS: u16 = 100;
    let mut frames = counting(Local::default(), Bytes::Ip, 16);
    let packet = |near: u8, port: u16| {
        let (source, destination) = ([192, 0, 2, 9].into(), [10, 0, 0, near].into());
        V4 { source, destination, protocol: UDP, options: &[], fragment: 0 }
            .packet(&frame::udp(port, 53, 20))
    };
    // Twice: a table begins anew with each sample.
    for _ in 0..2 {
        for port in 0..FLOWS {
            frames.count(&whole(LinkLayer::RawIp, &packet(1, port), Some(Way::In))).unwrap();
        }
        for near in 2..20 {
            frames.count(&whole(LinkLayer::RawIp, &packet(near, 0), Some(Way::In))).unwrap();
        }
        let sample = sample(&mut frames);
        assert_eq!(sample.flows.len(), 64 + 4);
        let [.., first, _, _, _] = &sample.flows[..] else { panic!("{sample:?}") };
        let far_unknown = first.0.has(FlowKey::FAR_UNKNOWN);
        assert_eq!((far_unknown, first.0.near_port, first.1.ingress.packets), (true, 53, 36));
        assert_eq!((first.0.far, first.0.far_port), ([0; 16], 0));
        assert_eq!(sample.totals.other.ingress.packets, 18 - 3);
        let TableUse { lines, used, fullest_shard_percent, spill_lines, spill_used } = sample.table;
        assert_eq!((lines, used, fullest_shard_percent), (64, 64, 100));
        assert_eq!((spill_lines, spill_used), (4, 4));
    }
}

/// What the kernel program says of a frame. Of received ones the kernel has taken the outermost tag out.
fn at_hook(frame: &[u8], hook: Hook) -> Result<Parsed, Refused> {
    let taken_out = frame.len() >= 18 && matches!(frame[12..14], [0x81, 0] | [0x88, 0xa8]);
    if hook.direction == Direction::Egress || !taken_out {
        return parse(frame, &hook);
    }
    let stripped_vlan = Vlan::new(u16::from_be_bytes([frame[14], frame[15]]));
    parse(&[&frame[..12], &frame[16..]].concat()[..], &Hook { stripped_vlan, ..hook })
}

/// What the capture says of the way counts as a hook does in the kernel.
#[test]
fn flows_are_those_of_the_hooks() {
    let mut random = fastrand::Rng::with_seed(11);
    let samples = frame::samples(OURS, THEIRS);
    for _ in 0..50_000 {
        let bytes = frame::broken(&samples, &mut random);
        for (way, direction) in [(Way::In, Direction::Ingress), (Way::Out, Direction::Egress)] {
            // Each frame is for us.
            let mut mac = [0; 6];
            mac.copy_from_slice(&bytes[..6]);
            let hook = Hook { direction, mac: Mac::new(mac), ..AS_SENT };
            let mut frames = counting(Local::default(), Bytes::Ip, 10);
            frames.count(&whole(LinkLayer::Ethernet, &bytes, Some(way))).unwrap();
            let sample = sample(&mut frames);
            match at_hook(&bytes, hook) {
                Ok(parsed) => {
                    let [(key, counters)] = &sample.flows[..] else { panic!("{sample:?}") };
                    assert_eq!(*key, parsed.key(), "{bytes:02x?}");
                    assert_eq!(counters.both().bytes, parsed.ip_bytes, "{bytes:02x?}");
                }
                Err(Refused::NotIp) => assert_eq!(told(&sample), NOT_IP),
                Err(Refused::Malformed) => assert_eq!(told(&sample), MALFORMED),
            }
        }
    }
}

#[test]
fn garbage_does_no_harm() {
    let mut random = fastrand::Rng::with_seed(12);
    let links: Vec<_> = (0..300).filter_map(|number| LinkLayer::of(number).ok()).collect();
    let local = [LocalPart::Mac(OURS)].into_iter().collect();
    let mut frames = counting(local, Bytes::Wire, 1000);
    for _ in 0..100_000 {
        let mut bytes: Vec<u8> = (0..random.usize(..80)).map(|_| random.u8(..)).collect();
        // Mostly something that is nearly right.
        if let Some(first) = bytes.first_mut() {
            *first = *random.choice([0, 2, 8, 0x45, 0x60, 0xff, *first]).as_ref().unwrap();
        }
        let link = links[random.usize(..links.len())];
        frames
            .count(&Frame { link, bytes: &bytes, original_bytes: random.u32(..).into(), way: None })
            .unwrap();
    }
    sample(&mut frames);
}
