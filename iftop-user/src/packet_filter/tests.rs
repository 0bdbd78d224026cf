//! That a program means what libpcap says it does.

use std::cell::{Cell, RefCell};

use pcap::{Capture, Linktype};

use super::*;

pub(crate) mod expressions;
pub(crate) mod frames;
pub(crate) mod random;

use expressions::EXPRESSIONS;

/// Ours and libpcap's interpreter, for frames without tags to be skipped.
#[test]
fn our_interpreter_agrees_with_libpcaps() {
    let mut random = fastrand::Rng::with_seed(1);
    let frames = frames::frames(&mut random, 3000);
    for (link_type, libpcaps) in
        [(LinkType::Ethernet, Linktype::ETHERNET), (LinkType::RawIp, Linktype(12))]
    {
        let capture = Capture::dead(libpcaps).unwrap();
        let mut accepted = 0;
        for expression in expressions::of(link_type) {
            let filter = PacketFilter::compile(expression, link_type).unwrap();
            let expected = capture.compile(expression, true).unwrap();
            for frame in &frames {
                let length = u32::try_from(frame.len()).unwrap();
                let load = |at: u64, bytes: u8| {
                    let start = usize::try_from(at).ok()?;
                    let part = frame.get(start..start.checked_add(bytes.into())?)?;
                    Some(part.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
                };
                let found = filter.program().accepts(length, load);
                assert_eq!(found, expected.filter(frame), "{expression}: {frame:02x?}");
                accepted += usize::from(found);
            }
        }
        assert!(accepted > 1000, "the frames must show something: {accepted}");
    }
    assert!(EXPRESSIONS.len() > 80);
}

#[test]
fn only_what_asks_for_vlans_sees_tags() {
    let cases = [
        ("", Tags::Skipped),
        ("port 80", Tags::Skipped),
        // 0x8100 as a port.
        ("port 33024", Tags::Skipped),
        ("ether host 02:00:00:00:81:00", Tags::Skipped),
        ("arp or ip6 or mpls", Tags::Skipped),
        ("vlan", Tags::Seen),
        ("not vlan", Tags::Seen),
        ("vlan 5 and port 80", Tags::Seen),
        ("port 80 or (vlan and port 80)", Tags::Seen),
        ("vlan and vlan 7", Tags::Seen),
        ("ether proto 0x8100", Tags::Seen),
        ("ether[12:2] = 0x88a8", Tags::Seen),
        ("0x8100 = ether[12:2]", Tags::Seen),
        ("ether[12:4] = 0x81000005", Tags::Seen),
        ("ether[12] = 0x81", Tags::Seen),
        ("ether[20] = 1", Tags::Seen),
        ("ip and ( link\t[ 6+6 : 2 ] = 1 )", Tags::Seen),
        ("ip[0]=ether[14]", Tags::Seen),
        ("geneve", Tags::Skipped),
        ("geneve 7 and ip and port 80", Tags::Skipped),
        ("ether host 02:00:00:00:00:01 and ip[0] = 0x45", Tags::Skipped),
        ("ether[12:2] & 0xffff = 0x8100", Tags::Seen),
        ("ip[2:2] = 33024 or ip6[2:2] = 33024 or arp[2:2] = 33024", Tags::Skipped),
        ("tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420", Tags::Skipped),
        ("ip[ip[0]:1] = 0", Tags::Skipped),
    ];
    for (expression, expected) in cases {
        let filter = PacketFilter::compile(expression, LinkType::Ethernet).unwrap();
        assert_eq!(filter.tags(), Some(expected), "{expression}");
    }
    assert_eq!(PacketFilter::compile("port 80", LinkType::RawIp).unwrap().tags(), None);
}

#[test]
fn a_tag_is_skipped_or_seen() {
    // Protocol UDP, port 80, with tags before.
    let frame = |tags: &[u16]| {
        let mut frame = vec![2; 12];
        for tag in tags {
            frame.extend([0x81, 0]);
            frame.extend(tag.to_be_bytes());
        }
        frame.extend([0x08, 0x00, 0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1]);
        frame.extend([10, 0, 0, 2, 0, 80, 0, 81, 0, 9, 0, 0, 1]);
        frame
    };
    // (expression, accepted without a tag, with one, with two)
    let cases = [
        ("udp port 80", [true, true, false]),
        ("port 82", [false, false, false]),
        ("vlan", [false, true, true]),
        ("vlan 5", [false, true, true]),
        ("vlan 6", [false, false, false]),
        ("vlan 5 and port 80", [false, true, false]),
        ("vlan and vlan 6 and port 80", [false, false, true]),
        ("port 80 and not vlan", [true, false, false]),
        ("port 80 or (vlan and port 80)", [true, true, false]),
        ("len <= 43", [true, true, false]),
        ("vlan and len <= 43", [false, false, false]),
    ];
    for (expression, expected) in cases {
        let filter = PacketFilter::compile(expression, LinkType::Ethernet).unwrap();
        let found = [&[][..], &[5], &[5, 6]].map(|tags| {
            let frame = frame(tags);
            filter.accepts(&frame, u32::try_from(frame.len()).unwrap())
        });
        assert_eq!(found, expected, "{expression}");
    }
}

#[test]
fn how_far_a_filter_may_read_is_known() {
    const ANYWHERE: u64 = 0xffff_ffff;
    let cases = [
        ("ip", 14 + 4),
        ("port 80", 14 + 60 + 4 + 4),
        ("vlan and udp port 80", 18 + 60 + 4),
        ("udp[100] = 1", 14 + 60 + 101 + 4),
        ("ether[9000] = 1", 9001),
        ("tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420", 14 + 60 + 60 + 4 + 4),
        ("ip[ip[0]:1] = 0", 14 + 255 + 1 + 4),
        ("ip[ip[0] * 4 + 1:2] = 0", 14 + 255 * 4 + 1 + 2 + 4),
        ("ip[ip[0] / 5] = 0", 14 + 51 + 1 + 4),
        ("ip[ip[0] % 5] = 0", 14 + 4 + 1 + 4),
        ("ip[ip[0] % ip[1]] = 0", 14 + 255 + 1 + 4),
        ("ip[ip[0] & 0x1f | 0x40] = 0", 14 + 0x7f + 1 + 4),
        ("ip[ip[0] << 3] = 0", 14 + (255 << 3) + 1 + 4),
        ("ip[ip[2:2]] = 0", 14 + 65535 + 1 + 4),
        ("ip[ip[2:2] - 4] = 0", 14 + ANYWHERE + 1 + 4),
        ("ip[ip[0] << ip[1]] = 0", 14 + ANYWHERE + 1 + 4),
        ("ip[len] = 0", 14 + ANYWHERE + 1 + 4),
    ];
    for (expression, expected) in cases {
        let filter = PacketFilter::compile(expression, LinkType::Ethernet).unwrap();
        assert_eq!(filter.reach(), expected, "{expression}");
    }
}

/// Whatever the program, and whatever stands in a frame that never ends.
#[test]
fn no_program_reads_farther_than_it_may() {
    let mut random = fastrand::Rng::with_seed(1);
    let (mut nearer_than_anywhere, mut exactly) = (0, 0);
    for _ in 0..20_000 {
        let filter = PacketFilter::random(&mut random, Tags::Seen);
        let farthest = Cell::new(0);
        for _ in 0..20 {
            let length = random.u32(..);
            let contents = RefCell::new(random.fork());
            filter.program().accepts(length, |at, bytes| {
                farthest.set(farthest.get().max(at + u64::from(bytes)));
                let mut contents = contents.borrow_mut();
                let number = if contents.bool() { u32::MAX } else { contents.u32(..) };
                Some(number >> (32 - 8 * bytes))
            });
        }
        assert!(farthest.get() <= filter.reach(), "{farthest:?} {filter:?}");
        if filter.reach() < u32::MAX.into() {
            nearer_than_anywhere += 1;
            exactly += usize::from(farthest.get() == filter.reach());
        }
    }
    assert!(exactly > 1000 && nearer_than_anywhere > exactly, "{exactly} {nearer_than_anywhere}");
}

#[test]
fn a_mistake_is_told_in_libpcaps_words() {
    let message = |expression| {
        let error = PacketFilter::compile(expression, LinkType::Ethernet).unwrap_err();
        format!("{error:#}")
    };
    assert_eq!(message("port foo bar"), "the filter \"port foo bar\": unknown port 'foo'");
    assert!(message("tcp and and").contains("syntax error"), "{}", message("tcp and and"));
    assert!(message("ip and arp").contains("expression rejects all packets"));
    assert!(message("ip protochain 6").ends_with("a loop (protochain), which iftop does not run"));
    // What only a socket knows.
    assert!(message("inbound").contains("inbound"), "{}", message("inbound"));
}
