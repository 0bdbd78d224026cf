//! What packages carry beside the program: the manual page, and completions for shells.
//!
//! It owns none of the options: all comes from the one definition of the command line, and the keys from
//! their table.

use std::io::{self, Write as _};

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
    stdout.write_all(&text(what)).and_then(|()| stdout.flush()).map_err(OutputError::new)?;
    Ok(())
}

fn text(what: Generated) -> Vec<u8> {
    let shell = match what {
        Generated::Man => return manual::page().into_bytes(),
        Generated::Bash => Shell::Bash,
        Generated::Zsh => Shell::Zsh,
        Generated::Fish => Shell::Fish,
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "iftop", &mut text);
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
            let text = String::from_utf8(text(shell)).unwrap();
            for option in options() {
                assert!(text.contains(&format!("{prefix}{option}")), "{shell:?}: {option}");
            }
        }
    }

    #[test]
    fn the_manual_has_every_option() {
        let page = String::from_utf8(text(Generated::Man)).unwrap();
        for option in options() {
            let option = option.replace('-', "\\-");
            assert!(page.contains(&format!("\\-\\-{option}")), "{option}");
        }
    }
}
