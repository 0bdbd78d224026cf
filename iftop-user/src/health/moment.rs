//! What has been counted since start, by us and by the interface, at the end of a sample.
//!
//! It owns which of it is compared with which, in each direction. It must never judge what is missing.

use std::time::Duration;

use iftop_common::Totals;

use super::{About, Losses, coverage::Sums, share};
use crate::source::surroundings::Surroundings;

/// Fewer malformed frames than this are nothing to talk about.
const LEAST_MALFORMED: u64 = 10;

/// Sums since start at the end of a sample.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moment {
    pub(super) at: Duration,
    pub(super) cpu: Duration,
    /// Both directions.
    pub(super) sums: Sums,
    /// Received, sent.
    pub(super) sides: [Sums; 2],
    /// In packets.
    frames: u64,
    /// Likewise.
    malformed: u64,
    pub(super) losses: Losses,
}

impl Moment {
    /// Counting has just begun, and this was read beside.
    pub(super) fn at_start(about: &About, read: &Surroundings) -> Self {
        let mut start = Self { cpu: read.usage.cpu, ..Self::default() };
        start.read(about, read);
        start
    }

    pub(super) fn since(&self, earlier: &Self) -> Duration {
        self.at.saturating_sub(earlier.at)
    }

    /// Takes in what passed our hooks.
    pub(super) fn count(&mut self, about: &About, totals: &Totals) {
        let Totals { frames, seen, wire, filtered, not_ip, malformed, .. } = totals;
        self.frames += frames.both().packets;
        self.malformed += malformed.packets;
        // Of what is no IP or was turned away it is not known which way it went: at most it all did.
        let sides = [
            (frames.ingress, seen.ingress, filtered.ingress, wire.ingress),
            (frames.egress, seen.egress, filtered.egress, wire.egress),
        ];
        for (sums, (frames, seen, filtered, wire)) in self.sides.iter_mut().zip(sides) {
            let wire = wire + totals.filtered_wire_bytes;
            sums.pass(about, frames.bytes, wire, seen.packets + filtered.packets);
        }
        let packets =
            seen.both().packets + not_ip.packets + malformed.packets + filtered.both().packets;
        let wire = wire.ingress + wire.egress + totals.filtered_wire_bytes;
        self.sums.pass(about, frames.both().bytes, wire, packets);
    }

    /// Takes in what the interface counted: received, sent.
    pub(super) fn carried(&mut self, bytes: [u64; 2]) {
        for (sums, bytes) in self.sides.iter_mut().zip(bytes) {
            sums.interface += bytes;
        }
        self.sums.interface += bytes[0] + bytes[1];
    }

    /// Takes in what may be on its way at the end of a sample.
    pub(super) fn read(&mut self, about: &About, read: &Surroundings) {
        // What the interface counted around that end.
        let around = read.before.zip(read.after);
        let uncertain = around.map_or([0; 2], |(before, after)| about.bytes(&before, &after));
        let waiting = [0, read.queue.map_or(0, |queue| queue.backlog.into())];
        for side in 0..2 {
            self.sides[side].uncertain = uncertain[side];
            self.sides[side].waiting = waiting[side];
        }
        self.sums.uncertain = uncertain[0] + uncertain[1];
        self.sums.waiting = waiting[1];
    }

    /// What there is to say of frames that are not what they claim to be, since an earlier moment.
    pub(super) fn malformed_percent_since(&self, earlier: &Self) -> Option<u64> {
        let malformed = self.malformed - earlier.malformed;
        let percent = share(malformed, self.frames - earlier.frames) / 1000;
        (malformed >= LEAST_MALFORMED && percent > 0).then_some(percent)
    }
}
