//! `cargo xtask fuzz`: feeds what iftop reads from outside with whatever libFuzzer finds.
//!
//! It owns how long, and that stable Rust does: without sanitizers, as what is fuzzed is safe Rust with its
//! checks on. What is to hold of each input is in `tests/fuzz`. It is no part of `test`: it ends by time.

use anyhow::Result;

use crate::cmd;

const FOLDER: &str = "tests/fuzz";
/// What can be fuzzed; a file each in `tests/fuzz/targets`.
pub const TARGETS: [&str; 6] =
    ["packet", "capture_file", "config_file", "packet_filter", "screen_filter", "command_line"];

/// Each of these, or of all, for so long.
pub fn fuzz(targets: &[String], seconds: u32) -> Result<()> {
    if cmd::find("cargo-fuzz").is_none() {
        cmd::run(cmd::cargo()?.args(["install", "--locked", "cargo-fuzz"]))?;
    }
    let all = TARGETS.map(str::to_owned);
    for target in if targets.is_empty() { &all } else { targets } {
        let mut fuzz = cmd::cargo()?;
        fuzz.args(["fuzz", "run", "--fuzz-dir", FOLDER, "--sanitizer", "none", target, "--"]);
        cmd::run(fuzz.arg(format!("-max_total_time={seconds}")))?;
    }
    Ok(())
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
