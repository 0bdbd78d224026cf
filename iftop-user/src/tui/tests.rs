//! Whole screens, as text and cell by cell.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use iftop_common::Count;
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    style::{Color, Modifier},
};

use super::*;
use crate::{
    app::Settings,
    flow::{Pair, history::Point},
    units::{Format, Prefixes, Unit},
    view::{Closeup, Detail, Grouping, Matched, RowGroup, View, fixture},
};

const STATUS: Status<'_> = Status::new("eth0", "ebpf/tcx");

fn app(view: View, keys: &str) -> App {
    app_with(Settings::default(), None, view, keys)
}

fn app_with(settings: Settings, max_bandwidth: Option<u64>, view: View, keys: &str) -> App {
    let mut app = App::new(settings, max_bandwidth);
    app.show(view);
    for key in keys.chars() {
        app.key(KeyEvent::from(KeyCode::Char(key)));
    }
    app
}

fn render(app: &App, status: &Status<'_>, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app, status)).unwrap();
    terminal.backend().buffer().clone()
}

/// The characters of a screen, with its right edge marked.
fn text(buffer: &Buffer) -> String {
    let rows = buffer.content.chunks(buffer.area.width.into());
    let lines = rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>());
    lines.map(|line| line + "|\n").collect()
}

fn screen(app: &App, width: u16, height: u16) -> String {
    text(&render(app, &STATUS, width, height))
}

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

#[test]
fn screens_of_all_sizes() {
    insta::assert_snapshot!("hosts_80x24", screen(&app(fixture::hosts(), ""), 80, 24));
    insta::assert_snapshot!("hosts_120x40", screen(&app(fixture::hosts(), ""), 120, 40));
    insta::assert_snapshot!("hosts_40x10", screen(&app(fixture::hosts(), ""), 40, 10));
    insta::assert_snapshot!("hosts_60x14", screen(&app(fixture::hosts(), ""), 60, 14));
    insta::assert_snapshot!("ports_60x10", screen(&app(fixture::ports(), "pT"), 60, 10));
    insta::assert_snapshot!("ports_200x60", screen(&app(fixture::ports(), "pT"), 200, 60));
    insta::assert_snapshot!("totals_only_40x5", screen(&app(fixture::hosts(), ""), 40, 5));
    insta::assert_snapshot!("notice_30x4", screen(&app(fixture::hosts(), ""), 30, 4));
    insta::assert_snapshot!("no_flows", screen(&app(View::default(), ""), 80, 24));
}

#[test]
fn line_modes_and_columns() {
    insta::assert_snapshot!("ports", screen(&app(fixture::ports(), "p"), 80, 16));
    insta::assert_snapshot!("one_line_both", screen(&app(fixture::ports(), "t"), 80, 12));
    insta::assert_snapshot!("received", screen(&app(fixture::ports(), "tt"), 80, 12));
    insta::assert_snapshot!("sent", screen(&app(fixture::ports(), "ttt"), 80, 12));
    insta::assert_snapshot!("cumulative", screen(&app(fixture::ports(), "T"), 80, 16));
    insta::assert_snapshot!("scrolled", screen(&app(fixture::hosts(), "jj"), 80, 16));
}

#[test]
fn other_screens() {
    insta::assert_snapshot!("bars_off", screen(&app(fixture::hosts(), "b"), 80, 16));
    insta::assert_snapshot!("paused", screen(&app(fixture::hosts(), "P"), 80, 16));
    insta::assert_snapshot!("help_80x24", screen(&app(fixture::hosts(), "h"), 80, 24));
    insta::assert_snapshot!("help_40x20", screen(&app(fixture::hosts(), "h"), 40, 20));
    insta::assert_snapshot!("help_60x10_on", screen(&app(fixture::hosts(), "hjjj"), 60, 10));
    let mut end = app(fixture::hosts(), "h");
    end.key(KeyEvent::from(KeyCode::End));
    insta::assert_snapshot!("help_60x10_end", screen(&end, 60, 10));
    let format = Format { unit: Unit::Bytes, ..Format::default() };
    let bytes = Settings { format, ..Settings::default() };
    let app = app_with(bytes, Some(1_000_000), fixture::hosts(), "");
    let ascii = Status { unicode: false, ..STATUS };
    insta::assert_snapshot!("bytes_ascii", text(&render(&app, &ascii, 80, 16)));
}

/// A page of what is looked at closer.
fn closer(key: KeyCode, closeup: Closeup) -> App {
    let mut app = app(fixture::hosts(), "");
    app.dump_by("tcpdump -ni eth0".to_owned());
    app.key(KeyEvent::from(key));
    let elapsed = Duration::from_secs(3725);
    app.show(View { closeup: Some(closeup), elapsed, ..fixture::hosts() });
    app
}

#[test]
fn what_is_looked_at_closer() {
    let row = fixture::ports().rows.remove(1);
    let mut detail = fixture::detail(Row { protocol: Some(6), ..row });
    let of_row = |detail: &Detail| closer(KeyCode::Enter, Closeup::Row(Box::new(detail.clone())));
    let mut network = fixture::detail(fixture::networks().rows.remove(0));
    network.expression = "net 198.51.0.0/16".to_owned();
    insta::assert_snapshot!("detail_network", screen(&of_row(&network), 80, 24));
    insta::assert_snapshot!("detail_80x24", screen(&of_row(&detail), 80, 24));
    insta::assert_snapshot!("detail_160x40", screen(&of_row(&detail), 160, 40));
    insta::assert_snapshot!("detail_40x20", screen(&of_row(&detail), 40, 20));
    let mut end = of_row(&detail);
    end.key(KeyEvent::from(KeyCode::End));
    insta::assert_snapshot!("detail_40x20_end", screen(&end, 40, 20));

    // There was no room for the older steps, and no flow is left.
    detail.history.iter_mut().take(40).for_each(|point| point.traffic = None);
    (detail.flows, detail.vlans) = (0, [0].into());
    let ascii = Status { unicode: false, netns: Some("web"), ..STATUS };
    insta::assert_snapshot!("detail_ascii", text(&render(&of_row(&detail), &ascii, 80, 24)));

    let of_interface = |history| {
        closer(KeyCode::Char('g'), Closeup::Interface(history, Duration::from_secs(3725)))
    };
    insta::assert_snapshot!("chart_80x24", screen(&of_interface(fixture::history()), 80, 24));
    let short = fixture::history().split_off(48);
    insta::assert_snapshot!("chart_begins", screen(&of_interface(short), 80, 24));
    insta::assert_snapshot!("chart_empty", screen(&of_interface(Vec::new()), 80, 24));
}

#[test]
fn bars_of_the_chart_are_as_high_as_its_numbers() {
    let step = |number, bytes| Point {
        number,
        duration: Duration::from_secs(10),
        is_open: false,
        traffic: Some(Pair {
            sent: Count { bytes, packets: 1 },
            received: Count { bytes: 0, packets: 0 },
        }),
    };
    // In eighths of 8 lines: 64 of the highest, and never none of something.
    let bytes = [0, 1, 10_000, 20_000, 30_000, 40_000, 640_000, 320_000];
    let history: Vec<_> = (0..).zip(bytes).map(|(number, bytes)| step(number, bytes)).collect();
    let app = closer(KeyCode::Char('g'), Closeup::Interface(history, Duration::from_secs(3725)));
    let buffer = render(&app, &STATUS, 80, 29);
    let eighths = |column: u16| -> usize {
        let levels = " ▁▂▃▄▅▆▇█";
        let cells = (7..15).map(|row| buffer[(column, row)].symbol().chars().next().unwrap());
        cells.map(|cell| levels.chars().position(|level| level == cell).unwrap()).sum()
    };
    let end = 12 + 61;
    let heights: Vec<_> = (end - 8..end).map(eighths).collect();
    assert_eq!(heights, [0, 1, 1, 2, 3, 4, 64, 32]);
}

#[test]
fn how_the_counting_goes() {
    let mut view = fixture::hosts();
    view.account.not_ip.packets = 214;
    view.account.malformed.packets = 3;
    insta::assert_snapshot!("health_80x24", screen(&app(view.clone(), "i"), 80, 24));
    insta::assert_snapshot!("health_60x20", screen(&app(view.clone(), "i"), 60, 20));
    insta::assert_snapshot!("health_40x10", screen(&app(view.clone(), "i"), 40, 10));
    let inside = Status { netns: Some("web"), ..STATUS };
    insta::assert_snapshot!(
        "health_netns",
        text(&render(&app(view.clone(), "i"), &inside, 80, 24))
    );
    view.health = fixture::lossy();
    let lossy = app(view, "i");
    insta::assert_snapshot!("health_lossy", screen(&lossy, 80, 24));
    let mut end = lossy;
    end.key(KeyEvent::from(KeyCode::End));
    insta::assert_snapshot!("health_40x10_end", screen(&end, 40, 10));
    let unknown = app(View::default(), "i");
    insta::assert_snapshot!("health_unknown", screen(&unknown, 80, 24));
    for (width, height) in [(1, 1), (12, 30), (40, 8), (40, 3), (300, 100)] {
        screen(&end, width, height);
    }
}

#[test]
fn rows_of_each_grouping() {
    let hosts = fixture::grouped(Grouping::Host, <[RowGroup; 4]>::default());
    insta::assert_snapshot!("grouped_host", screen(&app(hosts, "G"), 80, 16));
    insta::assert_snapshot!("grouped_network", screen(&app(fixture::networks(), "GG"), 80, 16));
    insta::assert_snapshot!("grouped_service", screen(&app(fixture::services(), "GGG"), 80, 16));
    insta::assert_snapshot!("grouped_protocol", screen(&app(fixture::protocols(), "GGGG"), 80, 16));
    let mut filtered = fixture::protocols();
    filtered.matched = Some(Matched { rates: filtered.both.rates, flows: 38 });
    let mut app = app(filtered, "lp");
    app.key(KeyEvent::from(KeyCode::Enter));
    let screen = screen(&app, 80, 16);
    let rule = screen.lines().nth(12).unwrap();
    assert!(rule.contains("filter: 38 of 12,408 flows in 4 protocols"), "{rule}");
}

#[test]
fn units_and_scales() {
    insta::assert_snapshot!("packets", screen(&app(fixture::ports(), "uuT"), 80, 16));
    insta::assert_snapshot!("logarithmic", screen(&app(fixture::hosts(), "L"), 80, 16));
    let format = Format { prefixes: Prefixes::Decimal, ..Format::default() };
    let decimal = Settings { format, ..Settings::default() };
    let app = app_with(decimal, Some(10_000_000), fixture::hosts(), "T");
    insta::assert_snapshot!("decimal", screen(&app, 80, 16));
}

#[test]
fn what_is_edited_and_what_passes_the_filter() {
    let mut view = fixture::hosts();
    view.matched = Some(Matched { rates: view.both.rates, flows: 38 });
    let prompted = app(view, "l198.51");
    insta::assert_snapshot!("prompt", screen(&prompted, 80, 16));
    let long = app(fixture::hosts(), &format!("l{}", "0123456789".repeat(9)));
    let buffer = render(&long, &STATUS, 40, 10);
    assert_eq!(text(&buffer).lines().next(), Some("Screen filter> 678901234567890123456789 |"));
    assert!(buffer.content[39].modifier.contains(Modifier::REVERSED), "the cursor");
    let mut view = fixture::hosts();
    view.out_of_view = Some(Matched { rates: view.both.rates, flows: 1204 });
    let mut taken_out = app(view, "");
    taken_out.fit(4);
    taken_out.key(KeyEvent::from(KeyCode::Down));
    taken_out.key(KeyEvent::from(KeyCode::Char('x')));
    insta::assert_snapshot!("out_of_view", screen(&taken_out, 80, 16));
    let mut app = prompted;
    app.key(KeyEvent::from(KeyCode::Enter));
    insta::assert_snapshot!("filtered", screen(&app, 100, 16));
}

#[test]
fn the_share_of_the_link_stands_beside_the_totals() {
    let mut view = fixture::hosts();
    view.wire_bits_per_second = [9_950_000_000.0, 1_000_000.0];
    let shown = app(view, "").with_link_speed(Some(10_000_000_000));
    let screen = screen(&shown, 80, 24);
    let lines: Vec<&str> = screen.lines().collect();
    assert_eq!(&lines[21][..30], "TX:      99.5%  cum:   5.88MB ");
    assert_eq!(&lines[22][..30], "RX:       0.0%          262KB ");
    assert_eq!(&lines[23][..30], "TOTAL:                 6.14MB ");
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
fn columns_as_in_iftop() {
    let plain = Settings { names: false, services: false, ..Settings::default() };
    let screen = screen(&app_with(plain, None, fixture::hosts(), ""), 80, 24);
    let lines: Vec<&str> = screen.lines().collect();
    // (line, column, text there)
    let cases = [
        (2, 0, "192.0.2.1 "),
        (2, 26, " => 198.51.100.2 "),
        (3, 26, " <=  "),
        (2, 56, " 9.51Mb  7.84Mb  7.84Mb |"),
        (3, 56, " 7.72Kb  7.31Kb  7.31Kb |"),
        (21, 0, "TX:  "),
        (21, 16, "cum: "),
        (21, 22, " 5.88MB  "),
        (21, 32, "peak: "),
        (21, 39, " 9.51Mb "),
        (21, 48, "rates: "),
        (21, 56, " 9.07Mb  7.48Mb  7.48Mb |"),
        (22, 0, "RX:  "),
        (23, 0, "TOTAL:  "),
    ];
    for (line, column, expected) in cases {
        assert_eq!(&lines[line][column..column + expected.len()], expected, "{line}:{column}");
    }
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

#[test]
fn no_size_is_too_small_or_too_large() {
    let variants = [
        app(fixture::ports(), "p"),
        app(fixture::hosts(), "Tt"),
        app(fixture::hosts(), "bP"),
        app(fixture::hosts(), "h"),
        app_with(Settings::default(), Some(1), fixture::hosts(), "jjj"),
    ];
    for width in 0..=130_u16 {
        for height in 0..=45_u16 {
            // In turn, which is a fifth of the time of all and still meets every width and height.
            let app = &variants[usize::from(width + height) % variants.len()];
            let buffer = render(app, &STATUS, width, height);
            assert_eq!(buffer.area.as_size(), Size { width, height });
        }
    }
    render(&variants[0], &STATUS, 1000, 60);
}

#[test]
fn names_are_asked_for_what_is_on_screen() {
    // (keys, height, rows on screen)
    let cases = [
        ("", 24, 4),
        ("", 12, 3),
        ("", 11, 2),
        ("t", 10, 4),
        ("tb", 9, 4),
        ("jj", 24, 2),
        ("", 7, 0),
    ];
    for (keys, height, rows) in cases {
        let app = app(fixture::hosts(), keys);
        let size = Size { width: 80, height };
        assert_eq!(shown_rows(&app, size).len(), rows, "{keys} {height}");
        assert_eq!(shown_addresses(&app, size).count(), 2 * rows);
    }
}
