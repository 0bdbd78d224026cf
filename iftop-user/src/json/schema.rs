//! That `docs/json.schema.json` describes the report, and would not let another one pass.

use std::{collections::BTreeSet, time::SystemTime};

use regex::Regex;
use serde_json::{Value, json};

use super::{Origin, report, tests::ORIGIN};
use crate::{
    health::Cause,
    interface::Xdp,
    source::{Kind, hook::HookKind},
    view::{Grouping, Matched, fixture},
};

#[path = "../../../tests/support/schema.rs"]
mod strict;

use strict::{mistakes, published};

/// A report in which nothing is unknown, with one row.
fn full() -> Value {
    let mut view = fixture::ports();
    view.rows.drain(1..);
    let row = &mut view.rows[0];
    row.local.name = Some("us.example.com".to_owned());
    row.remote.name = Some("them.example.com".to_owned());
    view.matched = Some(Matched { flows: 1, ..Matched::default() });
    view.out_of_view = Some(Matched { flows: 3, ..Matched::default() });
    view.health = fixture::lossy();
    view.health.missing = [Some(Cause::Xdp), Some(Cause::TakenAway)];
    view.health.malformed_percent = Some(12);
    for place in view.health.places.iter_mut().flatten() {
        place.first = Some(7);
    }
    view.health.xdp = Some(Xdp { mode: "generic", program: 8 });
    view.health.about.sandboxed.kept = Some("files may be written".to_owned());
    let origin = Origin {
        netns: Some("web"),
        source_reason: Some("no BPF"),
        hook: Some("tcx"),
        filter: Some("port 443"),
        ..ORIGIN
    };
    let report = report(&view, origin, SystemTime::UNIX_EPOCH).unwrap();
    let mut report: Value = serde_json::from_str(&report).unwrap();
    // Such a row has no ends.
    report["flows"][0]["group"] =
        json!({"name": "office", "prefix": "198.51.100.0/24", "port": 443});
    report
}

/// Where each value of it stands.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, value)| pointers(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

fn all_pointers(report: &Value) -> Vec<String> {
    let mut found = Vec::new();
    pointers(report, "", &mut found);
    found
}

/// The report with another value there.
fn with(report: &Value, pointer: &str, value: Value) -> Value {
    let mut report = report.clone();
    *report.pointer_mut(pointer).unwrap() = value;
    report
}

/// What may be null, by the end of its pointer.
const NULLABLE: &[&str] = &[
    "/netns",
    "/source_reason",
    "/hook",
    "/filter",
    "/address",
    "/port",
    "/name",
    "/protocol",
    "/group",
    "/matched",
    "/out_of_view",
    "/prefix",
    "/covered",
    "/covered_since_start",
    "/missing/received",
    "/missing/sent",
    "/malformed_percent",
    "/ingress",
    "/egress",
    "/xdp",
    "/position",
    "/first_program",
    "/program",
    "/packet_nanoseconds",
    "/cpu_percent",
    "/losses/interface",
    "/queue",
    "/user",
    "/kept",
];

#[test]
fn a_report_in_which_all_is_known_passes() {
    let full = full();
    assert_eq!(mistakes(&full), [""; 0]);
    // So every field is looked at below.
    for pointer in all_pointers(&full) {
        assert!(!full.pointer(&pointer).unwrap().is_null(), "{pointer}");
    }
}

#[test]
fn each_field_has_to_be_there() {
    let full = full();
    for pointer in all_pointers(&full) {
        let (of, name) = pointer.rsplit_once('/').unwrap_or_default();
        let mut report = full.clone();
        if let Some(Value::Object(members)) = report.pointer_mut(of)
            && members.remove(name).is_some()
        {
            assert_ne!(mistakes(&report), [""; 0], "without {pointer}");
        }
    }
}

#[test]
fn no_object_has_another_field() {
    let full = full();
    for pointer in all_pointers(&full) {
        let mut report = full.clone();
        if let Some(Value::Object(members)) = report.pointer_mut(&pointer) {
            members.insert("new".to_owned(), 1.into());
            assert_ne!(mistakes(&report), [""; 0], "in {pointer}");
        }
    }
}

#[test]
fn each_field_has_its_type() {
    let full = full();
    for pointer in all_pointers(&full) {
        let value = full.pointer(&pointer).unwrap();
        let is_nullable = NULLABLE.iter().any(|end| pointer.ends_with(end));
        let others = [
            (json!(null), is_nullable),
            (json!(true), value.is_boolean()),
            (json!([]), value.is_array()),
            (json!({}), false),
            (json!(0.5), value.is_f64()),
            (json!(-1), pointer == "/account/unaccounted_bytes"),
            // Long enough for no number, and in no list.
            (json!("neither"), false),
        ];
        for (other, may_be) in others {
            if value.is_string() && other.is_string() {
                continue;
            }
            let found = mistakes(&with(&full, &pointer, other.clone()));
            assert_eq!(found.is_empty(), may_be, "{pointer}: {other}: {found:?}");
        }
    }
}

#[test]
fn words_are_those_of_the_program() {
    use Cause::{Outside, TakenAway, Tc, Tcx, XdpAndTc};
    let full = full();
    let causes = [TakenAway, Tc, Tcx, Cause::Xdp, XdpAndTc, Outside].map(Cause::name);
    let kinds = [Kind::Ebpf, Kind::Pcap, Kind::File].map(Kind::name);
    let hooks = [HookKind::Tcx.name(), HookKind::Clsact.name(), "xdp"];
    for (pointer, words) in [
        ("/source", &kinds[..]),
        ("/hook", &hooks),
        ("/bytes", &["ip", "wire"]),
        ("/grouping", &Grouping::ALL.map(Grouping::name)),
        ("/flows/0/group/prefix", &["0.0.0.0/0", "2001:db8::/128"]),
        ("/missing/received", &causes),
        ("/missing/sent", &causes),
        ("/neighbours/xdp/mode", &["native", "generic", "offloaded", "several"]),
        ("/table/kind", &["flat", "hash"]),
        ("/time", &["1970-01-01T00:00:00.000Z"]),
        ("/flows/0/local/address", &["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"]),
    ] {
        for word in words {
            let found = mistakes(&with(&full, pointer, (*word).into()));
            assert_eq!(found, [""; 0], "{pointer}: {word}");
        }
        assert_ne!(mistakes(&with(&full, pointer, "neither".into())), [""; 0], "{pointer}");
    }
}

/// What is published lets fields be added, asks for all that there are, and is explained.
#[test]
fn json_md_names_each_field() {
    fn properties(schema: &Value, names: &mut BTreeSet<String>) {
        if let Some(Value::Object(fields)) = schema.get("properties") {
            let required = schema["required"].as_array().unwrap();
            let required: BTreeSet<_> =
                required.iter().map(|name| name.as_str().unwrap()).collect();
            assert_eq!(required, fields.keys().map(String::as_str).collect(), "{schema}");
            names.extend(fields.keys().cloned());
        }
        match schema {
            Value::Object(members) => members.values().for_each(|inner| properties(inner, names)),
            Value::Array(items) => items.iter().for_each(|inner| properties(inner, names)),
            _ => {}
        }
    }
    let schema = published();
    assert!(!schema.to_string().contains("additionalProperties"));
    let mut names = BTreeSet::new();
    properties(&schema, &mut names);
    let text = include_str!("../../../docs/json.md");
    for name in names {
        let is_named = Regex::new(&format!(r"[`.]{name}\b")).unwrap().is_match(text);
        assert!(is_named, "{name}");
    }
}
