//! Repeated measurements of one thing.

use serde::Serialize;

/// Median and range of several rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub min: f64,
    pub median: f64,
    pub max: f64,
    pub rounds: usize,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(measured: &[f64]) -> Option<Self> {
        let mut sorted = measured.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            min: *sorted.first()?,
            median: quantile(&sorted, 50)?,
            max: *sorted.last()?,
            rounds: sorted.len(),
        })
    }
}

/// The value below which this percentage of the sorted values lies, between neighbours where need be.
pub fn quantile(sorted: &[f64], percent: usize) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let (place, rest) = (percent * last / 100, percent * last % 100);
    let below = *sorted.get(place)?;
    let above = *sorted.get(place + 1).unwrap_or(&below);
    Some(below + (above - below) * rest as f64 / 100.0)
}

/// Round by round, what one took more than the other.
pub fn differences(measured: &[f64], control: &[f64]) -> Vec<f64> {
    measured.iter().zip(control).map(|(measured, control)| measured - control).collect()
}
