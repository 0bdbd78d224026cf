//! The packet parser and nothing else, fed with inputs that are there: those in the folder that
//! `IFTOP_INPUTS` names, as `cargo xtask fuzz --coverage` does, or else those that are kept.

use std::{env, fs, path::PathBuf};

#[path = "src/input.rs"]
mod input;
#[path = "src/parser.rs"]
mod parser;

#[test]
fn inputs_hold() {
    let kept = || concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fuzz/kept/packet").into();
    let folders = env::var_os("IFTOP_INPUTS").unwrap_or_else(kept);
    let mut inputs = 0;
    for folder in env::split_paths(&folders) {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        let files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
        for file in files {
            println!("{}", file.display());
            parser::check(&fs::read(file).expect("a file"));
            inputs += 1;
        }
    }
    assert!(inputs > 0, "{folders:?} is empty");
}
