//! What comes from Python's package index, each thing in an environment of its own in the target folder.
//!
//! It must never touch another Python environment.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result};

use crate::cmd;

/// Debian's, whatever else stands first on the `PATH`.
const PYTHON: &str = "/usr/bin/python3";
/// Brings Debian's Python, and what makes environments with pip in them.
const PACKAGE: &str = "python3-venv";

/// The Debian package that is needed to make one and is not there.
pub fn missing_package() -> Option<&'static str> {
    let can_make = cmd::ask(Command::new(PYTHON).args(["-c", "import ensurepip, venv"]));
    can_make.is_none().then_some(PACKAGE)
}

/// Makes one with just these in it, as pip's file of requirements has them. Where they have hashes, others are
/// refused.
pub fn make(environment: &Path, requirements: &str) -> Result<()> {
    let mut make = Command::new(PYTHON);
    cmd::run(make.args(["-m", "venv", "--clear"]).arg(environment))?;
    let file = environment.join("requirements.txt");
    fs::write(&file, requirements).context("write what is to be installed")?;
    let mut install = Command::new(environment.join("bin/pip"));
    install.args(["--quiet", "--disable-pip-version-check", "install"]);
    // What they depend on besides is not used here.
    install.args(["--no-deps", "--requirement"]).arg(file);
    cmd::run(&mut install).context("if PyPI cannot be reached from here, try again where it can")
}
