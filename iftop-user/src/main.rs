//! The program `iftop`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Error;
use clap::Parser as _;
use iftop_user::{cli::Options, run};

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
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Not `eprintln`: a closed stderr must not turn an error into a panic.
            let _ = writeln!(io::stderr(), "iftop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The reader has seen enough: no error.
fn is_broken_pipe(error: &Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
