//! The whole report, and what may stand in it.

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::view::{Matched, fixture};

pub(super) const ORIGIN: Origin<'_> = Origin {
    interface: "eth0",
    netns: None,
    source: "ebpf",
    source_reason: None,
    hook: None,
    bytes: Bytes::Ip,
    filter: None,
};

fn parsed(view: &View, hook: Option<&str>) -> Value {
    let origin = Origin { netns: Some("web"), hook, filter: Some("port 443"), ..ORIGIN };
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_000_000_123);
    let line = report(view, origin, time).unwrap();
    assert!(!line.contains('\n'), "one line each");
    serde_json::from_str(&line).unwrap()
}

#[test]
fn the_whole_report() {
    let report = parsed(&fixture::ports(), Some("tcx"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn what_a_row_of_a_group_is() {
    let report = parsed(&fixture::protocols(), Some("tcx"));
    assert_eq!(report["grouping"], "protocol");
    let flow = &report["flows"][0];
    let nobody = serde_json::json!({"address": null, "port": null, "name": null});
    assert_eq!((&flow["local"], &flow["remote"]), (&nobody, &nobody));
    assert_eq!(flow["protocol"], serde_json::json!({"number": 6, "name": "tcp"}));
}

#[test]
fn networks_and_services_are_told() {
    let groups = |view: &View| -> Vec<String> {
        let report = parsed(view, Some("tcx"));
        let flows = report["flows"].as_array().unwrap();
        flows.iter().map(|flow| format!("{} {}", flow["group"], flow["protocol"]["name"])).collect()
    };
    let networks = [
        r#"{"name":"branch office","port":null,"prefix":"198.51.0.0/16"} null"#,
        r#"{"name":null,"port":null,"prefix":"2001:db8:9::/64"} null"#,
        r#"{"name":null,"port":null,"prefix":"203.0.113.0/24"} null"#,
        r#"{"name":null,"port":null,"prefix":null} null"#,
    ];
    assert_eq!(groups(&fixture::networks()), networks);
    let services = [
        r#"{"name":"https","port":443,"prefix":null} "tcp""#,
        r#"{"name":"https","port":443,"prefix":null} "udp""#,
        r#"{"name":null,"port":5201,"prefix":null} "tcp""#,
        r#"{"name":null,"port":null,"prefix":null} "icmp""#,
    ];
    assert_eq!(groups(&fixture::services()), services);
    assert_eq!(groups(&fixture::hosts())[0], "null null");
}

#[test]
fn what_is_lost_and_what_is_unknown() {
    let mut view = fixture::hosts();
    view.health = fixture::lossy();
    let report = parsed(&view, Some("tcx"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&report["losses"]).unwrap());
    let report = parsed(&View::default(), None);
    for name in ["covered", "covered_since_start"] {
        assert_eq!(report[name], Value::Null, "{name}");
    }
    assert_eq!(report["losses"]["interface"], Value::Null);
    assert_eq!(report["losses"]["queue"], Value::Null);
    assert_eq!(report["cost"]["packet_nanoseconds"], Value::Null);
}

#[test]
fn what_matches_and_what_is_out_of_view_is_told() {
    let report = parsed(&fixture::hosts(), None);
    assert_eq!([&report["matched"], &report["out_of_view"]], [&Value::Null; 2]);
    let rates = fixture::traffic([8e6, 16e6, 24e6], 0).rates;
    let out_of_view = Some(Matched { rates, flows: 3 });
    let report = parsed(&View { out_of_view, ..fixture::hosts() }, None);
    let expected = serde_json::json!({
        "flows": 3,
        "bits_per_second": { "2s": 8_000_000, "10s": 16_000_000, "40s": 24_000_000 },
        "packets_per_second": { "2s": 1000, "10s": 2000, "40s": 3000 },
    });
    assert_eq!(report["out_of_view"], expected);
}

#[test]
fn only_plain_ascii_gets_out_and_is_read_back() {
    let interface = "e\u{9b}\u{7f}\u{202e}\u{1f980}\x1b0";
    let origin = Origin { interface, ..ORIGIN };
    let line = report(&fixture::hosts(), origin, SystemTime::UNIX_EPOCH).unwrap();
    assert!(line.contains(r#""e\u009b\u007f\u202e\ud83e\udd80\u001b0""#), "{line}");
    assert!(line.chars().all(is_plain));
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["interface"], interface);
}

#[test]
fn what_is_not_shown_is_null() {
    let report = parsed(&fixture::hosts(), None);
    assert_eq!(report["hook"], Value::Null);
    let flow = &report["flows"][0];
    assert_eq!(flow["protocol"], Value::Null);
    assert_eq!(flow["local"]["port"], Value::Null);
    assert_eq!(flow["local"]["name"], Value::Null);
}
