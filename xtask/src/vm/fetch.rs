//! Debian's packages, unpacked in a folder of ours: kernels, and the tools that the machine lacks.
//!
//! apt is asked with lists, caches and sources of our own. It must never install anything, and never ask
//! for rights.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::cmd;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What there is in some suites.
pub struct Archive {
    folder: PathBuf,
}

impl Archive {
    /// Asks for what there is at present; `None` where the mirror says that it has no such suite. A suite is
    /// of the archive itself, or of `debian-security`.
    pub fn open(folder: PathBuf, suites: &[&str]) -> Result<Option<Self>> {
        for part in ["lists/partial", "cache/archives/partial", "packages"] {
            fs::create_dir_all(folder.join(part)).context("make folders for packages")?;
        }
        let sources: String = suites.iter().map(|suite| source(suite)).collect();
        fs::write(folder.join("sources.list"), sources).context("write the list of sources")?;
        let archive = Self { folder };
        let update = || {
            let mut update = archive.apt("apt-get");
            // Else it goes on without what it could not get.
            update.args(["-o", "APT::Update::Error-Mode=any", "--quiet=2", "update"]);
            errors_of(&mut update)
        };
        match patiently(update).context("ask Debian for its packages")? {
            Ok(()) => Ok(Some(archive)),
            Err(errors) if is_gone(&errors) => Ok(None),
            Err(errors) => bail!("ask Debian for its packages:\n{errors}"),
        }
    }

    /// The names of all packages that begin so.
    pub fn names(&self, start: &str) -> Result<Vec<String>> {
        let names = cmd::output(self.apt("apt-cache").args(["pkgnames", start]))?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// What a package depends on directly.
    pub fn dependencies(&self, package: &str) -> Result<Vec<String>> {
        let said = cmd::output(self.apt("apt-cache").args(["depends", package]))?;
        Ok(depends(&said))
    }

    /// A package and all that it needs and the machine has not got.
    pub fn missing_for(&self, package: &str) -> Result<Vec<String>> {
        let mut plan = self.apt("apt-get");
        plan.args(["--simulate", "--quiet=2", "--no-install-recommends", "install", package]);
        Ok(planned(&cmd::output(&mut plan)?))
    }

    /// Unpacks packages into a folder, which then has what they would install.
    pub fn unpack(&self, packages: &[String], into: &Path) -> Result<()> {
        let downloads = self.folder.join("packages");
        // What an older run left is not to be unpacked again.
        fs::remove_dir_all(&downloads).and_then(|()| fs::create_dir(&downloads))?;
        let download = || {
            let mut download = self.apt("apt-get");
            download.args(["--quiet=2", "download"]).args(packages).current_dir(&downloads);
            errors_of(&mut download)
        };
        if let Err(errors) = patiently(download)? {
            bail!("download {}:\n{errors}", packages.join(" "));
        }
        for file in fs::read_dir(&downloads).context("list what was downloaded")? {
            let mut unpack = Command::new("dpkg-deb");
            cmd::run(unpack.arg("-x").args([&file?.path(), into]))?;
        }
        Ok(())
    }

    fn apt(&self, tool: &str) -> Command {
        let folder = |part: &str| self.folder.join(part).display().to_string();
        let mut command = Command::new(tool);
        for option in [
            format!("Dir::Etc::SourceList={}", folder("sources.list")),
            "Dir::Etc::SourceParts=/dev/null".to_owned(),
            format!("Dir::State::Lists={}", folder("lists")),
            format!("Dir::Cache={}", folder("cache")),
            // As whoever we are: another user may not be let into our folder.
            "APT::Sandbox::User=".to_owned(),
            // A release that is cared for no more does not renew its lists.
            "Acquire::Check-Valid-Until=false".to_owned(),
            "Debug::NoLocking=true".to_owned(),
            "Acquire::Retries=3".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command
    }
}

/// Runs a command; what it wrote to stderr where it failed.
fn errors_of(command: &mut Command) -> Result<Result<(), String>> {
    let output = command.output().with_context(|| format!("start {}", cmd::show(command)))?;
    let errors = || String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(if output.status.success() { Ok(()) } else { Err(errors()) })
}

/// Tries again what fails: mirrors and the ways to them have their moments.
fn patiently<E>(mut attempt: impl FnMut() -> Result<Result<(), E>>) -> Result<Result<(), E>> {
    for seconds in [2, 10, 30] {
        if attempt()?.is_ok() {
            return Ok(Ok(()));
        }
        thread::sleep(Duration::from_secs(seconds));
    }
    attempt()
}

/// Whether the mirror was there and had no such suite.
fn is_gone(errors: &str) -> bool {
    errors.contains("does not have a Release file") && !errors.contains("connect")
}

fn source(suite: &str) -> String {
    let archive = if suite.ends_with("-security") { "debian-security" } else { "debian" };
    format!("deb [signed-by={KEYRING}] {}/{archive} {suite} main\n", mirror())
}

/// Where the machine's own packages come from, else where everybody's do.
pub fn mirror() -> String {
    let lists = ["/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources"];
    let text: String = lists.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    mirror_in(&text).unwrap_or("http://deb.debian.org").to_owned()
}

fn mirror_in(sources: &str) -> Option<&str> {
    let words =
        sources.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    words
        .filter(|word| word.starts_with("http"))
        .find_map(|word| word.trim_end_matches('/').strip_suffix("/debian"))
}

fn depends(said: &str) -> Vec<String> {
    let names = said.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.map(str::to_owned).collect()
}

/// The packages of a plan: `Inst NAME (VERSION ..)`.
fn planned(said: &str) -> Vec<String> {
    let lines = said.lines().filter_map(|line| line.strip_prefix("Inst "));
    lines.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The code name of the Debian that this machine runs.
pub fn release() -> Result<String> {
    let text = fs::read_to_string("/etc/os-release").context("read /etc/os-release")?;
    let name = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    match name {
        Some(name) if Path::new(KEYRING).exists() => Ok(name.to_owned()),
        _ => bail!("the kernels come from Debian, and this is no Debian"),
    }
}

/// The first file of such a name below a folder.
pub fn find(folder: &Path, matches: &impl Fn(&str) -> bool) -> Option<PathBuf> {
    let mut entries: Vec<_> =
        fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    entries.iter().find_map(|path| {
        if path.is_dir() && !path.is_symlink() {
            return find(path, matches);
        }
        path.file_name().and_then(OsStr::to_str).is_some_and(matches).then(|| path.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_mirror_is_used() {
        let cases = [
            ("deb http://deb.debian.org/debian bookworm main", Some("http://deb.debian.org")),
            ("deb [x=y] https://m.example/pub/debian/ sid main", Some("https://m.example/pub")),
            (
                "# deb http://a.example/debian sid main\nTypes: deb\nURIs: http://b.example/debian",
                { Some("http://b.example") },
            ),
            ("deb https://example.com/debian-security x main", None),
            ("", None),
        ];
        for (sources, mirror) in cases {
            assert_eq!(mirror_in(sources), mirror, "{sources}");
        }
    }

    #[test]
    fn what_apt_says_is_understood() {
        let said = "linux-image-7\n  Depends: linux-binary-7\n  Depends: kmod\n  Recommends: x\n";
        assert_eq!(depends(said), ["linux-binary-7", "kmod"]);
        assert!(is_gone(
            "E: The repository 'http://m.example old Release' does not have a Release file."
        ));
        for trouble in ["Could not connect to m.example:80", "500  Internal Server Error", ""] {
            assert!(!is_gone(trouble), "{trouble}");
        }
        let plan = "Inst libslirp0 (4.7.0-1 Debian:12 [amd64])\nRemv x [1]\nConf libslirp0 (4)\n";
        assert_eq!(planned(plan), ["libslirp0"]);
    }
}
