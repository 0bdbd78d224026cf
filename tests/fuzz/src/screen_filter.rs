//! What somebody types or pastes on the screen: the keys, the line editor, the screen filter.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use iftop_user::{
    app::{App, Outcome, Settings},
    filter::ScreenFilter,
    tui::{self, Status},
};
use ratatui::{Terminal, backend::TestBackend};

use super::{input::Input, is_printable};

/// What else a keyboard has.
const KEYS: [KeyCode; 16] = [
    KeyCode::Enter,
    KeyCode::Esc,
    KeyCode::Backspace,
    KeyCode::Delete,
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::Home,
    KeyCode::End,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::PageUp,
    KeyCode::PageDown,
    KeyCode::Tab,
    KeyCode::F(1),
    KeyCode::Null,
    KeyCode::Char('\u{202e}'),
];

/// See [`CHECKS`](super::CHECKS).
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let (columns, rows) = (input.byte().into(), u16::from(input.byte()) / 4);
    match input.byte() % 2 {
        0 => expression(&String::from_utf8_lossy(input.0)),
        _ => keys(input.0, columns, rows),
    }
}

/// It is one or none, and finding out is bounded.
fn expression(text: &str) {
    match ScreenFilter::parse(text) {
        Ok(Some(filter)) => {
            assert_eq!(filter.text(), text);
            for text in ["", "10.0.0.1:80", "[fd00::1]:443", "host.example.com", text] {
                filter.regex().is_match(text);
            }
        }
        Ok(None) => assert!(text.trim().is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn keys(keys: &[u8], columns: u16, rows: u16) {
    let mut app = App::new(Settings::default(), None);
    for &byte in keys {
        let event = match byte {
            // A control key, as crossterm reads it.
            1..=26 => {
                let letter = char::from(b'a' - 1 + byte);
                KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)
            }
            0xf0.. => KeyEvent::from(KEYS[usize::from(byte - 0xf0)]),
            byte => KeyEvent::from(KeyCode::Char(char::from(byte))),
        };
        if app.key(event) == Outcome::Quit {
            break;
        }
        if let Some(filter) = app.take_wanted_filter() {
            assert!(is_printable(&filter), "{filter:?}");
            app.filter_was_set(filter, Ok(()));
        }
        if let Some((_, editor)) = app.prompt() {
            assert!(is_printable(editor.text()), "{:?}", editor.text());
            assert!(editor.cursor() <= editor.text().len());
        }
    }
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a screen in memory");
    let status = Status { unicode: false, ..Status::new("eth0", "ebpf/tcx") };
    terminal.draw(|frame| tui::draw(frame, &app, &status)).expect("nothing to fail");
    for cell in terminal.backend().buffer().content() {
        assert!(is_printable(cell.symbol()), "{:?}", cell.symbol());
    }
}
