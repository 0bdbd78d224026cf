//! Every key, pressed on a terminal.
//!
//! Most are pressed while the display is paused: no sample changes anything then, so that what
//! changes was changed by the key, and at once. Nothing hangs on time but that rates of traffic that
//! has ended go to 0.

use std::collections::BTreeSet;

use iftop_user::app::keys::{BINDINGS, Key};

use super::table::{has_line, rate, rows};
use crate::support::{
    cells::Cells,
    etc::Etc,
    frame::TCP,
    net::{Cable, on_one_cpu},
    tmux::Tmux,
    traffic::{Senders, into, out, packet, udp},
};

const ICMP: u8 = 1;

/// Keys, pressed one after another, and what the screen shows then.
struct Step {
    /// As tmux calls them. The first is the one that this is about.
    keys: &'static str,
    /// The message; `None` where it is the one before, or none.
    hint: Option<&'static str>,
    shows: Shows,
}

#[derive(Debug)]
enum Shows {
    /// These rows.
    Rows(&'static [&'static str]),
    /// This row underlined, or none.
    Selected(&'static str),
    /// Bars on these lines.
    Bars(&'static [usize]),
    /// A line that begins so.
    Line(usize, &'static str),
    /// These texts.
    Texts(&'static [&'static str]),
    /// Not this text.
    No(&'static str),
}

use Shows::{Bars, Line, No, Rows, Selected, Texts};

const fn step(keys: &'static str, hint: &'static str, shows: Shows) -> Step {
    Step { keys, hint: Some(hint), shows }
}

const fn silent(keys: &'static str, shows: Shows) -> Step {
    Step { keys, hint: None, shows }
}

// By all that was ever sent, the first to the third. The first was sent so early that only the rates
// over 40 s know it, the second only those over 10 s.
const FIRST: &str = "10.9.0.1 => 10.9.0.2";
const SECOND: &str = "fd00:9::1 => fd00:9::2";
const THIRD: &str = "10.9.0.1 => 10.9.0.10";
const ALL: Shows = Rows(&[FIRST, SECOND, THIRD]);

// With ports, in the same order.
const DNS: &str = "10.9.0.1:53 => 10.9.0.2:4000";
const NTP: &str = "[fd00:9::1]:123 => [fd00:9::2]:4001";
const WEB: &str = "10.9.0.1:40001 => 10.9.0.10:80";
const PING: &str = "10.9.0.1 => 10.9.0.2";
const SSH: &str = "10.9.0.1:22 => 10.9.0.2:5000";

const DUMP: &str = "tcpdump -ni va 'ip and host 10.9.0.1 and host 10.9.0.2'";

/// Each begins where the one before ended.
const STEPS: &[Step] = &[
    step("P", "Display paused", Rows(&[SECOND, THIRD, FIRST])),
    step("1", "Sort by col 1", Rows(&[THIRD, SECOND, FIRST])),
    step("2", "Sort by col 2", Rows(&[SECOND, THIRD, FIRST])),
    step("3", "Sort by col 3", ALL),
    step("<", "Sort by source", Rows(&[FIRST, THIRD, SECOND])),
    step(">", "Sort by dest", Rows(&[THIRD, FIRST, SECOND])),
    step("o", "Order frozen", Rows(&[THIRD, FIRST, SECOND])),
    step("4", "Sort by cumulative", Rows(&[THIRD, FIRST, SECOND])),
    step("o", "Order unfrozen", ALL),
    // All of the first was received, all of the third sent.
    step("B", "Bars show 40s average", Bars(&[3, 5, 6, 21, 22])),
    step("B", "Bars show 2s average", Bars(&[6, 21])),
    step("B", "Bars show 10s average", Bars(&[5, 6, 21, 22])),
    step("b", "Bars off", Line(1, "10.9.0.1     ")),
    silent("B", Bars(&[])),
    silent("B B", Bars(&[])),
    step("b", "Bars on", Bars(&[5, 6, 21, 22])),
    step("L", "Logarithmic scale", Texts(&["1.00Kb", "10.0Kb"])),
    step("L", "Linear scale", Texts(&["25.6Kb", "38.4Kb"])),
    step("u", "Rates in bytes", Texts(&["3.20KB", "4.80KB"])),
    step("u", "Rates and counts in packets", Texts(&["3.50Kp"])),
    step("u", "Rates in bits", Texts(&["25.6Kb", "38.4Kb"])),
    step("T", "Show cumulative totals", Texts(&["124B", "19.1MB", "7.63MB"])),
    step("T", "Hide cumulative totals", No("19.1MB")),
    step(
        "t",
        "One line per host",
        Rows(&["10.9.0.1 <=> 10.9.0.2", "fd00:9::1 <=> fd00:9::2", "10.9.0.1 <=> 10.9.0.10"]),
    ),
    step(
        "t",
        "Received traffic only",
        Rows(&["10.9.0.1 <= 10.9.0.2", "fd00:9::1 <= fd00:9::2", "10.9.0.1 <= 10.9.0.10"]),
    ),
    step("t", "Sent traffic only", Rows(&[THIRD, FIRST, SECOND])),
    step("t", "Two lines per host", ALL),
    step("s", "Hide source host", Rows(&["* => 10.9.0.2", "* => fd00:9::2", "* => 10.9.0.10"])),
    step("d", "Hide dest host", Rows(&["* => *", "* => *"])),
    step("s", "Show source host", Rows(&["10.9.0.1 => *", "fd00:9::1 => *"])),
    step("d", "Show dest host", ALL),
    step("G", "Group by host", Rows(&["* => 10.9.0.2", "* => fd00:9::2", "* => 10.9.0.10"])),
    step("G", "Group by network", Rows(&["* => 10.9.0.0/24", "* => fd00:9::/64"])),
    step(
        "G",
        "Group by service",
        Rows(&["* => 53/udp", "* => 123/udp", "* => 80/tcp", "* => ICMP", "* => 22/tcp"]),
    ),
    step("G", "Group by protocol", Rows(&["* => UDP", "* => TCP", "* => ICMP"])),
    step("p", "Port display ON, but not in groups", Rows(&["* => UDP", "* => TCP", "* => ICMP"])),
    step("p", "Port display OFF, but not in groups", Rows(&["* => UDP", "* => TCP", "* => ICMP"])),
    silent("Down", Selected("* => UDP")),
    step("x", "Out of view: * <=> UDP", Rows(&["* => TCP", "* => ICMP"])),
    // The flows that it was made of.
    step("G", "Group by flow", Rows(&[THIRD, FIRST])),
    step("BSpace", "In view again: * <=> UDP", ALL),
    silent("Escape", Selected("")),
    step(
        "S",
        "Port display SOURCE",
        Rows(&[
            "10.9.0.1:53 => 10.9.0.2",
            "[fd00:9::1]:123 => fd00:9::2",
            "10.9.0.1:40001 => 10.9.0.10",
            "10.9.0.1 => 10.9.0.2",
            "10.9.0.1:22 => 10.9.0.2",
        ]),
    ),
    step("D", "Port display ON", Rows(&[DNS, NTP, WEB, PING, SSH])),
    step(
        "S",
        "Port display DEST",
        Rows(&[
            "10.9.0.1 => 10.9.0.2:4000",
            "fd00:9::1 => [fd00:9::2]:4001",
            "10.9.0.1 => 10.9.0.10:80",
            "10.9.0.1 => 10.9.0.2",
            "10.9.0.1 => 10.9.0.2:5000",
        ]),
    ),
    step("D", "Port display OFF", ALL),
    step("p", "Port display ON", Rows(&[DNS, NTP, WEB, PING, SSH])),
    step(
        "N",
        "Port resolution on",
        Rows(&[
            "10.9.0.1:domain => 10.9.0.2:4000",
            "[fd00:9::1]:ntp => [fd00:9::2]:4001",
            "10.9.0.1:40001 => 10.9.0.10:http",
            PING,
            "10.9.0.1:ssh => 10.9.0.2:5000",
        ]),
    ),
    step("N", "Port resolution off", Rows(&[DNS, NTP, WEB, PING, SSH])),
    step("p", "Port display OFF", ALL),
    step(
        "n",
        "DNS resolution on",
        Rows(&[
            "left.example => right.example",
            "left6.example => right6.example",
            "left.example => ten.example",
        ]),
    ),
    step("n", "DNS resolution off", ALL),
    // What is out of view is that of a row as it was shown.
    step("x", "Select a row first, by Up or Down", ALL),
    silent("Down", Selected(FIRST)),
    step("x", "Out of view: 10.9.0.1 <=> 10.9.0.2", Rows(&[SECOND, THIRD])),
    silent("Down", Selected(THIRD)),
    silent("Up", Texts(&["out of view: 3 flows, "])),
    step("p", "Port display ON", Rows(&[NTP, WEB])),
    step("p", "Port display OFF", Rows(&[SECOND, THIRD])),
    silent("Down", Selected(SECOND)),
    step("+", "Only fd00:9::1 <=> fd00:9::2", Rows(&[SECOND])),
    step("o", "Order frozen", Rows(&[SECOND])),
    step("BSpace", "No longer only fd00:9::1 <=> fd00:9::2", Rows(&[SECOND, THIRD])),
    step("x", "Out of view: fd00:9::1 <=> fd00:9::2", Rows(&[THIRD])),
    step("BSpace", "In view again: fd00:9::1 <=> fd00:9::2", Rows(&[SECOND, THIRD])),
    step("o", "Order unfrozen", Rows(&[SECOND, THIRD])),
    step("BSpace", "In view again: 10.9.0.1 <=> 10.9.0.2", ALL),
    step("BSpace", "Nothing is out of view", No("out of view: ")),
    step("p", "Port display ON", Rows(&[DNS, NTP, WEB, PING, SSH])),
    silent("Down", Selected(DNS)),
    step("x", "Out of view: 10.9.0.1:53 <=> 10.9.0.2:4000", Rows(&[NTP, WEB, PING, SSH])),
    step("p", "Port display OFF", Rows(&[SECOND, THIRD, FIRST])),
    silent("BSpace", ALL),
    silent("Escape", Selected("")),
    silent("h", Texts(&["Host display:", "Sorting:", " q ^C - quit"])),
    silent("?", No("Host display:")),
    silent("?", Texts(&["Host display:"])),
    silent("h", ALL),
    silent("i", Texts(&["interface   va", "covered     100.000 %", "spilled 0"])),
    silent("i", ALL),
    silent(
        "Enter h h",
        Texts(&[
            "left        10.9.0.1",
            "right       10.9.0.2",
            "total       => 124B, 2p of 62 B   <= 19.1MB, 2.50Kp of 8,000 B",
            DUMP,
            "now",
        ]),
    ),
    step("y", "Copied, if the terminal has a clipboard", Texts(&[DUMP])),
    silent("Escape", ALL),
    silent("Enter", Texts(&[DUMP])),
    silent("Enter", ALL),
    silent("Escape", Selected("")),
    step("y", "Look at a row first: Enter", ALL),
    silent("g", Texts(&["interface   va   for ", "total       => 15.7KB", "<= 26.7MB", "now"])),
    silent("g", ALL),
    silent("e", Line(0, "Export: t text, j JSON, Esc")),
    silent("Escape", ALL),
    step("M", "Mouse on", Line(1, "└ left ───")),
    step("M", "Mouse off", Line(1, "└─────────")),
    step("!", "Sorry, subshells have been disabled.", ALL),
    silent("f", Line(0, "Net filter>")),
    silent("udp Escape", ALL),
    // The rows that there are go on fading.
    silent("f", Line(0, "Net filter>")),
    step("ip6 Enter", "Installed new filter", ALL),
    silent("f", Line(0, "Net filter> ip6")),
    step("Space and Enter", "can't parse filter expression: syntax error", ALL),
    silent("i", Texts(&["filter      ip6", "turned away "])),
    silent("i", ALL),
    silent("f", Line(0, "Net filter> ip6")),
    step("BSpace BSpace BSpace Enter", "No packet filter: everything is counted", ALL),
    step("H", "Press h or ? for help", ALL),
    step("F5", "Press h or ? for help", ALL),
    // The line that is edited, and what comes of it.
    silent("l", Line(0, "Screen filter>")),
    silent("fd0x BSpace", Line(0, "Screen filter> fd0")),
    silent("Enter", Rows(&[SECOND])),
    silent("/", Line(0, "Screen filter> fd0")),
    silent("C-u 0.10q", Line(0, "Screen filter> 0.10q")),
    silent("Left DC Home 19.x Left BSpace", Line(0, "Screen filter> 19x0.10")),
    silent("DC Enter", Rows(&[])),
    silent("l C-w a10.", Line(0, "Screen filter> a10.")),
    silent("C-a DC C-e 9.*2$ Enter", Rows(&[FIRST])),
    silent("l zzz C-g", Rows(&[FIRST])),
    silent("l zzz", Line(0, "Screen filter> 10.9.*2$zzz")),
    silent("Escape", Rows(&[FIRST])),
    silent("l C-u", Line(0, "Screen filter>")),
    step("([ Enter", "Invalid regexp", ALL),
];

/// On 10 lines, which have room for two rows.
const LOW_STEPS: &[Step] = &[
    step("p", "Port display ON", Rows(&[DNS, NTP])),
    silent("j", Rows(&[NTP, WEB])),
    silent("k", Rows(&[DNS, NTP])),
    silent("PgDn", Rows(&[WEB, PING])),
    silent("PgDn", Rows(&[PING, SSH])),
    silent("PgUp", Rows(&[NTP, WEB])),
    silent("Home", Rows(&[DNS, NTP])),
    silent("End", Rows(&[PING, SSH])),
    silent("j", Rows(&[SSH])),
    silent("j", Rows(&[SSH])),
    silent("Home", Rows(&[DNS, NTP])),
    silent("Down", Selected(DNS)),
    silent("Down", Selected(NTP)),
    silent("Down", Selected(WEB)),
    silent("Up", Selected(NTP)),
    silent(">", Selected(NTP)),
    silent("End", Selected(NTP)),
    silent("Home", Selected(WEB)),
    silent("4", Selected(WEB)),
    silent("Escape", Selected("")),
    step("p", "Port display OFF", Rows(&[SECOND, THIRD])),
    silent("Home", Rows(&[FIRST, SECOND])),
];

/// What these do is to be seen beside the table.
const OTHER_KEYS: [&str; 5] = ["C-l", "C-z", "C-c", "q", "Space"];

const HOSTS: &str = "10.9.0.1 left.example\n10.9.0.2 right.example\n10.9.0.10 ten.example\n\
                     fd00:9::1 left6.example\nfd00:9::2 right6.example\n";

#[test]
fn all_keys_are_pressed() {
    let pressed = STEPS.iter().chain(LOW_STEPS);
    let mut pressed: BTreeSet<&str> =
        pressed.map(|step| step.keys.split(' ').next().unwrap()).collect();
    pressed.extend(OTHER_KEYS);
    let keys = BINDINGS.iter().flat_map(|binding| binding.keys);
    let not_pressed: Vec<String> = keys
        .map(|(key, _)| match key {
            Key::Char(' ') => "Space".to_owned(),
            Key::Char(c) => c.to_string(),
            Key::Ctrl(c) => format!("C-{c}"),
            Key::Named(_, "Esc") => "Escape".to_owned(),
            Key::Named(_, "Bksp") => "BSpace".to_owned(),
            Key::Named(_, name) => (*name).to_owned(),
        })
        .filter(|key| !pressed.contains(key.as_str()))
        .collect();
    assert_eq!(not_pressed, [""; 0]);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn every_key_does_at_once_what_it_says() {
    let cable = Cable::new();
    let etc = Etc::new(&[("nsswitch.conf", "hosts: files\n"), ("hosts", HOSTS)]);
    let tmux = Tmux::start_with(&cable.a, &etc);
    let modes = tmux.modes();
    tmux.show_table_with("-nN -m 64K");
    let senders = Senders::new(&cable);
    on_one_cpu(|| {
        let dns = into(&udp("10.9.0.2:4000", "10.9.0.1:53", 7972));
        (0..2500).for_each(|_| senders.send(&dns));
        senders.send(&out(&packet(ICMP, "10.9.0.1:0", "10.9.0.2:0", 56)));
        senders.send(&out(&packet(TCP, "10.9.0.1:22", "10.9.0.2:5000", 12)));
    });
    tmux.wait_for("first row", |screen| rows(screen) == [FIRST]);
    tmux.wait_for("first row without a rate over 10 s", |screen| rate(screen, "RX:", 1) == "0b");
    on_one_cpu(|| {
        let ntp = into(&udp("[fd00:9::2]:4001", "[fd00:9::1]:123", 7952));
        (0..1000).for_each(|_| senders.send(&ntp));
    });
    tmux.wait_for("second row", |screen| rows(screen) == [SECOND, FIRST]);
    tmux.wait_for("second row without a rate over 2 s", |screen| rate(screen, "RX:", 0) == "0b");
    let web = out(&packet(TCP, "10.9.0.1:40001", "10.9.0.10:80", 7972));
    senders.send(&web);
    tmux.wait_for("third row", |screen| rows(screen) == [SECOND, THIRD, FIRST]);
    // It must not fade before the pause has come.
    senders.send(&web);
    // Where programs may write to the clipboard, tmux keeps what they wrote.
    tmux.run(&["set-option", "-s", "set-clipboard", "on"]);
    take(&tmux, STEPS);
    assert_eq!(tmux.run(&["show-buffer"]).trim_end(), DUMP);
    tmux.resize(80, 10);
    tmux.wait_for("fewer rows", |screen| rows(screen) == [FIRST, SECOND]);
    take(&tmux, LOW_STEPS);
    tmux.resize(80, 24);
    let paused = tmux.wait_for("all rows", |screen| {
        has_line(screen, 0, " Display paused ") && ALL.is_on_text(screen)
    });

    tmux.keys(&["C-l"]);
    tmux.keys(&["C-z"]);
    tmux.wait_for_prompt();
    assert_eq!(tmux.modes(), modes);
    tmux.keys(&["fg", "Enter"]);
    tmux.wait_for("the paused table", |screen| screen == paused);
    tmux.keys(&["C-c"]);
    tmux.ended(0, &modes);
}

fn take(tmux: &Tmux<'_>, steps: &[Step]) {
    for Step { keys, hint, shows } in steps {
        tmux.keys(&keys.split(' ').collect::<Vec<_>>());
        tmux.wait_for_cells(&format!("{hint:?} and {shows:?} after {keys}"), |cells| {
            hint.is_none_or(|hint| cells.hint() == hint) && shows.is_on(cells)
        });
    }
}

impl Shows {
    fn is_on(&self, cells: &Cells) -> bool {
        match self {
            Selected(expected) => rows(&format!("\n{}", cells.underlined())).concat() == *expected,
            Bars(expected) => cells.bars() == *expected,
            _ => self.is_on_text(&cells.text()),
        }
    }

    fn is_on_text(&self, screen: &str) -> bool {
        match self {
            Rows(expected) => rows(screen) == *expected,
            Line(line, start) => has_line(screen, *line, start),
            Texts(texts) => texts.iter().all(|text| screen.contains(text)),
            No(text) => !screen.contains(text),
            Selected(_) | Bars(_) => panic!("{self:?} needs more than text"),
        }
    }
}
