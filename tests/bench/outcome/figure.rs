//! The figures that are to be reached, each against its goal.

use serde::Serialize;

/// One of them.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub what: String,
    /// What it must not exceed.
    pub goal: f64,
    /// Nothing where this machine or this run cannot tell.
    pub measured: Option<f64>,
    /// Of both.
    pub unit: Unit,
    pub verdict: Verdict,
}

/// What a figure is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Times,
    Nanoseconds,
    Milliseconds,
    Percent,
    Count,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Met,
    NotMet,
    NotMeasured,
}

impl Figure {
    pub fn new(what: impl Into<String>, goal: f64, unit: Unit, measured: Option<f64>) -> Self {
        let verdict = match measured {
            None => Verdict::NotMeasured,
            Some(measured) if measured <= goal => Verdict::Met,
            Some(_) => Verdict::NotMet,
        };
        Self { what: what.into(), goal, measured, unit, verdict }
    }

    /// Whether the goal was reached.
    pub fn is_met(&self) -> bool {
        self.verdict == Verdict::Met
    }

    /// What it takes, as a multiple of what it takes another. A negative difference to a control
    /// takes nothing; nothing is no measure.
    pub fn ratio(
        what: impl Into<String>,
        goal: f64,
        measured: Option<f64>,
        against: Option<f64>,
    ) -> Self {
        let ratio = match (measured, against) {
            (Some(measured), Some(against)) if against > 0.0 => Some(measured.max(0.0) / against),
            _ => None,
        };
        Self::new(what, goal, Unit::Times, ratio)
    }
}

impl Unit {
    /// A number of it, for people.
    pub fn show(self, number: f64) -> String {
        match self {
            Self::Times => format!("{number:.2} x"),
            Self::Nanoseconds => format!("{number:.1} ns"),
            Self::Milliseconds => format!("{number:.1} ms"),
            Self::Percent => format!("{number:.2} %"),
            Self::Count => format!("{number}"),
        }
    }
}

impl Verdict {
    pub fn show(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "NOT MET",
            Self::NotMeasured => "not measured",
        }
    }
}
