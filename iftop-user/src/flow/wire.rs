//! How much of a link its packets take, from what the hooks know of them.
//!
//! A close estimate: what stands between frames is known, what an aggregate's further headers will
//! be is taken to be the usual.

use iftop_common::{Count, Totals};

/// Preamble, start delimiter, frame check sequence and gap (IEEE 802.3), in bytes.
const BETWEEN_FRAMES: u64 = 24;
/// Headers of each further segment that a device makes: Ethernet, IPv4, TCP with timestamps.
const SEGMENT_HEADERS: u64 = 14 + 20 + 32;

/// Bytes on the wire: sent, received.
pub(crate) fn bytes(totals: &Totals) -> [u64; 2] {
    let bytes = |frames: Count, seen: Count| {
        // Frames count an aggregate once where the device cuts it up, IP packets as its segments. One
        // that the kernel cuts up is in both as its segments, with their headers.
        let segments = seen.packets.saturating_sub(frames.packets);
        frames.bytes + (frames.packets + segments) * BETWEEN_FRAMES + segments * SEGMENT_HEADERS
    };
    [
        bytes(totals.frames.egress, totals.seen.egress),
        bytes(totals.frames.ingress, totals.seen.ingress),
    ]
}

#[cfg(test)]
mod tests {
    use iftop_common::Counters;

    use super::*;

    #[test]
    fn headers_and_gaps_are_added() {
        let count = |bytes, packets| Count { bytes, packets };
        // Two frames sent, which may be segments; one aggregate of 44 segments received.
        let frames = Counters { egress: count(3028, 2), ingress: count(64_000, 1) };
        let seen = Counters { egress: count(3000, 2), ingress: count(63_986, 44) };
        let totals = Totals { frames, seen, ..Totals::default() };
        assert_eq!(bytes(&totals), [3028 + 48, 64_000 + 44 * 24 + 43 * 66]);
    }
}
