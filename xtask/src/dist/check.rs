//! `cargo xtask dist --check`: each thing that is handed out is installed and run in a clean root folder.
//!
//! It owns which are tried how; what is asked of each stands in a script beside. It must never install anything
//! on this machine or touch its network.

mod capture;

use std::{fs, path::Path, time::Instant};

use anyhow::{Context as _, Result};

use super::Products;
use crate::{
    cmd,
    root::{Base, Root},
    setup::{self, Purpose},
};

const COMMON: &str = include_str!("check/common.sh");
const DEB: &str = include_str!("check/deb.sh");
const RPM: &str = include_str!("check/rpm.sh");
const ARCHIVE: &str = include_str!("check/archive.sh");
const ALONE: &str = include_str!("check/alone.sh");

/// Runs what is built for this architecture where the other's is.
const EMULATOR: &str = "qemu-aarch64-static";

/// Tries all of it.
pub fn check(products: &Products) -> Result<()> {
    setup::setup(Purpose::DistCheck)?;
    let base = Base::make()?;
    let [native, foreign] = &products.programs;
    try_in("the package for Debian", &base, &products.deb, DEB)?;
    try_in("the package for Fedora", &base, &products.rpm, RPM)?;
    try_in("the archive", &base, &products.archive, ARCHIVE)?;
    try_alone("the static program", native, None)?;
    try_alone("the static program for aarch64", foreign, Some(EMULATOR))
}

/// In a clean Debian, which has the file in `/dist`.
fn try_in(what: &str, base: &Base, file: &Path, script: &str) -> Result<()> {
    timed(what, || {
        let root = base.copy()?;
        root.put(file, "dist")?;
        root.run(&format!("{COMMON}{script}"))
    })
}

/// In a root folder with nothing but the program, and an emulator where it needs one.
fn try_alone(what: &str, program: &Path, emulator: Option<&str>) -> Result<()> {
    timed(what, || {
        let root = Root::empty()?;
        fs::copy(program, root.folder().join("iftop")).context("copy the program")?;
        fs::write(root.folder().join("two.pcap"), capture::two_packets())
            .context("write a capture file")?;
        let emulator = match emulator {
            Some(name) => {
                let file = cmd::find(name).with_context(|| format!("there is no {name}"))?;
                root.put(&file, "")?;
                format!("/{name}")
            }
            None => String::new(),
        };
        root.run_beside(&format!("{COMMON}{ALONE}"), &emulator)
    })
}

fn timed(what: &str, attempt: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n{what}");
    let started = Instant::now();
    attempt().with_context(|| what.to_owned())?;
    println!("{what} passed in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What the document says of containers is what is tried.
    #[test]
    fn capabilities_of_the_document_are_those_that_are_tried() {
        let install = include_str!("../../../docs/install.md");
        let (_, docker) = install.split_once("docker run ").unwrap();
        let (docker, _) = docker.split_once("iftop -i").unwrap();
        let words: Vec<_> = docker.split_whitespace().collect();
        let docker = words.windows(2).filter(|pair| pair[0] == "--cap-add");
        let docker: BTreeSet<_> = docker.map(|pair| pair[1].to_owned()).collect();
        let (_, pod) = install.split_once("add: [").unwrap();
        let (pod, _) = pod.split_once(']').unwrap();
        let pod: BTreeSet<_> = pod.split(", ").map(str::to_lowercase).collect();
        assert_eq!(docker, pod);
        let tried = DEB.lines().filter_map(|line| line.split_once("contained +"));
        let tried = tried.map(|(_, rest)| rest.split(' ').next().unwrap().split(",+"));
        let mut tried = tried.map(|names| names.map(str::to_owned).collect::<BTreeSet<_>>());
        assert!(tried.any(|names| names == docker), "{docker:?}");
    }
}
