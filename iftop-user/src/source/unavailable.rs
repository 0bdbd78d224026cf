//! Counting in the kernel is not to be had.
//!
//! It owns telling that from every other error, as then libpcap may count instead.

use std::{error, fmt};

use anyhow::Error;

/// An error of a machine, a process or an interface without counting in the kernel. Anything else, as a
/// missing interface or somebody else's program, is to be mended instead.
#[derive(Debug)]
pub struct Unavailable {
    /// In a few words.
    pub reason: String,
    error: Error,
}

impl Unavailable {
    /// The error for such a reason.
    pub fn because(reason: impl Into<String>, error: Error) -> Error {
        Self { reason: reason.into(), error }.into()
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

impl error::Error for Unavailable {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.error.source()
    }
}
