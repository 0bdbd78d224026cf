//! The names of the made-up hosts.
//!
//! It must never be called outside of a mount namespace of our own.

use std::{
    env,
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::{self, Command},
};

use anyhow::{Context as _, Result};

use super::traffic::{HOSTS, VISITORS, visitor};
use crate::cmd;

const FILE: &str = "/etc/hosts";

/// Lets the resolver of this mount namespace find them in its hosts file. Where the system has none, as the
/// smallest Debian, hosts have no names.
pub(super) fn put_in_place() -> Result<()> {
    if !Path::new(FILE).exists() {
        return Ok(());
    }
    let mut text = "127.0.0.1 localhost\n::1 localhost\n".to_owned();
    for (address, name) in HOSTS {
        writeln!(text, "{address} {name}.example")?;
    }
    for number in 0..VISITORS {
        writeln!(text, "{} visitor-{number}.example", visitor(number))?;
    }
    let file = env::temp_dir().join(format!("iftop-demo-{}", process::id()));
    // Nobody else's, whoever may write there.
    let made = File::create_new(&file).and_then(|mut file| file.write_all(text.as_bytes()));
    made.with_context(|| file.display().to_string())?;
    let mounted = cmd::run(Command::new("mount").arg("--bind").arg(&file).arg(FILE));
    // What is mounted stays what it is.
    let _ = fs::remove_file(&file);
    mounted
}
