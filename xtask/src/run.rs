//! `cargo xtask run`: builds iftop as the user and becomes it.
//!
//! It must never build through sudo, and never ask for a password when only help is wanted.

use std::{
    convert::Infallible,
    ffi::OsString,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    cmd,
    setup::{self, Purpose},
};

/// Builds iftop and replaces this process by it, so that exit code and signals are its own.
pub fn run(options: &[OsString]) -> Result<Infallible> {
    setup::setup(Purpose::Run)?;
    let iftop = build()?;
    let needs_sudo = !(cmd::is_root() || only_asks(options) || has_capabilities(&iftop));
    let mut command = if needs_sudo { sudo(&iftop)? } else { Command::new(&iftop) };
    command.args(options);
    Err(command.exec()).with_context(|| format!("cannot start `{}`", cmd::show(&command)))
}

/// Builds it as it is released, and says where it is.
pub fn build() -> Result<PathBuf> {
    let mut build = cmd::cargo()?;
    build
        .args(["build", "--release", "--package", "iftop-user", "--bin", "iftop", "--locked"])
        .arg("--target-dir")
        .arg(cmd::target_dir()?)
        // With it the binary would lie elsewhere, and might not run here.
        .env_remove("CARGO_BUILD_TARGET");
    cmd::run(&mut build)?;
    Ok(cmd::target_dir()?.join("release/iftop"))
}

fn sudo(iftop: &Path) -> Result<Command> {
    if cmd::find("sudo").is_none() {
        bail!("iftop needs root, and there is no sudo: run `{}` as root", iftop.display());
    }
    eprintln!("iftop needs root: running it through sudo");
    let mut sudo = Command::new("sudo");
    sudo.arg("--").arg(iftop);
    Ok(sudo)
}

/// Whether the options are only about help or the version.
fn only_asks(options: &[OsString]) -> bool {
    let asks = |option: &OsString| {
        ["-h", "--help", "-V", "--version"].iter().any(|known| option.as_os_str() == *known)
    };
    !options.is_empty() && options.iter().all(asks)
}

fn has_capabilities(file: &Path) -> bool {
    cmd::find("getcap")
        .and_then(|getcap| cmd::ask(Command::new(getcap).arg(file)))
        .is_some_and(|capabilities| !capabilities.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(options: &[&str]) -> bool {
        only_asks(&options.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn help_and_version_need_no_root() {
        assert!(only(&["-h"]));
        assert!(only(&["--version", "-V"]));
        assert!(!only(&[]));
        assert!(!only(&["-i", "eth0", "-h"]));
    }
}
