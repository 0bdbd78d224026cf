//! The one table of options that both the command line and the file have: how each is spelled, what
//! it says, and what the help says of it.
//!
//! It must never know which origin it reads.

use crate::{cli::values, options::Layer};

mod settings;
mod switches;

pub use settings::SETTINGS;
pub use switches::SWITCHES;

/// A part of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Which packets.
    Count,
    /// Which rows, and in which order.
    Show,
    /// Names, numbers, layout.
    Look,
    /// Reports, and what ends the program.
    Reports,
}

impl Section {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Count => "What to count",
            Self::Show => "What to show",
            Self::Look => "How it looks",
            Self::Reports => "Reports",
        }
    }
}

/// An option that is on or off.
#[derive(Debug)]
pub struct Switch {
    /// Its name in the file, where it has one.
    pub directive: Option<&'static str>,
    /// Its name on the command line.
    pub on: &'static str,
    /// That of its opposite.
    pub off: &'static str,
    /// The letter for what is not the default.
    pub short: Option<char>,
    /// What it is when nobody says anything.
    pub default: bool,
    /// Where the help lists it.
    pub section: Section,
    /// What the help says of what is not the default.
    pub help: &'static str,
    /// Says it.
    pub set: fn(&mut Layer, bool),
}

/// An option with a value.
#[derive(Debug)]
pub struct Setting {
    /// Its name in the file.
    pub directive: &'static str,
    /// Its name on the command line.
    pub long: &'static str,
    /// Its letter.
    pub short: Option<char>,
    /// What the help calls the value.
    pub value: &'static str,
    /// Where the help lists it.
    pub section: Section,
    /// What the help says of it.
    pub help: &'static str,
    /// Says what a text means, or what is wrong with it.
    pub set: fn(&mut Layer, &str) -> Result<(), String>,
}

/// Settings that switches are short for: of these, too, the last one on the command line wins.
pub const SAME: &[(&str, &[&str])] =
    &[("unit", &["use-bytes", "no-use-bytes"]), ("port-display", &["ports", "no-ports"])];

/// What stands in the file, by its name.
#[derive(Clone, Copy, Debug)]
pub enum Directive {
    /// Takes yes or no.
    Switch(&'static Switch),
    /// Takes a value.
    Setting(&'static Setting),
}

impl Directive {
    /// The directive with a name, where there is one.
    pub fn find(name: &str) -> Option<Self> {
        let switch = SWITCHES.iter().find(|switch| switch.directive == Some(name));
        let setting = SETTINGS.iter().find(|setting| setting.directive == name);
        switch.map(Self::Switch).or(setting.map(Self::Setting))
    }

    /// Says what its value means.
    ///
    /// # Errors
    /// Say what it takes. Then a setting has said nothing, and a switch what it says for no.
    pub fn say(self, layer: &mut Layer, value: &str) -> Result<(), String> {
        match self {
            Self::Setting(setting) => (setting.set)(layer, value),
            Self::Switch(switch) => {
                let on = values::yes_or_no(value);
                // The default says nothing: `use-bytes: no` leaves the unit to `bandwidth-unit`.
                if on.unwrap_or(false) != switch.default {
                    (switch.set)(layer, !switch.default);
                }
                let form = "it takes yes or no, and this counts as no";
                on.map(drop).ok_or_else(|| form.to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_is_there_once() {
        let directives = SWITCHES
            .iter()
            .filter_map(|switch| switch.directive)
            .chain(SETTINGS.iter().map(|setting| setting.directive));
        let mut names = HashSet::new();
        for name in directives {
            assert!(names.insert(name), "{name}");
        }
        // iftop's, by its man page; then ours.
        let expected = "interface dns-resolution port-resolution filter-code show-bars promiscuous \
            hide-source hide-destination use-bytes sort line-display show-totals log-scale \
            max-bandwidth net-filter net-filter6 link-local port-display timed-output no-curses \
            num-lines screen-filter \
            group networks bandwidth-unit units summary mouse";
        assert_eq!(names, expected.split_whitespace().collect());
    }

    #[test]
    fn every_option_says_something_of_its_own() {
        let mut said: Vec<(&str, Layer)> = Vec::new();
        for switch in SWITCHES {
            for on in [true, false] {
                let mut layer = Layer::default();
                (switch.set)(&mut layer, on);
                said.push((switch.on, layer));
            }
        }
        for setting in SETTINGS {
            let texts = ["", "0", "2s", "on", "bytes", "si", "two-line", "host"];
            let says = texts.into_iter().find_map(|text| {
                let mut layer = Layer::default();
                (setting.set)(&mut layer, text).ok().map(|()| layer)
            });
            said.push((setting.long, says.unwrap()));
        }
        let same =
            |a: &str, b: &str| SAME.iter().any(|(one, others)| *one == a && others.contains(&b));
        for (number, (long, layer)) in said.iter().enumerate() {
            assert_ne!(*layer, Layer::default(), "{long}");
            for (other, said) in &said[..number] {
                assert!(layer != said || same(long, other), "{long} says what {other} says");
            }
        }
    }
}
