//! How much of what the interface carried passed our hooks.
//!
//! Both sides count the same frames at different places and are read at different moments, so that
//! none of this is exact to the byte: it is the best guess.

use std::time::Duration;

use super::About;

/// Preamble, start delimiter and gap (IEEE 802.3), in bytes: nobody counts them. The checksum, which
/// is on the wire too, some drivers do.
const NEVER_COUNTED: u64 = 20;

/// Some time of the interface and of us, in bytes of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// What passed our hooks.
    pub ours: u64,
    /// What the interface says.
    pub interface: u64,
    /// How long that was.
    pub over: Duration,
}

impl Covered {
    /// In thousandths of a percent, rounded down; 100 000 only where nothing is missing.
    pub fn thousandths(&self) -> u64 {
        share(self.ours, self.interface)
    }
}

/// A part of a whole in thousandths of a percent, rounded down; nothing at all is all of it.
pub fn share(part: u64, whole: u64) -> u64 {
    if part >= whole {
        return 100_000;
    }
    u64::try_from(u128::from(part) * 100_000 / u128::from(whole)).unwrap_or(100_000)
}

/// Sums since start, in bytes of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// What passed our hooks, an aggregate counted as one frame.
    pub(super) least: u64,
    /// The same on the interface's basis, if that counts as much for each packet as any does.
    pub(super) most: u64,
    /// What the interface counted up to just before the end of the last sample.
    pub(super) interface: u64,
    /// What it counted from then on until after that end.
    pub(super) uncertain: u64,
    /// What waited to be sent, about then.
    pub(super) waiting: u64,
}

impl Sums {
    /// Takes in what passed our hooks: frames with so many bytes, which are so many on the wire, in so many
    /// packets.
    pub(super) fn pass(&mut self, about: &About, frames: u64, wire: u64, packets: u64) {
        self.least += frames;
        self.most +=
            if about.hardware { wire.saturating_sub(packets * NEVER_COUNTED) } else { frames };
    }

    /// By how much the interface is ahead of us.
    pub(super) fn ahead(&self) -> i64 {
        self.interface.cast_signed() - self.ours().cast_signed()
    }

    /// What passed us, as the interface may have counted it.
    pub(super) fn ours(&self) -> u64 {
        self.most.max(self.least)
    }
}

/// From one moment to another.
pub(super) fn between(from: &Sums, to: &Sums, over: Duration) -> Covered {
    let interface = to.interface - from.interface;
    let (least, most) = (to.least - from.least, to.most - from.most);
    Covered { ours: interface.clamp(least, most.max(least)), interface, over }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_rounded_down_and_100_only_when_all_is_there() {
        // (part, whole) → thousandths of a percent
        let cases = [
            ((0, 0), 100_000),
            ((0, 1), 0),
            ((99_999, 100_000), 99_999),
            ((999_999_999, 1_000_000_000), 99_999),
            ((1, 3), 33_333),
            ((5, 5), 100_000),
            ((6, 5), 100_000),
            ((u64::MAX - 1, u64::MAX), 99_999),
        ];
        for ((part, whole), expected) in cases {
            assert_eq!(share(part, whole), expected, "{part} of {whole}");
        }
    }

    const MB: u64 = 1_000_000;

    /// From all zero to these, but for what is known of the beginning.
    fn case(least: u64, most: u64, interface: u64, uncertain: u64, waiting: u64) -> [Sums; 2] {
        let from = Sums { uncertain, waiting, ..Sums::default() };
        [from, Sums { least, most, interface, ..Sums::default() }]
    }

    #[test]
    fn ours_is_what_the_interface_says_where_both_ways_of_counting_allow_it() {
        // (least, most, interface) → ours
        let cases = [
            ((100, 100, 100), 100),
            ((100, 100, 110), 100),
            ((100, 100, 90), 100),
            ((100, 108, 106), 106),
            ((100, 108, 120), 108),
            ((100, 108, 50), 100),
            ((100, 90, 120), 100),
        ];
        for ((least, most, interface), expected) in cases {
            let [from, to] = case(least * MB, most * MB, interface * MB, 0, 0);
            assert_eq!(between(&from, &to, Duration::ZERO).ours, expected * MB);
        }
    }
}
