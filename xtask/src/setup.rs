//! `cargo xtask setup`: the system's tools and cargo's components that `run` and `test` need.
//!
//! It must do nothing, and not even ask for a password, when all is there.

mod jc;
pub mod python;

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::cmd::{self, Privilege};

/// What the tools are wanted for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Building and running iftop.
    Run,
    /// The same on traffic between network namespaces.
    Demo,
    /// The checks and tests as well.
    Test,
    /// Building iftop and comparing it with others.
    Bench,
    /// Running tests in virtual machines.
    Vm,
    /// Drawing a screen of the demonstration.
    Picture,
    /// Making packages.
    Dist,
    /// Trying packages.
    DistCheck,
    /// Doing what README says in a clean Debian.
    FirstMinutes,
}

/// A tool or, with its whole path, a file; the Debian package that brings it, and what needs it.
struct Tool {
    name: &'static str,
    package: &'static str,
    needed_by: &'static [Purpose],
}

const TEST: &[Purpose] = &[Purpose::Test];
const TEST_AND_BENCH: &[Purpose] = &[Purpose::Test, Purpose::Bench];
const NETWORKS: &[Purpose] = &[Purpose::Test, Purpose::Bench, Purpose::Vm];

const SCREENS: &[Purpose] = &[Purpose::Test, Purpose::Picture];

const ALL: &[Purpose] =
    &[Purpose::Run, Purpose::Demo, Purpose::Test, Purpose::Bench, Purpose::Vm, Purpose::Picture];
const IP: &[Purpose] = &[
    Purpose::Demo,
    Purpose::Test,
    Purpose::Bench,
    Purpose::Vm,
    Purpose::Picture,
    Purpose::DistCheck,
    Purpose::FirstMinutes,
];
const DIST: &[Purpose] = &[Purpose::Dist];
const DIST_CHECK: &[Purpose] = &[Purpose::DistCheck];
const FIRST_MINUTES: &[Purpose] = &[Purpose::FirstMinutes];
const CLEAN_ROOTS: &[Purpose] = &[Purpose::DistCheck, Purpose::FirstMinutes];

const TOOLS: [Tool; 18] = [
    // iftop is linked with it.
    Tool { name: "/usr/include/pcap.h", package: "libpcap-dev", needed_by: ALL },
    // Tests and benchmark build their networks with these three...
    Tool { name: "ip", package: "iproute2", needed_by: IP },
    Tool { name: "tc", package: "iproute2", needed_by: NETWORKS },
    Tool { name: "ethtool", package: "ethtool", needed_by: NETWORKS },
    // ...the tests look at the screen through this one...
    Tool { name: "tmux", package: "tmux", needed_by: SCREENS },
    // ...and both compare with classic iftop. Ours has the same name, but not there.
    Tool { name: "/usr/sbin/iftop", package: "iftop", needed_by: TEST_AND_BENCH },
    Tool { name: "/etc/services", package: "netbase", needed_by: TEST },
    // What captures and reads captures: its files and its numbers are what ours are compared with.
    Tool { name: "tcpdump", package: "tcpdump", needed_by: TEST_AND_BENCH },
    Tool { name: "tshark", package: "tshark", needed_by: TEST_AND_BENCH },
    // Whose traffic tcpdump captures: it has servers and clients in one small program.
    Tool { name: "busybox", package: "busybox", needed_by: TEST },
    // libpcap is built from its source with these...
    Tool { name: "make", package: "make", needed_by: DIST },
    Tool { name: "flex", package: "flex", needed_by: DIST },
    Tool { name: "bison", package: "bison", needed_by: DIST },
    Tool { name: "xz", package: "xz-utils", needed_by: DIST },
    Tool { name: "rpmbuild", package: "rpm", needed_by: DIST },
    // ...and what comes of it is tried by these.
    Tool { name: "debootstrap", package: "debootstrap", needed_by: CLEAN_ROOTS },
    Tool { name: "qemu-aarch64-static", package: "qemu-user-static", needed_by: DIST_CHECK },
    Tool { name: "slirp4netns", package: "slirp4netns", needed_by: FIRST_MINUTES },
];

/// Installs what is missing.
pub fn setup(purpose: Purpose) -> Result<()> {
    let mut packages = missing(purpose, is_there);
    if purpose == Purpose::Test {
        packages.extend(jc::missing_package()?);
    }
    install(&packages)?;
    if purpose == Purpose::Test {
        components()?;
        jc::install()?;
    }
    Ok(())
}

fn is_there(tool: &str) -> bool {
    if tool.starts_with('/') { Path::new(tool).exists() } else { cmd::find(tool).is_some() }
}

/// The packages of the tools that are not there, each once.
fn missing(purpose: Purpose, is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let wanted = TOOLS.iter().filter(|tool| tool.needed_by.contains(&purpose));
    let mut packages: Vec<_> =
        wanted.filter(|tool| !is_there(tool.name)).map(|tool| tool.package).collect();
    packages.dedup();
    packages
}

/// Installs Debian packages.
pub fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    if cmd::find("apt-get").is_none() {
        bail!("not installed, and there is no apt-get: what Debian calls {names}");
    }
    let privilege = Privilege::find();
    if privilege == Privilege::None {
        bail!("not installed: {names}; as root, run `apt-get update && apt-get install {names}`");
    }
    println!("installing {names}");
    // The lists of a fresh system are empty, those of an old one out of date.
    cmd::run(apt_get(privilege).arg("update")).context("the lists of packages")?;
    cmd::run(
        apt_get(privilege).args(["install", "--yes", "--no-install-recommends"]).args(packages),
    )
    .with_context(|| format!("installing {names}"))
}

fn apt_get(privilege: Privilege) -> Command {
    // Through `env`, as sudo passes no variables on.
    let words = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"];
    if privilege == Privilege::Root {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
    } else {
        let mut command = Command::new("sudo");
        command.arg("-n").args(words);
        command
    }
}

/// rustfmt and clippy are in rustup's default profile, but not in its minimal one.
fn components() -> Result<()> {
    let mut missing = Vec::new();
    for (component, task) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if cmd::ask(cmd::cargo()?.args([task, "--version"])).is_none() {
            missing.push(component);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    if cmd::find("rustup").is_none() {
        bail!("not installed, and there is no rustup: {}", missing.join(", "));
    }
    cmd::run(Command::new("rustup").args(["component", "add"]).args(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_missing_when_all_is_there() {
        assert!(missing(Purpose::Test, |_| true).is_empty());
    }

    #[test]
    fn run_needs_less_than_test_and_bench() {
        assert_eq!(missing(Purpose::Run, |_| false), ["libpcap-dev"]);
        assert_eq!(missing(Purpose::Demo, |_| false), ["libpcap-dev", "iproute2"]);
        assert_eq!(
            missing(Purpose::Test, |_| false),
            [
                "libpcap-dev",
                "iproute2",
                "ethtool",
                "tmux",
                "iftop",
                "netbase",
                "tcpdump",
                "tshark",
                "busybox"
            ]
        );
        let bench = ["libpcap-dev", "iproute2", "ethtool", "iftop", "tcpdump", "tshark"];
        assert_eq!(missing(Purpose::Bench, |_| false), bench);
        assert_eq!(missing(Purpose::Vm, |_| false), ["libpcap-dev", "iproute2", "ethtool"]);
        assert_eq!(missing(Purpose::Picture, |_| false), ["libpcap-dev", "iproute2", "tmux"]);
    }

    #[test]
    fn one_of_two_tools_of_a_package_is_enough_to_miss_it() {
        assert_eq!(missing(Purpose::Test, |tool| tool != "tc"), ["iproute2"]);
    }
}
