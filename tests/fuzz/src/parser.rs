//! The packet parser at a hook. It needs no more than `iftop-common`, so that what of it is reached can be
//! measured without building the rest.

use iftop_common::{
    FlowKey,
    aggregate::Gso,
    parse::{Direction, Hook, Link, LinkType, Mac, Packet, Vlan, parse},
};

use super::input::Input;

/// The interface's.
pub const OUR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// Between what a hook knows and the frame stands what a file says, first which it is: see `packet`.
const FILE_BYTES: usize = 2;

/// A frame of which nothing is at hand, as in the kernel where it is in pieces.
pub struct Distant<'a>(pub &'a [u8]);

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

/// A frame of which the last bytes cannot be read, although they were there.
struct Cut<'a> {
    bytes: &'a [u8],
    missing: u64,
}

impl Packet for Cut<'_> {
    fn frame_bytes(&self) -> u64 {
        self.bytes.frame_bytes() + self.missing
    }

    fn read<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        self.bytes.read(offset, bytes)
    }
}

/// A part of what `packet` checks.
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
    input.bytes(FILE_BYTES);
    let missing = input.number().into();
    at_hook(input.0, &hook);
    cut(&Cut { bytes: input.0, missing }, &hook);
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

/// Only what is there is believed, and never more than the frame had is counted.
fn cut(frame: &Cut<'_>, hook: &Hook) {
    let Ok(parsed) = parse(frame, hook) else { return };
    let mut header = [0; 20];
    assert!(frame.read(parsed.ip_offset, &mut header), "the header was read");
    assert!(parsed.ip_offset + parsed.ip_bytes <= frame.frame_bytes());
    let ports = parsed.key().near_port | parsed.key().far_port;
    if let Some(offset) = parsed.transport_offset
        && ports != 0
    {
        assert!(frame.read(offset.get(), &mut [0; 4]), "the ports were read");
    }
}
