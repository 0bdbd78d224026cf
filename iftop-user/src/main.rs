//! The program `iftop`.

use std::process::ExitCode;

use anyhow::{Error, Result};
use clap::Parser as _;
use iftop_user::{
    cli::CommandLine,
    config, generate,
    run::{self, Ending, OutputError},
    stderr::tell,
};

fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        // It has the words in it that were typed.
        Err(error) if error.use_stderr() => {
            tell(error.render().to_string().trim_end());
            return ExitCode::FAILURE;
        }
        Err(help) => {
            // A closed pipe is the only way for this to fail, and then nobody listens.
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    match start(line) {
        Ok(ending) => ExitCode::from(ending.status()),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("iftop: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(line: CommandLine) -> Result<Ending> {
    if let Some(what) = line.generate {
        return generate::print(what).map(|()| Ending::Done);
    }
    let (options, warnings) = config::file::resolve(line)?;
    if !warnings.is_empty() {
        tell(&warnings.join("\n"));
    }
    run::run(&options, warnings.len())
}

/// The reader of our output has seen enough: no error.
fn is_closed_pipe(error: &Error) -> bool {
    error.downcast_ref().is_some_and(OutputError::is_closed_pipe)
}
