//! `cargo xtask soak`: has iftop run for minutes under a changing load, beside interfaces that come and go.
//!
//! It owns how long. What is to hold is in `tests/steady/soak.rs`, which the tests run for seconds.

use anyhow::{Result, bail};

use crate::{
    cmd::{self, Privilege},
    setup::{self, Purpose},
};

const TEST: &str = "steady::soak::who_stays_takes_no_more_and_is_exact";

/// Runs it for so many minutes.
pub fn soak(minutes: u32) -> Result<()> {
    setup::setup(Purpose::Test)?;
    let mut soak = cmd::cargo()?;
    soak.args(["test", "--package", "iftop-user", "--test", "iftop", "--locked", "--"]);
    soak.args(["--ignored", "--exact", "--nocapture", TEST]);
    soak.env("IFTOP_SOAK_SECONDS", (minutes * 60).to_string());
    let runner = match Privilege::find() {
        Privilege::Root => None,
        Privilege::Sudo => Some("sudo -n -E"),
        Privilege::None => bail!("it loads kernel programs: run it as root"),
    };
    cmd::run_programs_through(&mut soak, runner)?;
    cmd::run(&mut soak)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that no test has would pass in silence.
    #[test]
    fn the_test_is_there() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/steady/soak.rs");
        let name = TEST.rsplit("::").next().unwrap();
        assert!(std::fs::read_to_string(file).unwrap().contains(&format!("fn {name}()")));
    }
}
