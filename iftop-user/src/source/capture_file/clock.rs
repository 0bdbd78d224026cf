//! Time as the packets of a capture tell it.
//!
//! It owns where a sample ends, what is a gap, and that time never goes backwards. Pure: it knows
//! nothing of the clock on the wall. Times are nanoseconds since the first packet, unless said
//! otherwise.

use std::time::{Duration, SystemTime};

/// When nothing passed for longer, all windows are empty, and nobody waits.
const GAP: u64 = 40_000_000_000;

/// Since 1970: in the year 2262. What is later is taken for this, so that sums of two fit.
const LATEST: u64 = u64::MAX / 2;

/// Where a packet belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Into this sample.
    Now,
    /// Behind it.
    Later,
    /// Behind a time that holds nothing and ends then.
    AfterGap(u64),
}

/// See the module's description.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// No sample is longer, but for one that is a gap.
    step: u64,
    /// When the first packet was, since 1970.
    first: Option<u64>,
    /// When the last packet was that was taken in.
    newest: u64,
    /// Where the last sample ended.
    position: u64,
    /// How much of that was gaps.
    skipped: u64,
}

impl Clock {
    pub fn new(step: Duration) -> Self {
        Self { step: nanos(step), first: None, newest: 0, position: 0, skipped: 0 }
    }

    /// Where a sample ends that begins now: after one step, but not beyond what is to be played.
    pub fn until(&self, target: Duration) -> u64 {
        let target = nanos(target).saturating_add(self.skipped);
        target.clamp(self.position, self.position + self.step)
    }

    /// Where a packet of that time since 1970 belongs, while a sample is made that ends then. Time that
    /// goes backwards stands still, and so it does where a packet has none. A packet that belongs here
    /// is taken in.
    pub fn place(&mut self, time: Option<u64>, until: u64) -> When {
        let time = time.map_or(self.newest, |time| {
            let time = time.min(LATEST);
            // What was played before it came was before it.
            let before = self.newest.max(self.position);
            let first = *self.first.get_or_insert(time.saturating_sub(before));
            time.saturating_sub(first).max(self.newest)
        });
        if time < until {
            self.newest = time;
            return When::Now;
        }
        // What came before the gap is a sample of its own.
        let steps = (time - self.position) / self.step;
        if time - self.newest > GAP && self.newest < self.position && steps > 0 {
            return When::AfterGap(self.position + steps * self.step);
        }
        When::Later
    }

    /// Ends a sample; how long it was.
    pub fn pass(&mut self, until: u64) -> Duration {
        let elapsed = until.saturating_sub(self.position);
        self.position += elapsed;
        Duration::from_nanos(elapsed)
    }

    /// The same where nothing passed: it is not played.
    pub fn pass_gap(&mut self, until: u64) -> Duration {
        let elapsed = self.pass(until);
        self.skipped += nanos(elapsed);
        elapsed
    }

    /// Ends the last sample, with the last packet.
    pub fn end(&mut self) -> Duration {
        self.pass(self.newest)
    }

    /// Where the last sample ended, less the gaps.
    pub fn played(&self) -> Duration {
        Duration::from_nanos(self.position - self.skipped)
    }

    /// The same as a time of day; `None` before the first packet.
    pub fn now(&self) -> Option<SystemTime> {
        let since_1970 = Duration::from_nanos(self.first? + self.position);
        SystemTime::UNIX_EPOCH.checked_add(since_1970)
    }
}

/// As a number; what is longer than it can say is its largest.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const TENTH: u64 = SECOND / 10;
    /// An odd time, so that steps do not fall on whole seconds.
    const START: u64 = 1_700_000_000_123_456_789;

    /// Places packets of these tenths of a second, `None` without a time; samples as
    /// (their length in tenths, packets).
    fn samples(packets: &[Option<u64>], target: Duration) -> Vec<(u64, usize)> {
        let mut clock = Clock::new(Duration::from_secs(2));
        let mut left = packets.iter().copied().peekable();
        let mut samples = vec![];
        while samples.len() < 100 {
            let until = clock.until(target);
            let mut count = 0;
            let elapsed = loop {
                let Some(&packet) = left.peek() else { break clock.end() };
                match clock.place(packet.map(|tenths| START + tenths * TENTH), until) {
                    When::Now => count += usize::from(left.next().is_some()),
                    When::Later => break clock.pass(until),
                    When::AfterGap(until) => break clock.pass_gap(until),
                }
            };
            samples.push((nanos(elapsed) / TENTH, count));
            if left.peek().is_none() {
                break;
            }
        }
        samples
    }

    #[test]
    fn packets_fall_into_samples() {
        type Case<'a> = (Vec<Option<u64>>, &'a [(u64, usize)]);
        let some = |tenths: &[u64]| tenths.iter().map(|&it| Some(it)).collect::<Vec<_>>();
        let cases: &[Case] = &[
            (some(&[]), &[(0, 0)]),
            (some(&[0]), &[(0, 1)]),
            (some(&[0, 0, 15]), &[(15, 3)]),
            (some(&[0, 19, 20, 21]), &[(20, 2), (1, 2)]),
            (some(&[0, 20]), &[(20, 1), (0, 1)]),
            (some(&[0, 50, 55]), &[(20, 1), (20, 0), (15, 2)]),
            // Exactly 40 s are no gap.
            (some(&[0, 400]), &[&[(20, 1)][..], &[(20, 0); 19], &[(0, 1)]].concat()),
            (some(&[0, 401, 415]), &[(20, 1), (380, 0), (15, 2)]),
            (some(&[5, 17, 1000, 36_000]), &[(20, 2), (960, 0), (20, 1), (34_980, 0), (15, 1)]),
            // Backwards, and before the first.
            (some(&[30, 10, 35, 31, 60]), &[(20, 4), (10, 1)]),
            (vec![None, None], &[(0, 2)]),
            (vec![Some(0), None, Some(25), None], &[(20, 2), (5, 2)]),
            (vec![None, Some(0), Some(5)], &[(5, 3)]),
        ];
        for (packets, expected) in cases {
            assert_eq!(samples(packets, Duration::MAX), *expected, "{packets:?}");
        }
    }

    #[test]
    fn no_more_is_played_than_was_asked_for() {
        let mut clock = Clock::new(Duration::from_secs(1));
        let ms = Duration::from_millis;
        assert_eq!(clock.until(ms(400)), 4 * TENTH);
        assert_eq!(clock.place(Some(START), 4 * TENTH), When::Now);
        assert_eq!(clock.pass(4 * TENTH), ms(400));
        assert_eq!(clock.until(ms(400)), 4 * TENTH, "all is played");
        assert_eq!(clock.until(ms(2000)), 14 * TENTH, "in steps");
        // A gap takes no time to play.
        let hour = START + 3600 * SECOND;
        let until = clock.until(ms(2000));
        let When::AfterGap(until) = clock.place(Some(hour), until) else { panic!("{clock:?}") };
        assert_eq!(clock.pass_gap(until), Duration::from_secs(3599));
        assert_eq!(clock.played(), ms(400));
        assert_eq!(clock.until(ms(2000)), 3600 * SECOND + 4 * TENTH);
        let now = SystemTime::UNIX_EPOCH + Duration::from_nanos(hour - 6 * TENTH);
        assert_eq!(clock.now(), Some(now));
    }

    #[test]
    fn no_time_is_too_late() {
        let mut clock = Clock::new(Duration::from_secs(2));
        for time in [0, u64::MAX, 7, u64::MAX - 1] {
            for _ in 0..3 {
                let until = clock.until(Duration::MAX);
                match clock.place(Some(time), until) {
                    When::Now => break,
                    When::Later => clock.pass(until),
                    When::AfterGap(until) => clock.pass_gap(until),
                };
            }
        }
        assert!(clock.now().is_some());
        assert_eq!(
            (clock.newest, clock.end()),
            (LATEST, Duration::from_nanos(LATEST % (2 * SECOND)))
        );
    }
}
