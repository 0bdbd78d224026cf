//! libpcap to be linked in, built from the source that Debian keeps.
//!
//! It owns version and digest of that, and what is left out: capturing from anything but network interfaces, and
//! from other machines.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::tools::Tools;
use crate::{cmd, vm::fetch};

pub const VERSION: &str = "1.10.5";
/// Of Debian 13, which has the newest that is not changed any more.
const PATH: &str = "pool/main/libp/libpcap/libpcap_1.10.5.orig.tar.xz";
const SHA256: &str = "84fa89ac6d303028c1c5b754abff77224f45eca0a94eb1a34ff0aa9ceece3925";

const OPTIONS: [&str; 12] = [
    "--disable-shared",
    "--disable-bluetooth",
    "--disable-dbus",
    "--disable-rdma",
    "--disable-remote",
    "--disable-usb",
    "--without-dag",
    "--without-dpdk",
    "--without-libnl",
    "--without-septel",
    "--without-snf",
    "--without-turbocap",
];

/// The source, unpacked.
pub fn source(folder: &Path) -> Result<PathBuf> {
    let source = folder.join(format!("libpcap-{VERSION}"));
    if source.exists() {
        return Ok(source);
    }
    let archive = folder.join("libpcap.tar.xz");
    let mut download = Command::new("/usr/lib/apt/apt-helper");
    // As whoever we are: another user may not be let into our folder.
    download.args(["-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=3", "download-file"]);
    download.arg(format!("{}/debian/{PATH}", fetch::mirror())).arg(&archive);
    cmd::run(download.arg(format!("SHA256:{SHA256}"))).context("fetch the source of libpcap")?;
    let unpacked = anew(&folder.join("libpcap.unpacked"))?;
    let mut unpack = Command::new("tar");
    unpack.args(["--strip-components=1", "-xf"]).arg(archive).arg("-C").arg(&unpacked);
    cmd::run(&mut unpack)?;
    fs::rename(&unpacked, &source).context("keep the source of libpcap")?;
    Ok(source)
}

/// Builds it for what zig calls `target`; the folder that has `libpcap.a`, and nothing else to link with.
pub fn build(tools: &Tools, source: &Path, target: &str) -> Result<PathBuf> {
    let built = source.with_file_name(format!("libpcap-{VERSION}-{target}"));
    if built.exists() {
        return Ok(built);
    }
    let folder = anew(&source.with_file_name("libpcap.build"))?;
    let host = target.split('.').next().unwrap_or(target);
    let mut configure = Command::new(source.join("configure"));
    configure.args(OPTIONS).args(["--quiet", "--host", host]);
    configure.env("CC", format!("python-zig cc -target {target}")).env("CFLAGS", "-O2 -g0");
    configure.env("AR", "python-zig ar").env("RANLIB", "python-zig ranlib");
    let mut make = Command::new("make");
    make.args(["--quiet", "libpcap.a"]);
    for command in [&mut configure, &mut make] {
        tools.lend(command)?;
        cmd::run(command.current_dir(&folder)).context("build libpcap")?;
    }
    // Zig takes no archive for what is to be linked dynamically, which is all that is asked of it, but one that
    // a linker script names.
    fs::write(folder.join("libpcap.so"), format!("INPUT({})\n", built.join("libpcap.a").display()))
        .context("write a linker script")?;
    fs::rename(&folder, &built).context("keep libpcap")?;
    Ok(built)
}

fn anew(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder).context("remove what an older run left")?;
    }
    fs::create_dir_all(folder).context("make a folder for libpcap")?;
    Ok(folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_of_the_version() {
        assert!(PATH.ends_with(&format!("/libpcap_{VERSION}.orig.tar.xz")));
        assert_eq!(SHA256.len(), 64);
    }
}
