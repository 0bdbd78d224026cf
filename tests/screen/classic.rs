//! Beside classic iftop, each on a terminal of its own, on the same interface at the same time.
//!
//! What is compared is text, character by character, without what hangs on when a program last took
//! in what it counted (rates: only their places) and without what differs on purpose (see
//! [`comparable`]). Classic iftop draws when packets come or a key does, so the pump runs.

use std::{iter, thread};

use crate::support::{
    cells::Cells,
    classic::{self, Pump},
    etc::Etc,
    frame::TCP,
    net::{Cable, on_one_cpu},
    report::is_number,
    tmux::{PACE, Tmux},
    traffic::{Senders, Sent, into, out, packet, udp},
};

mod bars;
mod columns;
mod hints;
mod names;
mod switches;

const ICMP: u8 = 1;

/// Whether our screen agrees with classic iftop's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Classic {
    Same,
    /// On purpose not: what ours has, and why.
    Different(&'static str, &'static str),
}

use Classic::{Different, Same};

/// Both programs, and what keeps classic iftop going.
struct Both<'a> {
    ours: Tmux<'a>,
    classic: Tmux<'a>,
    senders: Senders,
    _pump: Pump,
}

impl<'a> Both<'a> {
    /// Starts them at 80×24 with the same options.
    fn start(cable: &'a Cable, etc: &Etc, options: &str) -> Self {
        let [ours, classic] = [(); 2].map(|()| Tmux::start_with(&cable.a, etc));
        let both = Self { ours, classic, senders: Senders::new(cable), _pump: Pump::start(cable) };
        both.show(options);
        both
    }

    /// Starts them again; each says at first what it listens to.
    fn show(&self, options: &str) {
        let listens = |tmux: &Tmux<'_>| {
            tmux.wait_for_cells("start", |cells| cells.hint() == "Listening on va");
        };
        self.ours.show_table_with(options);
        listens(&self.ours);
        let command = format!("clear; {} -i va {options}", classic::program());
        self.classic.keys(&[&command, "Enter"]);
        listens(&self.classic);
    }

    fn each(&self) -> [&Tmux<'a>; 2] {
        [&self.ours, &self.classic]
    }

    fn keys(&self, keys: &str) {
        let keys: Vec<_> = keys.split(' ').collect();
        for tmux in self.each() {
            tmux.keys(&keys);
        }
    }

    fn quit(&self) {
        self.keys("q");
        for tmux in self.each() {
            tmux.wait_for_prompt();
        }
    }

    fn send(&self, traffic: &[Sent]) {
        on_one_cpu(|| traffic.iter().for_each(|sent| self.senders.send(sent)));
    }

    fn wait_for_hints(&self, ours: &str, classic: &str) {
        for (tmux, hint) in iter::zip(self.each(), [ours, classic]) {
            tmux.wait_for_cells(&format!("hint {hint:?}"), |cells| cells.hint() == hint);
        }
    }

    /// Waits for this on both screens.
    fn wait_for(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        for tmux in self.each() {
            tmux.wait_for(what, &wanted);
        }
    }

    /// Waits until both screens show the same; where the hint stands, only if there is none.
    fn wait_until_same(&self, what: &str, part: Part) {
        let mut screens = [const { String::new() }; 2];
        for _ in 0..1500 {
            let cells = self.each().map(Tmux::cells);
            let compared = cells.each_ref().map(|cells| comparable(cells, part));
            let hidden = part == Part::Whole && cells.iter().any(|cells| !cells.hint().is_empty());
            if compared[0] == compared[1] && !hidden {
                return;
            }
            screens = cells.map(|cells| cells.text());
            thread::sleep(PACE);
        }
        let [ours, classic] = screens;
        panic!("{what}: not the same:\n{ours}\n{classic}");
    }
}

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The whole screen, without a hint.
    Whole,
    /// All but where a hint may stand.
    BesideHint,
    /// The list: rows with numbers.
    List,
}

/// A hint may be as wide.
const HINT_WIDTH: usize = 41;
/// Where ours has the share of the link.
const PERCENT: std::ops::Range<usize> = 8..15;
/// Where ours has the highest rate since start, on screens from this width on.
const MAX: std::ops::Range<usize> = 48..62;
const MAX_COLUMNS: usize = 94;
const PEAK: usize = 39;
const NUMBER_WIDTH: usize = 8;

/// A screen's lines: numbers that hang on time are only known to be there, and what is ours alone is
/// left out: what the rule above the totals says, the share of the link, and the highest rate since
/// start. The lines that classic iftop draws with the terminal's second set of characters are as ours.
fn comparable(cells: &Cells, part: Part) -> Vec<String> {
    let text = cells.text();
    let columns = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
    let mut lines: Vec<Vec<char>> = text.lines().map(|line| padded(line, columns)).collect();
    let Some(rule) = lines.len().checked_sub(4) else { return Vec::new() };
    for (number, line) in lines.iter_mut().enumerate() {
        if number == 0 && part == Part::BesideHint {
            line[..HINT_WIDTH.min(columns)].fill(' ');
        }
        draw_lines(line);
        if number == rule && line.starts_with(&['─', '─']) {
            line.fill('─');
        }
        if number > rule {
            line[PERCENT].fill(' ');
            if columns >= MAX_COLUMNS {
                line[MAX].fill(' ');
            }
            hide_number(line, PEAK);
        }
        for field in 1..=3 {
            hide_number(line, columns.saturating_sub(field * NUMBER_WIDTH));
        }
    }
    if part == Part::List {
        lines.truncate(rule);
        lines.drain(..2);
    }
    lines.into_iter().map(|line| line.into_iter().collect()).collect()
}

fn padded(line: &str, columns: usize) -> Vec<char> {
    line.chars().chain(iter::repeat(' ')).take(columns).collect()
}

/// tmux gives the letters that stand for the characters.
fn draw_lines(line: &mut [char]) {
    let is_drawn = |c: &char| matches!(c, 'm' | 'q' | 'v');
    let start = if line.iter().all(is_drawn) { 0 } else { HINT_WIDTH.min(line.len()) };
    if line[start..].iter().all(is_drawn) {
        for c in &mut line[start..] {
            *c = match c {
                'm' => '└',
                'v' => '┴',
                _ => '─',
            };
        }
    }
}

/// A rate is replaced by what says only that it is one, and in its place.
fn hide_number(line: &mut [char], column: usize) {
    let Some(field) = line.get_mut(column..column + NUMBER_WIDTH) else { return };
    let text: String = field.iter().collect();
    // The unit stands behind the fifth character.
    let unit = text.find(|c: char| c.is_ascii_alphabetic());
    if unit == Some(5) && is_number(text.trim()) {
        field.fill('#');
    }
}

/// Four conversations, each of which sends, receives and has in all another number of bytes.
fn conversations() -> Vec<Sent> {
    let web = ("10.9.0.1:40001", "10.9.0.2:80");
    let mdns = ("[fd00:9::1]:5353", "[fd00:9::2]:4001");
    let dns = ("10.9.0.1:53", "10.9.0.10:4000");
    let ping = ("10.9.0.1:0", "10.9.0.2:0");
    vec![
        out(&packet(TCP, web.0, web.1, 8000)),
        into(&packet(TCP, web.1, web.0, 500)),
        out(&udp(mdns.0, mdns.1, 3000)),
        into(&udp(mdns.1, mdns.0, 4000)),
        out(&udp(dns.0, dns.1, 300)),
        into(&udp(dns.1, dns.0, 2500)),
        out(&packet(ICMP, ping.0, ping.1, 56)),
        into(&packet(ICMP, ping.1, ping.0, 56)),
    ]
}
