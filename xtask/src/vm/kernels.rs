//! The kernels, and what boots them: found in Debian's archive, unpacked beside each other.
//!
//! It owns which kernels. It must never take another one for the one that was asked for, or half of a package
//! for the whole.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::{
    Machine,
    boot::Qemu,
    fetch::{self, Archive},
    image::Base,
};
use crate::cmd;

/// A kernel of Debian's current releases, or of the one that is still cared for.
pub struct Kernel {
    /// How its version starts.
    pub series: &'static str,
    /// Where it is.
    suite: &'static str,
}

/// Whichever has the highest number.
const NEWEST: &str = "newest";
/// From the oldest that iftop runs on.
pub const KERNELS: [Kernel; 5] = [
    Kernel { series: "5.10", suite: "bullseye-security" },
    Kernel { series: "6.1", suite: "bookworm-security" },
    Kernel { series: "6.12", suite: "trixie-security" },
    Kernel { series: "6.18", suite: "trixie-backports" },
    Kernel { series: NEWEST, suite: "trixie-backports" },
];
/// Kernels for clouds: small, with all that iftop needs built in or as a module.
const KIND: &str = "-cloud-amd64";

pub fn chosen(names: &[String]) -> Result<Vec<&'static Kernel>> {
    if names.is_empty() {
        return Ok(KERNELS.iter().collect());
    }
    let find = |name: &String| KERNELS.iter().find(|kernel| kernel.series == name);
    let all = || KERNELS.map(|kernel| kernel.series).join(", ");
    names
        .iter()
        .map(|name| find(name).with_context(|| format!("{name} is none of {}", all())))
        .collect()
}

/// Why a kernel is not tested.
pub struct LeftOut {
    pub why: String,
    /// Nobody can help it: the mirror has nothing of that release any more.
    pub suite_is_gone: bool,
}

/// Fetches a kernel and makes an image for it.
pub fn machine(kernel: &Kernel, folder: &Path, base: &Base) -> Result<Result<Machine, LeftOut>> {
    let Kernel { series, suite } = kernel;
    let Some(archive) = Archive::open(folder.join("kernels").join(suite), &[suite])? else {
        let why = format!("{series}: the mirror has no {suite} any more");
        return Ok(Err(LeftOut { why, suite_is_gone: true }));
    };
    let there_are = archive.names("linux-image-")?;
    let Some(package) = choose(&there_are, series) else {
        let why = format!("{series}: Debian has withdrawn it from {suite}");
        return Ok(Err(LeftOut { why, suite_is_gone: false }));
    };
    let unpacked = unpacked(&archive, folder, package)?;
    let vmlinuz = fetch::find(&unpacked, &|name: &str| name.starts_with("vmlinuz"));
    let vmlinuz = vmlinuz.with_context(|| format!("no kernel in {package}"))?;
    let image = folder.join(format!("{series}.cpio"));
    base.with_modules(&unpacked, &image)?;
    Ok(Ok(Machine { series, vmlinuz, image, log: folder.join(format!("{series}.log")) }))
}

/// qemu and a busybox without libraries: the machine's, or unpacked beside it.
pub fn tools(folder: &Path) -> Result<(Qemu, PathBuf)> {
    let unpacked = folder.join("tools");
    let busybox = unpacked.join("bin/busybox");
    let qemu = match cmd::find("qemu-system-x86_64") {
        Some(path) => Qemu::Installed(path),
        None => Qemu::Unpacked(unpacked.clone()),
    };
    let is_there = |file: &str| unpacked.join(file).exists();
    let missing_qemu = matches!(qemu, Qemu::Unpacked(_)) && !is_there("usr/bin/qemu-system-x86_64");
    if missing_qemu || !busybox.exists() {
        let release = fetch::release()?;
        let suites = [&*release, &format!("{release}-security")];
        let archive = Archive::open(folder.join("archive"), &suites)?
            .with_context(|| format!("the mirror has no {release}"))?;
        let mut packages = vec!["busybox-static".to_owned()];
        if missing_qemu {
            packages.extend(archive.missing_for("qemu-system-x86")?);
        }
        println!("unpacking qemu in {}", unpacked.display());
        unpack(&archive, folder, &packages, &unpacked)?;
    }
    Ok((qemu, busybox))
}

/// The folder that a kernel is unpacked in.
fn unpacked(archive: &Archive, folder: &Path, package: &str) -> Result<PathBuf> {
    let kernel = folder.join(package);
    if !kernel.exists() {
        let mut packages = vec![package.to_owned()];
        // From 7.0 on kernel and modules have packages of their own.
        let parts = ["linux-binary-", "linux-modules-", "linux-base-"];
        let needed = archive.dependencies(package)?.into_iter();
        packages.extend(needed.filter(|name| parts.iter().any(|part| name.starts_with(part))));
        println!("unpacking {package}");
        unpack(archive, folder, &packages, &kernel)?;
    }
    Ok(kernel)
}

/// All or nothing: what was cut short is not taken for whole.
fn unpack(archive: &Archive, folder: &Path, packages: &[String], into: &Path) -> Result<()> {
    let unfinished = folder.join("unfinished");
    for old in [&*unfinished, into].into_iter().filter(|old| old.exists()) {
        fs::remove_dir_all(old).with_context(|| format!("remove {}", old.display()))?;
    }
    archive.unpack(packages, &unfinished)?;
    fs::rename(&unfinished, into).context("put what was unpacked in its place")
}

/// Of the packages of kernels the newest with such a version.
fn choose<'a>(packages: &'a [String], wanted: &str) -> Option<&'a str> {
    let version = |package: &'a String| {
        let version = package.strip_prefix("linux-image-")?.strip_suffix(KIND)?;
        version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
    };
    let fits = |version: &str| wanted == NEWEST || version.starts_with(&format!("{wanted}."));
    packages
        .iter()
        .filter_map(|package| Some((numbers(version(package).filter(|it| fits(it))?), package)))
        .max()
        .map(|(_, package)| package.as_str())
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_a_series_is_chosen() {
        let packages = [
            "linux-image-cloud-amd64",
            "linux-image-5.10.0-9-cloud-amd64",
            "linux-image-5.10.0-46-cloud-amd64",
            "linux-image-5.10.0-47-cloud-amd64-unsigned",
            "linux-image-6.1.0-56-cloud-amd64",
            "linux-image-6.12.118+deb13-cloud-amd64",
            "linux-image-6.12.9+deb13-cloud-amd64",
            "linux-image-7.3.2+deb13-cloud-amd64",
            "linux-image-7.3.4+deb13-cloud-arm64",
        ]
        .map(str::to_owned);
        let cases = [
            ("5.10", Some("linux-image-5.10.0-46-cloud-amd64")),
            ("6.1", Some("linux-image-6.1.0-56-cloud-amd64")),
            ("6.12", Some("linux-image-6.12.118+deb13-cloud-amd64")),
            ("newest", Some("linux-image-7.3.2+deb13-cloud-amd64")),
            ("6.18", None),
        ];
        for (wanted, package) in cases {
            assert_eq!(choose(&packages, wanted), package, "{wanted}");
        }
    }
}
