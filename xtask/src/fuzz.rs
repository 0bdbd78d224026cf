//! `cargo xtask fuzz`: feeds what iftop reads from outside with whatever libFuzzer finds.
//!
//! It owns how long, what it begins with, and that stable Rust does: without sanitizers, as what is fuzzed is
//! safe Rust with its checks on. What is to hold of each input is in `tests/fuzz`. It is no part of `test`: it
//! ends by time.

use std::path::PathBuf;

use anyhow::Result;

use crate::cmd;

pub mod coverage;

const FOLDER: &str = "tests/fuzz";
/// Of its workspace.
pub const MANIFEST: &str = "tests/fuzz/Cargo.toml";
/// What can be fuzzed; a file each in `tests/fuzz/targets`.
pub const TARGETS: [&str; 6] =
    ["packet", "capture_file", "config_file", "packet_filter", "screen_filter", "command_line"];

/// Each of these, or of all, for so long.
pub fn fuzz(targets: &[String], seconds: u32) -> Result<()> {
    if cmd::find("cargo-fuzz").is_none() {
        cmd::run(cmd::cargo()?.args(["install", "--locked", "cargo-fuzz"]))?;
    }
    write_seeds()?;
    let all = TARGETS.map(str::to_owned);
    for target in if targets.is_empty() { &all } else { targets } {
        let mut fuzz = cmd::cargo()?;
        fuzz.args(["fuzz", "run", "--fuzz-dir", FOLDER, "--sanitizer", "none", target]);
        // What is found goes into the first.
        fuzz.args(inputs(target)?).arg("--");
        fuzz.args([format!("-max_total_time={seconds}"), "-print_final_stats=1".to_owned()]);
        cmd::run(&mut fuzz)?;
    }
    Ok(())
}

/// What was found for a target, what it began with, and what is kept of earlier mistakes: folders that are there.
fn inputs(target: &str) -> Result<Vec<PathBuf>> {
    let folder = cmd::root()?.join(FOLDER);
    let corpus = folder.join("corpus").join(target);
    std::fs::create_dir_all(&corpus)?;
    let others = ["seeds", "kept"].map(|name| folder.join(name).join(target));
    Ok([corpus].into_iter().chain(others.into_iter().filter(|path| path.is_dir())).collect())
}

/// They are made of what the tests know, by the one that holds them to the checks.
fn write_seeds() -> Result<()> {
    let mut test = cmd::cargo()?;
    test.args(["test", "--quiet", "--locked", "--package", "iftop-user", "--test", "iftop"]);
    test.args(["--", "--exact", "fuzzed::seeds_hold"]);
    cmd::run(test.env("IFTOP_SEEDS", cmd::root()?.join(FOLDER).join("seeds")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_has_its_file() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fuzz/targets");
        let files = std::fs::read_dir(folder).unwrap();
        let mut files: Vec<_> =
            files.map(|file| file.unwrap().path().file_stem().unwrap().to_owned()).collect();
        files.sort();
        let mut targets = TARGETS;
        targets.sort_unstable();
        assert_eq!(files, targets);
    }
}
