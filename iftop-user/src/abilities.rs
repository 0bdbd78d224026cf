//! What a terminal can show, by what its environment says.
//!
//! It owns the reading of variables. It must never talk to the terminal.

/// See the module's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// More than ASCII.
    pub unicode: bool,
    /// Colours, and somebody who wants them.
    pub colours: bool,
}

impl Abilities {
    /// By the variables of locale(7) in their order, `TERM`, and `NO_COLOR` (no-color.org).
    ///
    /// `variable` gives a variable's value, if it is set.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_uppercase();
        let term = set("TERM").unwrap_or_default();
        Self {
            unicode: locale.contains("UTF-8") || locale.contains("UTF8"),
            colours: set("NO_COLOR").is_none() && !is_monochrome(&term),
        }
    }
}

/// The terminals without colours that are still met, by their names in terminfo(5).
fn is_monochrome(term: &str) -> bool {
    let family = term.split('-').next().unwrap_or_default();
    let old = ["", "dumb", "unknown", "ansi77"].contains(&family);
    let vt = family
        .strip_prefix("vt")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    old || vt || term.ends_with("-m") || term.ends_with("-mono")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (variables, unicode, colours)
    type Case<'a> = (&'a [(&'a str, &'a str)], bool, bool);

    #[test]
    fn by_the_environment() {
        let cases: &[Case] = &[
            (&[], false, false),
            (&[("TERM", "xterm-256color"), ("LANG", "en_US.UTF-8")], true, true),
            (&[("TERM", "linux"), ("LANG", "C.utf8")], true, true),
            (&[("TERM", "tmux"), ("LC_ALL", "C"), ("LANG", "C.UTF-8")], false, true),
            (&[("TERM", "screen"), ("LC_ALL", ""), ("LC_CTYPE", "de_DE.UTF-8")], true, true),
            (&[("TERM", "xterm"), ("NO_COLOR", "1")], false, false),
            (&[("TERM", "xterm"), ("NO_COLOR", "")], false, true),
            (&[("TERM", "vt100")], false, false),
            (&[("TERM", "vt220-8bit")], false, false),
            (&[("TERM", "xterm-mono")], false, false),
            (&[("TERM", "dumb")], false, false),
        ];
        for (variables, unicode, colours) in cases {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let expected = Abilities { unicode: *unicode, colours: *colours };
            assert_eq!(Abilities::of(variable), expected, "{variables:?}");
        }
    }
}
