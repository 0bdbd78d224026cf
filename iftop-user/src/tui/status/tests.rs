//! What the rule says, and what gives way where there is too little room.

use iftop_common::Count;

use super::*;
use crate::{
    account::Account,
    app::Settings,
    filter::ScreenFilter,
    health::{Cause, Covered, Health},
    source::capture_file::Progress,
    units::Rate,
    view::Matched,
};

const STATUS: Status<'_> = Status::new("eth0", "ebpf/tcx");

fn app(view: View, filter: &str) -> App {
    let filter = ScreenFilter::parse(filter).unwrap();
    let mut app = App::new(Settings::default(), None).with_filter(filter);
    app.show(view);
    app
}

fn shown(width: u16, app: &App, status: &Status<'_>) -> String {
    let glyphs = Glyphs::of(status);
    rule(width, &parts(app, status, glyphs), glyphs)
}

#[test]
fn a_packet_filter_is_said_to_be_on() {
    let view = View { flows: 2, ..View::default() };
    let app = app(view, "").with_packet_filter(Some("tcp port 443 or tcp port \u{1b}8443"));
    let cases = [
        (
            82,
            "── eth0 ─ 2 flows ─ packet filter \"tcp port 443 or tcp port..\" ─ attributed 100% ─",
        ),
        (81, "── eth0 ─ 2 flows ─ packet filter on ─ attributed 100% ──────────────────────────"),
        (46, "── eth0 ─ packet filter on ─ attributed 100% ─"),
        (45, "── eth0 ─ packet filter on ──────────────────"),
    ];
    for (width, expected) in cases {
        assert_eq!(shown(width, &app, &STATUS), expected);
    }
}

#[test]
fn what_is_out_of_view_is_said() {
    let rates = [Rate { bytes: 1_250_000.0, packets: 0.0 }; 3];
    let out_of_view = Some(Matched { rates, flows: 3 });
    let app = app(View { flows: 12_408, out_of_view, ..View::default() }, "");
    let cases = [
        (73, "── eth0 ─ 12,408 flows ─ out of view: 3 flows, 9.54Mb ─ attributed 100% ─"),
        (66, "── eth0 ─ 12,408 flows ─ out of view: 3 flows ─ attributed 100% ──"),
        (51, "── eth0 ─ 12,408 flows ─ 3 out ─ attributed 100% ──"),
        (36, "── eth0 ─ 3 out ─ attributed 100% ──"),
    ];
    for (width, expected) in cases {
        assert_eq!(shown(width, &app, &STATUS), expected);
    }
    assert!(!parts(&app, &STATUS, Glyphs::UNICODE).warning, "somebody wanted it so");
}

#[test]
fn parts_give_way_in_order() {
    let app = app(View { flows: 12_408, ..View::default() }, "");
    let cases = [
        (56, "── eth0 ─ ebpf/tcx ─ 12,408 flows ─ attributed 100% ────"),
        (53, "── eth0 ─ ebpf/tcx ─ 12,408 flows ─ attributed 100% ─"),
        (52, "── eth0 ─ 12,408 flows ─ attributed 100% ───────────"),
        (41, "── eth0 ─ attributed 100% ───────────────"),
        (26, "── attributed 100% ───────"),
        (19, "───────────────────"),
        (0, ""),
    ];
    for (width, expected) in cases {
        assert_eq!(shown(width, &app, &STATUS), expected);
    }
    let instead = Status { source: "pcap", reason: Some("no CAP_BPF"), ..STATUS };
    let cases = [
        (62, "── eth0 ─ pcap (no CAP_BPF) ─ 12,408 flows ─ attributed 100% ─"),
        (61, "── eth0 ─ pcap ─ 12,408 flows ─ attributed 100% ─────────────"),
        (49, "── eth0 ─ pcap ─ 12,408 flows ─ attributed 100% ─"),
        (48, "── eth0 ─ 12,408 flows ─ attributed 100% ───────"),
    ];
    for (width, expected) in cases {
        assert_eq!(shown(width, &app, &instead), expected);
    }
    let reason = Some("no CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON");
    let instead = Status { reason, ..instead };
    let cases = [
        (
            90,
            "── eth0 ─ pcap (no CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON) ─ 12,408 flows ─ attributed 100% ─",
        ),
        (80, "── eth0 ─ pcap (no CAP_BPF, ..) ─ 12,408 flows ─ attributed 100% ───────────────"),
        (65, "── eth0 ─ pcap ─ 12,408 flows ─ attributed 100% ─────────────────"),
    ];
    for (width, expected) in cases {
        assert_eq!(shown(width, &app, &instead), expected);
    }
    let inside = Status { netns: Some("web"), ..STATUS };
    let cases = [
        (65, "── eth0 ─ netns web ─ ebpf/tcx ─ 12,408 flows ─ attributed 100% ─"),
        (64, "── eth0 ─ netns web ─ 12,408 flows ─ attributed 100% ───────────"),
        (53, "── eth0 ─ 12,408 flows ─ attributed 100% ────────────"),
    ];
    for (width, expected) in cases {
        assert_eq!(shown(width, &app, &inside), expected);
    }
    let ascii = shown(56, &app, &Status { unicode: false, ..STATUS });
    assert_eq!(ascii, "-- eth0 - ebpf/tcx - 12,408 flows - attributed 100% ----");
}

#[test]
fn how_much_of_a_file_was_played() {
    let app = app(View { flows: 7, ..View::default() }, "");
    let progress = Progress { read_bytes: 1, file_bytes: Some(2), ended: false };
    let status = Status { interface: "a.pcap", source: "file", progress: Some(progress), ..STATUS };
    let cases = [
        (79, "── a.pcap ─ file ─ 7 flows ─ [██████████··········] 50% ─ attributed 100% ─────"),
        (68, "── a.pcap ─ 7 flows ─ [██████████··········] 50% ─ attributed 100% ─"),
        (50, "── a.pcap ─ 7 flows ─ 50% ─ attributed 100% ──────"),
    ];
    for (width, expected) in cases {
        assert_eq!(shown(width, &app, &status), expected);
    }
    assert!(!parts(&app, &status, Glyphs::UNICODE).warning);
}

#[test]
fn a_shortfall_is_said_before_all_else() {
    let count = |packets| Count { bytes: packets * 100, packets };
    let account =
        Account { seen: count(100), in_flows: count(97), other: count(3), ..Account::default() };
    let app = app(View { account, flows: 1, ..View::default() }, "");
    let cases = [
        (64, "── eth0 ─ ebpf/tcx ─ 1 flow ─ attributed 97% (table was full) ──"),
        (44, "── eth0 ─ attributed 97% (table was full) ──"),
        (38, "── attributed 97% (table was full) ───"),
        (30, "── attributed 97% ────────────"),
    ];
    for (width, expected) in cases {
        assert_eq!(shown(width, &app, &STATUS), expected);
    }
    assert!(parts(&app, &STATUS, Glyphs::UNICODE).warning);
    let note = Status { note: Some(["names paused: no answer", "names paused"]), ..STATUS };
    let expected = "── eth0 ─ 1 flow ─ names paused ─ attributed 97% (table was full) ─";
    assert_eq!(shown(67, &app, &note), expected);
}

#[test]
fn what_one_has_to_know_goes_before_good_news() {
    let view = |up| {
        let health = Health { up: Some(up), ..Health::default() };
        View { flows: 12, health, ..View::default() }
    };
    let (up, down) = (view(true), view(false));
    let out_of_view = Some(Matched { flows: 1, ..Matched::default() });
    let matched = Some(Matched { flows: 3, ..Matched::default() });
    let filtered = View { matched, out_of_view, ..view(true) };
    let gone = Status { note: Some(["the interface is gone", "gone"]), ..STATUS };
    let cases = [
        (&up, "", STATUS, 41, "── eth0 ─ 12 flows ─ attributed 100% ────"),
        (&down, "", STATUS, 63, "── eth0 ─ 12 flows ─ the interface is down ─ attributed 100% ──"),
        (&down, "", STATUS, 45, "── eth0 ─ 12 flows ─ down ─ attributed 100% ─"),
        (&down, "", STATUS, 40, "── eth0 ─ down ─ attributed 100% ───────"),
        (&down, "", gone, 40, "── eth0 ─ gone ─ attributed 100% ───────"),
        (&down, "", gone, 30, "── eth0 ─ gone ───────────────"),
        (&filtered, "a", STATUS, 47, "── eth0 ─ filter on ─ 1 out ─ attributed 100% ─"),
        (&filtered, "a", STATUS, 40, "── eth0 ─ filter on ─ 1 out ────────────"),
        (&filtered, "a", gone, 40, "── eth0 ─ filter on ─ 1 out ─ gone ─────"),
        (&filtered, "a", gone, 30, "── filter on ─ 1 out ─ gone ──"),
    ];
    for (view, filter, status, width, expected) in cases {
        assert_eq!(shown(width, &app(view.clone(), filter), &status), expected);
    }
    let is_warning = |view| parts(&app(view, ""), &STATUS, Glyphs::UNICODE).warning;
    assert!(is_warning(down) && !is_warning(up));
}

#[test]
fn losses_and_the_worse_share_are_said() {
    let now = |missed, dropped, errors, send_failed, queue| LostNow {
        missed,
        dropped,
        errors,
        send_failed,
        queue,
        ours: 0.0,
    };
    // What is lost, covered, attributed → the rule
    let cases = [
        (
            now(1000.0, 200.0, 9.0, 9.0, 9.0),
            None,
            100,
            "NIC dropped 1.20Kp/s before us ─ attributed 100%",
        ),
        (now(0.0, 0.1, 0.0, 0.0, 0.0), None, 100, "NIC dropped <1p/s before us ─ attributed 100%"),
        (now(1.0, 1.0, 3.0, 2.0, 2.0), None, 100, "NIC received 3p/s broken ─ attributed 100%"),
        (now(0.0, 3.0, 1.0, 8.0, 7.0), None, 100, "NIC failed to send 8p/s ─ attributed 100%"),
        (
            LostNow { ours: 1200.0, ..now(1.0, 2.0, 3.0, 4.0, 12.0) },
            None,
            100,
            "libpcap dropped 1.20Kp/s ─ attributed 100%",
        ),
        (now(1.0, 2.0, 3.0, 4.0, 12.0), None, 100, "qdisc dropped 12p/s ─ attributed 100%"),
        (now(0.0, 0.0, 0.0, 0.0, 0.0), Some(31), 100, "covered 31% (the rest passes outside tc)"),
        (now(0.0, 0.0, 0.0, 0.0, 0.0), Some(31), 30, "attributed 30% (table was full)"),
        (
            now(0.0, 0.0, 0.0, 0.0, 12.0),
            Some(31),
            32,
            "qdisc dropped 12p/s ─ covered 31% (the rest passes outside tc)",
        ),
    ];
    for (lost_now, covered, attributed, expected) in cases {
        let mut view = View { flows: 1, ..View::default() };
        let count = |packets| Count { bytes: packets * 100, packets };
        view.account.seen = count(100);
        view.account.in_flows = count(attributed);
        view.account.other = count(100 - attributed);
        view.health.lost_now = lost_now;
        view.health.missing = [covered.map(|_| Cause::Outside), None];
        view.health.covered =
            covered.map(|ours| Covered { ours, interface: 100, ..Covered::default() });
        let app = app(view, "");
        let clean = covered.is_none() && lost_now == LostNow::default();
        assert_eq!(parts(&app, &STATUS, Glyphs::UNICODE).warning, !clean);
        let shown = shown(110, &app, &STATUS);
        let (_, shown) = shown.split_once("1 flow ─ ").unwrap();
        assert_eq!(shown.trim_end_matches(['─', ' ']), expected);
    }
}

#[test]
fn a_filter_shows_what_passes_it_of_how_much() {
    let rates = |bits: f64| [Rate { bytes: bits / 8.0, packets: 0.0 }; 3];
    let matched = Some(Matched { rates: rates(1.24 * 1024_f64.powi(3)), flows: 38 });
    let mut view = View { flows: 12_408, matched, ..View::default() };
    view.both.rates = rates(9.41 * 1024_f64.powi(3));
    let app = app(view, "10.0.0");
    let cases = [
        (
            94,
            "── eth0 ─ ebpf/tcx ─ filter \"10.0.0\": 1.24Gb of 9.41Gb, 38 of 12,408 flows ─ \
             attributed 100% ─",
        ),
        (
            83,
            "── eth0 ─ filter \"10.0.0\": 1.24Gb of 9.41Gb, 38 of 12,408 flows ─ \
             attributed 100% ─",
        ),
        (80, "── eth0 ─ filter: 1.24Gb of 9.41Gb, 38 of 12,408 flows ─ attributed 100% ───────"),
        (73, "── eth0 ─ filter: 38 of 12,408 flows ─ attributed 100% ──────────────────"),
        (40, "── eth0 ─ filter on ─ attributed 100% ──"),
        (38, "── eth0 ─ filter on ──────────────────"),
    ];
    for (width, expected) in cases {
        assert_eq!(shown(width, &app, &STATUS), expected);
    }
}
