//! Licences and duplicates by `deny.toml`, without cargo-deny.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde_json::Value;
use spdx::{Expression, ParseMode};

use super::*;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn toml(file: &str) -> toml::Table {
    fs::read_to_string(root().join(file)).unwrap().parse().unwrap()
}

fn strings(list: &toml::Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = Expression::parse_mode(expression, ParseMode::LAX).unwrap();
    expression.evaluate(|wanted| wanted.license.id().is_some_and(|id| allowed.contains(id.name)))
}

/// What is compiled here: what only other systems need may not be there to be asked.
#[test]
fn licences_are_on_the_list() {
    let rules = toml("deny.toml");
    let allowed = strings(&rules["licenses"]["allow"]);
    let mut cargo = cmd::cargo().unwrap();
    cargo.args(["metadata", "--format-version", "1", "--locked", "--offline"]);
    cargo.args(["--filter-platform", "host-tuple"]).current_dir(root());
    let metadata: Value = serde_json::from_str(&cmd::output(&mut cargo).unwrap()).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{}", packages.len());
    let exceptions = rules["licenses"]["exceptions"].as_array().unwrap();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or_default();
        let name = package["name"].as_str().unwrap();
        let exception =
            exceptions.iter().find(|exception| exception["crate"].as_str() == Some(name));
        let mut allowed = allowed.clone();
        allowed.extend(exception.map(|exception| strings(&exception["allow"])).unwrap_or_default());
        assert!(is_allowed(licence, &allowed), "{name}: \"{licence}\"");
    }
}

/// In each lock file, for any system.
#[test]
fn duplicates_are_on_the_list() {
    let rules = toml("deny.toml");
    let skipped = rules["bans"]["skip"].as_array().unwrap();
    let skipped: Vec<_> = skipped.iter().map(|skip| skip["crate"].as_str().unwrap()).collect();
    let is_skipped = |name: &str, version: &str| {
        skipped.iter().any(|skip| match skip.split_once('@') {
            Some((skip, of)) => {
                skip == name && format!("{version}.").starts_with(&format!("{of}."))
            }
            None => *skip == name,
        })
    };
    for manifest in MANIFESTS {
        let lock = toml(&manifest.replace(".toml", ".lock"));
        let mut versions = BTreeMap::<&str, Vec<&str>>::new();
        for package in lock["package"].as_array().unwrap() {
            let [name, version] = ["name", "version"].map(|key| package[key].as_str().unwrap());
            if !is_skipped(name, version) {
                versions.entry(name).or_default().push(version);
            }
        }
        versions.retain(|_, versions| versions.len() > 1);
        assert!(versions.is_empty(), "{manifest}: {versions:?}");
    }
}

#[test]
fn one_of_two_licences_is_enough_and_one_of_both_is_not() {
    let allowed = ["MIT", "Apache-2.0"].into();
    for (expression, expected) in [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0-only OR MIT", true),
        ("GPL-3.0-only", false),
        ("(MIT OR Apache-2.0) AND NCSA", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn advisories_are_left_out_offline() {
    assert!(arguments("Cargo.toml", false).contains(&"advisories"));
    let offline = arguments("Cargo.toml", true);
    assert!(offline.contains(&"--offline") && !offline.contains(&"advisories"));
}
