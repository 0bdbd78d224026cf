//! `jc` from Python's package index, by which a test has our text report read: in a Python
//! environment of its own in the target folder. Debian's is older than its parser of these reports.
//!
//! It must never touch another Python environment.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::cmd;

const VERSION: &str = "1.26.1";
/// Debian's, whatever else stands first on the `PATH`.
const PYTHON: &str = "/usr/bin/python3";
/// Brings Debian's Python, and what makes environments with pip in them.
const PACKAGE: &str = "python3-venv";

/// The Debian package that is needed to install it and is not there.
pub fn missing_package() -> Result<Option<&'static str>> {
    let can_make = || cmd::ask(Command::new(PYTHON).args(["-c", "import ensurepip, venv"]));
    Ok((!is_there(&environment()?) && can_make().is_none()).then_some(PACKAGE))
}

/// Installs it where it is not there.
pub fn install() -> Result<()> {
    let environment = environment()?;
    if is_there(&environment) {
        return Ok(());
    }
    println!("installing jc {VERSION} in {}", environment.display());
    let mut make = Command::new(PYTHON);
    cmd::run(make.args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut install = Command::new(environment.join("bin/pip"));
    install.args(["--quiet", "--disable-pip-version-check", "install"]);
    // What it depends on is for other formats and for colours.
    install.args(["--no-deps", &format!("jc=={VERSION}")]);
    cmd::run(&mut install).context("if PyPI cannot be reached from here, try again where it can")
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
