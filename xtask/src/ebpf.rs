//! `cargo xtask build-ebpf`: the committed object of the kernel program and its record.
//!
//! It owns the two files in `iftop-user/ebpf`. A check must never change them.

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

const OBJECT: &str = "iftop-user/ebpf/iftop.bpf.o";
const RECORD: &str = "iftop-user/ebpf/iftop.bpf.toml";
const REMEDY: &str = "run `cargo xtask build-ebpf` and commit iftop-user/ebpf";

/// Builds the kernel program and replaces the committed object.
pub fn build() -> Result<()> {
    let toolchain = match Toolchain::find() {
        Ok(toolchain) => toolchain,
        Err(missing) => {
            bail!("not installed: {}; run `cargo xtask setup --ebpf`", missing.join(", "))
        }
    };
    let root = cmd::root()?;
    let bytes = compile::compile(&toolchain)?;
    let record = Record {
        versions: toolchain.versions,
        object_sha256: digest::sha256(&bytes),
        sources_sha256: digest::sources(&root)?,
    };
    write(&root.join(OBJECT), &bytes)?;
    write(&root.join(RECORD), record.to_string().as_bytes())?;
    println!("{OBJECT}: {} bytes, sha256 {}", bytes.len(), record.object_sha256);
    Ok(())
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

/// Fails when the committed object is not what its sources give, as far as that can be known here.
pub fn check() -> Result<()> {
    let root = cmd::root()?;
    let text =
        fs::read_to_string(root.join(RECORD)).with_context(|| format!("{RECORD}; {REMEDY}"))?;
    let record: Record = text.parse().with_context(|| format!("{RECORD}; {REMEDY}"))?;
    let object = fs::read(root.join(OBJECT)).with_context(|| format!("{OBJECT}; {REMEDY}"))?;
    // Always, even where the bytes can be compared: elsewhere there is nothing but the record.
    ensure!(
        record.object_sha256 == digest::sha256(&object),
        "{OBJECT} is not the object that {RECORD} records: {REMEDY}"
    );
    ensure!(
        record.sources_sha256 == digest::sources(&root)?,
        "the kernel program's sources are not those that {OBJECT} was built from: {REMEDY}"
    );
    match recorded_toolchain(&record.versions) {
        Ok(toolchain) => {
            let rebuilt = compile::compile(&toolchain)?;
            ensure!(rebuilt == object, "{OBJECT} is not what its sources give: {REMEDY}");
            println!("compared bytes: equal");
        }
        Err(missing) => {
            let missing = missing.join(", ");
            println!("toolchain not here ({missing}): compared the digest of the sources");
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
