//! Whether the tasks that the documents name are spelled as the command line takes them.

use std::path::Path;

use clap::Parser as _;

use super::Cli;

#[path = "../../tests/documents/extract.rs"]
mod extract;

/// What words of the documents stand for.
const STAND_FOR: [(&str, &[&str]); 4] =
    [("TARGET", &["packet"]), ("N", &["1"]), ("[PART…]", &["hot"]), ("[--quick]", &["--quick"])];

/// `tests/documents` says of each who runs it.
#[test]
fn each_command_of_the_documents_is_taken() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tasks = 0;
    for code in extract::all(&root) {
        for command in code.commands().into_iter().flatten() {
            let Some(words) = command.strip_prefix("cargo xtask ") else { continue };
            tasks += 1;
            let words = ["xtask"].into_iter().chain(words.split(' ').flat_map(|word| {
                let stands_for = STAND_FOR.iter().find(|(placeholder, _)| *placeholder == word);
                stands_for.map_or_else(|| vec![word], |(_, words)| words.to_vec())
            }));
            let outcome = Cli::try_parse_from(words);
            assert!(outcome.is_ok(), "{}: {command}", code.place());
        }
    }
    assert!(tasks > 20, "{tasks}");
}
