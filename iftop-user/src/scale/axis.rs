//! One axis of the scale: where it ends.
//!
//! It grows at once, so that no bar is cut, and shrinks late, so that it does not jump with every
//! lull.

use std::time::Duration;

/// Upper ends of the automatic scale, in bits per second.
const BIT_STEPS: &[u64] = &[
    64_000,
    128_000,
    256_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    100_000_000_000,
    400_000_000_000,
];

/// The same in packets per second.
const PACKET_STEPS: &[u64] =
    &[100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// The automatic scale shrinks after rates were low for so long.
const QUIET: Duration = Duration::from_mins(1);

/// See the module's description.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    max: u64,
    /// None where the end is fixed.
    steps: &'static [u64],
    quiet: Option<Quiet>,
}

/// A time in which all rates were far below the scale.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Quiet {
    since: Duration,
    highest: f64,
}

impl Axis {
    /// Of bits per second; fixed, unless the end is `None` or 0.
    pub fn bits(max: Option<u64>) -> Self {
        match max {
            None | Some(0) => Self::automatic(BIT_STEPS),
            Some(max) => Self { max, steps: &[], quiet: None },
        }
    }

    /// Of packets per second.
    pub fn packets() -> Self {
        Self::automatic(PACKET_STEPS)
    }

    fn automatic(steps: &'static [u64]) -> Self {
        Self { max: steps[0], steps, quiet: None }
    }

    /// The upper end.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Adapts to the highest rate that is shown at a time; a fixed end stays.
    pub fn adapt(&mut self, highest: f64, now: Duration) {
        let Some(fitting) = self.step_for(highest) else { return };
        if fitting > self.max {
            self.max = fitting;
            self.quiet = None;
            return;
        }
        let smaller = self.steps.iter().rfind(|&&step| step < self.max);
        if !smaller.is_some_and(|&step| highest < step as f64 / 2.0) {
            self.quiet = None;
            return;
        }
        let quiet = self.quiet.get_or_insert(Quiet { since: now, highest });
        quiet.highest = quiet.highest.max(highest);
        if now.saturating_sub(quiet.since) >= QUIET {
            // The same room above as was asked for going down a single step.
            let highest = quiet.highest;
            self.max = self.step_for(highest * 2.0).unwrap_or(self.max);
            self.quiet = None;
        }
    }

    /// The smallest step that a rate fits in, or the largest there is.
    fn step_for(&self, rate: f64) -> Option<u64> {
        let fits = |step: &&u64| **step as f64 >= rate;
        self.steps.iter().find(fits).or(self.steps.last()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_at_once_and_shrinks_after_a_minute() {
        // (seconds, highest rate, upper end)
        let cases = [
            (0, 0.0, 64_000),
            (1, 64_000.0, 64_000),
            (2, 64_001.0, 128_000),
            (3, 8e6, 10_000_000),
            (4, 9e11, 400_000_000_000),
            // Half of the next smaller step or more: it stays.
            (100, 5e10, 400_000_000_000),
            (101, 4.9e10, 400_000_000_000),
            (160, 4.9e10, 400_000_000_000),
            (161, 1e6, 100_000_000_000),
            // From here on it is quiet again, up to 40 kb/s.
            (162, 40e3, 100_000_000_000),
            (200, 1e3, 100_000_000_000),
            (222, 1e3, 128_000),
            // A moment that is not quiet starts the minute again.
            (223, 1e3, 128_000),
            (250, 33e3, 128_000),
            (283, 1e3, 128_000),
            (342, 1e3, 128_000),
            (343, 1e3, 64_000),
            (500, 0.0, 64_000),
        ];
        let mut axis = Axis::bits(None);
        for (seconds, highest, max) in cases {
            axis.adapt(highest, Duration::from_secs(seconds));
            assert_eq!(axis.max(), max, "at {seconds} s");
        }
        let mut fixed = Axis::bits(Some(1000));
        fixed.adapt(1e9, Duration::ZERO);
        assert_eq!(fixed.max(), 1000);
        let mut packets = Axis::packets();
        packets.adapt(64_000.0, Duration::ZERO);
        assert_eq!(packets.max(), 100_000);
    }
}
