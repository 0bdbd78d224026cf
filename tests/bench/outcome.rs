//! What a benchmark came to: numbers with their spread, figures with their goals, and how both are
//! printed, stored and drawn.
//!
//! Pure: it measures nothing and writes no file. The test suite runs its tests as well.

pub mod figure;
pub mod plot;
pub mod report;
pub mod stats;
pub mod table;
