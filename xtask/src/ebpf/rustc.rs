//! This program in the place of rustc, while cargo builds the kernel program.
//!
//! It owns one argument. Cargo gives every crate a hash that tells it from others of the same name;
//! for crates outside of a workspace's folder, as `iftop-common` and Rust's `core` are here, the hash
//! holds their absolute path. It ends up in symbol names, and decides the order of functions. So the
//! crates of the BPF target get a hash of their name alone: there are no two of the same name.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result};

/// The target of the kernel program.
pub const TARGET: &str = "bpfel-unknown-none";

const MARK: &str = "XTASK_IS_RUSTC";

/// Has cargo call this program for rustc.
pub fn wrap(cargo: &mut Command) -> Result<&mut Command> {
    let this = env::current_exe().context("the path of this program")?;
    Ok(cargo.env("RUSTC_WRAPPER", this).env(MARK, "1"))
}

/// Whether this program was called for rustc.
pub fn is_wrapper() -> bool {
    env::var_os(MARK).is_some()
}

/// Becomes rustc.
pub fn wrapper() -> Result<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    let rustc = arguments.next().context("no rustc to call")?;
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
    let mut command = Command::new(rustc);
    command.args(without_path_hash(arguments.collect(), &package)).env_remove(MARK);
    Err(command.exec()).context("cannot start rustc")
}

fn without_path_hash(mut arguments: Vec<OsString>, package: &str) -> Vec<OsString> {
    if arguments.iter().any(|argument| argument == TARGET) {
        for argument in &mut arguments {
            if is_metadata(argument) {
                *argument = format!("metadata={package}").into();
            }
        }
    }
    arguments
}

fn is_metadata(argument: &OsStr) -> bool {
    argument.as_encoded_bytes().starts_with(b"metadata=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(arguments: &[&str]) -> Vec<OsString> {
        without_path_hash(arguments.iter().map(OsString::from).collect(), "core")
    }

    #[test]
    fn crates_of_the_target_are_known_by_name() {
        assert_eq!(
            call(&["--target", TARGET, "-C", "metadata=1f", "-C", "extra-filename=-1f"]),
            ["--target", TARGET, "-C", "metadata=core", "-C", "extra-filename=-1f"]
        );
    }

    #[test]
    fn crates_of_the_host_are_left_alone() {
        assert_eq!(call(&["-C", "metadata=1f"]), ["-C", "metadata=1f"]);
    }
}
