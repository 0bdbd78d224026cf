//! What libFuzzer is not needed for: the inputs that it once found, and those that it begins with, hold to
//! the same checks.
//!
//! Nothing of a check is repeated here: they are those of `tests/fuzz`.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::fuzz::CHECKS;

mod seeds;

/// A folder for each check, and a file for each input.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fuzz/kept");

#[test]
fn kept_inputs_hold() {
    let mut names: Vec<_> = files(Path::new(KEPT)).into_iter().map(|(name, _)| name).collect();
    names.retain(|name| !CHECKS.iter().any(|(check, _)| check == name));
    assert!(names.is_empty(), "there is no such check: {names:?}");
    for (name, check) in CHECKS {
        let kept = files(&Path::new(KEPT).join(name));
        assert!(!kept.is_empty(), "nothing is kept for {name}");
        for (file, path) in kept {
            // Named before it fails, which is by panicking inside.
            println!("{name}: {file}");
            check(&fs::read(path).unwrap());
        }
    }
}

fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let entries = entries.map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path())).collect()
}

/// They are written as well, where `cargo xtask fuzz` says to which folder.
#[test]
fn seeds_hold() {
    let folder = env::var_os(seeds::FOLDER);
    for (name, check) in CHECKS {
        let seeds = seeds::of(name);
        assert!(!seeds.is_empty(), "{name}");
        if let Some(folder) = &folder {
            write(&Path::new(folder).join(name), &seeds);
        }
        for (place, seed) in seeds.iter().enumerate() {
            println!("{name}: seed {place}");
            check(seed);
        }
    }
}

fn write(folder: &Path, seeds: &[Vec<u8>]) {
    fs::create_dir_all(folder).unwrap();
    for (place, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("{place:04}")), seed).unwrap();
    }
}
