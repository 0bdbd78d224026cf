//! The one table of keys: what each does, and what the help page says of it.
//!
//! It must never hold state: what an action changes is the app's business.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::view::Sort;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Hosts by name or address.
    Names,
    /// Services by name or number.
    Services,
    /// Ports or none.
    Ports,
    /// The next layout of rows.
    Lines,
    /// The column of cumulative counts.
    Cumulative,
    /// Bars or none.
    Bars,
    /// The next window for the bars.
    BarWindow,
    /// Another order of rows.
    Sort(Sort),
    /// Freeze the display or let it go on.
    Pause,
    /// One row down.
    ScrollDown,
    /// One row up.
    ScrollUp,
    /// The help page or the table.
    Help,
    /// End.
    Quit,
}

/// A part of the help page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What is shown of hosts.
    Hosts,
    /// What is shown of ports.
    Ports,
    /// The order of rows.
    Sorting,
    /// The rest.
    General,
}

impl Section {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Hosts => "Host display:",
            Self::Ports => "Port display:",
            Self::Sorting => "Sorting:",
            Self::General => "General:",
        }
    }
}

/// A line of the help page: keys that belong together.
#[derive(Debug)]
pub struct Binding {
    /// Where it stands.
    pub section: Section,
    /// The keys.
    pub keys: &'static [(char, Action)],
    /// What they do.
    pub help: &'static str,
}

impl Binding {
    /// The keys as the help page names them.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.keys.iter().map(|(key, _)| key.to_string()).collect();
        names.join("/")
    }
}

const fn binding(section: Section, keys: &'static [(char, Action)], help: &'static str) -> Binding {
    Binding { section, keys, help }
}

/// All keys, in the order of the help page.
pub const BINDINGS: &[Binding] = &[
    binding(Section::Hosts, &[('n', Action::Names)], "host names on or off"),
    binding(Section::Hosts, &[('t', Action::Lines)], "one line or two, one direction"),
    binding(Section::Ports, &[('p', Action::Ports)], "ports on or off"),
    binding(Section::Ports, &[('N', Action::Services)], "service names on or off"),
    binding(
        Section::Sorting,
        &[
            ('1', Action::Sort(Sort::Two)),
            ('2', Action::Sort(Sort::Ten)),
            ('3', Action::Sort(Sort::Forty)),
        ],
        "by the 2s, 10s, 40s rate",
    ),
    binding(Section::Sorting, &[('<', Action::Sort(Sort::Source))], "by the left host"),
    binding(Section::Sorting, &[('>', Action::Sort(Sort::Destination))], "by the right host"),
    binding(Section::General, &[('q', Action::Quit)], "quit"),
    binding(Section::General, &[('h', Action::Help), ('?', Action::Help)], "this page on or off"),
    binding(Section::General, &[('P', Action::Pause)], "pause, go on"),
    binding(
        Section::General,
        &[('j', Action::ScrollDown), ('k', Action::ScrollUp)],
        "scroll down, up",
    ),
    binding(Section::General, &[('b', Action::Bars)], "bars on or off"),
    binding(Section::General, &[('B', Action::BarWindow)], "bars of 10s, 40s, 2s rates"),
    binding(Section::General, &[('T', Action::Cumulative)], "cumulative column on or off"),
];

/// What a key event asks for; `None` when nothing does.
pub fn action(event: KeyEvent) -> Option<Action> {
    let KeyCode::Char(pressed) = event.code else { return None };
    if event.modifiers.contains(KeyModifiers::CONTROL) {
        // Raw mode: the terminal makes no signal of it.
        return (pressed == 'c').then_some(Action::Quit);
    }
    if event.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    BINDINGS
        .iter()
        .flat_map(|binding| binding.keys)
        .find_map(|&(key, action)| (key == pressed).then_some(action))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_key_is_bound_once_and_the_help_page_shows_it() {
        let mut keys = HashSet::new();
        for binding in BINDINGS {
            assert!(!binding.help.is_empty() && !binding.keys.is_empty(), "{binding:?}");
            for (key, bound) in binding.keys {
                assert!(keys.insert(*key), "{key} is bound twice");
                assert_eq!(action(KeyEvent::from(KeyCode::Char(*key))), Some(*bound));
            }
        }
        let all: HashSet<char> = "qh?nNpPtTbB123<>jk".chars().collect();
        assert_eq!(keys, all);
        assert_eq!(BINDINGS[4].names(), "1/2/3");
    }

    #[test]
    fn modifiers_make_other_keys() {
        let cases = [
            (KeyCode::Char('c'), KeyModifiers::CONTROL, Some(Action::Quit)),
            (KeyCode::Char('n'), KeyModifiers::CONTROL, None),
            (KeyCode::Char('q'), KeyModifiers::ALT, None),
            (KeyCode::Char('N'), KeyModifiers::SHIFT, Some(Action::Services)),
            (KeyCode::Char('c'), KeyModifiers::NONE, None),
            (KeyCode::Down, KeyModifiers::NONE, None),
        ];
        for (code, modifiers, expected) in cases {
            assert_eq!(action(KeyEvent::new(code, modifiers)), expected, "{code:?} {modifiers:?}");
        }
    }
}
