//! What packages carry beside the program: the manual page, and completions for shells.
//!
//! It owns none of the options: all comes from the one definition of the command line, and the keys from
//! their table.

use std::{
    env,
    io::{self, Write as _},
    path::Path,
};

use anyhow::Result;
use clap::{CommandFactory as _, ValueEnum};
use clap_complete::Shell;

use crate::{cli::CommandLine, run::OutputError};

mod manual;

/// What can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Generated {
    /// The manual page, for man(1).
    Man,
    /// Completions for bash.
    Bash,
    /// Completions for zsh.
    Zsh,
    /// Completions for fish.
    Fish,
}

/// Prints it.
///
/// # Errors
/// Say what is wrong with stdout.
pub fn print(what: Generated) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let called = env::args_os().next();
    let name = called.as_deref().and_then(|path| Path::new(path).file_name()?.to_str());
    stdout
        .write_all(&text(what, name.unwrap_or("iftop")))
        .and_then(|()| stdout.flush())
        .map_err(OutputError::new)?;
    Ok(())
}

/// Completions are for one name, which packages may have changed.
fn text(what: Generated, name: &str) -> Vec<u8> {
    let shell = match what {
        Generated::Man => return manual::page().into_bytes(),
        Generated::Bash => Shell::Bash,
        Generated::Zsh => Shell::Zsh,
        Generated::Fish => Shell::Fish,
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), name, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As they are typed.
    fn options() -> Vec<String> {
        let command = CommandLine::command();
        let shown = command.get_arguments().filter(|option| !option.is_hide_set());
        let options: Vec<_> =
            shown.filter_map(|option| option.get_long()).map(str::to_owned).collect();
        assert!(options.len() > 30, "{options:?}");
        options
    }

    #[test]
    fn shells_complete_every_option() {
        for (shell, prefix) in
            [(Generated::Bash, "--"), (Generated::Zsh, "--"), (Generated::Fish, "-l ")]
        {
            let text = String::from_utf8(text(shell, "iftop")).unwrap();
            for option in options() {
                assert!(text.contains(&format!("{prefix}{option}")), "{shell:?}: {option}");
            }
        }
    }

    #[test]
    fn completions_are_for_the_name_by_which_it_was_called() {
        for (shell, complete) in [
            (Generated::Bash, "-o default iftop-ebpf\n"),
            (Generated::Zsh, "#compdef iftop-ebpf\n"),
            (Generated::Fish, "complete -c iftop-ebpf "),
        ] {
            let text = String::from_utf8(text(shell, "iftop-ebpf")).unwrap();
            assert!(text.contains(complete), "{shell:?}: {text}");
        }
    }

    #[test]
    fn the_manual_has_every_option() {
        let page = String::from_utf8(text(Generated::Man, "iftop")).unwrap();
        for option in options() {
            let option = option.replace('-', "\\-");
            assert!(page.contains(&format!("\\-\\-{option}")), "{option}");
        }
    }
}
