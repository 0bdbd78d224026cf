//! `jc` from Python's package index, by which a test has our text report read: in a Python
//! environment of its own in the target folder. Debian's is older than its parser of these reports.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::python;
use crate::cmd;

const VERSION: &str = "1.26.1";

/// The Debian package that is needed to install it and is not there.
pub fn missing_package() -> Result<Option<&'static str>> {
    Ok(if is_there(&environment()?) { None } else { python::missing_package() })
}

/// Installs it where it is not there.
pub fn install() -> Result<()> {
    let environment = environment()?;
    if is_there(&environment) {
        return Ok(());
    }
    println!("installing jc {VERSION} in {}", environment.display());
    python::make(&environment, &format!("jc=={VERSION}\n"))
}

/// Where the tests look for it.
fn environment() -> Result<PathBuf> {
    Ok(cmd::target_dir()?.join("jc"))
}

/// An environment that was moved does not start, and is made anew.
fn is_there(environment: &Path) -> bool {
    cmd::ask(Command::new(environment.join("bin/jc")).arg("--version"))
        .is_some_and(|said| is_version(&said, VERSION))
}

/// Whether the first line of `jc --version` names this version.
fn is_version(said: &str, version: &str) -> bool {
    let first = said.lines().next().unwrap_or_default();
    first.split_whitespace().next_back() == Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_last_word_of_the_first_line() {
        let said = "jc version:  1.26.1\npython interpreter version:  3.11.2\n";
        assert!(is_version(said, "1.26.1"));
        assert!(!is_version(said, "1.26"));
        assert!(!is_version("", "1.26.1"));
    }
}
