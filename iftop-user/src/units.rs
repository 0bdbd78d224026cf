//! How numbers look: iftop's units, the same in every output.
//!
//! It owns the format of rates and byte counts. It must never know where a number stands.

use std::fmt;

/// A rate in bytes per second, whatever unit it is shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct BytesPerSecond(pub f64);

impl BytesPerSecond {
    /// The same in bits per second.
    pub fn bits_per_second(self) -> f64 {
        self.0 * 8.0
    }
}

/// What rates are shown in. Counts are always bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// `b Kb Mb Gb`
    #[default]
    Bits,
    /// `B KB MB GB`
    Bytes,
}

/// A rate as text; at most 4 digits after a leading blank, then the unit.
pub fn rate(rate: BytesPerSecond, unit: Unit) -> Readable {
    match unit {
        Unit::Bits => Readable { value: rate.bits_per_second(), suffixes: BITS },
        Unit::Bytes => Readable { value: rate.0, suffixes: BYTES },
    }
}

/// A byte count as text.
pub fn bytes(count: u64) -> Readable {
    Readable { value: count as f64, suffixes: BYTES }
}

const BITS: [&str; 4] = ["b", "Kb", "Mb", "Gb"];
const BYTES: [&str; 4] = ["B", "KB", "MB", "GB"];

/// A number on its way to text. Steps are of 1024, and a number takes the next unit from 1000 on.
#[derive(Clone, Copy, Debug)]
pub struct Readable {
    value: f64,
    suffixes: [&'static str; 4],
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
            scaled /= 1024.0;
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
            assert_eq!(rate(BytesPerSecond(bits / 8.0), Unit::Bits).to_string(), expected);
        }
        assert_eq!(rate(BytesPerSecond(1024.0), Unit::Bytes).to_string(), " 1.00KB");
        assert_eq!(bytes(5_628).to_string(), " 5.50KB");
        assert_eq!(format!("{:>10}", bytes(1)), "        1B");
    }
}
