//! `cargo xtask dist`: what is handed out, in `target/dist`: an archive, packages and static programs.
//!
//! It owns what there is and what it is called. Everything else that it needs and makes is kept in
//! `target/dist-work`. It must never install anything of iftop on this machine.

mod alternative;
mod build;
mod check;
mod contents;
mod deb;
mod libpcap;
mod licences;
mod rpm;
mod tools;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use contents::{ARCHIVE, Sources};
use tools::Tools;

use crate::{
    cmd,
    setup::{self, Purpose},
};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const DESCRIPTION: &str = "live network traffic per connection, counted inside the kernel";
/// Lines of less than 80 columns with their indentation, and no empty one.
const EXPLANATION: &str = "\
iftop-ebpf shows the traffic of an interface per connection, as a table like
that of iftop, or as reports in text and JSON. A program in the kernel counts
every packet, so that none has to be copied to be counted. Where the kernel
cannot count, libpcap stands in.
";

/// What was made.
pub struct Products {
    pub deb: PathBuf,
    pub rpm: PathBuf,
    pub archive: PathBuf,
    /// As the targets stand in the list.
    pub programs: [PathBuf; 2],
}

/// Makes all of it, and tries it where that is asked for.
pub fn dist(and_check: bool) -> Result<()> {
    if and_check && !cmd::is_root() {
        bail!("to try packages takes root folders and mounts: run it as root");
    }
    let products = make()?;
    if and_check {
        check::check(&products)?;
    }
    Ok(())
}

fn make() -> Result<Products> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("packages are made on x86-64 Linux");
    }
    setup::setup(Purpose::Dist)?;
    let work = work()?;
    let tools = Tools::install(&work)?;
    let libpcap = libpcap::source(&work)?;
    let licences = licences::collect(&tools, &libpcap)?;
    let program = build::build(&build::DYNAMIC, &tools, &libpcap)?;
    let sources = Sources { program: &program, licences: &licences };
    let folder = cmd::target_dir()?.join("dist");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("remove what an older run made")?;
    }
    fs::create_dir(&folder).context("make a folder for what is handed out")?;
    let alone = |target| -> Result<PathBuf> {
        let program = build::build(target, &tools, &libpcap)?;
        let file = folder.join(format!("iftop-{VERSION}-{}", target.name));
        fs::copy(program, &file).context("copy a static program")?;
        Ok(file)
    };
    let products = Products {
        archive: archive(&sources, &work, &folder)?,
        deb: deb::make(&sources, &work.join("deb"), &folder)?,
        rpm: rpm::make(&sources, &work.join("rpm"), &folder)?,
        programs: [alone(&build::STATIC[0])?, alone(&build::STATIC[1])?],
    };
    fs::write(folder.join("LICENSES-OF-OTHERS"), licences).context("write licences")?;
    write_sums(&folder)?;
    println!("in {}:", folder.display());
    print!("{}", fs::read_to_string(folder.join(SUMS)).context("read digests")?);
    Ok(products)
}

/// Where everything is kept that is not handed out.
fn work() -> Result<PathBuf> {
    let work = cmd::target_dir()?.join("dist-work");
    fs::create_dir_all(&work).context("make a folder to work in")?;
    Ok(work)
}

/// The program with all that belongs to it, to be unpacked anywhere.
fn archive(sources: &Sources, work: &Path, into: &Path) -> Result<PathBuf> {
    let name = format!("iftop-{VERSION}-{}", build::DYNAMIC.name);
    ARCHIVE.write(sources, &work.join(&name))?;
    let archive = into.join(format!("{name}.tar.xz"));
    let mut pack = Command::new("tar");
    pack.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-cJf"]).arg(&archive);
    cmd::run(pack.arg("-C").args([work, Path::new(&name)]))?;
    Ok(archive)
}

const SUMS: &str = "SHA256SUMS";

/// As sha256sum(1) checks them.
fn write_sums(folder: &Path) -> Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).context("list what was made")? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let mut sums = String::new();
    for name in names {
        let bytes = fs::read(folder.join(&name)).with_context(|| format!("read {name}"))?;
        // Nothing can go wrong in memory.
        let _ = writeln!(sums, "{:x}  {name}", Sha256::digest(bytes));
    }
    fs::write(folder.join(SUMS), sums).context("write digests")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_as_sha256sum_has_them() {
        let folder = std::env::temp_dir().join(format!("iftop-sums-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("b"), "b").unwrap();
        fs::write(folder.join("a"), "").unwrap();
        write_sums(&folder).unwrap();
        let mut check = Command::new("sha256sum");
        cmd::run(check.args(["--check", "--quiet", SUMS]).current_dir(&folder)).unwrap();
        let sums = fs::read_to_string(folder.join(SUMS)).unwrap();
        fs::remove_dir_all(folder).unwrap();
        assert_eq!(sums.lines().count(), 2);
        assert!(sums.ends_with("  b\n"), "{sums}");
    }
}
