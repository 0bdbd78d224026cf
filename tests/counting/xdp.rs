//! The XDP hook: what is special about it, and where it is refused.

use aya::programs::{ProgramInfo, SchedClassifier, TcAttachType};
use iftop_user::interface::{self, InterfaceCounters};
use serde_json::Value;

use super::{THEM, US, account, v4};
use crate::{
    running::becomes,
    support::{
        bulk,
        frame::{self, UDP},
        iftop::Iftop,
        kernel,
        net::{Cable, Namespace, VA_MAC, VB_MAC},
    },
};

/// A frame in several pieces: more than a page, which only a program for such frames may see.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn jumbo_frames_are_counted_whole() {
    let native = kernel::has_frames_in_pieces().then_some("xdp=native");
    for hook in ["xdp"].into_iter().chain(native) {
        let cable = Cable::new();
        let iftop = Iftop::json(&cable.a, &format!("-i va -P --hook {hook}"));
        let wire = cable.sender_at_vb();
        for _ in 0..3 {
            let packet = v4(THEM, US, UDP).packet(&frame::udp(1, 2, 8000));
            wire.send(&frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &packet));
        }
        let report = iftop.last_report(3);
        assert_eq!(account(&report, "seen"), [3 * (8000 + 8 + 20), 3], "{hook}");
        assert_eq!(account(&report, "frames"), [3 * (8000 + 8 + 20 + 14), 3], "{hook}");
        assert_eq!(report["hook"], "xdp");
    }
}

/// What hangs on the hooks of tc: TCX programs by their numbers, where the kernel has such, filters, and the qdisc
/// that they need.
fn at_tc(namespace: &Namespace, interface: &str) -> (Vec<Vec<u32>>, [String; 3]) {
    let sides = [TcAttachType::Ingress, TcAttachType::Egress];
    let sides = if kernel::has_tcx() { &sides[..] } else { &[] };
    let programs = namespace.run(|| {
        let at = |side: &TcAttachType| {
            let (_, programs) = SchedClassifier::query_tcx(interface, *side).unwrap();
            programs.iter().map(ProgramInfo::id).collect()
        };
        sides.iter().map(at).collect()
    });
    let filters = ["qdisc show dev", "filter show ingress dev", "filter show egress dev"]
        .map(|list| namespace.command("tc", &format!("{list} {interface}")));
    (programs, filters)
}

/// What a refused program says, and that nothing of it is left: what is sent is counted by tc, so that it was there
/// already where XDP is refused.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn it_disturbs_nobody() {
    let cable = Cable::new();
    cable.a.ip("tuntap add t0 mode tun");
    cable.a.ip("link set t0 up");
    cable.a.ip("link add br0 type bridge");
    cable.a.ip("link set br0 up");
    let first = Iftop::json(&cable.a, "-i va --hook xdp");
    let programs = || cable.a.ip("-details link show va");
    let before = programs();
    assert!(before.contains("xdpgeneric"), "{before}");
    let beside = || ["va", "lo", "t0", "br0"].map(|interface| at_tc(&cable.a, interface));
    let before_beside = beside();
    for (options, expected) in [
        ("-i va --hook xdp", "va has an XDP program already (id "),
        ("-i va --hook xdp=native", "va has an XDP program already (id "),
        ("-i lo --hook xdp", "lo is a loopback interface: XDP is not for those"),
        ("-i t0 --hook xdp", "packets of t0 have no Ethernet header: XDP is not for those"),
        ("-i br0 --hook xdp=native", "its driver has no XDP of its own, or not with this MTU"),
    ] {
        let end = Iftop::start(&cable.a, &format!("{options} --json")).end();
        assert_eq!((end.status.code(), &*end.out), (Some(1), ""), "{options}");
        assert!(end.errors.contains(expected), "{options}: {}", end.errors);
        becomes(&before_beside, beside);
        assert_eq!(beside(), before_beside, "{options}");
    }
    assert_eq!(programs(), before, "the first one's program is still there, and no other");
    first.last_report(0);
    let after = programs();
    assert!(!after.contains("xdp"), "{after}");
}

/// What XDP lets pass goes on to tc, from the driver as aggregates: there it is not counted once more.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_is_received_is_counted_at_one_hook() {
    // A veth whose driver runs XDP counts received frames without their link header.
    let native = kernel::has_frames_in_pieces().then_some(("xdp=native", "on", 0));
    for (hook, gro, header_bytes) in [("xdp", "off", 14)].into_iter().chain(native) {
        let cable = bulk::cable(bulk::NOT_OFFLOADED);
        let mut iftop = Iftop::json(&cable.a, &format!("-i va -P --hook {hook}"));
        cable.a.command("ethtool", &format!("-K va gro {gro}"));
        let counters =
            || cable.a.run(|| interface::counters(interface::find("va").unwrap().index).unwrap());
        let before = counters();
        bulk::transfer_all(&cable, 1 << 20, 30);
        let (mut report, mut now) = (iftop.report(), counters());
        // IP bytes and packets of each way, as the interface counted them.
        let expected = |now: &InterfaceCounters| {
            let [mut received, mut sent] = [now.received, now.sent];
            received -= before.received;
            sent -= before.sent;
            [
                [received.bytes - header_bytes * received.packets, received.packets],
                [sent.bytes - 14 * sent.packets, sent.packets],
            ]
        };
        let told = |report: &Value| {
            ["received", "sent"].map(|side| {
                ["bytes", "packets"].map(|unit| report["totals"][side][unit].as_u64().unwrap())
            })
        };
        // The last packets may still be on their way.
        for _ in 0..20 {
            if told(&report) == expected(&now) {
                break;
            }
            (report, now) = (iftop.report(), counters());
        }
        assert_eq!(told(&report), expected(&now), "{hook}");
    }
}
