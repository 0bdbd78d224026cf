//! What a click means, at several sizes: where it is drawn, and nowhere else.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{Terminal, backend::TestBackend, layout::Size};

use crate::{
    app::{App, Settings, mouse::Target},
    tui::{self, Status},
    view::fixture,
};

fn app(keys: &str) -> App {
    let mut app = App::new(Settings { mouse: true, ..Settings::default() }, None);
    app.show(fixture::hosts());
    app.fit(4);
    for key in keys.chars() {
        app.key(KeyEvent::from(KeyCode::Char(key)));
    }
    app
}

/// `2` for the third row, the name of an order for a head, `-` for nothing.
fn told(app: &App, width: u16, height: u16, column: u16, row: u16) -> String {
    match tui::target(app, Size { width, height }, column, row) {
        Target::Row(id) => {
            let place = app.view().rows.iter().position(|row| row.id == id);
            place.unwrap().to_string()
        }
        Target::Head(sort) => format!("{sort:?}"),
        Target::Nothing => "-".to_owned(),
    }
}

#[test]
fn a_click_is_of_what_stands_there() {
    // (keys, width, height, [(column, row, what is there)])
    type Clicks<'a> = &'a [(u16, u16, &'a str)];
    let cases: &[(&str, u16, u16, Clicks<'_>)] = &[
        (
            "",
            80,
            24,
            &[
                (0, 0, "-"),
                (0, 1, "Source"),
                (25, 1, "Source"),
                (26, 1, "-"),
                (30, 1, "Destination"),
                (55, 1, "Destination"),
                (56, 1, "Two"),
                (63, 1, "Two"),
                (64, 1, "Ten"),
                (79, 1, "Forty"),
                (80, 1, "-"),
                (0, 2, "0"),
                (79, 3, "0"),
                (40, 4, "1"),
                (0, 9, "3"),
                (0, 10, "-"),
                (0, 20, "-"),
                (0, 23, "-"),
                (0, 24, "-"),
            ],
        ),
        // With cumulative counts, scrolled by one.
        (
            "Tj",
            80,
            24,
            &[(47, 1, "Destination"), (48, 1, "Cumulative"), (56, 1, "Two"), (0, 2, "1")],
        ),
        // A row is one line.
        ("t", 80, 24, &[(0, 2, "0"), (0, 3, "1"), (0, 5, "3"), (0, 6, "-")]),
        // Without bars the rule is the first line, where a hint may stand.
        (
            "b",
            80,
            24,
            &[
                (0, 0, "-"),
                (9, 0, "-"),
                (10, 0, "Source"),
                (79, 0, "Forty"),
                (0, 1, "0"),
                (0, 3, "1"),
            ],
        ),
        (
            "",
            40,
            10,
            &[
                (5, 1, "Source"),
                (6, 1, "-"),
                (10, 1, "Destination"),
                (16, 1, "Two"),
                (39, 1, "Forty"),
                (0, 5, "1"),
                (0, 6, "-"),
            ],
        ),
        (
            "",
            120,
            40,
            &[
                (46, 1, "-"),
                (50, 1, "Destination"),
                (96, 1, "Two"),
                (119, 1, "Forty"),
                (119, 9, "3"),
            ],
        ),
        // No table is there.
        ("h", 80, 24, &[(0, 1, "-"), (0, 2, "-")]),
        ("", 80, 7, &[(0, 1, "-"), (0, 2, "-")]),
        ("", 39, 24, &[(0, 1, "-"), (0, 2, "-")]),
    ];
    for (keys, width, height, clicks) in cases {
        let app = app(keys);
        for (column, row, expected) in *clicks {
            let told = told(&app, *width, *height, *column, *row);
            assert_eq!(told, *expected, "{keys} {width}x{height} at {column},{row}");
        }
    }
}

#[test]
fn heads_stand_over_their_columns_where_the_mouse_is_on() {
    let screen = |app: &App, width| {
        let mut terminal = Terminal::new(TestBackend::new(width, 12)).unwrap();
        let status = Status::new("eth0", "ebpf/tcx");
        terminal.draw(|frame| tui::draw(frame, app, &status)).unwrap();
        let cells = terminal.backend().buffer().content.chunks(width.into());
        cells
            .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect())
            .collect::<Vec<String>>()
    };
    let cases = [
        (
            "",
            80,
            "└ left ─────────┴────────────── right ──────────┴─────────── 2s ┴──[10s]─── 40s ",
            "192.0.2.1                  => 198.51.100.2               9.51Mb  7.84Mb  7.84Mb ",
        ),
        (
            "T4",
            80,
            "└ left ─────────┴────────── right ──────────────┴──[cum]──── 2s ┴── 10s ─── 40s ",
            "192.0.2.1              => 198.51.100.2           39.1MB  9.51Mb  7.84Mb  7.84Mb ",
        ),
        (
            "<",
            40,
            "└[left]─┴── right ── 2s ┴── 10s ┴── 40s ",
            "192.0. => 198.51 9.51Mb  7.84Mb  7.84Mb ",
        ),
    ];
    for (keys, width, heads, row) in cases {
        let screen = screen(&app(keys), width);
        assert_eq!((screen[1].as_str(), screen[2].as_str()), (heads, row), "{keys} {width}");
    }
    for keys in ["M", "h"] {
        assert!(!screen(&app(keys), 80)[1].contains("left"), "{keys}");
    }
}
