//! `cargo xtask check-targets`: iftop builds for the systems that have no eBPF.
//!
//! It owns the list of those. Nothing is linked or run, so none of their tools is needed: only Rust's
//! own library for each.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::cmd;

const TARGETS: [&str; 2] = ["x86_64-apple-darwin", "x86_64-unknown-freebsd"];

/// Checks all of them with such lints (`-D warnings`); what is missing is installed by rustup.
pub fn check(lints: &[&str]) -> Result<()> {
    install(&TARGETS)?;
    let mut check = cmd::cargo()?;
    // As their tests, in one build: the library is built without them too, as what the program's are linked with, and
    // `main.rs` has nothing that it lacks there.
    check.args(["check", "--locked", "--package", "iftop-user", "--bins", "--lib"]);
    check.args(["--profile", "test"]).args(TARGETS.map(|target| format!("--target={target}")));
    if !lints.is_empty() {
        check.env("RUSTFLAGS", lints.join(" "));
    }
    cmd::run(&mut check)
}

/// Has rustup install Rust's library where it is missing.
pub fn install(targets: &[&'static str]) -> Result<()> {
    let missing = missing(targets, is_installed);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if cmd::find("rustup").is_none() {
        bail!("Rust's library is not installed, and there is no rustup, for: {names}");
    }
    println!("installing Rust's library for {names}");
    cmd::run(Command::new("rustup").args(["target", "add"]).args(missing))
        .with_context(|| format!("installing Rust's library for {names}"))
}

fn missing(targets: &[&'static str], is_installed: impl Fn(&str) -> bool) -> Vec<&'static str> {
    targets.iter().copied().filter(|target| !is_installed(target)).collect()
}

/// The compiler says where it would be, whether it is there or not.
fn is_installed(target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    let folder = cmd::ask(rustc.args(["--print", "target-libdir", "--target", target]));
    folder.is_some_and(|folder| Path::new(&folder).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed() {
        assert!(missing(&TARGETS, |_| true).is_empty());
        assert_eq!(
            missing(&TARGETS, |target| target.contains("apple")),
            ["x86_64-unknown-freebsd"]
        );
    }

    #[test]
    fn an_unknown_target_is_not_installed() {
        assert!(!is_installed("x86_64-unknown-nothing"));
    }
}
