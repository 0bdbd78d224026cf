//! How numbers look: iftop's units, the same in every output.
//!
//! It owns the format of rates and counts. It must never know where a number stands.

use std::{
    fmt,
    ops::{Add, AddAssign},
};

use iftop_common::Count;

/// A rate in both measures, whatever unit it is shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// Bytes per second.
    pub bytes: f64,
    /// Packets per second.
    pub packets: f64,
}

impl Rate {
    /// The number that a unit shows.
    pub fn per_second(self, unit: Unit) -> f64 {
        match unit {
            Unit::Bits => self.bits_per_second(),
            Unit::Bytes => self.bytes,
            Unit::Packets => self.packets,
        }
    }

    /// Bits per second.
    pub fn bits_per_second(self) -> f64 {
        self.bytes * 8.0
    }

    /// The higher of two, each measure for itself.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { bytes: self.bytes.max(other.bytes), packets: self.packets.max(other.packets) }
    }
}

impl Add for Rate {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl AddAssign for Rate {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.packets += other.packets;
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Bytes.
    #[default]
    Bytes,
    /// Packets.
    Packets,
}

impl Measure {
    /// That one of a count.
    pub fn of(self, count: Count) -> u64 {
        match self {
            Self::Bytes => count.bytes,
            Self::Packets => count.packets,
        }
    }
}

/// What numbers are shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Rates as `b Kb Mb Gb`, counts in bytes.
    #[default]
    Bits,
    /// Rates and counts as `B KB MB GB`.
    Bytes,
    /// Rates and counts as `p Kp Mp Gp`, in steps of 1000 always.
    Packets,
}

impl Unit {
    /// The unit that the key goes on to.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Bits => Self::Bytes,
            Self::Bytes => Self::Packets,
            Self::Packets => Self::Bits,
        }
    }

    /// What it measures.
    pub fn measure(self) -> Measure {
        match self {
            Self::Bits | Self::Bytes => Measure::Bytes,
            Self::Packets => Measure::Packets,
        }
    }
}

/// What the letters K, M and G stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefixes {
    /// Powers of 1024, as in iftop.
    #[default]
    Binary,
    /// Powers of 1000, as in the SI and on the labels of network hardware.
    Decimal,
}

impl Prefixes {
    const fn step(self) -> f64 {
        match self {
            Self::Binary => 1024.0,
            Self::Decimal => 1000.0,
        }
    }
}

/// Unit and prefixes: how all numbers of an output look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Format {
    /// What numbers are shown in.
    pub unit: Unit,
    /// What K, M and G stand for.
    pub prefixes: Prefixes,
}

impl Format {
    /// A rate as text; at most 4 digits after a leading blank, then the unit.
    pub fn rate(self, rate: Rate) -> Readable {
        self.per_second(rate.per_second(self.unit))
    }

    /// The same of a number that is in the unit already.
    pub fn per_second(self, value: f64) -> Readable {
        match self.unit {
            Unit::Bits => Readable { value, suffixes: BITS, step: self.prefixes.step() },
            Unit::Bytes => Readable { value, suffixes: BYTES, step: self.prefixes.step() },
            Unit::Packets => packets(value),
        }
    }

    /// So many packets per second, whatever is shown elsewhere; a few in many seconds are not none.
    pub fn packets_per_second(self, packets_per_second: f64) -> String {
        if packets_per_second > 0.0 && packets_per_second < 1.0 {
            return "<1p/s".to_owned();
        }
        packets(packets_per_second).trimmed() + "/s"
    }

    /// A count in bytes and one in packets, whatever is shown elsewhere.
    pub fn both_counts(self, count: Count) -> [String; 2] {
        [Unit::Bytes, Unit::Packets].map(|unit| Self { unit, ..self }.count(count).trimmed())
    }

    /// A count as text: bytes, unless packets are wanted.
    pub fn count(self, count: Count) -> Readable {
        match self.unit.measure() {
            Measure::Bytes => {
                Readable { value: count.bytes as f64, suffixes: BYTES, step: self.prefixes.step() }
            }
            Measure::Packets => packets(count.packets as f64),
        }
    }
}

/// `12,408`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn packets(value: f64) -> Readable {
    Readable { value, suffixes: PACKETS, step: Prefixes::Decimal.step() }
}

const BITS: [&str; 4] = ["b", "Kb", "Mb", "Gb"];
const BYTES: [&str; 4] = ["B", "KB", "MB", "GB"];
const PACKETS: [&str; 4] = ["p", "Kp", "Mp", "Gp"];

/// A number on its way to text. It takes the next unit from 1000 on, whatever the steps are.
#[derive(Clone, Copy, Debug)]
pub struct Readable {
    value: f64,
    suffixes: [&'static str; 4],
    step: f64,
}

impl Readable {
    /// Without the leading blanks of a column.
    pub fn trimmed(self) -> String {
        self.to_string().trim_start().to_owned()
    }
}

impl fmt::Display for Readable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [base, larger @ ..] = self.suffixes;
        if self.value < 1000.0 {
            return out.pad(&format!(" {:4.0}{base}", self.value));
        }
        let mut scaled = self.value;
        let mut suffix = base;
        for next in larger {
            scaled /= self.step;
            suffix = next;
            if scaled < 1000.0 {
                break;
            }
        }
        let digits = if scaled < 10.0 {
            format!(" {scaled:4.2}{suffix}")
        } else if scaled < 100.0 {
            format!(" {scaled:4.1}{suffix}")
        } else {
            format!(" {scaled:4.0}{suffix}")
        };
        out.pad(&digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_in_iftop() {
        let cases = [
            (0.0, "    0b"),
            (999.0, "  999b"),
            (1000.0, " 0.98Kb"),
            (1024.0, " 1.00Kb"),
            (9.996 * 1024.0, " 10.00Kb"),
            (10_240.0, " 10.0Kb"),
            (99.96 * 1024.0, " 100.0Kb"),
            (102_400.0, "  100Kb"),
            (1_023_999.0, " 1000Kb"),
            (1_024_000.0, " 0.98Mb"),
            (400e9, "  373Gb"),
            (1.2345e13, " 11497Gb"),
        ];
        for (bits, expected) in cases {
            let rate = Rate { bytes: bits / 8.0, packets: 0.0 };
            assert_eq!(Format::default().rate(rate).to_string(), expected);
        }
    }

    #[test]
    fn every_unit_has_its_letters_and_steps() {
        use Prefixes::{Binary, Decimal};
        let rate = Rate { bytes: 128_000.0, packets: 1500.0 };
        let count = Count { bytes: 5_628, packets: 12 };
        let cases = [
            (Unit::Bits, Binary, " 0.98Mb", " 5.50KB"),
            (Unit::Bits, Decimal, " 1.02Mb", " 5.63KB"),
            (Unit::Bytes, Binary, "  125KB", " 5.50KB"),
            (Unit::Bytes, Decimal, "  128KB", " 5.63KB"),
            (Unit::Packets, Binary, " 1.50Kp", "   12p"),
            (Unit::Packets, Decimal, " 1.50Kp", "   12p"),
        ];
        for (unit, prefixes, shown_rate, shown_count) in cases {
            let format = Format { unit, prefixes };
            assert_eq!(format.rate(rate).to_string(), shown_rate, "{format:?}");
            assert_eq!(format.count(count).to_string(), shown_count, "{format:?}");
        }
        let one = Format::default().count(Count { bytes: 1, packets: 0 });
        assert_eq!(format!("{one:>10}"), "        1B");
    }

    #[test]
    fn numbers_in_groups_of_three() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), expected);
        }
    }
}
