//! The program as it is handed out: built for other systems than this one, with libpcap linked in.
//!
//! It owns the list of targets. The kernel program in each is the one that is committed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use super::{libpcap, tools::Tools};
use crate::{cmd, ebpf, targets};

/// What a program is built for, by the names of rustc and zig.
pub struct Target {
    pub rust: &'static str,
    pub zig: &'static str,
    /// In the name of the file.
    pub name: &'static str,
}

/// The oldest glibc that it runs on: that of RHEL 8 and Debian 10.
pub const GLIBC: &str = "2.28";

/// With the system's C library, so that names come by its nsswitch.conf.
pub const DYNAMIC: Target = Target {
    rust: "x86_64-unknown-linux-gnu",
    zig: "x86_64-linux-gnu.2.28",
    name: "x86_64-linux-gnu",
};

/// With nothing to be installed beside it.
pub const STATIC: [Target; 2] = [
    Target {
        rust: "x86_64-unknown-linux-musl",
        zig: "x86_64-linux-musl",
        name: "x86_64-linux-musl",
    },
    Target {
        rust: "aarch64-unknown-linux-musl",
        zig: "aarch64-linux-musl",
        name: "aarch64-linux-musl",
    },
];

/// Builds the program for it.
pub fn build(target: &Target, tools: &Tools, libpcap_source: &Path) -> Result<PathBuf> {
    targets::install(&[target.rust])?;
    let libpcap = libpcap::build(tools, libpcap_source, target.zig)?;
    let all = cmd::target_dir()?;
    let mut build = cmd::cargo()?;
    build.args(["zigbuild", "--release", "--locked", "--package", "iftop-user", "--bin", "iftop"]);
    build.args(["--target", &triple(target)]).arg("--target-dir").arg(&all);
    build.env("LIBPCAP_LIBDIR", libpcap).env("LIBPCAP_VER", libpcap::VERSION);
    tools.lend(&mut build)?;
    cmd::run(&mut build)?;
    let program = all.join(target.rust).join("release/iftop");
    let object = fs::read(cmd::root()?.join(ebpf::OBJECT)).context("read the kernel program")?;
    if !has(&fs::read(&program).context("read what was built")?, &object) {
        bail!("{} has not the committed kernel program in it", program.display());
    }
    Ok(program)
}

/// For cargo-zigbuild, which is told the version of glibc by it.
fn triple(target: &Target) -> String {
    match target.zig.split_once('.') {
        Some((_, version)) => format!("{}.{version}", target.rust),
        None => target.rust.to_owned(),
    }
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_glibc_goes_along() {
        assert_eq!(triple(&DYNAMIC), format!("x86_64-unknown-linux-gnu.{GLIBC}"));
        assert_eq!(triple(&STATIC[1]), "aarch64-unknown-linux-musl");
    }

    #[test]
    fn a_part_is_found_wherever_it_is() {
        assert!(has(b"abc", b"bc") && has(b"abc", b"abc") && !has(b"abc", b"cb"));
    }
}
