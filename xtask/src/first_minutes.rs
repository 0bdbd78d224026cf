//! `cargo xtask first-minutes`: from `git clone` to a live table in a clean Debian, with a clock.
//!
//! It owns the document that says how long it took. What is typed stands in a script, as README has it.

use std::{fmt::Write as _, fs, process::Command, thread};

use anyhow::{Context as _, Result, bail};

use crate::{
    cmd,
    root::{Base, network::Network},
    setup::{self, Purpose},
};

const DOCUMENT: &str = "docs/first-minutes.md";
const TYPED: &str = include_str!("first_minutes/type.sh");
/// What this machine trusts beside Debian's list, where there is a proxy between it and the others.
const CERTIFICATES: &str = "/usr/local/share/ca-certificates";

const HEAD: &str = "\
# The first minutes

What `cargo xtask first-minutes` wrote down. In a clean Debian 12 (debootstrap's smallest), with a network of its
own, it types what a newcomer would, as root, and looks at the clock. The repository comes out of a file, all
else from where it always comes from.

| typed | until | took |
|---|---|---|
";

/// Does it, and writes the document.
pub fn first_minutes() -> Result<()> {
    if !cmd::is_root() {
        bail!("it makes a root folder and mounts: run it as root");
    }
    setup::setup(Purpose::FirstMinutes)?;
    let root = Base::make()?.copy()?;
    let mut bundle = Command::new("git");
    bundle.args(["bundle", "create", "--quiet"]).arg(root.folder().join("iftop.bundle"));
    cmd::run(bundle.args(["HEAD"]).current_dir(cmd::root()?))?;
    if let Ok(certificates) = fs::read_dir(CERTIFICATES) {
        for certificate in certificates {
            root.put(&certificate?.path(), CERTIFICATES.trim_start_matches('/'))?;
        }
    }
    root.run_in(&Network::new()?, TYPED)?;
    let log = fs::read_to_string(root.folder().join("log")).context("read what was noted")?;
    fs::write(cmd::root()?.join(DOCUMENT), document(&log, &machine()?))
        .context("write the document")
}

/// What it ran on.
fn machine() -> Result<String> {
    let processors = thread::available_parallelism().context("ask for the processors")?;
    let kernel = cmd::output(Command::new("uname").arg("-r"))?;
    Ok(format!("{processors} CPUs, Linux {}", kernel.trim_end()))
}

fn document(log: &str, machine: &str) -> String {
    let mut document = format!("{HEAD}{log}");
    // Nothing can go wrong in memory.
    let _ = writeln!(
        document,
        "\nThat was on a machine with {machine}. What has been built is not built again."
    );
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands of the script that are of this project.
    fn typed() -> impl Iterator<Item = &'static str> {
        let lines = TYPED.lines().filter_map(|line| line.split_once(" \"")?.1.strip_suffix('"'));
        lines.filter(|command| command.starts_with("cargo "))
    }

    #[test]
    fn what_is_typed_is_what_readme_says() {
        let readme = include_str!("../../README.md");
        assert!(typed().count() >= 3);
        for command in typed() {
            assert!(readme.contains(command), "{command}");
        }
    }

    /// A script that types something else has not been run.
    #[test]
    fn the_document_is_of_this_script() {
        let path = cmd::root().unwrap().join(DOCUMENT);
        let document = fs::read_to_string(path).unwrap();
        assert!(document.starts_with(HEAD), "{document}");
        for command in typed() {
            assert!(document.contains(&format!("| `{command}` | ")), "{command}");
        }
    }
}
