//! Has Linux tell apart what is received and what is sent.
//!
//! Source: packet(7), `linux/filter.h`; `linux_check_direction` in libpcap's `pcap-linux.c`.

use anyhow::{Context as _, Result};
use pcap::{Active, Capture, Direction};
use socket2::{SockFilter, SockRef};

use super::{part::Part, ring::told};

/// Has a capture hold only the packets of that part, and so much of each.
pub(super) fn restrict(capture: &mut Capture<Active>, part: Part, captured: u16) -> Result<()> {
    if let Some(direction) = direction(part) {
        capture.direction(direction).map_err(told).context("ask for one direction")?;
    }
    if let Some(filter) = filter(part, captured) {
        SockRef::from(&*capture)
            .attach_filter(&filter)
            .context("have the kernel tell directions apart")?;
    }
    Ok(())
}

/// What libpcap is to hand over. It looks at each packet, so that none comes in both rings.
fn direction(part: Part) -> Option<Direction> {
    match part {
        Part::Received => Some(Direction::In),
        Part::Sent => Some(Direction::Out),
        _ => None,
    }
}

/// What the kernel is to put into the ring: of others there is to be no copy, and none counts as
/// dropped. It is not set by libpcap, which would judge packets by it a second time, without what
/// the kernel knows of them.
fn filter(part: Part, captured: u16) -> Option<[SockFilter; 4]> {
    // `SKF_AD_OFF + SKF_AD_PKTTYPE`, `PACKET_OUTGOING`.
    const TYPE_OF_PACKET: u32 = 0xffff_f000 + 4;
    const OUTGOING: u32 = 4;
    const LOAD_TWO_BYTES: u16 = 0x28;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let (sent, received) = match part {
        Part::Sent => (captured, 0),
        Part::Received | Part::Loopback => (0, captured),
        Part::All => return None,
        #[cfg(test)]
        Part::Both => return None,
    };
    Some([
        SockFilter::new(LOAD_TWO_BYTES, 0, 0, TYPE_OF_PACKET),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, OUTGOING),
        SockFilter::new(RETURN, 0, 0, sent.into()),
        SockFilter::new(RETURN, 0, 0, received.into()),
    ])
}
