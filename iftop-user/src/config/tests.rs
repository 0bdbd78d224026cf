//! Text in, a layer and mistakes out.

use std::time::Duration;

use clap::Parser as _;

use super::{
    directives::{SETTINGS, SWITCHES},
    *,
};
use crate::{
    cli::CommandLine,
    filter::ScreenFilter,
    options::Options,
    units::Unit,
    view::{PortDisplay, Sort},
};

const SAMPLE: &str = include_str!("../../iftoprc.sample");

fn options(arguments: &str, file: &str) -> Options {
    let arguments = ["iftop"].into_iter().chain(arguments.split_whitespace());
    CommandLine::try_parse_from(arguments).unwrap().with(parse(file).0)
}

fn mistakes(text: &str) -> Vec<String> {
    let told = |mistake: Mistake| format!("{}: {}", mistake.line, mistake.text);
    parse(text).1.into_iter().map(told).collect()
}

#[test]
fn the_sample_says_the_defaults_of_every_directive() {
    assert_eq!(mistakes(SAMPLE), Vec::<String>::new());
    for arguments in ["", "--json"] {
        assert_eq!(options(arguments, SAMPLE), options(arguments, ""), "{arguments}");
    }
    let names: Vec<String> = logical_lines(SAMPLE)
        .filter_map(|(_, line)| directive(&line).map(|(name, _)| name.to_owned()))
        .collect();
    let switches = SWITCHES.iter().filter_map(|switch| switch.directive);
    let settings = SETTINGS.iter().map(|setting| setting.directive);
    for name in switches.chain(settings) {
        let lines = names.iter().filter(|&found| found == name).count();
        assert_eq!(lines, 1, "{name} in the sample");
    }
}

#[test]
fn switches_say_what_the_sample_says_of_them() {
    for switch in SWITCHES {
        let Some(name) = switch.directive else { continue };
        let default = if switch.default { "yes" } else { "no" };
        let line = SAMPLE.lines().find(|line| line.starts_with(&format!("{name}:")));
        assert_eq!(line, Some(format!("{name}: {default}").as_str()));
    }
}

#[test]
fn each_directive_says_what_its_option_says() {
    // (line of the file, command line)
    let cases = [
        ("interface: eth0", "-i eth0"),
        ("dns-resolution: no", "-n"),
        ("port-resolution: no", "-N"),
        ("filter-code:", ""),
        ("show-bars: no", "-b"),
        ("promiscuous: yes", "-p"),
        ("hide-source: yes", "--hide-source"),
        ("hide-destination: yes", "--hide-destination"),
        ("use-bytes: yes", "-B"),
        ("sort: 2s", "-o 2s"),
        ("sort: destination", "-o destination"),
        ("line-display: one-line-both", "--line-display one-line-both"),
        ("show-totals: yes", "--totals"),
        ("log-scale: yes", "--log-scale"),
        ("max-bandwidth: 10M", "-m 10M"),
        ("net-filter: 10.0.0.0/255.0.0.0", "-F 10/8"),
        ("net-filter6: fd00::/8", "-G fd00::/8"),
        ("link-local: true", "-l"),
        ("port-display: on", "-P"),
        ("port-display: destination-only", "--port-display destination-only"),
        ("networks: /etc/sites", "--networks /etc/sites"),
        ("group: protocol", "--group protocol"),
        ("no-curses: yes", "-t"),
        ("num-lines: 3", "-L 3"),
        ("bandwidth-unit: packets", "-u packets"),
        ("units: si", "--units si"),
        ("summary: no", "--no-summary"),
        ("mouse: yes", "--mouse"),
    ];
    for (line, arguments) in cases {
        assert_eq!(mistakes(line), Vec::<String>::new(), "{line}");
        assert_eq!(options("", line), options(arguments, ""), "{line}");
    }
    // Those that say less in the file.
    let filtered = options("", "screen-filter: :80$");
    assert_eq!(
        filtered.screen_filter.map(|filter| filter.text().to_owned()).as_deref(),
        Some(":80$")
    );
    assert_eq!(filtered.report_filter, None);
    let both = options("--screen-filter :80$", "screen-filter: x");
    assert_eq!(both.report_filter, both.screen_filter);
    let timed = options("", "timed-output: 5");
    assert_eq!((timed.seconds, timed.screen_seconds), (Some(Duration::from_secs(5)), None));
}

#[test]
fn lines_are_read_as_in_iftop() {
    // (text, what it comes to as a command line)
    let cases = [
        ("sort: 2s", "-o 2s"),
        (" \t sort: 2s", "-o 2s"),
        ("sort :\t2s \t", "-o 2s"),
        ("sort:2s", "-o 2s"),
        ("sort: 2s # not 40s", "-o 2s"),
        ("sort: 2s#", "-o 2s"),
        ("sort: 2s\r\n", "-o 2s"),
        ("# sort: 2s", ""),
        ("so#rt: 2s", ""),
        ("sort 2s", ""),
        (": 2s", ""),
        ("sort by: 2s", "-o 2s"),
        ("sort:", ""),
        ("sort: \\\n  2s", "-o 2s"),
        ("so\\\nrt: 2s", "-o 2s"),
        ("sort: 2\\\ns\\", "-o 2s"),
        // A comment goes on as well.
        ("# \\\nsort: 2s", ""),
        ("sort: 2s # \\\nuse-bytes: yes", "-o 2s"),
        // Numbers the lines after it right.
        ("\n\nsort: 2s\n", "-o 2s"),
        // The first one in the file counts, also where it says the default.
        ("sort: 10s\nsort: 2s", ""),
        ("sort:\nsort: 2s", ""),
        ("use-bytes: yes\nbandwidth-unit: packets", "-u bytes"),
        ("bandwidth-unit: packets\nuse-bytes: yes", "-u packets"),
        ("use-bytes: no\nbandwidth-unit: packets", "-u packets"),
    ];
    for (text, arguments) in cases {
        assert_eq!(options("", text), options(arguments, ""), "{text}");
    }
    let filter = options("", "screen-filter:  a:b  c ").screen_filter;
    assert_eq!(filter.as_ref().map(ScreenFilter::text), Some("a:b  c"));
}

#[test]
fn mistakes_are_told_with_their_line() {
    // (text, mistakes)
    let cases: &[(&str, &[&str])] = &[
        ("no directive\n\n# comment: x", &[]),
        ("x: 1", &[r#"1: unknown directive "x""#]),
        ("\nSort: 2s", &[r#"2: unknown directive "Sort""#]),
        ("sort: 2s\n\nsort: 2s", &[r#"3: repeated directive "sort""#]),
        ("x: 1\nx: 1", &[r#"1: unknown directive "x""#, r#"2: unknown directive "x""#]),
        (
            "sort: a\\\nb\nsort: 2s",
            &[
                r#"1: bad value "ab" for "sort": it takes 2s, 10s, 40s, cumulative, source or destination"#,
                r#"3: repeated directive "sort""#,
            ],
        ),
        (
            "show-bars: YES",
            &[r#"1: bad value "YES" for "show-bars": it takes yes or no, and this counts as no"#],
        ),
        (
            "timed-output: 1s",
            &[r#"1: bad value "1s" for "timed-output": it takes whole seconds, 0 for no end"#],
        ),
        (
            "screen-filter: two ([",
            &[
                r#"1: bad value "two ([" for "screen-filter": it takes a regular expression: unclosed character class"#,
            ],
        ),
        // What is in the file cannot act on the terminal.
        ("\u{1b}[2J\u{7}: 1", &[r#"1: unknown directive "\x1b[2J\x07""#]),
        (
            "sort: \u{1b}c",
            &[
                r#"1: bad value "\x1bc" for "sort": it takes 2s, 10s, 40s, cumulative, source or destination"#,
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(mistakes(text), *expected, "{text}");
    }
}

#[test]
fn whatever_stands_in_a_file_is_read_and_told_safely() {
    const PIECES: [&str; 16] = [
        "sort",
        ":",
        " ",
        "2s",
        "\n",
        "\\\n",
        "#",
        "\u{1b}[2J",
        "\u{202e}",
        "\0",
        "use-bytes",
        "YES",
        "net-filter",
        "10/8",
        "\r",
        "screen-filter: ((",
    ];
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..2000 {
        let length = random.usize(..40);
        let text: String = (0..length).map(|_| PIECES[random.usize(..PIECES.len())]).collect();
        for mistake in parse(&text).1 {
            let safe = |letter: char| letter.is_ascii_graphic() || letter == ' ';
            assert!(mistake.text.chars().all(safe), "{mistake:?} of {text:?}");
            assert!((1..=text.lines().count()).contains(&mistake.line), "{mistake:?} of {text:?}");
        }
    }
}

/// Case 24 of the list for compatibility.
#[test]
fn the_command_line_beats_the_file_and_the_first_line_the_later() {
    let file = "\
# A comment: yes
num-lines: 3      # the command line says 7
sort: \\
    source
show-bars: YES
port-display: sideways
colour: green
sort: destination
dns-resolution: yes
use-bytes: yes
";
    let options = options("-n -L 7", file);
    assert_eq!((options.lines, options.settings.names), (Some(7), false), "same as classic");
    assert_eq!(
        (options.settings.sort, options.settings.format.unit),
        (Sort::Source, Unit::Bytes),
        "same as classic"
    );
    assert!(!options.settings.bars, "same as classic: YES is no");
    assert_eq!(
        options.settings.ports,
        PortDisplay::Off,
        "same as classic: a bad value leaves the default"
    );
    // (mistake, whether classic says it too)
    let expected = [
        // Classic takes it for no without a word.
        (r#"5: bad value "YES" for "show-bars": it takes yes or no, and this counts as no"#, false),
        // Classic says so without a line; its line numbers count continued lines once, so that what
        // follows is in line 6 and 7 there.
        (
            r#"6: bad value "sideways" for "port-display": it takes off, source-only, destination-only or on"#,
            false,
        ),
        (r#"7: unknown directive "colour""#, true),
        (r#"8: repeated directive "sort""#, true),
        // Of `num-lines` and `dns-resolution` classic says that they are repeated.
    ];
    assert_eq!(mistakes(file), expected.map(|(mistake, _)| mistake));
}

#[test]
fn json_has_what_its_own_command_line_says() {
    let file = "dns-resolution: yes\nnum-lines: 3\nsort: 2s";
    // (arguments, names, lines)
    let cases = [
        ("", true, Some(3)),
        ("-t", true, Some(3)),
        ("-n -L 7", false, Some(7)),
        ("--json", false, None),
        ("--json --dns -L 7", true, Some(7)),
        ("--json --dns -n", false, None),
    ];
    for (arguments, names, lines) in cases {
        let options = options(arguments, file);
        assert_eq!((options.settings.names, options.lines), (names, lines), "{arguments}");
        assert_eq!(options.settings.sort, Sort::Two, "{arguments}");
    }
}

#[test]
fn the_command_line_undoes_what_the_file_says() {
    // (line of the file, command line that undoes it)
    let cases = [
        ("dns-resolution: no", "--dns"),
        ("port-resolution: no", "--services"),
        ("show-bars: no", "--bars"),
        ("promiscuous: yes", "--no-promiscuous"),
        ("hide-source: yes", "--no-hide-source"),
        ("hide-destination: yes", "--no-hide-destination"),
        ("use-bytes: yes", "--no-use-bytes"),
        ("bandwidth-unit: packets", "--no-use-bytes"),
        ("bandwidth-unit: packets", "-u bits"),
        ("use-bytes: yes", "-u bits"),
        ("sort: 2s", "-o 10s"),
        ("show-totals: yes", "--no-totals"),
        ("log-scale: yes", "--no-log-scale"),
        ("link-local: yes", "--no-link-local"),
        ("group: host", "--group flow"),
        ("networks: /etc/sites", "--networks="),
        ("port-display: source-only", "--no-ports"),
        ("no-curses: yes", "--no-text"),
        ("summary: no", "--summary"),
        ("mouse: yes", "--no-mouse"),
        ("max-bandwidth: 10M", "-m 0"),
        ("timed-output: 5", "-s 0"),
        ("units: si", "--units binary"),
        ("interface: eth0", "--interface="),
        ("net-filter: 10/8", "--net="),
        ("net-filter6: fd00::/8", "--net6="),
        ("screen-filter: x", "--screen-filter="),
    ];
    for (line, arguments) in cases {
        assert_ne!(options("", line), options("", ""), "{line}");
        assert_eq!(options(arguments, line), options("", ""), "{line}");
    }
}
