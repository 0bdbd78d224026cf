//! Keys under text reports: fewer than on the screen, and each is answered with a sentence.
//!
//! It owns the sentences, which are iftop's. What the keys do is the app's business.

use crossterm::event::{KeyCode, KeyEvent};

use super::{App, action::Action, keys};
use crate::view::{PortDisplay, Sort};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKey {
    /// End.
    Quit,
    /// Print the last report again.
    Reprint,
    /// Change something, say so, and print the last report again.
    Act(Action),
}

/// What a character asks for; `None` when nothing does.
pub fn text_key(key: char) -> Option<TextKey> {
    match key {
        'q' => Some(TextKey::Quit),
        'u' => Some(TextKey::Reprint),
        _ => keys::action(KeyEvent::from(KeyCode::Char(key)))
            .filter(|action| action.concerns_reports())
            .map(TextKey::Act),
    }
}

/// What is said after an action, by what it led to, with the empty line that iftop has behind it;
/// `None` for one that is of no use to reports.
pub fn sentence(action: Action, app: &App) -> Option<String> {
    let settings = app.settings();
    let on = |on: bool| if on { "ON" } else { "OFF" };
    let shown = |hidden: bool| if hidden { "Hide" } else { "Show" };
    let sentence = match action {
        Action::Names => format!("DNS resolution is {}.", on(settings.names)),
        Action::Services => format!("Port resolution is {}.", on(settings.services)),
        Action::HideSource => format!("{} source host", shown(settings.hide_source)),
        Action::HideDestination => {
            format!("{} destination host", shown(settings.hide_destination))
        }
        Action::SourcePorts | Action::DestinationPorts | Action::Ports => {
            let ports = match settings.ports {
                PortDisplay::Off => "none",
                PortDisplay::SourceOnly => "src",
                PortDisplay::DestinationOnly => "dest",
                PortDisplay::On => "both",
            };
            format!("Showing ports: {ports}.")
        }
        Action::Group => format!("Grouping by {}.", settings.grouping.name()),
        // No empty line: nothing follows.
        Action::Pause if app.paused() => {
            return Some("Pausing... press 'P' again to continue.\n".to_owned());
        }
        Action::Pause => "Continuing.".to_owned(),
        Action::Freeze if app.frozen() => "Order frozen.".to_owned(),
        Action::Freeze => "Order unfrozen.".to_owned(),
        Action::Sort(sort) => {
            let column = match sort {
                Sort::Two => "1",
                Sort::Ten => "2",
                Sort::Forty => "3",
                Sort::Cumulative => "4",
                Sort::Source => "source",
                Sort::Destination => "destination",
            };
            format!("Sorting by column {column}.")
        }
        _ => return None,
    };
    Some(sentence + "\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Settings;

    #[test]
    fn keys_are_answered_in_iftops_words() {
        let cases = [
            ("n", "DNS resolution is OFF."),
            ("nn", "DNS resolution is ON."),
            ("N", "Port resolution is OFF."),
            ("s", "Hide source host"),
            ("ss", "Show source host"),
            ("d", "Hide destination host"),
            ("dd", "Show destination host"),
            ("S", "Showing ports: src."),
            ("D", "Showing ports: dest."),
            ("SD", "Showing ports: both."),
            ("p", "Showing ports: both."),
            ("pp", "Showing ports: none."),
            ("G", "Grouping by host."),
            ("GG", "Grouping by network."),
            ("GGG", "Grouping by service."),
            ("GGGG", "Grouping by protocol."),
            ("GGGGG", "Grouping by flow."),
            ("PP", "Continuing."),
            ("o", "Order frozen."),
            ("oo", "Order unfrozen."),
            ("1", "Sorting by column 1."),
            ("2", "Sorting by column 2."),
            ("3", "Sorting by column 3."),
            ("4", "Sorting by column 4."),
            ("<", "Sorting by column source."),
            (">", "Sorting by column destination."),
        ];
        let after = |keys: &str| {
            let mut app = App::new(Settings::default(), None);
            let said = keys.chars().map(|key| match text_key(key) {
                Some(TextKey::Act(action)) => {
                    app.apply(action);
                    sentence(action, &app)
                }
                other => panic!("{key}: {other:?}"),
            });
            said.last().unwrap().unwrap()
        };
        for (keys, expected) in cases {
            assert_eq!(after(keys), format!("{expected}\n\n"), "{keys}");
        }
        assert_eq!(after("P"), "Pausing... press 'P' again to continue.\n");
        let keys = ['q', 'u', 'x'].map(text_key);
        assert_eq!(keys, [Some(TextKey::Quit), Some(TextKey::Reprint), None]);
        for key in "hitTbBLjklf!".chars() {
            assert_eq!(text_key(key), None, "{key} is for the screen");
        }
    }
}
