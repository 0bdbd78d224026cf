//! Options of capture files.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::values;
use crate::{options::Reading, source::frames::LocalPart};

/// What a file stands in place of. Beside one of these clap no longer requires a file.
const OF_INTERFACES: [&str; 6] = ["interface", "promiscuous", "source", "hook", "table", "netns"];

/// What only the command line says of it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Capture files")]
pub struct ReadingArgs {
    /// Count the packets of a file (pcap or pcapng, - for stdin) instead of an interface's; time is
    /// theirs
    #[arg(short, long, value_name = "FILE")]
    #[arg(conflicts_with_all = OF_INTERFACES)]
    read: Option<PathBuf>,

    /// What is ours, where the file does not say which way a packet went; more of them with commas
    /// between or repeated [default: all packets are between others]
    #[arg(long, value_name = "ADDR|NET|MAC", value_delimiter = ',', value_parser = values::local)]
    #[arg(action = ArgAction::Append, requires = "read", conflicts_with_all = OF_INTERFACES)]
    local: Vec<LocalPart>,

    /// So many times as fast as it was, 0.01 to 10000, in the live table [default: 1]
    #[arg(long, value_name = "FACTOR", value_parser = values::speed, requires = "read")]
    #[arg(allow_negative_numbers = true, conflicts_with_all = OF_INTERFACES)]
    speed: Option<f64>,
}

impl From<ReadingArgs> for Reading {
    fn from(args: ReadingArgs) -> Self {
        Self { file: args.read, local: args.local.into_iter().collect(), speed: args.speed }
    }
}
