//! End to end: what hides packets from us is named by what is seen to be there, in the second report at the
//! latest that it acts in; and whoever hides none is left in peace and raises nothing.

use std::process::Command;

use aya::programs::{ProgramInfo, SchedClassifier, TcAttachType, XdpMode};
use serde_json::Value;

use crate::support::{
    frame,
    iftop::Iftop,
    kernel,
    neighbour::{NEXT, Neighbour, OK, SHOT, XDP_DROP, XDP_PASS},
    net::{Cable, PacketSocket, VA_MAC, VB_MAC},
    tmux::Tmux,
    told::{is_lost, line_that_starts, told_in_time},
    traffic::{Senders, Sent, into, out, udp},
};

mod clean;

/// What is sent each way between two reports.
const FRAMES: usize = 100;
const FRAME_BYTES: usize = 8000;
const BURST_BYTES: usize = FRAMES * FRAME_BYTES;
const MOST_LINES: usize = 2000;

/// Where a neighbour of tc stands.
const SIDES: [TcAttachType; 2] = [TcAttachType::Ingress, TcAttachType::Egress];

/// A frame each way.
fn frames() -> [Sent; 2] {
    let payload = FRAME_BYTES - 14 - 20 - 8;
    [
        into(&udp("10.9.0.2:9", "10.9.0.1:9", payload)),
        out(&udp("10.9.0.1:9", "10.9.0.2:9", payload)),
    ]
}

fn burst(senders: &Senders) {
    let frames = frames();
    (0..FRAMES).for_each(|_| frames.iter().for_each(|frame| senders.send(frame)));
}

/// A clean run, then something comes that hides packets; what it is called, and in which direction.
fn is_named<T>(options: &str, plant: impl FnOnce(&Cable) -> T, side: &str, cause: &str) {
    let cable = Cable::new();
    let mut iftop = Iftop::json(&cable.a, &format!("-i va {options}"));
    let senders = Senders::new(&cable);
    for _ in 0..3 {
        burst(&senders);
        let report = iftop.report();
        assert_eq!(report["missing"], serde_json::json!({ "received": null, "sent": null }));
    }
    let _planted = plant(&cable);
    let send = || burst(&senders);
    let report = told_in_time(&mut iftop, 2 * BURST_BYTES, send, |report| {
        !report["missing"][side].is_null()
    });
    assert_eq!(report["missing"][side], cause, "{report}");
    let other = if side == "sent" { "received" } else { "sent" };
    if cause != "taken_away" {
        assert_eq!(report["missing"][other], Value::Null, "{report}");
    }
}

/// A filter as tc adds it: one classic instruction, which returns this.
fn add_filter(cable: &Cable, hook: &str, priority: &[&str], verdict: i32) {
    let mut command = Command::new("tc");
    command.args(["filter", "add", "dev", "va", hook]).args(priority);
    let code = format!("1,6 0 0 {}", verdict.cast_unsigned());
    command.args(["protocol", "all", "bpf", "da", "bytecode", &code]);
    cable.a.enter(&mut command, None);
    assert!(command.status().unwrap().success());
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_tcx_program_that_comes_first_and_ends_the_chain() {
    if !kernel::has_tcx() {
        return;
    }
    for (hook, verdict, side) in [
        (TcAttachType::Ingress, SHOT, "received"),
        (TcAttachType::Ingress, OK, "received"),
        (TcAttachType::Egress, OK, "sent"),
    ] {
        let plant = |cable: &Cable| Neighbour::at_tcx(&cable.a, hook, verdict);
        is_named("", plant, side, "tc");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_filter_of_our_priority_that_comes_later_and_runs_first() {
    for (hook, verdict, side) in
        [("ingress", SHOT, "received"), ("ingress", OK, "received"), ("egress", OK, "sent")]
    {
        let plant = |cable: &Cable| add_filter(cable, hook, &["prio", "1"], verdict);
        is_named("--hook clsact", plant, side, "tc");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_tcx_program_in_front_of_our_filter() {
    if !kernel::has_tcx() {
        return;
    }
    let plant = |cable: &Cable| Neighbour::at_tcx(&cable.a, TcAttachType::Ingress, SHOT);
    is_named("--hook clsact", plant, "received", "tcx");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn an_xdp_program_that_drops() {
    for mode in [XdpMode::Skb, XdpMode::Driver] {
        if mode == XdpMode::Driver && !kernel::has_frames_in_pieces() {
            continue;
        }
        let plant = |cable: &Cable| Neighbour::at_xdp(&cable.a, mode, XDP_DROP);
        is_named("", plant, "received", "xdp");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn two_that_may_be_it_are_both_named() {
    if !kernel::has_tcx() {
        return;
    }
    let plant = |cable: &Cable| {
        let tcx = Neighbour::at_tcx(&cable.a, TcAttachType::Ingress, NEXT);
        (tcx, Neighbour::at_xdp(&cable.a, XdpMode::Skb, XDP_DROP))
    };
    is_named("", plant, "received", "xdp_and_tc");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn our_filters_are_taken_away() {
    let plant = |cable: &Cable| cable.a.command("tc", "qdisc del dev va clsact");
    for side in ["received", "sent"] {
        is_named("--hook clsact", plant, side, "taken_away");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_passes_beside_tc_has_no_other_name() {
    let cable = Cable::new();
    let mut iftop = Iftop::json(&cable.a, "-i va");
    let sender = cable.sender_at_va();
    sender.bypass_the_queue();
    let [_, frame] = frames();
    let report = told_in_time(
        &mut iftop,
        BURST_BYTES,
        || send(&sender, &frame),
        |report| !report["missing"]["sent"].is_null(),
    );
    assert_eq!(report["missing"], serde_json::json!({ "received": null, "sent": "outside" }));
}

fn send(sender: &PacketSocket, frame: &Sent) {
    let (Sent::In(frame) | Sent::Out(frame)) = frame;
    (0..FRAMES).for_each(|_| sender.send(frame));
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn whoever_lets_packets_pass_is_listed_and_raises_nothing() {
    let has_tcx = kernel::has_tcx();
    let at_tcx = if has_tcx { &SIDES[..] } else { &[] };
    for hook in ["tcx", "clsact"].into_iter().filter(|hook| *hook != "tcx" || has_tcx) {
        let cable = Cable::new();
        let mut iftop = Iftop::json(&cable.a, &format!("-i va --hook {hook}"));
        let at = |at: &TcAttachType| Neighbour::at_tcx(&cable.a, *at, NEXT);
        let neighbours: Vec<_> = at_tcx.iter().map(at).collect();
        let xdp = Neighbour::at_xdp(&cable.a, XdpMode::Skb, XDP_PASS);
        if hook == "clsact" {
            // Without a priority it comes behind all others.
            add_filter(&cable, "ingress", &[], SHOT);
        }
        let senders = Senders::new(&cable);
        let mut reports = 0;
        while reports < 6 {
            burst(&senders);
            let report = iftop.report();
            assert_eq!(report["missing"], serde_json::json!({ "received": null, "sent": null }));
            let found = &report["neighbours"];
            reports += usize::from(!found["xdp"].is_null());
            if reports > 1 {
                assert_eq!(found["xdp"]["program"], xdp.id(), "{found}");
                assert_eq!(found["xdp"]["mode"], "generic", "{found}");
                for (number, side) in ["ingress", "egress"].into_iter().enumerate() {
                    let place = &found[side];
                    let first = neighbours.get(number).map(Neighbour::id);
                    assert_eq!(place["first_program"], serde_json::json!(first), "{found}");
                    let before = neighbours.len() as u64 / 2;
                    let expected = match (hook, side) {
                        ("tcx", _) => [2, 2, 0],
                        (_, "ingress") => [1, 2, before],
                        _ => [1, 1, before],
                    };
                    let place = ["position", "of", "behind_tcx"].map(|name| place[name].as_u64());
                    assert_eq!(place, expected.map(Some), "{found}");
                }
            }
        }
        iftop.signal(libc::SIGTERM);
        assert_eq!(iftop.end().status.code(), Some(143));
        // All of them are where they were.
        cable.a.run(|| {
            for (at, neighbour) in at_tcx.iter().zip(&neighbours) {
                let (_, programs) = SchedClassifier::query_tcx("va", *at).unwrap();
                let ids: Vec<_> = programs.iter().map(ProgramInfo::id).collect();
                assert_eq!(ids, [neighbour.id()]);
            }
        });
        let link = cable.a.ip("-d link show va");
        assert!(link.contains(&format!("prog/xdp id {}", xdp.id())), "{link}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_the_queue_drops_behind_us() {
    let cable = Cable::new();
    cable.a.command("tc", "qdisc add dev va root tbf rate 1kbit burst 9000 limit 9000");
    let mut iftop = Iftop::json(&cable.a, "-i va");
    let (sender, [_, frame]) = (cable.sender_at_va(), frames());
    told_in_time(
        &mut iftop,
        BURST_BYTES,
        || send(&sender, &frame),
        |report| is_lost(report, "/losses/queue/dropped_per_second"),
    );
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_the_table_has_no_room_for() {
    let cable = Cable::new();
    let mut iftop = Iftop::json(&cable.a, "-i va --max-flows 16");
    let sender = cable.sender_at_vb();
    let send = || {
        for port in 1..=FRAMES {
            let packet = udp(&format!("10.9.0.2:{port}"), "10.9.0.1:9", FRAME_BYTES - 42);
            let (Sent::In(frame) | Sent::Out(frame)) = into(&packet);
            sender.send(&frame);
        }
    };
    let unattributed = |report: &Value| {
        let count = |name: &str| report["account"][name]["packets"].as_u64().unwrap();
        count("other") + count("spilled") > 0
    };
    told_in_time(&mut iftop, BURST_BYTES, send, unattributed);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn frames_that_are_not_what_they_claim_to_be() {
    let cable = Cable::new();
    let mut iftop = Iftop::json(&cable.a, "-i va");
    let mut text = Iftop::start(&cable.a, "-t --interval 1 -i va");
    text.wait_until_listening();
    let senders = Senders::new(&cable);
    let mut broken = udp("10.9.0.2:9", "10.9.0.1:9", 7000);
    // No version of IP.
    broken[0] = 0x95;
    let broken = Sent::In(frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &broken));
    let [_, good] = frames();
    let send = || {
        for _ in 0..FRAMES {
            senders.send(&broken);
            (0..3).for_each(|_| senders.send(&good));
        }
    };
    let report = told_in_time(&mut iftop, 4 * BURST_BYTES, send, |report| {
        !report["malformed_percent"].is_null()
    });
    assert!((20..=30).contains(&report["malformed_percent"].as_u64().unwrap()), "{report}");
    let line = line_that_starts(&mut text, "Malformed: ");
    assert!(line.ends_with("% of frames\n"), "{line}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_screen_and_text_reports_say_it_in_words() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    tmux.show_table();
    let xdp = Neighbour::at_xdp(&cable.a, XdpMode::Skb, XDP_DROP);
    let senders = Senders::new(&cable);
    let [received, _] = frames();
    let send = || (0..FRAMES).for_each(|_| senders.send(&received));
    tmux.wait_for("rule", |screen| {
        send();
        screen.contains("covered 0% (an XDP program runs before ours)")
    });
    tmux.keys(&["i"]);
    tmux.wait_for("page", |screen| {
        screen.contains("missing of received: an XDP program runs before ours")
            && screen.contains(&format!("XDP before us: generic, program {}", xdp.id()))
    });
    // Alone: the later of two would be one more before the other.
    tmux.keys(&["q"]);
    tmux.wait_for_prompt();
    let mut text = Iftop::start(&cable.a, "-t --interval 1 -i va");
    text.wait_until_listening();
    let mut told = (0..MOST_LINES).map(|_| text.line()).inspect(|line| {
        if line == "\n" {
            send();
        }
    });
    let told = told.find(|line| line.starts_with("Covered "));
    let expected = "Covered by the hooks: 0% (an XDP program runs before ours)\n";
    assert_eq!(told.as_deref(), Some(expected));
}
