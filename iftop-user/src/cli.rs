//! The command line: what the user typed, checked as far as that needs no system.
//!
//! It owns the options' names and the texts of their errors. It must never do IO.

use std::time::Duration;

use clap::{ArgAction, Parser};

use crate::{
    orient::{Net4, Net6},
    source::ebpf::HookChoice,
    units::{Format, Unit},
    view::{PortDisplay, Sort},
};

mod values;

/// Live network traffic per connection, counted inside the kernel.
#[derive(Clone, Debug, Parser)]
#[command(name = "iftop", version, max_term_width = 100, args_override_self = true)]
#[expect(clippy::struct_excessive_bools, reason = "one per switch of the command line")]
pub struct Options {
    /// Interface to watch [default: that of the default route]
    #[arg(short, long, value_name = "INTERFACE")]
    pub interface: Option<String>,

    /// Do not look up host names
    #[arg(short = 'n', long = "no-dns", action = ArgAction::SetFalse)]
    pub names: bool,

    /// Do not show services by name
    #[arg(short = 'N', long = "no-services", action = ArgAction::SetFalse)]
    pub services: bool,

    /// Show ports, and protocols apart
    #[arg(short = 'P', long)]
    pub ports: bool,

    /// Promiscuous mode: also show traffic between other hosts of the segment
    #[arg(short, long)]
    pub promiscuous: bool,

    /// Show rates in bytes instead of bits
    #[arg(short = 'B', long)]
    pub bytes: bool,

    /// Show no bars
    #[arg(short = 'b', long = "no-bars", action = ArgAction::SetFalse)]
    pub bars: bool,

    /// Count IPv6 traffic of link-local addresses too
    #[arg(short, long)]
    pub link_local: bool,

    /// Sort by 2s, 10s, 40s (rate over that time), source or destination
    #[arg(short = 'o', long, value_name = "ORDER", default_value = "10s", value_parser = values::sort)]
    pub sort: Sort,

    /// Show IPv4 flows in and out of this network only, as 10.0.0.0/8
    #[arg(short = 'F', long, value_name = "NET/MASK", value_parser = values::net4)]
    pub net: Option<Net4>,

    /// Show IPv6 flows in and out of this network only (see -F)
    #[arg(short = 'G', long, value_name = "NET6/MASK6", value_parser = values::net6)]
    pub net6: Option<Net6>,

    /// Upper end of the bar scale in bits per second, with K, M or G; 0 to adapt it
    #[arg(short, long, value_name = "RATE", value_parser = values::bits_per_second)]
    pub max_bandwidth: Option<u64>,

    /// Print text reports instead of a live table
    #[arg(short, long, conflicts_with = "json")]
    pub text: bool,

    /// Print reports as JSON, one object per line
    #[arg(long)]
    pub json: bool,

    /// End after so many seconds; text and JSON print one report then, or one each --interval
    #[arg(short, long, value_name = "SECONDS", value_parser = values::seconds)]
    pub seconds: Option<Duration>,

    /// At most so many flows per report, with -t or --json [default: 10 in text, all in JSON]
    #[arg(short = 'L', long, value_name = "NUMBER")]
    pub lines: Option<usize>,

    /// With -t or --json: seconds between reports, 1 to 86400 [default: 2]
    #[arg(long, value_name = "SECONDS", value_parser = values::interval)]
    pub interval: Option<Duration>,

    /// With -t or --json: end after so many reports
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,

    /// Where to attach in the kernel: auto, tcx (Linux 6.6) or clsact
    #[arg(long, value_name = "HOOK", default_value = "auto", value_parser = values::hook)]
    pub hook: HookChoice,
}

impl Options {
    /// How numbers look.
    pub fn format(&self) -> Format {
        let unit = if self.bytes { Unit::Bytes } else { Unit::Bits };
        Format { unit, ..Format::default() }
    }

    /// Which ports are told apart.
    pub fn port_display(&self) -> PortDisplay {
        if self.ports { PortDisplay::On } else { PortDisplay::Off }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        use clap::CommandFactory as _;
        Options::command().debug_assert();
    }

    #[test]
    fn options_cluster_and_attach_as_in_iftop() {
        let options =
            Options::try_parse_from(["iftop", "-nNP", "-ieth0", "-tB", "-s5", "-L", "3"]).unwrap();
        assert!(!options.names && !options.services && options.ports && options.text);
        assert_eq!(options.interface.as_deref(), Some("eth0"));
        assert_eq!(options.format().unit, Unit::Bytes);
        assert_eq!(options.seconds, Some(Duration::from_secs(5)));
        assert_eq!(options.lines, Some(3));
        assert_eq!(options.sort, Sort::Ten);
        // An alias may have said it before; the last one counts.
        let twice = Options::try_parse_from(["iftop", "-nn", "-i", "lo", "-i", "eth0"]).unwrap();
        assert!(!twice.names);
        assert_eq!(twice.interface.as_deref(), Some("eth0"));
    }

    #[test]
    fn bad_values_name_the_option_and_what_it_takes() {
        let cases = [
            (&["-o", "bogus"][..], "--sort <ORDER>", "2s, 10s, 40s, source or destination"),
            (&["-F", "10.0.0.0"], "--net <NET/MASK>", "10.0.0.0/8"),
            (&["-F", "10.0.0.0/33"], "--net <NET/MASK>", "0 to 32"),
            (&["-G", "fe80::/129"], "--net6 <NET6/MASK6>", "0 to 128"),
            (&["-m", "10Mb"], "--max-bandwidth <RATE>", "K, M or G"),
            (&["-s", "0"], "--seconds <SECONDS>", "whole seconds, 1 or more"),
            (&["--interval", "86401"], "--interval <SECONDS>", "1 to 86400"),
            (&["--count", "0"], "--count <NUMBER>", "not in 1.."),
            (&["--hook", "xdp"], "--hook <HOOK>", "auto, tcx or clsact"),
            (&["-t", "--json"], "--text", "--json"),
        ];
        for (arguments, option, expected) in cases {
            let error = Options::try_parse_from([&["iftop"], arguments].concat()).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(option) && text.contains(expected), "{arguments:?}: {text}");
        }
    }
}
