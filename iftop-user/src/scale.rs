//! The scale of the bars: which rate fills the width, and where its ticks stand.
//!
//! It owns the arithmetic of cells, linear and logarithmic. Time is an argument; it must never read
//! a clock or draw.

use std::time::Duration;

use crate::units::{Format, Measure, Prefixes, Rate, Unit};

mod axis;

use axis::Axis;

/// Ticks of a linear scale.
const TICKS: u64 = 5;

/// The lowest tick of a logarithmic scale.
const LOG_ORIGIN: f64 = 10.0;

/// A logarithmic scale that reaches further has a tick at every second power of ten only.
const LOG_WIDE: f64 = 100e6;

/// A scale each for bytes and for packets: what fills one says nothing of the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// In bits per second.
    bits: Axis,
    /// In packets per second.
    packets: Axis,
}

/// A labelled place on the scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The rate there, in the unit of rates.
    pub label: String,
    /// Its column; that of the last tick is the width itself, one past the right edge.
    pub column: u16,
}

/// How rates are spread over the width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// Evenly.
    #[default]
    Linear,
    /// By their logarithm.
    Logarithmic,
}

impl Spread {
    /// The one that the key goes on to.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Linear => Self::Logarithmic,
            Self::Logarithmic => Self::Linear,
        }
    }
}

impl Scale {
    /// A scale that ends at so many bits per second, or an automatic one: `None` or 0, as `-m` has
    /// it. That of packets is always automatic.
    pub fn new(max_bandwidth: Option<u64>) -> Self {
        Self { bits: Axis::bits(max_bandwidth), packets: Axis::packets() }
    }

    /// Upper end in the unit of rates.
    pub fn max_per_second(&self, unit: Unit) -> f64 {
        match unit {
            Unit::Bits => self.bits.max() as f64,
            Unit::Bytes => self.bits.max() as f64 / 8.0,
            Unit::Packets => self.packets.max() as f64,
        }
    }

    /// Adapts to the highest rate that is shown at a time; a fixed scale stays.
    pub fn adapt(&mut self, highest: Rate, now: Duration) {
        self.bits.adapt(highest.bits_per_second(), now);
        self.packets.adapt(highest.packets, now);
    }

    /// How many of the `width` cells a rate fills; one more than the whole part, unless that is 0.
    pub fn bar_cells(&self, rate: Rate, unit: Unit, spread: Spread, width: u16) -> u16 {
        // Bytes are measured on the axis of bits: the same bar for the same traffic.
        let (value, max) = match unit.measure() {
            Measure::Bytes => (rate.bits_per_second(), self.bits.max()),
            Measure::Packets => (rate.packets, self.packets.max()),
        };
        let whole = whole_cells(place(value, max as f64, spread), width);
        if whole == 0 { 0 } else { whole.saturating_add(1).min(width) }
    }

    /// The places that have a label, from the left.
    pub fn ticks(&self, width: u16, format: Format, spread: Spread) -> Vec<Tick> {
        match spread {
            Spread::Linear => self.even_ticks(width, format),
            Spread::Logarithmic => self.decades(width, format),
        }
    }

    /// Evenly spread. Their rates are whole numbers, so a tick may stand one column to the left of
    /// the even place.
    fn even_ticks(&self, width: u16, format: Format) -> Vec<Tick> {
        let (axis, per_unit) = match format.unit {
            Unit::Bits => (&self.bits, 1.0),
            Unit::Bytes => (&self.bits, 8.0),
            Unit::Packets => (&self.packets, 1.0),
        };
        let max = u128::from(axis.max());
        let tick = |number: u64| {
            let value = max * u128::from(number) / u128::from(TICKS);
            let column = value * u128::from(width) / max;
            Tick {
                label: format.per_second(value as f64 / per_unit).trimmed(),
                column: u16::try_from(column).unwrap_or(width),
            }
        };
        (1..=TICKS).map(tick).collect()
    }

    /// At powers of ten of the unit, so the labels are in steps of 1000 whatever other numbers are.
    fn decades(&self, width: u16, format: Format) -> Vec<Tick> {
        let max = self.max_per_second(format.unit);
        let factor = if max > LOG_WIDE { 100.0 } else { 10.0 };
        let format = Format { prefixes: Prefixes::Decimal, ..format };
        // The axis is that of bits: so are the places.
        let bits = if format.unit == Unit::Bytes { 8.0 } else { 1.0 };
        let values = std::iter::successors(Some(LOG_ORIGIN), |value| Some(value * factor));
        values
            .take_while(|value| *value <= max)
            .map(|value| Tick {
                label: format.per_second(value).trimmed(),
                column: whole_cells(place(value * bits, max * bits, Spread::Logarithmic), width),
            })
            .collect()
    }
}

/// Where a value stands between 0 and `max`, as a share of the width.
fn place(value: f64, max: f64, spread: Spread) -> f64 {
    match spread {
        Spread::Linear => value / max,
        Spread::Logarithmic => value.ln() / max.ln(),
    }
}

/// The whole part; 0 for what is left of the scale.
fn whole_cells(place: f64, width: u16) -> u16 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it saturates, and the whole part is what is wanted"
    )]
    let whole = (place * f64::from(width)) as u16;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: u64 = 1024;

    fn bits(bits_per_second: f64) -> Rate {
        Rate { bytes: bits_per_second / 8.0, packets: 0.0 }
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
            let format = Format { unit, ..Format::default() };
            let ticks = Scale::new(Some(max)).ticks(80, format, Spread::Linear);
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
            let scale = Scale::new(Some(max));
            let shown = scale.bar_cells(bits(rate), Unit::Bits, Spread::Linear, width);
            assert_eq!(shown, cells, "{rate}");
            let bytes = scale.bar_cells(bits(rate), Unit::Bytes, Spread::Linear, width);
            assert_eq!(bytes, cells, "{rate} in bytes");
        }
    }

    #[test]
    fn a_logarithmic_scale_has_decades() {
        let (bits, bytes) = (Unit::Bits, Unit::Bytes);
        // (max in bits/s, unit, labels with their columns of 80)
        let cases = [
            (64_000, bits, "10b@16 100b@33 1.00Kb@49 10.0Kb@66"),
            (1_000_000_000, bits, "10b@8 1.00Kb@26 100Kb@44 10.0Mb@62 1.00Gb@80"),
            (64_000, bytes, "10B@31 100B@48 1.00KB@64"),
        ];
        for (max, unit, expected) in cases {
            let format = Format { unit, ..Format::default() };
            let ticks = Scale::new(Some(max)).ticks(80, format, Spread::Logarithmic);
            let shown: Vec<_> =
                ticks.iter().map(|tick| format!("{}@{}", tick.label, tick.column)).collect();
            assert_eq!(shown.join(" "), expected, "{max} {unit:?}");
        }
        // (max, rate in bits/s, cells of 80)
        let cases = [
            (64_000, 0.0, 0),
            (64_000, 1.0, 0),
            (64_000, 10.0, 17),
            (64_000, 64_000.0, 80),
            (64_000, 1e12, 80),
            (1_000_000_000, 1e6, 54),
        ];
        for (max, rate, cells) in cases {
            let scale = Scale::new(Some(max));
            let shown = scale.bar_cells(self::bits(rate), bits, Spread::Logarithmic, 80);
            assert_eq!(shown, cells, "{rate} of {max}");
        }
    }

    #[test]
    fn packets_have_a_scale_of_their_own() {
        let mut scale = Scale::new(Some(1_000_000));
        scale.adapt(Rate { bytes: 1e9, packets: 700.0 }, Duration::ZERO);
        let format = Format { unit: Unit::Packets, ..Format::default() };
        let ticks = scale.ticks(80, format, Spread::Linear);
        let labels: Vec<_> = ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["200p", "400p", "600p", "800p", "1.00Kp"]);
        let rate = Rate { bytes: 0.0, packets: 700.0 };
        assert_eq!(scale.bar_cells(rate, Unit::Packets, Spread::Linear, 80), 57);
    }
}
