//! iftop's text report, to the byte: scripts read it.
//!
//! Lays a [`View`] out and computes nothing.

use std::{fmt::Write as _, iter};

use crate::{
    label::label,
    units::{self, BytesPerSecond, Unit},
    view::{Traffic, View},
};

const HOST_WIDTH: usize = 40;
const WIDTH: usize = 92;

/// One report, with its closing empty line. A line more than iftop's stands in it only when
/// something is missing from the table.
pub fn report(view: &View, unit: Unit) -> String {
    let mut out = String::with_capacity(WIDTH * (view.rows.len() * 2 + 12));
    let rule = "-".repeat(WIDTH);
    line(
        &mut out,
        "   # Host name (port/service if enabled)            last 2s   last 10s   last 40s cumulative",
    );
    line(&mut out, &rule);
    for (number, row) in iter::zip(1.., &view.rows) {
        let local = label(&row.local, HOST_WIDTH);
        let remote = label(&row.remote, HOST_WIDTH);
        line(&mut out, &format!("{number:>4} {local} =>{}", columns(&row.traffic.sent, unit)));
        line(&mut out, &format!("     {remote} <={}", columns(&row.traffic.received, unit)));
    }
    line(&mut out, &rule);
    let (sent, received, both) = (&view.totals.sent, &view.totals.received, &view.both);
    summary(&mut out, "Total send rate:", rates(sent.rates, unit));
    summary(&mut out, "Total receive rate:", rates(received.rates, unit));
    summary(&mut out, "Total send and receive rate:", rates(both.rates, unit));
    line(&mut out, &rule);
    let peaks = [sent.peak, received.peak, both.peak];
    summary(&mut out, "Peak rate (sent/received/total):", rates(peaks, unit));
    let cumulative = [sent, received, both].map(|total| units::bytes(total.cumulative.bytes));
    summary(&mut out, "Cumulative (sent/received/total):", cumulative);
    if let Some(reason) = view.account.shortfall() {
        let percent = view.account.attributed_percent();
        line(&mut out, &format!("Attributed to flows: {percent}% ({reason})"));
    }
    line(&mut out, &"=".repeat(WIDTH));
    line(&mut out, "");
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn summary(out: &mut String, name: &str, numbers: [units::Readable; 3]) {
    let [first, second, third] = numbers;
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{name:<48} {first:>10} {second:>10} {third:>10}");
}

fn columns(traffic: &Traffic, unit: Unit) -> String {
    let [two, ten, forty] = rates(traffic.rates, unit);
    let cumulative = units::bytes(traffic.cumulative.bytes);
    format!(" {two:>10} {ten:>10} {forty:>10} {cumulative:>10}")
}

fn rates(rates: [BytesPerSecond; 3], unit: Unit) -> [units::Readable; 3] {
    rates.map(|rate| units::rate(rate, unit))
}
