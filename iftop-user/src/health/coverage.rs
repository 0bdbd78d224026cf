//! How much of what the interface carried passed our hooks.
//!
//! Both sides count the same frames at different places and are read at different moments, so that
//! none of this is exact to the byte. What is shown is the best guess; an alarm is raised only where
//! every doubt has been held against it:
//!
//! * Between the interface's reading and the end of a sample traffic goes on. It counts for us: of
//!   what the interface carried in a window, what may have been before it is left out.
//! * A queueing discipline holds what passed us and has not reached the interface. What waited when a
//!   window began counts for us.
//! * Some drivers renew their counters every other second only. So it must last.
//! * A driver for hardware counts packets of the wire, where we see aggregates (GRO, TSO), and some
//!   count the checksum. What lies between the two ways of counting is covered.

use std::time::Duration;

/// Less missing than this is no alarm, however little there was.
const LEAST_MISSING: u64 = 256 * 1024;
/// More than a tenth must be missing,
const MISSING_SHARE: u64 = 10;
/// so long: more than drivers take to renew their counters.
const LASTING: Duration = Duration::from_secs(3);

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

/// From one moment to another.
pub(super) fn between(from: &Sums, to: &Sums, over: Duration) -> Covered {
    let interface = to.interface - from.interface;
    let (least, most) = (to.least - from.least, to.most - from.most);
    Covered { ours: interface.clamp(least, most.max(least)), interface, over }
}

/// Whether surely much is missing.
fn is_low(from: &Sums, to: &Sums) -> bool {
    let Covered { ours, interface, .. } = between(from, to, Duration::ZERO);
    let interface = interface.saturating_sub(from.uncertain);
    let missing = interface.saturating_sub(ours.saturating_add(from.waiting));
    missing >= LEAST_MISSING && missing > interface / MISSING_SHARE
}

/// Tells when much is missing and stays so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Alarm {
    low_since: Option<Duration>,
    pub(super) raised: bool,
}

impl Alarm {
    /// Looks at a window that is long enough and ends now.
    pub(super) fn look(&mut self, from: &Sums, to: &Sums, now: Duration) {
        self.low_since = if is_low(from, to) { Some(self.low_since.unwrap_or(now)) } else { None };
        self.raised = self.low_since.is_some_and(|since| now.saturating_sub(since) >= LASTING);
    }
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
            assert_eq!(between(&from, &to, LASTING).ours, expected * MB);
        }
    }

    #[test]
    fn every_doubt_is_held_against_an_alarm() {
        // least, most, interface, uncertain and waiting at the beginning → whether it is low
        let cases = [
            (case(100 * MB, 100 * MB, 100 * MB, 0, 0), false),
            (case(91 * MB, 91 * MB, 100 * MB, 0, 0), false),
            (case(80 * MB, 80 * MB, 100 * MB, 0, 0), true),
            (case(0, 0, 100 * MB, 0, 0), true),
            // What stood in a queue is sent with nothing new behind it.
            (case(0, 0, 100 * MB, 0, 100 * MB), false),
            (case(31 * MB, 31 * MB, 100 * MB, 0, 10 * MB), true),
            // All of it may have been before the sample's end.
            (case(0, 0, 100 * MB, 100 * MB, 0), false),
            (case(80 * MB, 80 * MB, 100 * MB, 15 * MB, 0), false),
            // Aggregates of small segments.
            (case(60 * MB, 100 * MB, 100 * MB, 0, 0), false),
            (case(60 * MB, 70 * MB, 100 * MB, 0, 0), true),
            // Hardly anything.
            (case(0, 0, 255 * 1024, 0, 0), false),
            (case(0, 0, 256 * 1024, 0, 0), true),
            // More than the interface says: dropped on its way there.
            (case(200 * MB, 200 * MB, 100 * MB, 0, 0), false),
        ];
        for ([from, to], expected) in cases {
            assert_eq!(is_low(&from, &to), expected, "{from:?} {to:?}");
        }
    }

    #[test]
    fn an_alarm_must_last_and_ends_at_once() {
        let [from, low] = case(0, 0, MB, 0, 0);
        let [_, good] = case(MB, MB, MB, 0, 0);
        let mut alarm = Alarm::default();
        // (second, sums) → raised
        let cases = [
            (10, low, false),
            (12, low, false),
            (13, low, true),
            (14, low, true),
            (15, good, false),
            (16, low, false),
            (18, good, false),
            (19, low, false),
            (22, low, true),
        ];
        for (second, sums, raised) in cases {
            alarm.look(&from, &sums, Duration::from_secs(second));
            assert_eq!(alarm.raised, raised, "{second}");
        }
    }
}
