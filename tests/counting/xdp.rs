//! The XDP hook: what is special about it, and where it is refused.

use super::{THEM, US, account, v4};
use crate::support::{
    frame::{self, UDP},
    iftop::Iftop,
    kernel,
    net::{Cable, VA_MAC, VB_MAC},
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

/// What a refused program says, and that nothing of it is left.
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
    }
    assert_eq!(programs(), before, "the first one's program is still there, and no other");
    first.last_report(0);
    let after = programs();
    assert!(!after.contains("xdp"), "{after}");
}
