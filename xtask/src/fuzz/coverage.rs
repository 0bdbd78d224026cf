//! `cargo xtask fuzz --coverage`: how much of the packet parser what was found reaches.
//!
//! It owns how that is counted: a branch is a condition's way, a region a piece of source that is run as a
//! whole (each arm of a `match` is one). Either counts once, in however many forms it was compiled. Stable Rust
//! measures regions; branches it measures where it is told to do what only a nightly one may.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{FOLDER, inputs, write_seeds};
use crate::cmd;

const PARSER: &str = "iftop-common/src/parse";
const PERCENT_AT_LEAST: usize = 95;

/// Prints each that is not reached; too many are an error.
pub fn coverage() -> Result<()> {
    write_seeds()?;
    let folder = cmd::target_dir()?.join("coverage");
    let profile = folder.join("parser.profraw");
    let mut test = cmd::cargo()?;
    test.args(["test", "--quiet", "--locked", "--package", "iftop-common", "--test", "parser"]);
    test.env("CARGO_TARGET_DIR", &folder).env("RUSTC_BOOTSTRAP", "1");
    test.env("RUSTFLAGS", "-Cinstrument-coverage -Zcoverage-options=branch");
    let program = program(&cmd::output(test.args(["--no-run", "--message-format", "json"]))?)?;

    let mut replay = Command::new(&program);
    replay.env("LLVM_PROFILE_FILE", &profile);
    cmd::run(replay.env("IFTOP_INPUTS", env::join_paths(inputs("packet")?)?).arg("--quiet"))?;
    let merged = folder.join("parser.profdata");
    let tools = tools()?;
    let mut merge = Command::new(tools.join("llvm-profdata"));
    cmd::run(merge.args(["merge", "--sparse", "-o"]).arg(&merged).arg(&profile))?;
    let mut export = Command::new(tools.join("llvm-cov"));
    export.arg("export").arg(&program).arg("--instr-profile").arg(&merged);
    let report = serde_json::from_str(&cmd::output(&mut export)?)?;

    for (what, ways) in [("branches", branches(&report)), ("regions", regions(&report))] {
        let reached = ways.values().filter(|is_reached| **is_reached).count();
        println!("{reached} of {} {what} of the packet parser", ways.len());
        for (place, _) in ways.iter().filter(|(_, is_reached)| !**is_reached) {
            println!("  not reached: {place}");
        }
        ensure!(
            !ways.is_empty() && reached * 100 >= ways.len() * PERCENT_AT_LEAST,
            "less than {PERCENT_AT_LEAST} % of its {what}: run `cargo xtask fuzz packet`, or extend the \
             seeds in {FOLDER}"
        );
    }
    Ok(())
}

/// Places in the source, and whether they were reached.
type Places = BTreeMap<String, bool>;

/// `[line, column, line, column, times, times not, …]`
fn branches(report: &Value) -> Places {
    let mut places = Places::new();
    for (file, branch) in parts(report, "branches") {
        for (way, times) in [("true", 4), ("false", 5)] {
            let place = format!("{file}:{}:{} {way}", branch[0], branch[1]);
            *places.entry(place).or_default() |= branch[times] != 0;
        }
    }
    places
}

/// `[line, column, line, column, times, file, expanded file, kind]`
fn regions(report: &Value) -> Places {
    let mut places = Places::new();
    for (file, region) in parts(report, "regions") {
        let place = format!("{file}:{}:{}-{}:{}", region[0], region[1], region[2], region[3]);
        *places.entry(place).or_default() |= region[4] != 0;
    }
    places
}

/// Those of all functions of the parser.
fn parts<'a>(report: &'a Value, what: &str) -> Vec<(&'a str, &'a Value)> {
    let functions = report["data"][0]["functions"].as_array().into_iter().flatten();
    let mut parts = Vec::new();
    for function in functions {
        let file = function["filenames"][0].as_str().unwrap_or_default();
        if let Some(start) = file.find(PARSER) {
            let found = function[what].as_array().into_iter().flatten();
            parts.extend(found.map(|part| (&file[start..], part)));
        }
    }
    parts
}

/// Of what cargo says of what it has built.
fn program(messages: &str) -> Result<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages.filter_map(|message| Some(message["executable"].as_str()?.into()));
    programs.next().context("cargo has built no program")
}

/// LLVM's, as old as the compiler's: rustup installs them.
fn tools() -> Result<PathBuf> {
    let libraries = cmd::output(Command::new("rustc").args(["--print", "target-libdir"]))?;
    let folder = Path::new(libraries.trim()).with_file_name("bin");
    if !folder.join("llvm-cov").is_file() {
        cmd::run(Command::new("rustup").args(["component", "add", "llvm-tools"]))?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compiled_twice_counts_once() {
        let function = |file: &str, times: u32| {
            serde_json::json!({
                "filenames": [file],
                "branches": [[7, 5, 7, 9, times, 0, 0, 0, 4]],
                "regions": [[7, 1, 9, 2, times, 0, 0, 0]],
            })
        };
        let file = "/x/iftop-common/src/parse/link.rs";
        let functions = [function(file, 0), function(file, 3), function("/x/other.rs", 1)];
        let report = serde_json::json!({ "data": [{ "functions": functions }] });
        let place = |end: &str| format!("iftop-common/src/parse/link.rs:7:{end}");
        let expected = [(place("5 false"), false), (place("5 true"), true)];
        assert_eq!(branches(&report), expected.into());
        assert_eq!(regions(&report), [(place("1-9:2"), true)].into());
    }
}
