//! `cargo xtask deny`: licences, duplicates, sources and advisories of all dependencies, by cargo-deny.
//!
//! It owns which lock files there are. It is no part of `test`: the tool takes minutes to be built, and its
//! database of advisories is fetched from GitHub. Its tests check licences and duplicates by the same lists, as
//! far as that can be done without either.

use anyhow::Result;

use crate::{cmd, fuzz};

/// The workspaces of the repository, each with a lock file of its own.
const MANIFESTS: [&str; 3] = ["Cargo.toml", "iftop-ebpf/Cargo.toml", fuzz::MANIFEST];

/// Checks each workspace by `deny.toml`; `offline` leaves out advisories.
pub fn deny(offline: bool) -> Result<()> {
    if cmd::find("cargo-deny").is_none() {
        cmd::run(cmd::cargo()?.args(["install", "--locked", "cargo-deny"]))?;
    }
    for manifest in MANIFESTS {
        cmd::run(cmd::cargo()?.arg("deny").args(arguments(manifest, offline)))?;
    }
    Ok(())
}

fn arguments(manifest: &str, offline: bool) -> Vec<&str> {
    let mut arguments = vec!["--manifest-path", manifest, "--config", "deny.toml"];
    if offline {
        arguments.push("--offline");
    }
    arguments.extend(["check", "licenses", "bans", "sources"]);
    if !offline {
        arguments.push("advisories");
    }
    arguments
}

#[cfg(test)]
mod tests;
