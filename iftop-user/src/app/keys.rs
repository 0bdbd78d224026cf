//! The one table of keys: what each does, and what the help page says of it.
//!
//! It must never hold state, nor do what a key asks for.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Move};
use crate::view::Sort;

/// A part of the help page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What is shown of hosts and ports.
    Hosts,
    /// The order of rows.
    Sorting,
    /// What is done with one row.
    Rows,
    /// The rest.
    General,
}

impl Section {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Hosts => "Host display:",
            Self::Sorting => "Sorting:",
            Self::Rows => "One row:",
            Self::General => "General:",
        }
    }
}

/// A key, by what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character.
    Char(char),
    /// A character with the control key; a small letter.
    Ctrl(char),
    /// A key with a name.
    Named(KeyCode, &'static str),
}

impl Key {
    fn name(self) -> String {
        match self {
            Self::Char(' ') => "Space".to_owned(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("^{}", c.to_ascii_uppercase()),
            Self::Named(_, name) => name.to_owned(),
        }
    }

    fn is(self, event: KeyEvent) -> bool {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        match self {
            Self::Char(c) => event.code == KeyCode::Char(c) && !control && !alt,
            Self::Ctrl(c) => event.code == KeyCode::Char(c) && control && !alt,
            Self::Named(code, _) => event.code == code && !control && !alt,
        }
    }
}

/// A line of the help page: keys that belong together.
#[derive(Debug)]
pub struct Binding {
    /// Where it stands.
    pub section: Section,
    /// The keys.
    pub keys: &'static [(Key, Action)],
    /// What they do; `None` where the help page says nothing of them.
    pub help: Option<&'static str>,
}

impl Binding {
    /// The keys as the help page names them.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.keys.iter().map(|(key, _)| key.name()).collect();
        names.join(" ")
    }
}

const fn bound(section: Section, keys: &'static [(Key, Action)], help: &'static str) -> Binding {
    Binding { section, keys, help: Some(help) }
}

use Key::{Char, Ctrl, Named};
use Section::{General, Hosts, Rows, Sorting};

/// All keys, in the order of the help page.
pub const BINDINGS: &[Binding] = &[
    bound(
        Hosts,
        &[(Char('n'), Action::Names), (Char('N'), Action::Services)],
        "host, service names on or off",
    ),
    bound(
        Hosts,
        &[(Char('s'), Action::HideSource), (Char('d'), Action::HideDestination)],
        "left, right hosts on or off",
    ),
    bound(
        Hosts,
        &[
            (Char('S'), Action::SourcePorts),
            (Char('D'), Action::DestinationPorts),
            (Char('p'), Action::Ports),
        ],
        "left, right, all ports on, off",
    ),
    bound(Hosts, &[(Char('t'), Action::Lines)], "one line or two, one direction"),
    bound(Hosts, &[(Char('G'), Action::Group)], "group by host, network, .."),
    bound(
        Sorting,
        &[
            (Char('1'), Action::Sort(Sort::Two)),
            (Char('2'), Action::Sort(Sort::Ten)),
            (Char('3'), Action::Sort(Sort::Forty)),
        ],
        "by the 2s, 10s, 40s rate",
    ),
    bound(Sorting, &[(Char('4'), Action::Sort(Sort::Cumulative))], "by the cumulative count"),
    bound(
        Sorting,
        &[(Char('<'), Action::Sort(Sort::Source)), (Char('>'), Action::Sort(Sort::Destination))],
        "by the left, right host",
    ),
    bound(Sorting, &[(Char('o'), Action::Freeze)], "rows stay, or move again"),
    bound(
        Rows,
        &[
            (Named(KeyCode::Up, "Up"), Action::Select(Move::Up)),
            (Named(KeyCode::Down, "Down"), Action::Select(Move::Down)),
            (Named(KeyCode::Esc, "Esc"), Action::Unselect),
        ],
        "select and follow, let go",
    ),
    bound(
        Rows,
        &[(Named(KeyCode::Enter, "Enter"), Action::Detail), (Char('y'), Action::Copy)],
        "look closer, copy tcpdump",
    ),
    bound(
        Rows,
        &[
            (Char('x'), Action::TakeOut),
            (Char('+'), Action::KeepOnly),
            (Named(KeyCode::Backspace, "Bksp"), Action::BringBack),
        ],
        "hide it, others, undo",
    ),
    bound(General, &[(Char('q'), Action::Quit), (Ctrl('c'), Action::Quit)], "quit"),
    bound(General, &[(Char('h'), Action::Help), (Char('?'), Action::Help)], "this page on or off"),
    bound(General, &[(Char('i'), Action::Health)], "how the counting goes"),
    bound(General, &[(Char('g'), Action::Chart)], "the last ten minutes"),
    bound(General, &[(Char('P'), Action::Pause), (Char(' '), Action::Pause)], "pause, go on"),
    bound(
        General,
        &[(Char('l'), Action::ScreenFilter), (Char('/'), Action::ScreenFilter)],
        "show only what matches",
    ),
    bound(General, &[(Char('f'), Action::PacketFilter)], "count only what matches"),
    bound(
        General,
        &[(Char('j'), Action::Scroll(Move::Down)), (Char('k'), Action::Scroll(Move::Up))],
        "scroll down, up",
    ),
    bound(
        General,
        &[
            (Named(KeyCode::PageUp, "PgUp"), Action::Scroll(Move::PageUp)),
            (Named(KeyCode::PageDown, "PgDn"), Action::Scroll(Move::PageDown)),
            (Named(KeyCode::Home, "Home"), Action::Scroll(Move::First)),
            (Named(KeyCode::End, "End"), Action::Scroll(Move::Last)),
        ],
        "page, first, last",
    ),
    bound(General, &[(Char('e'), Action::Export)], "write the screen to a file"),
    bound(General, &[(Char('b'), Action::Bars)], "bars on or off"),
    bound(General, &[(Char('B'), Action::BarWindow)], "bars of 10s, 40s, 2s rates"),
    bound(General, &[(Char('L'), Action::LogScale)], "logarithmic, linear bars"),
    bound(General, &[(Char('T'), Action::Cumulative)], "cumulative column on or off"),
    bound(General, &[(Char('u'), Action::Unit)], "bits, bytes, packets"),
    bound(General, &[(Char('M'), Action::Mouse)], "mouse on or off"),
    bound(
        General,
        &[(Ctrl('l'), Action::Terminal), (Ctrl('z'), Action::Terminal)],
        "draw anew, stop",
    ),
    Binding { section: General, keys: &[(Char('!'), Action::Shell)], help: None },
];

/// What a key event asks for; `None` when nothing does.
pub fn action(event: KeyEvent) -> Option<Action> {
    let all = BINDINGS.iter().flat_map(|binding| binding.keys);
    all.copied().find_map(|(key, action)| key.is(event).then_some(action))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_key_is_bound_once_and_the_help_page_shows_it() {
        let mut keys = HashSet::new();
        for binding in BINDINGS {
            assert!(binding.help != Some("") && !binding.keys.is_empty(), "{binding:?}");
            for (key, bound) in binding.keys {
                assert!(keys.insert(key.name()), "{key:?} is bound twice");
                let event = match *key {
                    Char(c) => KeyEvent::from(KeyCode::Char(c)),
                    Ctrl(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
                    Named(code, _) => KeyEvent::from(code),
                };
                assert_eq!(action(event), Some(*bound));
            }
        }
        let chars = "qh?inNsdGtSDpTbBLuo1234<>Pjkfl/!ygx+Me".chars().map(String::from);
        let named = "Space ^C ^L ^Z PgUp PgDn Home End Up Down Esc Enter Bksp"
            .split(' ')
            .map(str::to_owned);
        assert_eq!(keys, chars.chain(named).collect());
        assert_eq!(BINDINGS[5].names(), "1 2 3");
    }

    #[test]
    fn modifiers_make_other_keys() {
        let cases = [
            (KeyCode::Char('c'), KeyModifiers::CONTROL, Some(Action::Quit)),
            (KeyCode::Char('n'), KeyModifiers::CONTROL, None),
            (KeyCode::Char('q'), KeyModifiers::ALT, None),
            (KeyCode::Char('N'), KeyModifiers::SHIFT, Some(Action::Services)),
            (KeyCode::Char('c'), KeyModifiers::NONE, None),
            (KeyCode::Char('H'), KeyModifiers::SHIFT, None),
            (KeyCode::Down, KeyModifiers::NONE, Some(Action::Select(Move::Down))),
            (KeyCode::Down, KeyModifiers::CONTROL, None),
            (KeyCode::F(1), KeyModifiers::NONE, None),
        ];
        for (code, modifiers, expected) in cases {
            assert_eq!(action(KeyEvent::new(code, modifiers)), expected, "{code:?} {modifiers:?}");
        }
    }
}
