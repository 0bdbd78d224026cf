//! The rule above the totals: which interface, how it is counted, and whether all of it is.
//!
//! What is missing from the table is said here, so it is the last thing that gives way.

use std::array;

use super::{Glyphs, Status, canvas::Canvas, palette::Palette, progress};
use crate::{
    app::App,
    health::LostNow,
    label::in_one_line,
    units::{Format, grouped},
    view::{Grouping, Matched, Share, View},
};

/// The longest filter that is shown whole.
const FILTER_WIDTH: usize = 24;

const DOWN: [&str; 2] = ["the interface is down", "down"];

/// Lengths in which each fact can be said.
const FORMS: usize = 4;

/// What the rule says, from the left.
struct Parts {
    /// Of the program: these give way first.
    about: Vec<String>,
    /// The last of them with less of its reason, and without it.
    shorter_sources: Vec<String>,
    /// Of the traffic, each in shorter and shorter forms.
    facts: Vec<[String; FORMS]>,
    /// How many of them give way before the last one does; `None` where that says what is missing, or
    /// no other one has to be known.
    before_last: Option<usize>,
    /// Whether the last of them is a warning.
    warning: bool,
}

pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    row: u16,
    app: &App,
    status: &Status<'_>,
    glyphs: Glyphs,
    palette: Palette,
) {
    let width = canvas.width();
    let parts = parts(app, status, glyphs);
    canvas.text(0, row, &rule(width, &parts, glyphs));
    if parts.warning {
        canvas.style(0, row, width, palette.warning());
    }
}

fn parts(app: &App, status: &Status<'_>, glyphs: Glyphs) -> Parts {
    let view = app.view();
    let mut facts = vec![];
    let flows = counted(view.flows, "flow") + &groups(view);
    facts.push(filter(app, view).unwrap_or_else(|| array::from_fn(|_| flows.clone())));
    facts.extend(app.packet_filter().map(packet_filter));
    facts.extend(view.out_of_view.map(|out| out_of_view(app, &out)));
    if let Some(progress) = status.progress {
        facts.push(from_long_on(&progress::forms(progress, glyphs)));
    }
    let note = status.note.or((view.health.up == Some(false)).then_some(DOWN));
    facts.extend(note.map(|note| from_long_on(&note.map(str::to_owned))));
    let explains = app.filter().is_some()
        || app.packet_filter().is_some()
        || view.out_of_view.is_some()
        || note.is_some();
    let losses = lost(app.settings().format, &view.health.lost_now);
    let is_losing = losses.is_some();
    facts.extend(losses.map(|losses| array::from_fn(|_| losses.clone())));
    let malformed = view.health.malformed_percent;
    facts.extend(malformed.map(|percent| array::from_fn(|_| format!("malformed {percent}%"))));
    let Share { name, percent, shortfall } = view.worse_share();
    let short = format!("{name} {percent}%");
    let long = match shortfall {
        Some(reason) => format!("{short} ({reason})"),
        None => short.clone(),
    };
    facts.push([long.clone(), long.clone(), long, short]);
    let netns = status.netns.map(|netns| format!("netns {netns}"));
    let [source, plain] = [status.reason, None].map(|reason| source(status, reason));
    // The first of several capabilities tells enough.
    let first = status.reason.and_then(|reason| reason.split_once(", "));
    let first = first.map(|(first, _)| self::source(status, Some(&format!("{first}, .."))));
    Parts {
        about: [Some(status.interface.to_owned()), netns, Some(source)]
            .into_iter()
            .flatten()
            .collect(),
        shorter_sources: first.into_iter().chain([plain]).collect(),
        facts,
        // How many flows there are is no more than good to know.
        before_last: (shortfall.is_none() && explains)
            .then_some(usize::from(app.filter().is_none())),
        warning: shortfall.is_some() || is_losing || malformed.is_some() || note.is_some(),
    }
}

/// Where there are fewer forms, the last one stands for those that would be shorter.
fn from_long_on<const FEWER: usize>(forms: &[String; FEWER]) -> [String; FORMS] {
    array::from_fn(|form| forms[form.min(FEWER - 1)].clone())
}

fn source(status: &Status<'_>, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{} ({reason})", status.source),
        None => status.source.to_owned(),
    }
}

/// Of what there are so many.
fn counted(number: usize, name: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {name}{plural}", grouped(number as u64))
}

/// What the flows are joined to.
fn groups(view: &View) -> String {
    match view.grouping {
        Grouping::Flow => String::new(),
        grouping => format!(" in {}", counted(view.row_count, grouping.name())),
    }
}

/// The worst of what is being lost just now; the page of key `i` has all.
fn lost(format: Format, now: &LostNow) -> Option<String> {
    now.worst().map(|(loss, rate)| loss.told(&format.packets_per_second(rate)))
}

/// That a packet filter is on, as all that is shown is of what passes it.
fn packet_filter(text: &str) -> [String; FORMS] {
    from_long_on(&[format!("packet filter \"{}\"", cut(text)), "packet filter on".to_owned()])
}

/// That rows are missing because somebody wanted it so, and how much is in them.
fn out_of_view(app: &App, out: &Matched) -> [String; FORMS] {
    let plural = if out.flows == 1 { "" } else { "s" };
    let flows = format!("{} flow{plural}", grouped(out.flows as u64));
    let rate = app.settings().format.rate(app.bar_rate(&out.rates)).trimmed();
    let short = format!("out of view: {flows}");
    let shortest = format!("{} out", grouped(out.flows as u64));
    from_long_on(&[format!("{short}, {rate}"), short, shortest])
}

/// As much of a filter as there is room for.
fn cut(text: &str) -> String {
    let mut shown: String = in_one_line(text).chars().take(FILTER_WIDTH).collect();
    if text.chars().count() > FILTER_WIDTH {
        shown.push_str("..");
    }
    shown
}

/// With a filter on, what passes it of how much. Its text gives way first: whoever typed it knows it.
fn filter(app: &App, view: &View) -> Option<[String; FORMS]> {
    let (filter, matched) = (app.filter()?, view.matched?);
    let text = cut(filter.text());
    let rate = |rates| app.settings().format.rate(app.bar_rate(rates)).trimmed();
    let some = grouped(matched.flows as u64);
    let flows = format!("{some} of {}{}", counted(view.flows, "flow"), groups(view));
    let sum = format!("{} of {}", rate(&matched.rates), rate(&view.both.rates));
    Some([
        format!("filter \"{text}\": {sum}, {flows}"),
        format!("filter: {sum}, {flows}"),
        format!("filter: {flows}"),
        "filter on".to_owned(),
    ])
}

/// A rule of this width with as much as fits. Why it is this source gives way first, then the source and the
/// namespace; then facts are shortened and dropped from the left, then the interface. What is missing from the table is
/// said to the last: before a word on that is dropped, it is no longer said that nothing else is.
fn rule(width: u16, parts: &Parts, glyphs: Glyphs) -> String {
    let width = usize::from(width);
    let Some((last, others)) = parts.facts.split_last() else {
        return glyphs.rule.repeat(width);
    };
    let [longest, .., shortest] = last;
    let about = |count: usize| parts.about.iter().take(count).map(String::as_str);
    let facts = |dropped: usize, form: usize| {
        others.iter().skip(dropped).map(move |forms| forms[form].as_str())
    };
    let traffic = || facts(0, 0).chain([&**longest]);
    let all = parts.about.len();
    let mut choices: Vec<Vec<&str>> = vec![about(all).chain(traffic()).collect()];
    for source in &parts.shorter_sources {
        choices.push(about(all - 1).chain([&**source]).chain(traffic()).collect());
    }
    choices.extend((2..all).rev().map(|count| about(count).chain(traffic()).collect()));
    for dropped in 0..=others.len() {
        for form in 0..FORMS {
            choices.push(about(1).chain(facts(dropped, form)).chain([&**longest]).collect());
        }
        if parts.before_last == Some(dropped) {
            choices.push(about(1).chain(facts(dropped, FORMS - 1)).collect());
            choices.push(facts(dropped, FORMS - 1).collect());
        }
    }
    choices.extend([vec![&**longest], vec![&**shortest]]);
    let texts = choices.iter().map(|parts| join(parts, glyphs.rule));
    let text = texts.into_iter().find(|text| length(text) <= width).unwrap_or_default();
    let rest = width - length(&text);
    text + &glyphs.rule.repeat(rest)
}

fn join(parts: &[&str], rule: &str) -> String {
    format!("{rule}{rule} {} {rule}", parts.join(&format!(" {rule} ")))
}

/// In columns: an interface's name is bytes, but a terminal shows characters.
fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests;
