//! What others want to be said wherever their code goes: the licences of all that is linked in.
//!
//! It owns which code that is. It judges none of them; `cargo xtask deny` does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{build, libpcap, tools::Tools};
use crate::cmd;

const HEAD: &str = "\
The programs of this release have code of others linked in, each under one of the licences below. Rust's own
library, which is among it, is of the Rust Project, under MIT or Apache-2.0.
";
/// In place of a text.
const NO_FILE: &str =
    "Their packages name these licences and carry no text. It is LICENSE-MIT or LICENSE-APACHE.";
/// How names of files begin that have licences.
const BEGINNINGS: [&str; 5] = ["licen", "copying", "copyright", "notice", "unlicense"];

/// Each text once, with who it is of.
#[derive(Default)]
struct Texts(BTreeMap<String, BTreeSet<String>>);

/// All of them, of all targets.
pub fn collect(tools: &Tools, libpcap_source: &Path) -> Result<String> {
    let mut texts = Texts::default();
    texts.add(format!("libpcap {}", libpcap::VERSION), &libpcap_source.join("LICENSE"))?;
    texts.add("musl (in static programs)".to_owned(), &tools.musl_licence()?)?;
    for target in [&build::DYNAMIC].into_iter().chain(&build::STATIC) {
        texts.add_crates(&metadata("Cargo.toml", Some(target.rust))?, "iftop-user")?;
    }
    texts.add_crates(&metadata("iftop-ebpf/Cargo.toml", None)?, "iftop-ebpf")?;
    Ok(texts.print())
}

fn metadata(manifest: &str, platform: Option<&str>) -> Result<Value> {
    let mut cargo = cmd::cargo()?;
    cargo.args(["metadata", "--format-version", "1", "--locked", "--manifest-path", manifest]);
    if let Some(platform) = platform {
        cargo.args(["--filter-platform", platform]);
    }
    serde_json::from_str(&cmd::output(&mut cargo)?).context("what cargo says of dependencies")
}

impl Texts {
    fn add(&mut self, owner: String, file: &Path) -> Result<()> {
        let text = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        // Some end their lines in another way, and are the same else.
        let text = text.replace("\r\n", "\n").trim().to_owned();
        self.0.entry(text).or_default().insert(owner);
        Ok(())
    }

    /// Of all that a package of the workspace is linked with.
    fn add_crates(&mut self, metadata: &Value, package: &str) -> Result<()> {
        let used = used(metadata, package).context("what cargo says is not understood")?;
        let packages = metadata["packages"].as_array().into_iter().flatten();
        // What has no source is ours.
        for package in packages.filter(|package| !package["source"].is_null()) {
            let word = |key: &str| package[key].as_str().unwrap_or_default();
            if !used.contains(word("id")) {
                continue;
            }
            let owner = format!("{} {} ({})", word("name"), word("version"), word("license"));
            let files = files(Path::new(word("manifest_path")))?;
            if files.is_empty() {
                let is_known =
                    ["MIT", "Apache-2.0"].iter().any(|text| word("license").contains(text));
                ensure!(is_known, "{owner} has no file with its licence");
                self.0.entry(NO_FILE.to_owned()).or_default().insert(owner.clone());
            }
            for file in files {
                self.add(owner.clone(), &file)?;
            }
        }
        Ok(())
    }

    fn print(&self) -> String {
        let mut out = HEAD.to_owned();
        for (text, owners) in &self.0 {
            let line = "=".repeat(80);
            let owners = owners.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
            // Nothing can go wrong in memory.
            let _ = writeln!(out, "\n{line}\n{owners}\n{line}\n\n{text}");
        }
        out
    }
}

/// The packages that one is linked with, itself included: not what only its tests or build scripts use.
fn used<'a>(metadata: &'a Value, package: &str) -> Option<BTreeSet<&'a str>> {
    let packages = metadata["packages"].as_array()?;
    let root = packages.iter().find(|candidate| candidate["name"] == package)?["id"].as_str()?;
    let nodes = metadata["resolve"]["nodes"].as_array()?;
    let (mut used, mut open) = (BTreeSet::new(), vec![root]);
    while let Some(id) = open.pop() {
        if !used.insert(id) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"] == id)?;
        for dependency in node["deps"].as_array()? {
            let kinds = dependency["dep_kinds"].as_array()?;
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                open.push(dependency["pkg"].as_str()?);
            }
        }
    }
    Some(used)
}

fn files(manifest: &Path) -> Result<Vec<PathBuf>> {
    let folder = manifest.parent().context("a manifest in a folder")?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if entry.path().is_file() && BEGINNINGS.iter().any(|begin| name.starts_with(begin)) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_linked_counts() {
        let dependency = |id: &str, kind: Value| json!({"pkg": id, "dep_kinds": [{"kind": kind}]});
        let metadata = json!({
            "packages": [{"name": "a", "id": "a 1"}],
            "resolve": {"nodes": [
                {"id": "a 1", "deps": [
                    dependency("b 1", Value::Null),
                    dependency("c 1", "dev".into()),
                    dependency("d 1", "build".into()),
                ]},
                {"id": "b 1", "deps": [dependency("e 1", Value::Null)]},
                {"id": "e 1", "deps": []},
            ]},
        });
        assert_eq!(used(&metadata, "a").unwrap(), ["a 1", "b 1", "e 1"].into());
        assert_eq!(used(&metadata, "b"), None);
    }

    #[test]
    fn the_same_text_is_there_once() {
        let mut texts = Texts::default();
        let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../LICENSE-MIT"));
        texts.add("a 1".to_owned(), file).unwrap();
        texts.add("b 2".to_owned(), file).unwrap();
        let printed = texts.print();
        assert!(printed.contains("\na 1\nb 2\n"), "{printed}");
        assert_eq!(printed.matches("Permission is hereby granted").count(), 1);
    }
}
