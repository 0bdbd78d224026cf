//! Whole screens, as text and cell by cell.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use iftop_common::Count;
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer, style::Modifier};

use super::*;
use crate::{
    app::Settings,
    flow::{Pair, history::Point},
    units::{Format, Prefixes, Unit},
    view::{Closeup, Detail, Grouping, Matched, RowGroup, View, fixture},
};

mod cells;
mod pages;

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
