//! Arguments in, options or an error out.

use clap::{Arg, CommandFactory as _, error::ErrorKind};
use iftop_common::{Bytes, Table};

use super::*;
use crate::{
    app::lines::LineDisplay,
    scale::Spread,
    source::hook::{HookChoice, XdpBy},
    units::{Format, Prefixes, Unit},
    view::{Grouping, PortDisplay, Sort},
};

fn command_line(arguments: &str) -> Result<CommandLine, clap::Error> {
    CommandLine::try_parse_from(["iftop"].into_iter().chain(words(arguments)))
}

/// `''` is an empty argument.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().map(|word| if word == "''" { "" } else { word })
}

fn options(arguments: &str) -> Options {
    command_line(arguments).unwrap_or_else(|error| panic!("{error}")).with(Layer::default())
}

#[test]
fn the_definition_is_consistent() {
    CommandLine::command().debug_assert();
}

/// Spellings, and what they do.
type Case = (&'static [&'static str], fn(&Options) -> bool);

/// In iftop's order; then ours.
const SPELLINGS: &[Case] = &[
    (&["-n", "--no-dns"], |options| !options.settings.names),
    (&["-N", "--no-services"], |options| !options.settings.services),
    (&["-p", "--promiscuous"], |options| options.promiscuous),
    (&["-b", "--no-bars"], |options| !options.settings.bars),
    (&["-B", "--use-bytes", "-u bytes"], |options| options.settings.format.unit == Unit::Bytes),
    (&["-i eth0", "-ieth0", "--interface eth0", "--interface=eth0"], |options| {
        options.interface.as_deref() == Some("eth0")
    }),
    (&["-f ''", "--filter ''"], |options| *options == self::options("")),
    (&["-F 10/8", "-F10/8", "--net 10.1.2.3/8"], |options| {
        options.net.is_some_and(|net| net.address.octets() == [10, 0, 0, 0])
    }),
    (&["-G fd00::/8", "--net6 fd00::1/ff00::"], |options| {
        options.net6.is_some_and(|net| net.address.segments()[0] == 0xfd00)
    }),
    (&["-l", "--link-local"], |options| options.link_local),
    (&["-P", "--ports", "--port-display on"], |options| options.settings.ports == PortDisplay::On),
    (&["--group host"], |options| options.settings.grouping == Grouping::Host),
    (&["--networks sites", "--networks=sites"], |options| {
        options.networks.as_deref() == Some(std::path::Path::new("sites"))
    }),
    (&["--group flow", ""], |options| options.settings.grouping == Grouping::Flow),
    (&["-m 10M", "-m10M", "--max-bandwidth 10M"], |options| {
        options.max_bandwidth == Some(10 << 20)
    }),
    (&["-t", "--text"], |options| options.text),
    (&["-s 5", "-s5", "--seconds 5"], |options| {
        let five = Some(Duration::from_secs(5));
        (options.seconds, options.screen_seconds) == (five, five)
    }),
    (&["-L 3", "-L3", "--lines 3"], |options| options.lines == Some(3)),
    (&["-o 2s", "--sort 2s"], |options| options.settings.sort == Sort::Two),
    (&["-o 10s", ""], |options| options.settings.sort == Sort::Ten),
    (&["-o 40s"], |options| options.settings.sort == Sort::Forty),
    (&["-o source"], |options| options.settings.sort == Sort::Source),
    (&["-o destination"], |options| options.settings.sort == Sort::Destination),
    (&["-o cumulative"], |options| options.settings.sort == Sort::Cumulative),
    (&["-u packets", "--unit packets"], |options| options.settings.format.unit == Unit::Packets),
    (&["--table hash"], |options| options.counting.table == Some(Table::Hash)),
    (&["--bytes wire"], |options| options.counting.bytes == Bytes::Wire),
    (&["--max-memory 1G", "--max-memory 1024m", "--max-memory 1073741824"], |options| {
        options.counting.max_memory == 1 << 30
    }),
    (&["--max-flows 5000"], |options| options.counting.max_flows == 5000),
    (&["--hook xdp", "--hook xdp=generic"], |options| {
        options.counting.hook == HookChoice::Xdp(XdpBy::Kernel)
    }),
    (&["--hook xdp=native"], |options| options.counting.hook == HookChoice::Xdp(XdpBy::Driver)),
    (&["--netns web", "--netns=web"], |options| {
        options.netns == Some(Target::Name("web".to_owned()))
    }),
    (&["--netns 4711"], |options| options.netns == Some(Target::Process(4711))),
    (&["--units si"], |options| options.settings.format.prefixes == Prefixes::Decimal),
    (&["--units binary", "--units iec"], |options| options.settings.format == Format::default()),
    (&["--hide-source"], |options| {
        options.settings.hide_source && !options.settings.hide_destination
    }),
    (&["--hide-destination"], |options| {
        options.settings.hide_destination && !options.settings.hide_source
    }),
    (&["--totals"], |options| options.settings.cumulative),
    (&["--log-scale"], |options| options.settings.spread == Spread::Logarithmic),
    (&["--no-summary"], |options| !options.summary),
    (&["--mouse"], |options| options.settings.mouse),
    (&["--port-display source-only"], |options| options.settings.ports == PortDisplay::SourceOnly),
    (&["--line-display one-line-sent"], |options| options.settings.lines == LineDisplay::Sent),
    (&["--screen-filter :443"], |options| {
        options.screen_filter.as_ref().is_some_and(|filter| filter.text() == ":443")
    }),
    (&["-r a.pcap", "-ra.pcap", "--read a.pcap"], |options| {
        options.reading.file.as_deref() == Some(std::path::Path::new("a.pcap"))
    }),
    (
        &[
            "-r - --local 10/8,fd00::1,02:00:00:00:00:01",
            "-r - --local 10/8 --local fd00::1 --local 02:00:00:00:00:01",
        ],
        |options| !options.reading.local.is_empty(),
    ),
    (&["-r - --speed 2.5", "-r - --speed=2.5"], |options| options.reading.speed == Some(2.5)),
    (&["--json"], |options| options.reports.json && options.lines.is_none()),
    (&["-nNPB", "-nN -PB", "-nNP -u bytes"], |options| {
        !options.settings.names
            && !options.settings.services
            && options.settings.ports == PortDisplay::On
    }),
    (&["-tnNPieth0", "-tnNPi eth0"], |options| {
        options.text && !options.settings.names && options.interface.as_deref() == Some("eth0")
    }),
];

#[test]
fn each_option_has_a_letter_and_a_name_and_does_what_it_says() {
    for (spellings, check) in SPELLINGS {
        for arguments in *spellings {
            let options = options(arguments);
            assert!(check(&options), "{arguments}: {options:?}");
            assert_eq!(options, self::options(spellings[0]), "{arguments}");
        }
    }
}

#[test]
fn the_last_word_counts() {
    // (arguments, what they come to)
    let cases = [
        ("-n --dns", ""),
        ("--dns -n", "-n"),
        ("-nn", "-n"),
        ("-n --dns -n", "-n"),
        ("-N --services", ""),
        ("-b --bars", ""),
        ("-p --no-promiscuous", ""),
        ("-l --no-link-local", ""),
        ("-t --no-text", ""),
        ("--no-text -t", "-t"),
        ("--hide-source --no-hide-source", ""),
        ("--hide-destination --no-hide-destination", ""),
        ("--totals --no-totals", ""),
        ("--log-scale --no-log-scale", ""),
        ("--no-summary --summary", ""),
        ("--mouse --no-mouse", ""),
        ("-B --no-use-bytes", ""),
        ("-B -u packets", "-u packets"),
        ("-u packets -B", "-B"),
        ("-u packets --no-use-bytes", ""),
        ("-P --no-ports", ""),
        ("-P --port-display source-only", "--port-display source-only"),
        ("--port-display source-only -P", "-P"),
        ("--port-display source-only --no-ports", ""),
        ("-i lo -i eth0", "-i eth0"),
        ("-i eth0 -i ''", ""),
        ("-F 10/8 -F ''", ""),
        ("-G fd00::/8 -G ''", ""),
        ("--screen-filter x --screen-filter ''", ""),
        ("-m 1M -m 0", ""),
        ("-s 5 -s 0", ""),
        ("-o 2s -o 40s", "-o 40s"),
    ];
    for (arguments, expected) in cases {
        assert_eq!(options(arguments), options(expected), "{arguments}");
    }
    let file = |arguments| command_line(arguments).map(|line| (line.config, line.no_config)).ok();
    assert_eq!(file("-c a --no-config"), Some((None, true)));
    assert_eq!(file("--no-config -c a -cb"), Some((Some("b".into()), false)));
}

/// Cases 1 and 15 of the list for compatibility.
#[test]
fn odd_arguments_compared_with_classic_iftop() {
    const SAME: &str = "the same";
    // (arguments, to stdout with exit status 0?, what the text says, what classic iftop does)
    let cases = [
        ("-h", true, &["--interface <INTERFACE>"][..], SAME),
        ("-n -h", true, &["--interface"], SAME),
        ("-h -x", true, &["--interface"], SAME),
        ("--help", true, &["--interface"], "unknown option, status 1"),
        ("-V", true, &["iftop "], "unknown option, status 1"),
        ("-o bogus -h", false, &["--sort <ORDER>"], "help, status 0"),
        ("-x", false, &["'-x'"], SAME),
        ("-i", false, &["--interface <INTERFACE>", "value is required"], SAME),
        ("foo", false, &["'foo'"], SAME),
        ("-n foo", false, &["'foo'"], SAME),
        // Values.
        ("-m 10Mb", false, &["--max-bandwidth <RATE>", "K, M or G"], "warns and goes on"),
        ("-m -5", false, &["--max-bandwidth <RATE>", "K, M or G"], "warns and goes on"),
        ("-m 1.5M", false, &["--max-bandwidth <RATE>", "K, M or G"], "warns and goes on"),
        ("-m M", false, &["--max-bandwidth <RATE>", "K, M or G"], "takes a random value"),
        ("-F 10.0.0.0", false, &["--net <NET/MASK>", "10.0.0.0/8"], "warns and goes on"),
        ("-F x/24", false, &["--net <NET/MASK>", "10.0.0.0/8"], "warns and goes on"),
        ("-F 10.0.0.0/33", false, &["--net <NET/MASK>", "0 to 32"], "takes 255.255.255.0"),
        ("-F 10.0.0.0/", false, &["--net <NET/MASK>", "10.0.0.0/8"], "takes /0"),
        ("-G fe80::", false, &["--net6 <NET6/MASK6>", "fd00::/8"], "warns and goes on"),
        ("-G fe80::/129", false, &["--net6 <NET6/MASK6>", "0 to 128"], "warns and goes on"),
        (
            "-o bogus",
            false,
            &["--sort <ORDER>", "2s, 10s, 40s, cumulative, source or destination"],
            "warns and goes on",
        ),
        ("-s 1s", false, &["--seconds <SECONDS>", "whole seconds"], "takes 1"),
        ("-L abc", false, &["--lines <NUMBER>", "whole number"], "takes 0"),
        ("-L -1", false, &["--lines <NUMBER>", "whole number"], "prints no flows"),
        // Ours.
        ("-u bogus", false, &["--unit <UNIT>", "bits, bytes or packets"], "unknown option"),
        ("--units 1000", false, &["--units <POWERS>", "binary", "si"], "unknown option"),
        ("--port-display x", false, &["--port-display <SIDES>", "source-only"], "unknown"),
        ("--line-display x", false, &["--line-display <LINES>", "two-line"], "unknown"),
        ("--screen-filter ([", false, &["--screen-filter <REGEX>", "unclosed"], "unknown"),
        ("--interval 86401", false, &["--interval <SECONDS>", "1 to 86400"], "unknown"),
        ("--interval -1", false, &["--interval <SECONDS>", "1 to 86400"], "unknown"),
        ("--count 0", false, &["--count <NUMBER>", "1 or more"], "unknown"),
        ("--hook xpd", false, &["--hook <HOOK>", "auto, tcx, clsact, xdp"], "unknown"),
        ("--table x", false, &["--table <TABLE>", "flat or hash"], "unknown"),
        ("--bytes x", false, &["--bytes <WHICH>", "ip or wire"], "unknown"),
        ("--bytes", false, &["--bytes <WHICH>", "value is required"], "unknown"),
        ("--max-memory 39M", false, &["--max-memory <BYTES>", "from 40M on"], "unknown"),
        ("--max-memory 1T", false, &["--max-memory <BYTES>", "K, M or G"], "unknown"),
        ("--max-memory -1", false, &["--max-memory <BYTES>", "K, M or G"], "unknown"),
        ("--max-memory 99999999999G", false, &["--max-memory <BYTES>", "K, M or G"], "unknown"),
        ("--max-flows 0", false, &["--max-flows <NUMBER>", "1 to 16777216"], "unknown"),
        ("--max-flows -1", false, &["--max-flows <NUMBER>", "1 to 16777216"], "unknown"),
        ("-r", false, &["--read <FILE>", "value is required"], "unknown option"),
        ("-r a -i b", false, &["--read <FILE>", "--interface"], "unknown option"),
        ("--local 10.0.0.1", false, &["--read <FILE>"], "unknown"),
        ("-i lo --local 10.0.0.1", false, &["--local", "--interface"], "unknown"),
        ("--source pcap --speed 2", false, &["--speed", "--source"], "unknown"),
        ("-r a --local eth0", false, &["--local <ADDR|NET|MAC>", "hardware"], "unknown"),
        ("-r a --speed 0", false, &["--speed <FACTOR>", "0.01 to 10000"], "unknown"),
        ("-r a --speed nan", false, &["--speed <FACTOR>", "0.01 to 10000"], "unknown"),
        ("-t --json", false, &["--text", "--json"], "unknown"),
    ];
    for (arguments, well, expected, classic) in cases {
        let error = command_line(arguments).unwrap_err();
        assert_eq!(!error.use_stderr(), well, "{arguments}: {error} (classic: {classic})");
        let text = error.to_string();
        for words in expected {
            assert!(text.contains(words), "{arguments}: {words:?} in {text} ({classic})");
        }
    }
    // The last one of case 15: a file that is not there. `config::file` tells; here it is a name.
    assert!(command_line("-c /nonexistent").is_ok());
}

/// Those that the help names, and no others.
#[test]
fn an_empty_value_means_none_or_is_refused() {
    let command = CommandLine::command();
    let valued = command.get_arguments().filter(|argument| argument.get_action().takes_values());
    let empty: Vec<_> = valued
        .filter_map(Arg::get_long)
        .filter(|name| command_line(&format!("--{name} ''")).is_ok())
        .collect();
    assert_eq!(empty, ["interface", "filter", "net", "net6", "networks", "screen-filter"]);
    for name in empty {
        assert_eq!(options(&format!("--{name} ''")), options(""), "--{name}");
    }
}

#[test]
fn the_help_is_in_order() {
    let error = command_line("-h").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DisplayHelp);
    let help = error.to_string();
    let headings = [
        "What to count:",
        "What to show:",
        "How it looks:",
        "Reports:",
        "Capture files:",
        "How to count:",
        "Options:",
    ];
    let found: Vec<&str> = help.lines().filter(|line| headings.contains(line)).collect();
    assert_eq!(found.len(), headings.len(), "{help}");
    let shown = |name: &str| help.lines().any(|line| line.contains(name) && !line.starts_with('E'));
    for name in ["-n, --no-dns", "-b, --no-bars", "-t, --text", "--no-summary", "-u, --unit"] {
        assert!(shown(name), "{name} in {help}");
    }
    for name in ["  --dns", "--no-text", "--no-hide-source", "  --summary"] {
        assert!(!shown(name), "{name} in {help}");
    }
}
