//! Cell by cell: what text does not show.

use ratatui::style::{Color, Modifier};

use super::*;

/// How many cells of each row are in reverse video; they must start at column 0.
fn reversed(buffer: &Buffer) -> Vec<usize> {
    let rows = buffer.content.chunks(buffer.area.width.into());
    rows.map(|row| {
        let is_reversed = |cell: &ratatui::buffer::Cell| cell.modifier.contains(Modifier::REVERSED);
        let cells = row.iter().filter(|cell| is_reversed(cell)).count();
        assert!(row[..cells].iter().all(is_reversed), "a bar with a gap");
        cells
    })
    .collect()
}

/// Cells of a line that look like this, as ranges.
fn cells(buffer: &Buffer, line: u16, wanted: impl Fn(&ratatui::buffer::Cell) -> bool) -> String {
    let width = buffer.area.width;
    let found: Vec<u16> = (0..width).filter(|x| wanted(&buffer[(*x, line)])).collect();
    match found[..] {
        [] => "none".to_owned(),
        [first, .., last] if usize::from(last - first) + 1 == found.len() => {
            format!("{first}..{last}")
        }
        _ => format!("{found:?}"),
    }
}

#[test]
fn colours_say_direction_size_and_trouble_and_nothing_needs_them() {
    let mut view = fixture::hosts();
    // Without the giant the first row is the one that carries much.
    view.rows.remove(2);
    view.account.other = Count { bytes: 1, packets: 1 };
    let shown = app(view, "b");
    let coloured = render(&shown, &Status { colours: true, ..STATUS }, 80, 24);
    let plain = render(&shown, &STATUS, 80, 24);
    // (line, colour, cells)
    let cases = [
        (1, Color::Green, "26..29"),
        (2, Color::Cyan, "26..29"),
        (1, Color::Yellow, "56..79"),
        (2, Color::Yellow, "56..79"),
        (3, Color::Yellow, "none"),
        (20, Color::Red, "0..79"),
    ];
    for (line, colour, expected) in cases {
        assert_eq!(cells(&coloured, line, |cell| cell.fg == colour), expected, "{line} {colour}");
    }
    assert_eq!(text(&coloured), text(&plain));
    assert!(plain.content.iter().all(|cell| cell.fg == Color::Reset));
}

#[test]
fn the_selected_row_is_underlined() {
    let mut app = app(fixture::hosts(), "");
    app.fit(4);
    app.key(KeyEvent::from(KeyCode::Down));
    app.key(KeyEvent::from(KeyCode::Down));
    let buffer = render(&app, &STATUS, 80, 24);
    let underlined =
        |line| cells(&buffer, line, |cell| cell.modifier.contains(Modifier::UNDERLINED));
    let lines: Vec<String> = (2..7).map(underlined).collect();
    assert_eq!(lines, ["none", "none", "0..79", "0..79", "none"]);
}

#[test]
fn a_bar_is_under_what_it_measures() {
    // 1020 bytes 200 times a second, at a scale of 2 M.
    let rate = 1020.0 * 200.0 * 8.0;
    let row = fixture::row(
        fixture::endpoint("192.0.2.1"),
        fixture::endpoint("192.0.2.2"),
        fixture::traffic([0.0; 3], 0),
        fixture::traffic([0.0, rate, 0.0], 0),
    );
    let mut view = fixture::view(vec![row]);
    view.totals.sent = fixture::total([0.0; 3], 0.0, 0);
    view.totals.received = fixture::total([0.0, rate, 0.0], rate, 0);
    view.both = view.totals.received;
    let scale = Some(2 * 1024 * 1024);
    // (keys, rows with a bar of so many cells)
    let cases: [(&str, &[(usize, usize)]); 5] = [
        ("", &[(3, 63), (10, 63)]),
        ("t", &[(0, 19), (2, 63), (10, 63)]),
        ("ttt", &[(0, 19), (10, 63)]),
        // Over 40 s there was nothing.
        ("B", &[(0, 23)]),
        ("b", &[(0, 10)]),
    ];
    for (keys, expected) in cases {
        let app = app_with(Settings::default(), scale, view.clone(), keys);
        let cells = reversed(&render(&app, &STATUS, 80, 12));
        let bars: Vec<(usize, usize)> =
            cells.into_iter().enumerate().filter(|(_, cells)| *cells > 0).collect();
        assert_eq!(bars, expected, "{keys}");
    }
}
