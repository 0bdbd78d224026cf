//! The pages of what is looked at closer: a row with all that is known of its flows, and the interface.
//!
//! Lays out what is known; text first, then the chart in what is left of the page.

use std::time::Duration;

use iftop_common::Count;
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    Glyphs, Status, canvas::Canvas, chart, layout::Layout, palette::Palette, wrap::wrapped,
};
use crate::{
    app::App,
    flow::{Pair, Peak, window::Window},
    label,
    networks::Prefix,
    protocol,
    source::Kind,
    units::{Format, Rate, grouped},
    view::{Closeup, Detail, Endpoint, Row, RowGroup, Total, View},
};

/// A network may be made of thousands.
const MOST_PREFIXES: usize = 8;
/// And so may be the VLANs that a host of a trunk is in.
const MOST_VLANS: usize = 16;
/// And so long may an expression be.
const MOST_COMMAND_CHARS: usize = 400;

/// In place of the table, from a row on, but never so that less is shown than there is room for.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    app: &App,
    layout: &Layout,
    status: &Status<'_>,
    first: usize,
) {
    let (view, format) = (app.view(), app.settings().format);
    let (lines, history) = match &view.closeup {
        Some(Closeup::Row(detail)) => (of_row(detail, app, status), &detail.history),
        Some(Closeup::Interface { history, at, carried }) => {
            (of_interface(view, *at, *carried, format, status), history)
        }
        None => return,
    };
    let (glyphs, palette) = (Glyphs::of(status), Palette::new(status.colours));
    let width = usize::from(layout.width);
    let rows: Vec<_> = lines.iter().flat_map(|(name, parts)| wrapped(name, parts, width)).collect();
    // A page as high as it has to be, of which as much is shown as there is room for.
    let text = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    let height = (text + 1 + chart::MIN_HEIGHT).max(layout.list_height());
    let mut buffer = Buffer::empty(Rect::new(0, 0, layout.width, height));
    let mut page = Canvas::of(&mut buffer);
    for (row, line) in (0..).zip(&rows) {
        page.text(0, row, line);
    }
    chart::draw(&mut page, text + 1, height - text - 1, history, format, glyphs, palette);
    let hidden = height - layout.list_height();
    let first = u16::try_from(first).unwrap_or(u16::MAX).min(hidden);
    canvas.copy(layout.list_top, layout.list_height(), &buffer, first);
}

type Lines = Vec<(&'static str, Vec<String>)>;

fn of_row(detail: &Detail, app: &App, status: &Status<'_>) -> Lines {
    let (format, now) = (app.settings().format, detail.at);
    let row = &detail.row;
    let flows = match detail.flows {
        0 => "no flow now".to_owned(),
        1 => "1 flow".to_owned(),
        flows => format!("{} flows", grouped(flows as u64)),
    };
    let seen = match detail.seen {
        Some([first, last]) => vec![
            format!("first {} ago", span(now.saturating_sub(first))),
            format!("last {} ago", span(now.saturating_sub(last))),
            flows,
        ],
        None => vec![flows],
    };
    let Pair { sent, received } = &row.traffic;
    let mut lines = vec![
        ("left", end(&row.local)),
        ("right", right(row)),
        ("where", place(detail, app.view(), status)),
        ("seen", seen),
    ];
    if detail.flows > 0 {
        lines.extend([
            ("rates", sides(&rates(sent.rates, format), &rates(received.rates, format))),
            ("total", sides(&total(sent.cumulative, format), &total(received.cumulative, format))),
        ]);
    }
    let Pair { sent, received } = detail.carried;
    lines.extend([
        ("in 10m", sides(&total(sent, format), &total(received, format))),
        ("peak", peaks(detail, format, now)),
    ]);
    if let Some(command) = app.dump_of(detail) {
        lines.push(("tcpdump", dump(&command, row)));
    }
    if detail.history.iter().any(|point| point.traffic.is_none()) {
        lines.push(("chart", vec!["older steps gave way to newer flows".to_owned()]));
    }
    lines
}

fn of_interface(
    view: &View,
    at: Duration,
    carried: Pair<Count>,
    format: Format,
    status: &Status<'_>,
) -> Lines {
    let Pair { sent, received } = &view.totals;
    let of = |total: &Total| rates(total.rates, format);
    let highest = |total: &Total| peak(&total.highest, format, at);
    vec![
        ("interface", vec![status.interface.to_owned(), format!("for {}", span(at))]),
        ("rates", sides(&of(sent), &of(received))),
        ("total", sides(&total(carried.sent, format), &total(carried.received, format))),
        ("peak", {
            let mut parts = sides(&highest(sent), &highest(received));
            parts.push(format!("over {}", span(Window::Two.length())));
            parts
        }),
    ]
}

/// A host, or what stands in its place.
fn right(row: &Row) -> Vec<String> {
    match (&row.group, &row.remote.name) {
        (RowGroup::Hosts, _) | (_, None) => end(&row.remote),
        (RowGroup::Network { prefixes, name: Some(name) }, _) => {
            let mut parts = vec![name.clone()];
            parts.extend(first_of(prefixes.iter().map(Prefix::to_string), MOST_PREFIXES));
            parts
        }
        (_, Some(name)) => vec![name.clone()],
    }
}

/// At most so many, and how many more there are.
fn first_of(all: impl ExactSizeIterator<Item = String>, most: usize) -> Vec<String> {
    let more = all.len().saturating_sub(most);
    let more = (more > 0).then(|| format!("and {} more", grouped(more as u64)));
    all.take(most).chain(more).collect()
}

/// All that is known of it: what the table has room for is less.
fn end(end: &Endpoint) -> Vec<String> {
    let mut parts = Vec::new();
    if end.hidden {
        parts.push(label::HIDDEN.trim().to_owned());
    } else {
        parts.push(end.address.to_string());
        parts.extend(end.name.clone());
    }
    parts.extend(end.port.map(|port| match &end.service {
        Some(service) => format!("port {port} ({service})"),
        None => format!("port {port}"),
    }));
    parts
}

fn place(detail: &Detail, view: &View, status: &Status<'_>) -> Vec<String> {
    let mut parts = vec![status.interface.to_owned()];
    parts.extend(status.netns.map(|netns| format!("netns {netns}")));
    let vlan = |&vlan: &u16| if vlan == 0 { "none".to_owned() } else { vlan.to_string() };
    let vlans = first_of(detail.vlans.iter().map(vlan), MOST_VLANS);
    match &vlans.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {}
        // On all interfaces at once it is not to be seen.
        ["none"] if view.health.about.facts.kind == Kind::Pcap => {}
        ["none"] => parts.push("no VLAN".to_owned()),
        [one] => parts.push(format!("VLAN {one}")),
        many => parts.push(format!("VLANs {}", many.join(", "))),
    }
    parts.extend(detail.row.protocol.map(|number| match protocol::name(number) {
        Some(name) => format!("protocol {name}"),
        None => format!("protocol {number}"),
    }));
    parts
}

/// As much as there is room for beside all else.
fn dump(command: &str, row: &Row) -> Vec<String> {
    let shown: String = command.chars().take(MOST_COMMAND_CHARS).collect();
    let mut parts = vec![];
    if shown.len() == command.len() {
        parts.push(shown);
    } else {
        parts.extend([shown + "..", "(y copies all of it)".to_owned()]);
    }
    let is_flow = [&row.local, &row.remote].iter().all(|end| end.port.is_some() && !end.hidden);
    if !is_flow {
        parts.push("(it may take in more)".to_owned());
    }
    parts
}

fn sides(sent: &str, received: &str) -> Vec<String> {
    vec![format!("=> {sent}"), format!("<= {received}")]
}

fn rates(rates: [Rate; 3], format: Format) -> String {
    rates.map(|rate| format.rate(rate).trimmed()).join(" ")
}

fn total(count: Count, format: Format) -> String {
    let [bytes, packets] = format.both_counts(count);
    match Detail::mean_bytes(count) {
        Some(mean) => format!("{bytes}, {packets} of {} B", grouped(mean)),
        None => format!("{bytes}, {packets}"),
    }
}

fn peaks(detail: &Detail, format: Format, now: Duration) -> Vec<String> {
    let Pair { sent, received } = &detail.peaks;
    let mut parts = sides(&peak(sent, format, now), &peak(received, format, now));
    parts.push(format!("over {}", span(detail.peaks_over)));
    parts
}

fn peak(peak: &Peak, format: Format, now: Duration) -> String {
    let rate = format.rate(peak.rate).trimmed();
    if peak.rate.per_second(format.unit) > 0.0 {
        let at = peak.at(format.unit.measure());
        format!("{rate}, {} ago", span(now.saturating_sub(at)))
    } else {
        rate
    }
}

/// `3m 12s`.
fn span(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}
