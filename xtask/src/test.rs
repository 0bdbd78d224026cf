//! `cargo xtask test`: every check there is, one after the other, up to the first that fails.
//!
//! It must never let a test pass that did not run.

use std::{
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use crate::{
    cmd::{self, Privilege},
    ebpf, fuzz,
    setup::{self, Purpose},
    targets,
};

const EBPF_MANIFEST: &str = "iftop-ebpf/Cargo.toml";
const WORKSPACE: [&str; 2] = ["--workspace", "--locked"];
/// The compiler that the project is kept free of warnings for. A newer one has lints that nobody
/// has seen here yet; those must not fail the tests of somebody who only wants to build.
const CLEAN_WITH: &str = "rustc 1.95.";

/// Runs all steps and says how long each took.
pub fn test() -> Result<ExitCode> {
    let mut steps = Steps::default();
    let result = run_all(&mut steps);
    steps.report();
    let not_run = result?;
    if not_run.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    // Last, so that it is what one reads.
    eprintln!("\nWARNING: not everything was tested. These need root and did NOT run:");
    for name in &not_run {
        eprintln!("  {name}");
    }
    eprintln!("Run `cargo xtask test` as root, or where sudo works.");
    Ok(if cmd::is_ci() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs the steps; returns the tests that could not be run.
fn run_all(steps: &mut Steps) -> Result<Vec<String>> {
    steps.step("set-up", || setup::setup(Purpose::Test))?;
    steps.step("format", || {
        if !is_clean_compiler()? {
            println!("another Rust may format in another way: not checked");
            return Ok(());
        }
        cmd::run(cmd::cargo()?.args(["fmt", "--all", "--check"]))?;
        for manifest in [EBPF_MANIFEST, fuzz::MANIFEST] {
            cmd::run(cmd::cargo()?.args(["fmt", "--manifest-path", manifest, "--check"]))?;
        }
        Ok(())
    })?;
    steps.step("lints", || {
        let mut clippy = cmd::cargo()?;
        clippy.arg("clippy").args(WORKSPACE).args(["--all-targets", "--"]);
        cmd::run(clippy.args(deny_warnings()?))
    })?;
    steps.step("lints of the kernel program", || {
        let mut clippy = cmd::cargo()?;
        clippy.args(["clippy", "--locked", "--all-targets", "--manifest-path", EBPF_MANIFEST]);
        cmd::run(clippy.arg("--").args(deny_warnings()?))
    })?;
    steps.step("documentation", || {
        let mut doc = cmd::cargo()?;
        doc.arg("doc").args(WORKSPACE).args(["--no-deps", "--document-private-items"]);
        cmd::run(doc.env("RUSTDOCFLAGS", deny_warnings()?.concat()))
    })?;
    steps.step("other systems", || targets::check(deny_warnings()?))?;
    steps.step("committed kernel program", ebpf::check)?;
    steps.step("tests", || cmd::run(cargo_test()?.args(WORKSPACE)))?;
    steps.step("tests that need root", || match Privilege::find() {
        Privilege::Root => privileged(None).map(|()| Vec::new()),
        Privilege::Sudo => privileged(Some("sudo -n -E")).map(|()| Vec::new()),
        Privilege::None => ignored(),
    })
}

fn deny_warnings() -> Result<&'static [&'static str]> {
    Ok(if is_clean_compiler()? { &["-D", "warnings"] } else { &[] })
}

fn is_clean_compiler() -> Result<bool> {
    Ok(cmd::output(Command::new("rustc").arg("--version"))?.starts_with(CLEAN_WITH))
}

/// The tests end what they start by signals. What was started in the background ignores some, and so
/// would all that it starts. (Such an `env` is that of GNU's coreutils since 8.31.)
fn cargo_test() -> Result<Command> {
    let cargo = cmd::cargo()?;
    let mut test = Command::new("env");
    test.arg("--default-signal").arg(cargo.get_program()).arg("test").current_dir(cmd::root()?);
    Ok(test)
}

/// Runs the ignored tests. Cargo still builds as the user: only the test programs are run by
/// `runner`. `--tests` leaves out documentation, where "ignore" means code that is not to compile.
fn privileged(runner: Option<&str>) -> Result<()> {
    let mut test = cargo_test()?;
    test.args(WORKSPACE).args(["--tests", "--", "--ignored"]);
    cmd::run_programs_through(&mut test, runner)?;
    cmd::run(&mut test)
}

/// The names of the ignored tests.
fn ignored() -> Result<Vec<String>> {
    let mut list = cmd::cargo()?;
    list.args(["test", "--quiet"]).args(WORKSPACE).args(["--tests", "--", "--ignored", "--list"]);
    Ok(names(&cmd::output(&mut list)?))
}

/// The tests in the output of `--list`, which may name benchmarks and summaries too.
fn names(list: &str) -> Vec<String> {
    list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// The steps that were run, with the time each took.
#[derive(Default)]
struct Steps {
    taken: Vec<(&'static str, Duration, bool)>,
}

impl Steps {
    fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("==> {name}");
        let start = Instant::now();
        let result = work().with_context(|| format!("step \"{name}\""));
        self.taken.push((name, start.elapsed(), result.is_ok()));
        result
    }

    fn report(&self) {
        println!("\n==> time of each step");
        for (name, time, passed) in &self.taken {
            let failed = if *passed { "" } else { "  FAILED" };
            println!("{:7.1} s  {name}{failed}", time.as_secs_f64());
        }
        let total: Duration = self.taken.iter().map(|(_, time, _)| time).sum();
        println!("{:7.1} s  in all", total.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_tests() {
        let list = "source::loads: test\n\n1 test, 0 benchmarks\nrate: benchmark\nend: test\n";
        assert_eq!(names(list), ["source::loads", "end"]);
    }

    #[test]
    fn a_failed_step_is_named() {
        let mut steps = Steps::default();
        let failed: Result<()> = steps.step("lints", || anyhow::bail!("no"));
        let error = failed.unwrap_err();
        assert_eq!(format!("{error:#}"), "step \"lints\": no");
        assert!(!steps.taken[0].2);
    }
}
