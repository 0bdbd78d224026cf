//! Whether every option is there that the documents name by itself.

use clap::{Arg, Command, CommandFactory as _};
use iftop_user::cli::CommandLine;

use super::{extract, root};

/// What are none of iftop's, and whose they are.
const OTHERS: &[(&str, &str)] = &[
    ("--no-default-features", "cargo"),
    ("--ignored", "cargo test"),
    ("--nocapture", "cargo test"),
    ("--quick", "cargo xtask bench"),
    ("--record", "cargo xtask vm"),
    ("--cap-add", "docker run"),
    ("--ulimit", "docker run"),
    ("--profile=netadmin", "kubectl debug"),
    ("-1", "a number"),
];

#[test]
fn each_option_that_a_document_names_is_there() {
    let command = CommandLine::command();
    let (mut checked, mut unknown) = (0, Vec::new());
    for code in extract::all(&root()) {
        if code.block.is_some() || !code.text.starts_with('-') {
            continue;
        }
        for word in code.text.split(' ').filter(|word| word.starts_with('-') && word.len() > 1) {
            checked += 1;
            if !is_option(&command, word) && !OTHERS.iter().any(|(other, _)| *other == word) {
                unknown.push(format!("{}: {word}", code.place()));
            }
        }
    }
    assert!(checked > 100, "{checked}");
    assert_eq!(unknown, [""; 0]);
}

/// `--long`, `--long=value`, or letters of which the first is one; behind it may be others or its value.
fn is_option(command: &Command, word: &str) -> bool {
    let is_it = |argument: &Arg| match word.strip_prefix("--") {
        Some(long) => {
            let long = long.split('=').next();
            let aliases = argument.get_all_aliases().unwrap_or_default();
            argument.get_long() == long || aliases.iter().any(|alias| Some(*alias) == long)
        }
        None => argument.get_short() == word.chars().nth(1),
    };
    // clap adds these two when it is run.
    ["--help", "-h", "--version", "-V"].contains(&word) || command.get_arguments().any(is_it)
}
