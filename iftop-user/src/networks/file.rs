//! Reads the file of networks.
//!
//! It must never print a line of it: whoever may start us may not be let into that file.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::Networks;
use crate::{
    config::{Mistake, file},
    names::printable_words,
};

/// The networks of a file.
///
/// # Errors
/// Say what cannot be read, or which line is no network. They never show what stands in the file: whoever
/// may run the program need not be allowed to read everything.
pub fn read(path: &Path) -> Result<Networks> {
    let name = printable_words(&path.to_string_lossy());
    let text = file::read(path).with_context(|| format!("read the networks of {name}"))?;
    match Networks::parse(&text) {
        Ok(networks) => Ok(networks),
        Err(Mistake { line, text }) => bail!("{name}:{line}: {text}"),
    }
}
