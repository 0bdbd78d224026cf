//! End to end: what gets lost beside us, what does not pass us, and the page that says so.

use std::{cell::Cell, net::UdpSocket};

use serde_json::Value;

use crate::support::{
    frame,
    iftop::Iftop,
    net::{Cable, VA_MAC, VB_MAC},
    tmux::Tmux,
    told::{MOST_REPORTS, is_lost, line_that_starts, report_when, told_in_time},
    traffic::{Sent, out, udp},
};

/// Sends one packet of 142 bytes and holds another; it takes a second for each.
const SLOW_QUEUE: &str = "qdisc add dev va root tbf rate 1kbit burst 200 limit 200";

/// A frame of this size that `va` is to send.
fn frame_out(bytes: usize) -> Vec<u8> {
    match out(&udp("10.9.0.1:9", "10.9.0.2:9", bytes - 14 - 20 - 8)) {
        Sent::In(frame) | Sent::Out(frame) => frame,
    }
}

/// The losses of the first report in which one of them is so much.
fn losses(iftop: &mut Iftop, pointer: &str, wanted: u64) -> Value {
    let pointer = format!("/losses{pointer}");
    let is_wanted =
        |report: &Value| report.pointer(&pointer).and_then(Value::as_u64) >= Some(wanted);
    report_when(iftop, is_wanted)["losses"].take()
}

/// `i0`, which drops all that is sent to it: nobody redirected it there.
fn add_dropping_interface(cable: &Cable) {
    for command in [
        "link add i0 type ifb",
        "address add 10.7.0.1/24 dev i0",
        "link set i0 up",
        "neighbour add 10.7.0.2 lladdr 02:00:00:00:00:0c dev i0 nud permanent",
    ] {
        cable.a.ip(command);
    }
}

/// Three packets, which it takes for received ones as well.
fn send_to_dropping_interface(cable: &Cable) {
    cable.a.run(|| {
        let socket = UdpSocket::bind("10.7.0.1:0").unwrap();
        (0..3).for_each(|_| drop(socket.send_to(&[0; 100], "10.7.0.2:9")));
    });
}

/// All three with their headers.
const DROPPED_BYTES: usize = 3 * (100 + 8 + 20 + 14);

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_the_queue_drops_is_counted_by_us_and_told() {
    let cable = Cable::new();
    cable.a.command("tc", SLOW_QUEUE);
    let mut iftop = Iftop::json(&cable.a, "-i va");
    let sender = cable.sender_at_va();
    (0..5).for_each(|_| sender.send(&frame_out(142)));
    let losses = losses(&mut iftop, "/queue/dropped", 3);
    assert_eq!(losses["queue"]["dropped"], 3, "{losses}");
    assert!(losses["queue"]["dropped_per_second"].as_f64() > Some(0.0), "{losses}");
    assert_eq!(losses["ours"], 0);
    assert_eq!(losses["interface"]["before_us"], 0, "{losses}");
    iftop.last_report(5);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_the_interface_drops_before_us_is_told() {
    let cable = Cable::new();
    add_dropping_interface(&cable);
    let mut iftop = Iftop::json(&cable.a, "-i i0");
    let packets = Cell::new(0);
    let send = || {
        send_to_dropping_interface(&cable);
        packets.set(packets.get() + 3);
    };
    told_in_time(&mut iftop, DROPPED_BYTES, send, |report| {
        is_lost(report, "/losses/interface/before_us_per_second")
    });
    let losses = losses(&mut iftop, "/interface/before_us", packets.get());
    assert_eq!(losses["interface"]["before_us"], packets.get(), "{losses}");
    assert_eq!(losses["interface"]["received"]["dropped"], packets.get(), "{losses}");

    let mut text = Iftop::start(&cable.a, "-i i0 -t");
    text.wait_until_listening();
    send_to_dropping_interface(&cable);
    let line = line_that_starts(&mut text, "Lost: NIC dropped ");
    assert!(line.ends_with(" before us\n"), "{line}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_nobody_takes_behind_us_is_not_dropped_before_us() {
    /// For experiments (IEEE 802).
    const NOBODYS: u16 = 0x88b5;
    let cable = Cable::new();
    let mut iftop = Iftop::json(&cable.a, "-i va");
    let sender = cable.sender_at_vb();
    (0..5).for_each(|_| sender.send(&frame::ethernet(VA_MAC, VB_MAC, &[], NOBODYS, &[0; 50])));
    let losses = losses(&mut iftop, "/interface/received/dropped", 5);
    assert_eq!(losses["interface"]["received"]["dropped"], 5, "{losses}");
    assert_eq!(losses["interface"]["before_us"], 0, "{losses}");
    let report = iftop.last_report(5);
    assert_eq!(report["account"]["not_ip"]["packets"], 5, "{report}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_passes_outside_of_the_hooks_is_told() {
    let cable = Cable::new();
    let mut iftop = Iftop::start(&cable.a, "-i va -t --interval 1");
    iftop.wait_until_listening();
    let sender = cable.sender_at_va();
    sender.bypass_the_queue();
    let frame = frame_out(8000);
    for _ in 0..MOST_REPORTS {
        (0..50).for_each(|_| sender.send(&frame));
        let mut line = iftop.line();
        while line != "\n" {
            if line.starts_with("Covered") {
                assert_eq!(line, "Covered by the hooks: 0% (the rest passes outside tc)\n");
                return;
            }
            line = iftop.line();
        }
    }
    panic!("nothing was said of it");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_page_of_the_screen_says_how_the_counting_goes() {
    let cable = Cable::new();
    cable.a.command("tc", SLOW_QUEUE);
    let tmux = Tmux::start(&cable.a);
    tmux.show_table();
    tmux.keys(&["i"]);
    tmux.wait_for("page", |screen| {
        let line = |number: usize, start: &str, part: &str| {
            let line = screen.lines().nth(number).unwrap_or_default();
            line.starts_with(start) && line.contains(part)
        };
        line(2, "interface   va  10 Gbit/s  up ", "hook  tcx ingress + egress, first of 1")
            && line(3, "attributed  100.000 %   seen 0B, 0p ", "malformed 0")
            && line(4, "covered     100.000 %   interface says 0B, we saw 0B in ", " s")
    });
    let sender = cable.sender_at_va();
    (0..5).for_each(|_| sender.send(&frame_out(142)));
    tmux.wait_for("losses", |screen| {
        screen.contains("losses      ours 0   NIC: missed 0, dropped 0, errors 0")
            && screen.contains("qdisc: dropped 3 (")
            && screen.contains("attributed  100.000 %   seen 640B, 5p ")
            && screen.contains("─ qdisc dropped ")
    });
    tmux.keys(&["i"]);
    tmux.wait_for("table", |screen| screen.contains("10.9.0.1                   => 10.9.0.2"));
    tmux.keys(&["q"]);
    tmux.wait_for_prompt();
}
