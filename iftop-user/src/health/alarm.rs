//! Whether so much passes the interface and not our hooks that it is worth an alarm.
//!
//! One is raised only where every doubt has been held against it, for each direction by itself:
//!
//! * Between the interface's reading and the end of a sample traffic goes on. It counts for us: of
//!   what the interface carried in a window, what may have been before it is left out.
//! * A queueing discipline holds what passed us and has not reached the interface. What waited when a
//!   window began counts for us.
//! * Received frames wait for the kernel behind the interface's counter, but not for a whole interval. So
//!   what passes us in one may all be what waited when it began; and what is missing must have grown twice
//!   in ten seconds, each time beyond all that was missing in these.
//! * Drivers for hardware may renew their counters every other second only. So there it must last.
//! * A driver for hardware counts packets of the wire, where we see aggregates (GRO, TSO), and some
//!   count the checksum. What lies between the two ways of counting is covered.

use std::time::Duration;

use super::coverage::{Covered, Sums, between};

/// Less missing than this is no alarm, however little there was.
const LEAST_MISSING: u64 = 256 * 1024;
/// More than a tenth must be missing,
const MISSING_SHARE: u64 = 10;
/// and more than ever before by this, so many times,
const STEP: u64 = 32 * 1024;
const STEPS: usize = 2;
/// or on hardware so long, which is more than drivers take to renew their counters.
const LASTING: Duration = Duration::from_secs(3);

/// So much of so much is missing that it is worth an alarm.
fn is_much(missing: u64, interface: u64) -> bool {
    missing >= LEAST_MISSING && missing > interface / MISSING_SHARE
}

/// Whether surely much is missing.
fn is_low(from: &Sums, to: &Sums) -> bool {
    let Covered { ours, interface, .. } = between(from, to, Duration::ZERO);
    let interface = interface.saturating_sub(from.uncertain);
    let missing = interface.saturating_sub(ours.saturating_add(from.waiting));
    is_much(missing, interface)
}

/// Whether much is missing lately, of an interface whose counters are never late. These are the sums of all
/// samples of the last ten seconds, the newest last.
pub(super) fn is_missing(sums: &[Sums]) -> bool {
    let Some(now) = sums.last() else { return false };
    // Up to each sample: the most that the interface may have been ahead of us without a loss.
    let ceilings: Vec<i64> = sums
        .iter()
        .scan(i64::MIN, |highest, sums| {
            let doubt = sums.uncertain.saturating_add(sums.waiting).cast_signed();
            *highest = (*highest).max(sums.ahead().saturating_add(doubt));
            Some(*highest)
        })
        .collect();
    let (mut steps, mut surely) = (0, i64::MIN);
    for begin in (0..sums.len().saturating_sub(1)).rev() {
        let (from, next) = (&sums[begin], &sums[begin + 1]);
        let beyond = |ahead: i64| u64::try_from(ahead.saturating_sub(ceilings[begin])).unwrap_or(0);
        steps += usize::from(beyond(next.ahead()) >= STEP);
        if let Some(later) = sums.get(begin + 2) {
            let may_have_waited = (later.ours() - next.ours()).cast_signed();
            surely = surely.max(next.ahead() - may_have_waited);
        }
        let grows = steps >= STEPS && beyond(surely) >= STEP;
        if grows && is_much(beyond(now.ahead()), now.interface - from.interface) {
            return true;
        }
    }
    false
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

    const MB: u64 = 1_000_000;

    /// From all zero to these, but for what is known of the beginning.
    fn case(least: u64, most: u64, interface: u64, uncertain: u64, waiting: u64) -> [Sums; 2] {
        let from = Sums { uncertain, waiting, ..Sums::default() };
        [from, Sums { least, most, interface, ..Sums::default() }]
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

    /// Kilobytes that pass us and that the interface counts, interval by interval; whether that is an alarm
    /// after each.
    fn alarms(intervals: &[(u64, u64)]) -> Vec<bool> {
        let mut sums = vec![Sums::default()];
        let mut raised = Vec::new();
        for (ours, interface) in intervals {
            let last = sums[sums.len() - 1];
            let ours = last.most + ours * 1000;
            let interface = last.interface + interface * 1000;
            sums.push(Sums { least: ours, most: ours, interface, ..last });
            raised.push(is_missing(&sums[sums.len().saturating_sub(11)..]));
        }
        raised
    }

    #[test]
    fn what_is_missing_must_grow_twice_and_be_much() {
        // (ours, interface) in kilobytes for each interval → the interval in which it is first told
        type Intervals = &'static [(u64, u64)];
        let cases: &[(Intervals, Option<usize>)] = &[
            (&[(1000, 1000), (310, 1000), (310, 1000)], Some(2)),
            (&[(1000, 1000), (0, 1000), (0, 1000), (0, 1000)], Some(2)),
            // It began just before an interval ended.
            (&[(1000, 1000), (960, 1000), (0, 1000)], Some(2)),
            (&[(1000, 1000), (960, 1000), (310, 1000), (310, 1000)], Some(3)),
            // What passes us may have waited: the less is missing, the longer it takes.
            (&[(800, 1000); 10], Some(5)),
            (&[(880, 1000); 10], Some(8)),
            // From the start on.
            (&[(0, 1000), (0, 1000)], Some(1)),
            // Waits for us at one end, and at the next one more does.
            (&[(500, 1000), (1500, 1000), (1000, 1000), (500, 1000), (1500, 1000)], None),
            (&[(1000, 1000), (500, 1000), (1500, 1000), (1000, 1000)], None),
            (&[(1000, 1000), (0, 1000), (0, 0), (1000, 0), (0, 1000)], None),
            // A tenth is not missing, or it is hardly anything.
            (&[(950, 1000), (950, 1000), (950, 1000), (950, 1000)], None),
            (&[(0, 60), (0, 60), (0, 60), (0, 60), (0, 60)], Some(4)),
            (&[(0, 120), (0, 120)], None),
            // Received in bursts of which each is not quite there yet.
            (&[(100, 200), (300, 500), (600, 900), (1000, 1500), (1500, 2000)], None),
            // Drained from a queue that stood still for a while.
            (&[(1000, 0), (0, 500), (0, 500), (0, 0)], None),
        ];
        for (intervals, expected) in cases {
            let told = alarms(intervals).iter().position(|raised| *raised);
            assert_eq!(told, *expected, "{intervals:?}");
        }
    }

    #[test]
    fn what_was_missing_is_told_for_about_ten_seconds() {
        let mut intervals = [(1000, 1000); 18];
        intervals[3..7].fill((0, 1000));
        let raised = alarms(&intervals);
        let told: Vec<_> = (0..raised.len()).filter(|second| raised[*second]).collect();
        assert_eq!(told, (4..=14).collect::<Vec<_>>());
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
