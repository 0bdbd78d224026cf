//! The line editor: one line of printable ASCII, with the keys that hands know from shells.
//!
//! It owns the text and the cursor. It must never know what the text is for.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A line that is being edited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Editor {
    /// ASCII only, so that a byte is a column.
    text: String,
    /// Before which byte the next character goes.
    cursor: usize,
}

/// What a key did to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// It goes on.
    GoesOn,
    /// Done: take the text.
    Accepted,
    /// Done: forget it.
    Cancelled,
}

impl Editor {
    /// A text to begin with, the cursor behind it. What cannot be typed is left out.
    pub fn new(text: &str) -> Self {
        let text: String = text.chars().filter(|&c| is_printable(c)).collect();
        Self { cursor: text.len(), text }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor's column.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Takes a key. What it does not know changes nothing.
    pub fn key(&mut self, event: KeyEvent) -> Edited {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            KeyCode::Enter => return Edited::Accepted,
            KeyCode::Esc => return Edited::Cancelled,
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Backspace => self.delete(self.cursor.saturating_sub(1)..self.cursor),
            KeyCode::Delete => {
                self.delete(self.cursor..(self.cursor + 1).min(self.text.len()));
            }
            KeyCode::Char(c) if control => match c.to_ascii_lowercase() {
                'g' => return Edited::Cancelled,
                'a' => self.cursor = 0,
                'e' => self.cursor = self.text.len(),
                'b' => self.cursor = self.cursor.saturating_sub(1),
                'f' => self.cursor = (self.cursor + 1).min(self.text.len()),
                'h' => self.delete(self.cursor.saturating_sub(1)..self.cursor),
                'u' => self.delete(0..self.text.len()),
                'w' => self.delete(self.word_start()..self.cursor),
                _ => {}
            },
            KeyCode::Char(c) if is_printable(c) && !event.modifiers.contains(KeyModifiers::ALT) => {
                self.text.insert(self.cursor, c);
                self.cursor += 1;
            }
            _ => {}
        }
        Edited::GoesOn
    }

    fn delete(&mut self, range: std::ops::Range<usize>) {
        self.cursor = range.start;
        self.text.replace_range(range, "");
    }

    /// Where the word before the cursor begins, the blanks behind it included.
    fn word_start(&self) -> usize {
        let before = self.text[..self.cursor].trim_end_matches(' ');
        before.rfind(' ').map_or(0, |blank| blank + 1)
    }
}

fn is_printable(c: char) -> bool {
    c.is_ascii_graphic() || c == ' '
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a` types itself, `<Left>` a key, `^A` a control key.
    fn events(keys: &str) -> Vec<KeyEvent> {
        let mut events = Vec::new();
        let mut rest = keys;
        while let Some(first) = rest.chars().next() {
            let (event, length) = if let Some(key) = rest.strip_prefix('^') {
                let code = KeyCode::Char(key.chars().next().unwrap().to_ascii_lowercase());
                (KeyEvent::new(code, KeyModifiers::CONTROL), 2)
            } else if first == '<' {
                let (name, _) = rest[1..].split_once('>').unwrap();
                let code = match name {
                    "Left" => KeyCode::Left,
                    "Right" => KeyCode::Right,
                    "Home" => KeyCode::Home,
                    "End" => KeyCode::End,
                    "Bs" => KeyCode::Backspace,
                    "Del" => KeyCode::Delete,
                    "Enter" => KeyCode::Enter,
                    "Esc" => KeyCode::Esc,
                    "Tab" => KeyCode::Tab,
                    _ => panic!("{name}"),
                };
                (KeyEvent::from(code), name.len() + 2)
            } else {
                (KeyEvent::from(KeyCode::Char(first)), first.len_utf8())
            };
            events.push(event);
            rest = &rest[length..];
        }
        events
    }

    #[test]
    fn keys_edit_the_line() {
        use Edited::{Accepted, Cancelled, GoesOn};
        // (text at first, keys, text then with | for the cursor, what the last key did)
        let cases = [
            ("", "udp", "udp|", GoesOn),
            ("udp", "", "udp|", GoesOn),
            ("port 5", "3<Enter>", "port 53|", Accepted),
            ("old", "x<Esc>", "oldx|", Cancelled),
            ("old", "^G", "old|", Cancelled),
            ("abc", "<Left><Left>X", "aX|bc", GoesOn),
            ("abc", "<Left><Left><Left><Left>X", "X|abc", GoesOn),
            ("abc", "<Right>X", "abcX|", GoesOn),
            ("abc", "<Home>X<End>Y", "XabcY|", GoesOn),
            ("abc", "^AX^EY", "XabcY|", GoesOn),
            ("abc", "<Bs>", "ab|", GoesOn),
            ("abc", "^A<Bs>", "|abc", GoesOn),
            ("abc", "^A<Del>", "|bc", GoesOn),
            ("abc", "<Del>", "abc|", GoesOn),
            ("abc", "<Left>^U", "|", GoesOn),
            ("udp port 53", "^W", "udp port |", GoesOn),
            ("udp port ", "^W", "udp |", GoesOn),
            ("udp port", "<Left><Left>^W", "udp |rt", GoesOn),
            ("", "^W<Bs><Del>", "|", GoesOn),
            ("a", "<Tab>^Xé", "a|", GoesOn),
            ("a\x1b[2Jé", "", "a[2J|", GoesOn),
        ];
        for (text, keys, expected, last) in cases {
            let mut editor = Editor::new(text);
            let edited = events(keys).into_iter().map(|event| editor.key(event)).last();
            let (before, after) = editor.text().split_at(editor.cursor());
            assert_eq!(format!("{before}|{after}"), expected, "{text} {keys}");
            assert_eq!(edited.unwrap_or(GoesOn), last, "{text} {keys}");
        }
    }
}
