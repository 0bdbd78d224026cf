//! What is read instead of an interface, and how.

use std::path::PathBuf;

use crate::source::frames::Local;

/// See the module's description.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// A capture file; `-` is stdin.
    pub file: Option<PathBuf>,
    /// What is ours where a capture does not say which way a packet went.
    pub local: Local,
    /// How many times as fast as it was the live table plays it.
    pub speed: Option<f64>,
}
