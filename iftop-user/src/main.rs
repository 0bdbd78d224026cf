//! The program `iftop`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Error;
use clap::Parser as _;
use iftop_user::{
    cli::Options,
    run::{self, OutputError},
};

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            // A closed pipe is the only way for this to fail, and then nobody listens.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match run::run(&options) {
        Ok(ending) => ExitCode::from(ending.status()),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Not `eprintln`: a closed stderr must not turn an error into a panic.
            let _ = writeln!(io::stderr(), "iftop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The reader of our output has seen enough: no error.
fn is_closed_pipe(error: &Error) -> bool {
    error.downcast_ref().is_some_and(OutputError::is_closed_pipe)
}
