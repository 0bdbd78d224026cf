//! `cargo xtask bench`: builds the benchmark as the user and runs it as root.
//!
//! What is measured, and how, is in `tests/bench`.

use anyhow::{Result, bail};

use crate::{
    cmd::{self, Privilege},
    setup::{self, Purpose},
};

/// Measures these parts, or all.
pub fn bench(parts: &[String], quick: bool) -> Result<()> {
    setup::setup(Purpose::Bench)?;
    let mut bench = cmd::cargo()?;
    bench.args(["bench", "--package", "iftop-user", "--bench", "bench", "--locked", "--"]);
    bench.args(parts).arg("--output").arg(cmd::target_dir()?.join("bench"));
    if quick {
        bench.arg("--quick");
    }
    let runner = match Privilege::find() {
        Privilege::Root => None,
        Privilege::Sudo => Some("sudo -n -E"),
        Privilege::None => bail!("the benchmark loads kernel programs: run it as root"),
    };
    cmd::run_programs_through(&mut bench, runner)?;
    cmd::run(&mut bench)
}
