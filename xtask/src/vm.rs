//! `cargo xtask vm`: the tests that face the kernel, on the kernels that Debian packages.
//!
//! It owns which kernels and which tests. Each kernel is booted in qemu by plain emulation: that takes no
//! hardware and no rights, and nothing is installed. What is fetched is kept in `target/vm`.

mod boot;
mod fetch;
mod image;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};
use boot::{Qemu, Verdict};
use fetch::Archive;
use image::{Image, Tests};

use crate::cmd;

/// Those of Debian's current releases and of the one that is still cared for: by the start of their
/// version, from the oldest that iftop runs on.
const KERNELS: [&str; 5] = ["5.10", "6.1", "6.12", "6.18", NEWEST];
/// Whichever has the highest number.
const NEWEST: &str = "newest";
/// Where they are.
const SUITES: [&str; 4] =
    ["bullseye-security", "bookworm-security", "trixie-security", "trixie-backports"];
/// Kernels for clouds: small, with all that iftop needs built in or as a module.
const KIND: &str = "-cloud-amd64";

/// The tests that are run inside, by a part of their names. Few of them load programs: that takes a second
/// or more under emulation. (Which aggregates a veth leaves to the kernel differs between these kernels.)
const UNIT: &[&str] = &[
    "qdisc::tests",
    "interface::getifaddrs",
    "interface::linux::counters",
    "interface::linux::default_route",
    "interface::linux::speed",
    "interface::linux::tags",
    "interface::linux::tests",
    "promiscuous::",
    "source::ebpf::differential::the_verifier",
];
const END_TO_END: &[&str] = &["counting::", "filter::a_filter_reads_what_is_not_linear"];
/// Fewer that passed are a mistake of this list.
const LEAST_PASSED: usize = 30;

/// Runs the tests on these kernels, or on all.
pub fn vm(kernels: &[String]) -> Result<()> {
    let wanted: Vec<&str> = match kernels {
        [] => KERNELS.to_vec(),
        some => some.iter().map(String::as_str).collect(),
    };
    let folder = cmd::target_dir()?.join("vm");
    let (qemu, busybox) = tools(&folder)?;
    let (tests, program) = build()?;
    let archive = Archive::open(folder.join("kernels"), &SUITES)?;
    let there_are = archive.names("linux-image-")?;
    let mut failed = Vec::new();
    for wanted in wanted {
        let package = choose(&there_are, wanted)
            .with_context(|| format!("Debian has no kernel {wanted} any more"))?;
        let started = Instant::now();
        let kernel = kernel(&archive, &folder, package)?;
        let image = folder.join("image.gz");
        let root = folder.join("root");
        Image::new(root, &kernel, &busybox, &tests, &program)?.pack(&image)?;
        let vmlinuz = fetch::find(&kernel, &|name: &str| name.starts_with("vmlinuz"));
        let vmlinuz = vmlinuz.with_context(|| format!("no kernel in {package}"))?;
        let log = folder.join(format!("{wanted}.log"));
        qemu.run(&vmlinuz, &image, &log)?;
        let verdict = boot::judge(&log, tests.len()).with_context(|| format!("kernel {wanted}"))?;
        report(&verdict, started);
        if verdict.failed.is_empty() {
            ensure!(verdict.passed >= LEAST_PASSED, "only {} tests were run", verdict.passed);
        } else {
            failed.push(format!(
                "{}: {} (see {})",
                verdict.kernel,
                verdict.failed.join(", "),
                log.display()
            ));
        }
    }
    if !failed.is_empty() {
        bail!("failed on\n  {}", failed.join("\n  "));
    }
    Ok(())
}

fn report(verdict: &Verdict, started: Instant) {
    println!(
        "{}: {} passed, {} failed, {:.0} s",
        verdict.kernel,
        verdict.passed,
        verdict.failed.len(),
        started.elapsed().as_secs_f64()
    );
    for line in &verdict.verified {
        println!("    verified {line}");
    }
}

/// qemu and a busybox without libraries: the machine's, or unpacked beside it.
fn tools(folder: &Path) -> Result<(Qemu, PathBuf)> {
    let unpacked = folder.join("tools");
    let busybox = unpacked.join("bin/busybox");
    let qemu = match cmd::find("qemu-system-x86_64") {
        Some(path) => Qemu::Installed(path),
        None => Qemu::Unpacked(unpacked.clone()),
    };
    let missing_qemu = matches!(&qemu, Qemu::Unpacked(folder) if !folder.join("usr/bin/qemu-system-x86_64").exists());
    if missing_qemu || !busybox.exists() {
        let release = fetch::release()?;
        let security = format!("{release}-security");
        let archive = Archive::open(folder.join("archive"), &[&release, &security])?;
        let mut packages = vec!["busybox-static".to_owned()];
        if missing_qemu {
            packages.extend(archive.missing_for("qemu-system-x86")?);
        }
        println!("unpacking qemu in {}", unpacked.display());
        archive.unpack(&packages, &unpacked)?;
    }
    Ok((qemu, busybox))
}

/// The folder that a kernel is unpacked in.
fn kernel(archive: &Archive, folder: &Path, package: &str) -> Result<PathBuf> {
    let kernel = folder.join(package);
    if kernel.exists() {
        return Ok(kernel);
    }
    let mut packages = vec![package.to_owned()];
    // From 7.0 on kernel and modules have packages of their own.
    let parts = ["linux-binary-", "linux-modules-", "linux-base-"];
    let needed = archive.dependencies(package)?.into_iter();
    packages.extend(needed.filter(|name| parts.iter().any(|part| name.starts_with(part))));
    // What was cut short is not taken for whole.
    let unfinished = folder.join("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    archive.unpack(&packages, &unfinished)?;
    fs::rename(&unfinished, &kernel).context("put the kernel in its place")?;
    Ok(kernel)
}

/// Builds the tests, and the program that they run.
fn build() -> Result<(Vec<Tests>, PathBuf)> {
    let mut build = cmd::cargo()?;
    build.args([
        "test",
        "--no-run",
        "--locked",
        "--package",
        "iftop-user",
        "--lib",
        "--test",
        "iftop",
    ]);
    let said = cmd::output(build.arg("--message-format=json"))?;
    let find = |kind: &str, name: &str| {
        executable(&said, kind, name).with_context(|| format!("cargo built no {kind} {name}"))
    };
    let tests = vec![
        Tests { program: find("lib", "iftop_user")?, filters: UNIT },
        Tests { program: find("test", "iftop")?, filters: END_TO_END },
    ];
    Ok((tests, find("bin", "iftop")?))
}

/// What cargo built of a target, by its messages, one to a line.
fn executable(messages: &str, kind: &str, name: &str) -> Option<PathBuf> {
    messages.lines().filter_map(|line| serde_json::from_str(line).ok()).find_map(
        |message: serde_json::Value| {
            let target = &message["target"];
            let is_it = target["name"] == name && target["kind"][0] == kind;
            is_it.then(|| message["executable"].as_str()).flatten().map(PathBuf::from)
        },
    )
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

    #[test]
    fn executables_are_found_in_cargos_messages() {
        let messages = r#"{"reason":"x","target":{"name":"iftop","kind":["bin"]},"executable":"/t/iftop"}
{"target":{"name":"iftop","kind":["test"]},"executable":"/t/deps/iftop-1"}
{"target":{"name":"iftop_user","kind":["lib"]},"executable":null}
{"target":{"name":"iftop_user","kind":["lib"]},"executable":"/t/deps/iftop_user-1"}
finished"#;
        let found = |kind, name| executable(messages, kind, name);
        assert_eq!(found("test", "iftop"), Some("/t/deps/iftop-1".into()));
        assert_eq!(found("lib", "iftop_user"), Some("/t/deps/iftop_user-1".into()));
        assert_eq!(found("lib", "iftop"), None);
    }
}
