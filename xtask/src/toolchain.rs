//! The recorded toolchain of the kernel program: which one it is, whether it is here, and how it is
//! installed.
//!
//! The versions are exact, as the committed object can be compared byte by byte only with what the
//! same tools make. Nothing but `build-ebpf` needs any of this.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{cmd, setup};

const RUST: &str = "1.95.0";
const BPF_LINKER: &str = "0.13.0";
/// Debian's package of LLVM's headers and tools, and where it puts them.
const LLVM_PACKAGE: &str = "llvm-22-dev";
const LLVM_PREFIX: &str = "/usr/lib/llvm-22";
const LLVM_FEATURE: &str = "llvm-22";

/// The tools, all of them.
pub struct Toolchain {
    /// The root of the Rust toolchain.
    pub sysroot: PathBuf,
    /// The linker, which is also what generates the code.
    pub bpf_linker: PathBuf,
    /// Their versions.
    pub versions: Versions,
}

/// What decides the bytes of the object, beside its sources.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Versions {
    pub rustc: String,
    pub rustc_commit: String,
    pub bpf_linker: String,
    pub llvm: String,
}

impl Toolchain {
    /// The recorded toolchain; otherwise what of it is missing.
    pub fn find() -> Result<Self, Vec<String>> {
        let mut missing = Vec::new();
        let rust = Rust::find();
        match &rust {
            None => missing.push(format!("Rust {RUST}")),
            Some(rust) if !rust.has_source() => missing.push(format!("rust-src of Rust {RUST}")),
            Some(_) => {}
        }
        let llvm = llvm_version();
        if llvm.is_none() {
            missing.push(LLVM_PACKAGE.to_owned());
        }
        let bpf_linker = bpf_linker();
        if bpf_linker.is_none() {
            missing.push(format!("bpf-linker {BPF_LINKER}"));
        }
        match (rust, llvm, bpf_linker) {
            (Some(rust), Some(llvm), Some(bpf_linker)) if missing.is_empty() => Ok(Self {
                sysroot: rust.sysroot,
                bpf_linker,
                versions: Versions {
                    rustc: RUST.to_owned(),
                    rustc_commit: rust.commit,
                    bpf_linker: BPF_LINKER.to_owned(),
                    llvm,
                },
            }),
            _ => Err(missing),
        }
    }

    /// A program of the Rust toolchain itself. Rustup's stand-ins would choose by the folder.
    pub fn rust_program(&self, name: &str) -> PathBuf {
        self.sysroot.join("bin").join(name)
    }

    /// LLVM's objcopy.
    pub fn objcopy() -> PathBuf {
        llvm_tool("llvm-objcopy")
    }
}

/// An installed Rust toolchain of the recorded version.
struct Rust {
    /// Its name for rustup; none for a Rust that did not come from rustup.
    name: Option<&'static str>,
    sysroot: PathBuf,
    commit: String,
}

impl Rust {
    /// Prefers one that has its source.
    fn find() -> Option<Self> {
        let mut found: Vec<_> =
            [Some(RUST), Some("stable"), None].into_iter().filter_map(Self::at).collect();
        let best = found.iter().position(Self::has_source).unwrap_or(0);
        (!found.is_empty()).then(|| found.swap_remove(best))
    }

    fn at(name: Option<&'static str>) -> Option<Self> {
        let rustc = |argument: &[&str]| {
            let mut command = match name {
                Some(name) => {
                    let mut rustup = Command::new("rustup");
                    // A question must not install what it asks for.
                    rustup.env("RUSTUP_AUTO_INSTALL", "0").args(["run", name, "rustc"]);
                    rustup
                }
                None => Command::new("rustc"),
            };
            cmd::ask(command.args(argument))
        };
        let version = rustc(&["-vV"])?;
        if line(&version, "release: ")? != RUST {
            return None;
        }
        let commit = line(&version, "commit-hash: ")?.to_owned();
        let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?);
        Some(Self { name, sysroot, commit })
    }

    fn has_source(&self) -> bool {
        self.sysroot.join("lib/rustlib/src/rust/library/core/src/lib.rs").is_file()
    }
}

fn line<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(start))
}

fn llvm_tool(name: &str) -> PathBuf {
    Path::new(LLVM_PREFIX).join("bin").join(name)
}

fn llvm_version() -> Option<String> {
    let is_whole =
        Path::new(LLVM_PREFIX).join("include/llvm-c").exists() && Toolchain::objcopy().is_file();
    cmd::ask(Command::new(llvm_tool("llvm-config")).arg("--version")).filter(|_| is_whole)
}

fn bpf_linker() -> Option<PathBuf> {
    let file = cmd::find("bpf-linker")?;
    let version = cmd::ask(Command::new(&file).arg("--version"))?;
    (version.split_whitespace().last()? == BPF_LINKER).then_some(file)
}

/// Installs what of the toolchain is missing.
pub fn install() -> Result<()> {
    install_rust().context(
        "the kernel program cannot be built without the source of Rust's core library (rust-src); \
         everything else works, as the object is committed",
    )?;
    if llvm_version().is_none() {
        setup::install(&[LLVM_PACKAGE])?;
    }
    if bpf_linker().is_none() {
        println!("installing bpf-linker {BPF_LINKER}");
        let mut install = Command::new("cargo");
        install.args(["install", "bpf-linker", "--version", BPF_LINKER, "--locked", "--force"]);
        // Its default features bring an LLVM of their own, which is not Debian's.
        install.args(["--no-default-features", "--features", LLVM_FEATURE]);
        cmd::run(install.env("LLVM_PREFIX", LLVM_PREFIX))?;
    }
    match Toolchain::find() {
        Ok(_) => Ok(()),
        Err(missing) => bail!("still missing after its installation: {}", missing.join(", ")),
    }
}

fn install_rust() -> Result<()> {
    let name = match Rust::find() {
        Some(rust) if rust.has_source() => return Ok(()),
        Some(rust) => rust.name.context(
            "this Rust does not come from rustup: install its source as its rust-src package",
        )?,
        None => {
            println!("installing Rust {RUST}");
            rustup(&["toolchain", "install", RUST, "--profile", "minimal"])?;
            RUST
        }
    };
    println!("installing rust-src of Rust {RUST}");
    rustup(&["component", "add", "rust-src", "--toolchain", name])
}

fn rustup(arguments: &[&str]) -> Result<()> {
    if cmd::find("rustup").is_none() {
        bail!("there is no rustup: see https://rustup.rs");
    }
    cmd::run(Command::new("rustup").args(arguments))
        .context("if static.rust-lang.org cannot be reached from here, try again where it can")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_by_its_start() {
        let version = "rustc 1.95.0\ncommit-hash: 598\nrelease: 1.95.0\n";
        assert_eq!(line(version, "release: "), Some("1.95.0"));
        assert_eq!(line(version, "host: "), None);
    }
}
