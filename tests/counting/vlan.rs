//! Tagged frames: which VLAN they are of, and what they count.
//!
//! Rows do not show the VLAN, so the source is asked.

use iftop_common::{Bytes, Counters};
use iftop_user::{
    interface,
    source::{
        Sample, Source as _,
        ebpf::{EbpfSource, Options},
        hook::{HookChoice, XdpBy},
    },
};

use super::{THEM, US, v4};
use crate::support::{
    frame::{self, UDP},
    net::{Cable, VA_MAC, VB_MAC},
};

/// Tags as they are in the frame, and the VLAN they name.
const TAGS: [(&[(u16, u16)], u16); 4] = [
    (&[], 0),
    (&[(0x8100, 5)], 5),
    (&[(0x8100, 0x6005)], 5),
    (&[(0x88a8, 100), (0x8100, 200)], 100),
];

/// Tags in the frame and tags in the kernel's metadata (where a received frame's outer tag is) give
/// the same VLAN id, that of the outermost, and the same bytes.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_outermost_tag_names_the_vlan_and_all_are_on_the_wire() {
    const IP_BYTES: u64 = 20 + 8 + 20;
    for (hook, bytes) in [
        (HookChoice::Auto, Bytes::Ip),
        (HookChoice::Auto, Bytes::Wire),
        (HookChoice::Xdp(XdpBy::Kernel), Bytes::Wire),
    ] {
        let counted = |tags: &[_]| match bytes {
            Bytes::Ip => IP_BYTES,
            // Header, checksum, preamble, start delimiter and gap (IEEE 802.3).
            Bytes::Wire => 14 + 4 * tags.len() as u64 + IP_BYTES + 4 + 8 + 12,
        };
        let expected = |first: u16| {
            (first..).zip(TAGS.map(|(tags, id)| (id, counted(tags)))).collect::<Vec<_>>()
        };
        let seen: Vec<_> = flows(hook, bytes)
            .iter()
            .map(|(port, vlan, counters)| (*port, (*vlan, counters.both().bytes)))
            .collect();
        assert_eq!(seen, [expected(1), expected(11)].concat(), "{hook:?} {bytes:?}");
    }
}

/// Far port, VLAN and counters of one packet each way with each of the tags.
fn flows(hook: HookChoice, bytes: Bytes) -> Vec<(u16, u16, Counters)> {
    let cable = Cable::new();
    cable.a.run(|| {
        let interface = interface::find("va").unwrap();
        let interface = &interface;
        let options = Options {
            interface,
            hook,
            table: None,
            max_flows: 100,
            bytes,
            promiscuous: false,
            filter: None,
            log_refused: false,
            sandbox: None,
            wait: false,
        };
        let mut source = EbpfSource::open(&options).unwrap();
        let (into, out) = (cable.sender_at_vb(), cable.sender_at_va());
        for (port, (tags, _)) in (1..).zip(TAGS) {
            let packet = v4(THEM, US, UDP).packet(&frame::udp(port, 53, 20));
            into.send(&frame::ethernet(VA_MAC, VB_MAC, tags, 0x0800, &packet));
            let packet = v4(US, THEM, UDP).packet(&frame::udp(53, port + 10, 20));
            out.send(&frame::ethernet(VB_MAC, VA_MAC, tags, 0x0800, &packet));
        }
        let (mut flows, mut sample) = (Vec::new(), Sample::default());
        // What was received may still be on its way.
        for _ in 0..100 {
            source.sample(&mut sample).unwrap();
            flows.extend(sample.flows.iter().map(|(key, sum)| (key.far_port, key.vlan(), *sum)));
            if flows.len() >= 2 * TAGS.len() {
                break;
            }
        }
        flows.sort_unstable_by_key(|flow| flow.0);
        flows
    })
}
