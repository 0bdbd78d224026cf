//! The scale of the bars: which rate fills the width, and where its ticks stand.
//!
//! It owns the choice of the upper end and the arithmetic of cells. Time is an argument; it must
//! never read a clock or draw.

use std::time::Duration;

use crate::units::{self, BytesPerSecond, Unit};

/// Upper ends of the automatic scale, in bits per second.
const STEPS: [u64; 10] = [
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

/// The automatic scale shrinks after rates were low for so long.
const QUIET: Duration = Duration::from_mins(1);

const TICKS: u64 = 5;

/// The scale. It grows at once, so that no bar is cut, and shrinks late, so that it does not jump
/// with every lull.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// Upper end in bits per second.
    max: u64,
    fixed: bool,
    quiet: Option<Quiet>,
}

/// A time in which all rates were far below the scale.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Quiet {
    since: Duration,
    highest: f64,
}

/// A labelled place on the scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The rate there, in the unit of rates.
    pub label: String,
    /// Its column; that of the last tick is the width itself, one past the right edge.
    pub column: u16,
}

impl Scale {
    /// A scale that ends at so many bits per second, or an automatic one: `None` or 0, as `-m` has
    /// it.
    pub fn new(max_bandwidth: Option<u64>) -> Self {
        match max_bandwidth {
            None | Some(0) => Self { max: STEPS[0], fixed: false, quiet: None },
            Some(max) => Self { max, fixed: true, quiet: None },
        }
    }

    /// Upper end in bits per second.
    pub fn max_bits_per_second(&self) -> u64 {
        self.max
    }

    /// Adapts to the highest rate that is shown at a time; a fixed scale stays.
    pub fn adapt(&mut self, highest: BytesPerSecond, now: Duration) {
        if self.fixed {
            return;
        }
        let highest = highest.bits_per_second();
        let fitting = step_for(highest);
        if fitting > self.max {
            self.max = fitting;
            self.quiet = None;
            return;
        }
        let smaller = STEPS.into_iter().rfind(|&step| step < self.max);
        if !smaller.is_some_and(|step| highest < step as f64 / 2.0) {
            self.quiet = None;
            return;
        }
        let quiet = self.quiet.get_or_insert(Quiet { since: now, highest });
        quiet.highest = quiet.highest.max(highest);
        if now.saturating_sub(quiet.since) >= QUIET {
            // The same room above as was asked for going down a single step.
            self.max = step_for(quiet.highest * 2.0);
            self.quiet = None;
        }
    }

    /// How many of the `width` cells a rate fills; one more than the whole part, unless that is 0.
    pub fn bar_cells(&self, rate: BytesPerSecond, width: u16) -> u16 {
        let cells = rate.bits_per_second() / self.max as f64 * f64::from(width);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it saturates, and the whole part is what is wanted"
        )]
        let whole = cells as u16;
        if whole == 0 { 0 } else { whole.saturating_add(1).min(width) }
    }

    /// Five ticks, evenly spread. Their rates are whole bits per second, so a tick may stand one
    /// column to the left of the even place.
    pub fn ticks(&self, width: u16, unit: Unit) -> impl Iterator<Item = Tick> {
        let max = u128::from(self.max);
        (1..=TICKS).map(move |number| {
            let bits = max * u128::from(number) / u128::from(TICKS);
            let column = bits * u128::from(width) / max;
            let rate = BytesPerSecond(bits as f64 / 8.0);
            Tick {
                label: units::rate(rate, unit).to_string().trim_start().to_owned(),
                column: u16::try_from(column).unwrap_or(width),
            }
        })
    }
}

/// The smallest step that a rate fits in, or the largest there is.
fn step_for(bits_per_second: f64) -> u64 {
    let fits = |step: &u64| *step as f64 >= bits_per_second;
    STEPS.into_iter().find(fits).unwrap_or(STEPS[STEPS.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: u64 = 1024;

    fn bits(bits_per_second: f64) -> BytesPerSecond {
        BytesPerSecond(bits_per_second / 8.0)
    }

    #[test]
    fn ticks_as_in_iftop() {
        let even = [16, 32, 48, 64, 80];
        let cases = [
            (64_000, Unit::Bits, ["12.5Kb", "25.0Kb", "37.5Kb", "50.0Kb", "62.5Kb"], even),
            (1_000_000, Unit::Bits, ["195Kb", "391Kb", "586Kb", "781Kb", "977Kb"], even),
            (100_000_000, Unit::Bits, ["19.1Mb", "38.1Mb", "57.2Mb", "76.3Mb", "95.4Mb"], even),
            (1_000_000_000, Unit::Bits, ["191Mb", "381Mb", "572Mb", "763Mb", "954Mb"], even),
            (
                K * K,
                Unit::Bits,
                ["205Kb", "410Kb", "614Kb", "819Kb", "1.00Mb"],
                [15, 31, 47, 63, 80],
            ),
            (
                2 * K * K,
                Unit::Bits,
                ["410Kb", "819Kb", "1.20Mb", "1.60Mb", "2.00Mb"],
                [15, 31, 47, 63, 80],
            ),
            (64_000, Unit::Bytes, ["1.56KB", "3.12KB", "4.69KB", "6.25KB", "7.81KB"], even),
        ];
        for (max, unit, labels, columns) in cases {
            let ticks: Vec<Tick> = Scale::new(Some(max)).ticks(80, unit).collect();
            let expected: Vec<Tick> = std::iter::zip(labels, columns)
                .map(|(label, column)| Tick { label: label.to_owned(), column })
                .collect();
            assert_eq!(ticks, expected, "{max}");
        }
    }

    #[test]
    fn a_bar_is_the_whole_part_and_one() {
        let two_m = 2 * K * K;
        // (max, rate in bits/s, width, cells)
        let cases = [
            (two_m, 1020.0 * 200.0 * 8.0, 80, 63),
            (two_m, 1.13 * 1024.0 * 1024.0, 80, 46),
            (64_000, 0.0, 80, 0),
            (64_000, 799.0, 80, 0),
            (64_000, 800.0, 80, 2),
            (64_000, 64_000.0, 80, 80),
            (64_000, 1e15, 80, 80),
            (64_000, f64::NAN, 80, 0),
            (64_000, 64_000.0, 0, 0),
            (64_000, f64::INFINITY, u16::MAX, u16::MAX),
        ];
        for (max, rate, width, cells) in cases {
            assert_eq!(Scale::new(Some(max)).bar_cells(bits(rate), width), cells, "{rate}");
        }
    }

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
        let mut scale = Scale::new(None);
        for (seconds, highest, max) in cases {
            scale.adapt(bits(highest), Duration::from_secs(seconds));
            assert_eq!(scale.max_bits_per_second(), max, "at {seconds} s");
        }
        let mut fixed = Scale::new(Some(1000));
        fixed.adapt(bits(1e9), Duration::ZERO);
        assert_eq!(fixed.max_bits_per_second(), 1000);
    }
}
