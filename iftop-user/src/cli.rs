//! The command line: what the user typed, checked as far as that needs no system.
//!
//! It owns the texts of the errors. It must never do IO. Most options stand in the table of
//! `config::directives`, since the file has them too; here are those that it has not.

use std::{path::PathBuf, time::Duration};

use clap::Parser;

use crate::{
    generate::Generated,
    netns::Target,
    options::{Layer, Options, Reports},
};

mod counting;
mod layer;
mod reading;
mod rights;
pub mod values;

pub use counting::CountingArgs;
pub use reading::ReadingArgs;
pub use rights::RightsArgs;

/// Below the options.
pub(crate) const AFTER_HELP: &str = "\
Every switch has its opposite: --dns for --no-dns, --no-ports for --ports; the last one wins. All but \
those under Options, Capture files, How to count and Rights, --netns, --wait, --json, --interval and \
--count can also stand in the configuration file (see iftoprc.sample); the command line wins over it. An empty value of -i, -f, -F, -G, \
--networks or --screen-filter means none.";

/// Live network traffic per connection, counted inside the kernel.
#[derive(Debug, Parser)]
#[command(
    name = "iftop",
    version,
    override_usage = "iftop [OPTIONS]",
    max_term_width = 100,
    args_override_self = true,
    after_help = AFTER_HELP
)]
#[expect(clippy::struct_excessive_bools, reason = "one per switch")]
pub struct CommandLine {
    /// What the file could say too.
    #[command(flatten)]
    pub layer: Layer,

    /// Configuration file [default: ~/.iftoprc, where there is one]
    #[arg(short, long, value_name = "FILE", overrides_with = "no_config")]
    pub config: Option<PathBuf>,

    /// Read no configuration file
    #[arg(long, overrides_with = "config")]
    pub no_config: bool,

    /// Remove what an iftop that was killed has left at clsact hooks, of all interfaces or that of -i, and end
    #[arg(long, conflicts_with = "read")]
    pub cleanup: bool,

    /// Print the manual page, or completions for a shell, and end
    #[arg(long, value_name = "WHAT", exclusive = true)]
    pub generate: Option<Generated>,

    /// Network namespace to watch: a name of `ip netns`, a process's number, or a path [default: our own]
    #[arg(long, value_name = "NAME|PID|PATH", value_parser = Target::parse)]
    #[arg(allow_negative_numbers = true, help_heading = "What to count")]
    pub netns: Option<Target>,

    /// Wait for the interface of -i where it is not there, and again when it goes
    #[arg(long, conflicts_with = "read", help_heading = "What to count")]
    pub wait: bool,

    /// Print reports as JSON, one object per line
    #[arg(long, conflicts_with = "text", help_heading = "Reports")]
    pub json: bool,

    /// Seconds between reports, 1 to 86400 [default: 2]
    #[arg(long, value_name = "SECONDS", value_parser = values::interval, help_heading = "Reports")]
    #[arg(allow_negative_numbers = true)]
    pub interval: Option<Duration>,

    /// End after so many reports
    #[arg(long, value_name = "NUMBER", value_parser = values::count, help_heading = "Reports")]
    #[arg(allow_negative_numbers = true)]
    pub count: Option<u64>,

    /// What is read instead of an interface.
    #[command(flatten)]
    pub reading: ReadingArgs,

    /// How packets are counted.
    #[command(flatten)]
    pub counting: CountingArgs,

    /// What it may do.
    #[command(flatten)]
    pub rights: RightsArgs,
}

impl CommandLine {
    /// Together with what the file says.
    pub fn with(self, file: Layer) -> Options {
        let reports = Reports { json: self.json, interval: self.interval, count: self.count };
        let (reading, counting) = (self.reading.into(), self.counting.into());
        Options {
            cleanup: self.cleanup,
            wait: self.wait,
            rights: self.rights.into(),
            ..Options::new(self.layer, file, self.netns, reports, reading, counting)
        }
    }
}

#[cfg(test)]
mod tests;
