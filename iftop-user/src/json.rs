//! The JSON report, schema 1: one object per report and line.
//!
//! Its structs mirror a [`View`], and nothing else serialises. `docs/json.schema.json` says the same of them:
//! every report that a test sees is held against it.

use std::{fmt::Write as _, time::SystemTime};

use iftop_common::{Bytes, Count};
use serde::Serialize;

mod flow;
mod health;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod schema;
mod totals;

use flow::Flow;
use health::{CostJson, CoveredJson, LossesJson, MissingJson, NeighboursJson, TableJson};
use totals::{Part, Totals};

use crate::{
    account::Account,
    sandbox::Sandboxed,
    units::{Rate, Unit},
    view::View,
};

/// What a report says of its origin.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// Name of the interface.
    pub interface: &'a str,
    /// The network namespace that it is in, as it was given; `None` where none was.
    pub netns: Option<&'a str>,
    /// Kind of source: `ebpf`.
    pub source: &'a str,
    /// Why it is not our program in the kernel, where that was tried first.
    pub source_reason: Option<&'a str>,
    /// Kind of hook, where the source has one.
    pub hook: Option<&'a str>,
    /// What the bytes of flows are.
    pub bytes: Bytes,
    /// The packet filter, where there is one.
    pub filter: Option<&'a str>,
}

/// One report as a line of JSON, without the newline.
pub fn report(view: &View, origin: Origin<'_>, time: SystemTime) -> serde_json::Result<String> {
    let report = serde_json::to_string(&Report {
        schema: 1,
        time: humantime::format_rfc3339_millis(time).to_string(),
        elapsed_seconds: view.elapsed.as_secs_f64(),
        interval_seconds: view.interval.as_secs_f64(),
        interface: origin.interface,
        netns: origin.netns,
        source: origin.source,
        source_reason: origin.source_reason,
        hook: origin.hook,
        bytes: match origin.bytes {
            Bytes::Ip => "ip",
            Bytes::Wire => "wire",
        },
        filter: origin.filter,
        grouping: view.grouping.name(),
        flows: view.rows.iter().map(Flow::from).collect(),
        matched: view.matched.map(Part::from),
        out_of_view: view.out_of_view.map(Part::from),
        totals: view.into(),
        account: (&view.account).into(),
        covered: view.health.covered.map(CoveredJson::from),
        covered_since_start: view.health.covered_since_start.map(CoveredJson::from),
        missing: (&view.health).into(),
        malformed_percent: view.health.malformed_percent,
        neighbours: (&view.health).into(),
        table: (&view.health).into(),
        cost: (&view.health).into(),
        losses: LossesJson::of(view),
        rights: &view.health.about.sandboxed,
    })?;
    Ok(in_ascii(report))
}

/// JSON lets DEL, the C1 controls and what turns text around stand for themselves, which a terminal
/// might obey. Outside of ASCII there is only what stands in strings.
fn in_ascii(report: String) -> String {
    if report.chars().all(is_plain) {
        return report;
    }
    let mut safe = String::with_capacity(report.len() + 16);
    for c in report.chars() {
        if is_plain(c) {
            safe.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        }
    }
    safe
}

fn is_plain(c: char) -> bool {
    c.is_ascii() && c != '\u{7f}'
}

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    time: String,
    elapsed_seconds: f64,
    interval_seconds: f64,
    interface: &'a str,
    netns: Option<&'a str>,
    source: &'a str,
    source_reason: Option<&'a str>,
    hook: Option<&'a str>,
    bytes: &'static str,
    filter: Option<&'a str>,
    grouping: &'static str,
    flows: Vec<Flow<'a>>,
    matched: Option<Part>,
    out_of_view: Option<Part>,
    totals: Totals,
    account: AccountJson,
    covered: Option<CoveredJson>,
    covered_since_start: Option<CoveredJson>,
    missing: MissingJson,
    malformed_percent: Option<u64>,
    neighbours: NeighboursJson,
    table: TableJson,
    cost: CostJson,
    losses: LossesJson,
    rights: &'a Sandboxed,
}

/// The whole number nearest to each rate.
#[derive(Serialize)]
struct Windows {
    #[serde(rename = "2s")]
    two: u64,
    #[serde(rename = "10s")]
    ten: u64,
    #[serde(rename = "40s")]
    forty: u64,
}

#[derive(Serialize)]
struct CountJson {
    bytes: u64,
    packets: u64,
}

#[derive(Serialize)]
struct AccountJson {
    seen: CountJson,
    in_flows: CountJson,
    spilled: CountJson,
    other: CountJson,
    excluded: CountJson,
    filtered: CountJson,
    not_ip: CountJson,
    malformed: CountJson,
    frames: CountJson,
    dropped_packets: u64,
    unaccounted_bytes: i64,
}

impl Windows {
    fn of(rates: [Rate; 3], unit: Unit) -> Self {
        let [two, ten, forty] = rates.map(|rate| whole(rate, unit));
        Self { two, ten, forty }
    }
}

impl From<Count> for CountJson {
    fn from(Count { bytes, packets }: Count) -> Self {
        Self { bytes, packets }
    }
}

impl From<&Account> for AccountJson {
    fn from(account: &Account) -> Self {
        Self {
            seen: account.seen.into(),
            in_flows: account.in_flows.into(),
            spilled: account.spilled.into(),
            other: account.other.into(),
            excluded: account.excluded.into(),
            filtered: account.filtered.into(),
            not_ip: account.not_ip.into(),
            malformed: account.malformed.into(),
            frames: account.frames.into(),
            dropped_packets: account.dropped_packets,
            unaccounted_bytes: account.unaccounted_bytes(),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is never negative, and far below 2^64"
)]
fn whole(rate: Rate, unit: Unit) -> u64 {
    rate.per_second(unit).round() as u64
}

#[cfg(test)]
mod tests;
