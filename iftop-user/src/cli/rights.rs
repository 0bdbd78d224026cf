//! Options of what the program may do once everything is open.

use std::path::PathBuf;

use clap::{Args, builder::NonEmptyStringValueParser};

use crate::options::Rights;

/// What only the command line says of it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Rights")]
pub struct RightsArgs {
    /// Whom the program is to belong to once everything is open, where root has started it [default: who
    /// called sudo, else nobody]
    #[arg(long, value_name = "USER", conflicts_with = "no_sandbox")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    user: Option<String>,

    /// Keep all rights, and the user
    #[arg(long)]
    no_sandbox: bool,

    /// Where key e of the live table writes files; it cannot write anywhere else [default: the current folder]
    #[arg(long, value_name = "FOLDER")]
    export_dir: Option<PathBuf>,
}

impl From<RightsArgs> for Rights {
    fn from(args: RightsArgs) -> Self {
        Self { user: args.user, sandbox: !args.no_sandbox, export_folder: args.export_dir }
    }
}
