//! `cargo xtask build-ebpf`: the committed objects of the kernel programs, each with its record.
//!
//! It owns these files. A check must never change them.

mod compile;
mod digest;
mod record;
pub mod rustc;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    cmd,
    toolchain::{Toolchain, Versions},
};
use record::Record;

/// An object that is committed, and what it is built from.
struct Program {
    /// The binary in iftop-ebpf.
    binary: &'static str,
    /// Where its object is committed.
    object: &'static str,
    /// Where its record is.
    record: &'static str,
    /// Files and folders that it alone is built from.
    sources: &'static [&'static str],
}

/// iftop's own, and that of `cargo xtask bench`.
const PROGRAMS: [Program; 2] = [
    Program {
        binary: "iftop",
        object: OBJECT,
        record: "iftop-user/ebpf/iftop.bpf.toml",
        sources: &[],
    },
    Program {
        binary: "bench",
        object: "tests/bench/ebpf/bench.bpf.o",
        record: "tests/bench/ebpf/bench.bpf.toml",
        sources: &["tests/bench/ebpf/src"],
    },
];
/// The one that iftop has in it.
pub const OBJECT: &str = "iftop-user/ebpf/iftop.bpf.o";
const REMEDY: &str = "run `cargo xtask build-ebpf` and commit its objects and records";

/// Builds the kernel programs and replaces the committed objects.
pub fn build() -> Result<()> {
    let toolchain = match Toolchain::find() {
        Ok(toolchain) => toolchain,
        Err(missing) => {
            bail!("not installed: {}; run `cargo xtask setup --ebpf`", missing.join(", "))
        }
    };
    let root = cmd::root()?;
    compile::compile(&toolchain)?;
    for program in &PROGRAMS {
        let bytes = compile::object(program.binary, &toolchain)?;
        let record = Record {
            versions: toolchain.versions.clone(),
            object_sha256: digest::sha256(&bytes),
            sources_sha256: digest::sources(&root, program.sources)?,
        };
        write(&root.join(program.object), &bytes)?;
        write(&root.join(program.record), record.to_string().as_bytes())?;
        println!("{}: {} bytes, sha256 {}", program.object, bytes.len(), record.object_sha256);
    }
    Ok(())
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

/// Fails when a committed object is not what its sources give, as far as that can be known here.
pub fn check() -> Result<()> {
    let root = cmd::root()?;
    // The kernel programs are built together, and once.
    let mut built = false;
    for program in &PROGRAMS {
        check_one(&root, program, &mut built)?;
    }
    Ok(())
}

fn check_one(root: &Path, program: &Program, built: &mut bool) -> Result<()> {
    let Program { binary, object: name, record: record_name, sources } = program;
    let text = fs::read_to_string(root.join(record_name))
        .with_context(|| format!("{record_name}; {REMEDY}"))?;
    let record: Record = text.parse().with_context(|| format!("{record_name}; {REMEDY}"))?;
    let object = fs::read(root.join(name)).with_context(|| format!("{name}; {REMEDY}"))?;
    // Always, even where the bytes can be compared: elsewhere there is nothing but the record.
    ensure!(
        record.object_sha256 == digest::sha256(&object),
        "{name} is not the object that {record_name} records: {REMEDY}"
    );
    ensure!(
        record.sources_sha256 == digest::sources(root, sources)?,
        "the kernel program's sources are not those that {name} was built from: {REMEDY}"
    );
    match recorded_toolchain(&record.versions) {
        Ok(toolchain) => {
            if !*built {
                compile::compile(&toolchain)?;
                *built = true;
            }
            let rebuilt = compile::object(binary, &toolchain)?;
            ensure!(rebuilt == object, "{name} is not what its sources give: {REMEDY}");
            println!("{name}: compared bytes: equal");
        }
        Err(missing) => {
            let missing = missing.join(", ");
            println!(
                "toolchain not here ({missing}): compared the digest of the sources of {name}"
            );
        }
    }
    Ok(())
}

/// The toolchain that made the object; otherwise what is missing for it.
fn recorded_toolchain(recorded: &Versions) -> Result<Toolchain, Vec<String>> {
    let toolchain = Toolchain::find()?;
    let missing = recorded.missing_in(&toolchain.versions);
    if missing.is_empty() { Ok(toolchain) } else { Err(missing) }
}

impl Versions {
    fn missing_in(&self, here: &Self) -> Vec<String> {
        let compared = [
            ("Rust", &self.rustc, &here.rustc),
            ("rustc commit", &self.rustc_commit, &here.rustc_commit),
            ("bpf-linker", &self.bpf_linker, &here.bpf_linker),
            ("LLVM", &self.llvm, &here.llvm),
        ];
        let differ = compared.into_iter().filter(|(_, recorded, here)| recorded != here);
        differ.map(|(tool, recorded, here)| format!("{tool} {recorded}, here {here}")).collect()
    }
}

/// A folder of our own for what is built for the BPF target.
fn target_dir() -> Result<PathBuf> {
    Ok(cmd::target_dir()?.join("ebpf"))
}
