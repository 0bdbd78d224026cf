//! When a report is due and when to end: `-s`, `--interval`, `--count`. Pure; time is an argument.

use std::time::Duration;

use crate::flow::window::TIMER_SLACK;

/// iftop's period.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(2);

/// See the module's description.
#[derive(Clone, Debug)]
pub struct Schedule {
    interval: Duration,
    end: Option<Duration>,
    reports_left: Option<u64>,
    next_report: Duration,
}

/// What to do after a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// Print a report.
    Report,
    /// Print a report and end.
    LastReport,
}

impl Schedule {
    /// `end` alone asks for one report at the end; with an interval, for one each interval too.
    pub fn new(interval: Option<Duration>, end: Option<Duration>, count: Option<u64>) -> Self {
        let interval = interval.or(end).unwrap_or(DEFAULT_INTERVAL);
        Self { interval, end, reports_left: count, next_report: interval }
    }

    /// How often to take a sample: 2 s as iftop, or 1 s where reports fall on odd seconds.
    pub fn sample_period(&self) -> Duration {
        let odd = |time: Duration| time.as_secs() % 2 == 1;
        if odd(self.interval) || self.end.is_some_and(odd) {
            Duration::from_secs(1)
        } else {
            DEFAULT_INTERVAL
        }
    }

    /// Whether the end has come.
    pub fn is_over(&self, elapsed: Duration) -> bool {
        self.end.is_some_and(|end| elapsed + TIMER_SLACK >= end)
    }

    /// Says what a sample that was taken `elapsed` after the start calls for. A late one calls for
    /// one report, not for those that were missed.
    pub fn due(&mut self, elapsed: Duration) -> Due {
        let ended = self.is_over(elapsed);
        let elapsed = elapsed + TIMER_SLACK;
        if elapsed < self.next_report && !ended {
            return Due::Nothing;
        }
        if let Some(late) = elapsed.checked_sub(self.next_report) {
            // Not step by step: a gap in a capture may be of many years.
            let over = late.as_nanos() % self.interval.as_nanos().max(1);
            let over = u64::try_from(over).map_or(Duration::ZERO, Duration::from_nanos);
            self.next_report = elapsed + self.interval.saturating_sub(over);
        }
        if let Some(left) = &mut self.reports_left {
            *left = left.saturating_sub(1);
        }
        if ended || self.reports_left == Some(0) { Due::LastReport } else { Due::Report }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times in tenths of a second.
    fn tenths(tenths: u64) -> Duration {
        Duration::from_millis(tenths * 100)
    }

    #[test]
    fn reports_fall_due() {
        use Due::{LastReport as L, Nothing as N, Report as R};
        // (interval, end, count in seconds; period in seconds; samples at tenths → what is due)
        type Case<'a> = (Option<u64>, Option<u64>, Option<u64>, u64, &'a [(u64, Due)]);
        let cases: &[Case] = &[
            (None, None, None, 2, &[(20, R), (40, R), (60, R)]),
            (None, Some(4), None, 2, &[(20, N), (40, L)]),
            (None, Some(5), None, 1, &[(10, N), (20, N), (30, N), (40, N), (50, L)]),
            (Some(2), Some(4), None, 2, &[(20, R), (40, L)]),
            (Some(3), Some(4), None, 1, &[(10, N), (20, N), (30, R), (40, L)]),
            (None, None, Some(2), 2, &[(20, R), (40, L)]),
            (Some(10), None, Some(1), 2, &[(20, N), (80, N), (100, L)]),
            // Early by the timer's jitter; late by much.
            (None, None, None, 2, &[(19, R), (20, N), (39, R), (131, R), (133, N), (140, R)]),
            (None, Some(3), None, 1, &[(95, L)]),
            // A gap of centuries.
            (Some(1), None, None, 1, &[(10, R), (90_000_000_010, R), (90_000_000_015, N)]),
            (
                Some(3),
                None,
                None,
                1,
                &[(90_000_000_010, R), (90_000_000_020, N), (90_000_000_030, R)],
            ),
        ];
        for (interval, end, count, period, samples) in cases {
            let seconds = |n: &Option<u64>| n.map(Duration::from_secs);
            let mut schedule = Schedule::new(seconds(interval), seconds(end), *count);
            assert_eq!(schedule.sample_period(), Duration::from_secs(*period));
            for (at, due) in *samples {
                assert_eq!(schedule.due(tenths(*at)), *due, "{interval:?} {end:?} at {at}");
            }
        }
    }
}
