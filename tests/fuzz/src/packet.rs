//! The packet parser, at each hook, and captured frames of each link type.

use iftop_common::{
    Bytes, FlowKey,
    aggregate::Gso,
    parse::{Direction, Hook, Link, LinkType, Mac, Packet, Vlan, parse},
};
use iftop_user::{
    flow::FlowTable,
    orient::Rules,
    source::{
        Sample,
        frames::{Frame, Frames, LinkLayer, Local, LocalPart, Options, Way},
    },
};

use super::input::Input;

const OUR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// All that can be read, by their numbers in files.
const LINKS: [u32; 9] = [1, 113, 276, 101, 228, 229, 0, 108, 9];

/// A frame of which nothing is at hand, as in the kernel where it is in pieces.
struct Distant<'a>(&'a [u8]);

impl Packet for Distant<'_> {
    fn frame_bytes(&self) -> u64 {
        self.0.frame_bytes()
    }

    fn read<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        self.0.read(offset, bytes)
    }

    fn peek<const N: usize>(&self, _: u64, _: &mut [u8; N]) -> bool {
        false
    }

    fn gso(&self) -> Gso {
        self.0.gso()
    }
}

/// See [`CHECKS`](super::CHECKS).
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let hook = Hook {
        direction: input.choice(&[Direction::Ingress, Direction::Egress]),
        link_type: input.choice(&[LinkType::Ethernet, LinkType::RawIp]),
        mac: Mac::new(OUR_MAC),
        interface: input.byte(),
        stripped_vlan: match input.number() {
            0 => Vlan::NONE,
            control => Vlan::new(control),
        },
    };
    let link = input.choice(&LINKS);
    let way = input.choice(&[None, Some(Way::In), Some(Way::Out), Some(Way::By)]);
    let missing = input.number();
    at_hook(input.0, &hook);
    captured(input.0, link, way, missing.into());
}

fn at_hook(frame: &[u8], hook: &Hook) {
    let found = parse(frame, hook);
    assert_eq!(parse(&Distant(frame), hook), found, "wherever its bytes are");
    if let Ok(link) = Link::read(frame, hook)
        && let Some(usual) = link.usual(frame, hook)
    {
        assert_eq!(link.any(frame, hook), Ok(usual), "both ways say the same");
    }
    let Ok(parsed) = found else { return };
    let frame_bytes = frame.len() as u64;
    let key = parsed.key();
    assert!(parsed.ip_offset < frame_bytes);
    assert!(parsed.ip_bytes >= 20 && parsed.ip_offset + parsed.ip_bytes <= frame_bytes);
    assert_eq!(key.words(), parsed.words);
    assert_eq!(key.interface, hook.interface);
    assert_eq!(key.has(FlowKey::IPV6), parsed.is_ipv6);
    assert!(!key.has(FlowKey::FAR_UNKNOWN));
    if let Some(offset) = parsed.transport_offset {
        // It may lie beyond the end, where a length in a header says so: nothing is read there.
        assert!(offset.get() > parsed.ip_offset);
    }
    if key.has(FlowKey::LATER_FRAGMENT) {
        assert_eq!((key.near_port, key.far_port), (0, 0), "they are in the first fragment");
    }
}

/// Nothing of a frame is lost or counted twice.
fn captured(bytes: &[u8], link: u32, way: Option<Way>, missing: u64) {
    let link = LinkLayer::of(link).expect("it is one that can be read");
    let local: Local = [LocalPart::Mac(OUR_MAC)].into_iter().collect();
    let frame_bytes = bytes.len() as u64 + missing;
    for counted in [Bytes::Ip, Bytes::Wire] {
        let options = Options { local: local.clone(), bytes: counted, max_flows: 16 };
        let mut frames = Frames::new(options);
        let frame = Frame { link, bytes, original_bytes: frame_bytes, way };
        frames.count(&frame).expect("there is no filter");
        let mut sample = Sample::default();
        frames.take(&mut sample);
        let mut table = FlowTable::new(Rules::default(), 16);
        table.apply(&sample);
        let account = table.account();
        assert_eq!(account.unaccounted_bytes(), 0);
        assert_eq!((account.frames.packets, account.frames.bytes), (1, frame_bytes));
    }
}
