//! All that was measured, as it is stored.

use serde::Serialize;

use super::{figure::Figure, stats::Spread};

/// `report.json`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where and when.
    pub machine: Machine,
    /// Fewer and shorter rounds.
    pub quick: bool,
    pub parts: Vec<Part>,
    pub figures: Vec<Figure>,
}

/// What the numbers were measured on; no number means anything without it.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    pub cpu: String,
    pub cpus: usize,
    pub memory_bytes: u64,
    pub kernel: String,
    /// Those against CPU faults, which decide what an indirect call costs.
    pub mitigations: Vec<String>,
    /// RFC 3339.
    pub date: String,
}

/// What one part measured.
#[derive(Debug, Serialize)]
pub struct Part {
    /// As it is asked for on the command line.
    pub name: &'static str,
    pub tables: Vec<Table>,
}

/// Numbers of one kind.
#[derive(Debug, Serialize)]
pub struct Table {
    /// What was measured, and in what.
    pub title: String,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
    /// Whether all numbers are of one kind, so that a picture says something.
    #[serde(skip)]
    pub drawn: bool,
}

impl Table {
    pub fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Self { title: title.into(), columns, rows: Vec::new(), drawn: false }
    }

    /// The same, to be drawn as well.
    pub fn drawn(self) -> Self {
        Self { drawn: true, ..self }
    }

    pub fn row(&mut self, label: impl Into<String>, cells: Vec<Cell>) {
        self.rows.push(Row { label: label.into(), cells });
    }
}

#[derive(Debug, Serialize)]
pub struct Row {
    pub label: String,
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// Not measured.
    None,
    /// Counted, or measured once.
    Number(f64),
    /// Measured in rounds.
    Spread(Spread),
    Text(String),
}

impl From<Option<Spread>> for Cell {
    fn from(spread: Option<Spread>) -> Self {
        spread.map_or(Self::None, Self::Spread)
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<Option<f64>> for Cell {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::None, Self::Number)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number as f64)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
