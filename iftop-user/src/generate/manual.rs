//! The manual page: what stands beside the options.
//!
//! It must never list an option or a key by hand.

use clap::CommandFactory as _;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use crate::{
    app::keys::{BINDINGS, Section},
    cli::{AFTER_HELP, CommandLine},
};

const SECTIONS: [Section; 4] = [Section::Hosts, Section::Sorting, Section::Rows, Section::General];

const DESCRIPTION: &[&str] = &[
    "iftop shows the traffic of an interface per connection, as a table that is painted anew every second, or as \
     reports. A program in the kernel counts every packet, and iftop reads its counters: no packet is copied to \
     be counted. Where the kernel cannot count, libpcap stands in, and iftop says so.",
    "Each row has two hosts. => is what the left one sends, <= what it receives; the left one is this host, or \
     of the network that -F or -G names. The columns are rates over the last 2, 10 and 40 seconds. Below are the \
     totals: what has passed since the start, the peak of the last 40 seconds, and the rates.",
];

const UNITS: &[(&str, &str)] = &[
    ("b, Kb, Mb, Gb", "Bits per second, in steps of 1024; with --units si in steps of 1000."),
    ("B, KB, MB, GB", "Bytes: what has passed, and rates with -B."),
    ("p, Kp, Mp", "Packets, with -u packets."),
];

const EXAMPLES: &[(&str, &str)] = &[
    ("iftop", "The live table, on the interface of the default route."),
    ("iftop -i eth0 -nNP", "Numbers in place of names, with ports."),
    ("iftop -t -s 10 -L 50", "One report in text after ten seconds, of at most 50 flows."),
    ("iftop --json --interval 60", "A report in JSON each minute."),
    ("iftop -F 10.0.0.0/8", "Only what goes in or out of a network."),
    ("iftop --group network --networks sites", "All of each network, by the names in a file."),
    ("iftop -f 'tcp port 443'", "Count only packets that match."),
    ("iftop -r a.pcap -t", "Reports of a capture file; needs no privileges."),
    ("iftop -i ppp0 --wait", "Also before the interface is there, and when it comes back."),
    ("iftop --netns 4711", "The network namespace of a process, as of a container."),
    ("iftop --generate bash > /etc/bash_completion.d/iftop", "Completions for bash."),
];

const FILES: &[(&str, &str)] = &[
    (
        "~/.iftoprc",
        "The configuration, unless -c names another file. iftoprc.sample has every directive.",
    ),
    ("/etc/services", "Names of ports."),
    (
        "iftop-YYYYMMDD-HHMMSS.txt, .json",
        "What key e writes, by UTC, in the current folder or that of --export-dir. It never overwrites a file.",
    ),
];

const STATUS: &[(&str, &str)] = &[
    ("0", "It ended as asked: by q, Ctrl-C, -s, --count, or as nobody reads its output any more."),
    ("1", "It could not begin, or go on; stderr says why."),
    ("129, 131, 143", "SIGHUP, SIGQUIT or SIGTERM ended it."),
];

const SEE_ALSO: &str = "pcap-filter(7), tcpdump(8), tc(8), ip(8), capabilities(7)";

/// In roff, as man(7) has it.
pub(super) fn page() -> String {
    let man = Man::new(CommandLine::command()).section("8").manual("System Administration");
    let mut page = Vec::new();
    let parts = [Man::render_title, Man::render_name_section, Man::render_synopsis_section];
    // Nothing can go wrong in memory.
    for part in parts {
        let _ = part(&man, &mut page);
    }
    let mut roff = Roff::new();
    heading(&mut roff, "DESCRIPTION");
    for text in DESCRIPTION {
        roff.control("PP", []).text([roman(*text)]);
    }
    let _ = roff.to_writer(&mut page);
    let _ = man.render_options_section(&mut page);
    let mut roff = Roff::new();
    roff.control("PP", []).text([roman(AFTER_HELP)]);
    keys(&mut roff);
    for (name, items) in
        [("UNITS", UNITS), ("EXAMPLES", EXAMPLES), ("FILES", FILES), ("EXIT STATUS", STATUS)]
    {
        heading(&mut roff, name);
        for (term, text) in items {
            item(&mut roff, term, text);
        }
    }
    heading(&mut roff, "SEE ALSO");
    roff.text([roman(SEE_ALSO)]);
    let _ = roff.to_writer(&mut page);
    String::from_utf8_lossy(&page).into_owned()
}

fn keys(roff: &mut Roff) {
    heading(roff, "KEYS");
    for section in SECTIONS {
        roff.control("SS", [section.title()]);
        for binding in BINDINGS.iter().filter(|binding| binding.section == section) {
            if let Some(help) = binding.help {
                item(roff, &binding.names(), help);
            }
        }
    }
}

fn heading(roff: &mut Roff, name: &str) {
    roff.control("SH", [name]);
}

fn item(roff: &mut Roff, term: &str, text: &str) {
    roff.control("TP", []).text([bold(term)]).text([roman(text)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_every_key_and_no_option_that_there_is_not() {
        let page = page();
        for binding in BINDINGS.iter().filter_map(|binding| binding.help) {
            assert!(page.contains(&binding.replace('-', "\\-")), "{binding}");
        }
        let lines = EXAMPLES.iter().filter(|(line, _)| !line.contains(['\'', '>']));
        for (line, _) in lines {
            CommandLine::command().try_get_matches_from(line.split(' ')).unwrap();
        }
    }
}
