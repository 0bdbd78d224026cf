//! End to end: interfaces that are switched off, renamed, moved, deleted, and come later or again.

use serde_json::json;

use crate::support::{
    frame::{self, UDP, V4},
    iftop::Iftop,
    net::{Cable, Namespace, PacketSocket, VA_MAC, VB_MAC},
};

const FRAME_BYTES: usize = 134;
const IP_BYTES: usize = 120;

/// A datagram that `va` receives.
fn datagram() -> Vec<u8> {
    let v4 = V4 {
        source: [10, 9, 0, 2].into(),
        destination: [10, 9, 0, 1].into(),
        protocol: UDP,
        options: &[],
        fragment: 0,
    };
    let frame = frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &v4.packet(&frame::udp(1, 2, 92)));
    assert_eq!(frame.len(), FRAME_BYTES);
    frame
}

/// What all packets came to, once so many were seen.
fn seen(iftop: &mut Iftop, packets: usize) {
    loop {
        let report = iftop.report();
        let seen = &report["account"]["seen"];
        if seen["packets"].as_u64() >= Some(packets as u64) {
            assert_eq!(*seen, json!({ "bytes": packets * IP_BYTES, "packets": packets }));
            return;
        }
    }
}

/// A cable from another namespace, as it is made again after it was deleted.
fn plug(a: &Namespace, b: &Namespace) -> PacketSocket {
    a.ip(&format!(
        "link add va address 02:00:00:00:00:0a type veth \
         peer name vb address 02:00:00:00:00:0b netns {}",
        b.path()
    ));
    a.ip("link set va up");
    b.ip("link set vb up");
    b.run(|| PacketSocket::sending_from("vb"))
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn switched_off_it_is_waited_for_in_silence() {
    let cable = Cable::new();
    let sender = cable.sender_at_vb();
    let mut iftop = Iftop::json(&cable.a, "-i va");
    sender.send(&datagram());
    seen(&mut iftop, 1);
    cable.a.ip("link set va down");
    iftop.report();
    assert_eq!(iftop.report()["account"]["seen"]["packets"], 1);
    cable.a.ip("link set va up");
    sender.send(&datagram());
    seen(&mut iftop, 2);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn renamed_it_is_the_same_interface() {
    for source in ["ebpf", "pcap"] {
        if source == "pcap" && !cfg!(feature = "pcap") {
            continue;
        }
        let cable = Cable::new();
        let sender = cable.sender_at_vb();
        let mut iftop = Iftop::json(&cable.a, &format!("-i va --source {source}"));
        sender.send(&datagram());
        seen(&mut iftop, 1);
        // Older kernels rename only what is down.
        cable.a.ip("link set va down");
        cable.a.ip("link set va name wan0");
        cable.a.ip("link set wan0 up");
        sender.send(&datagram());
        seen(&mut iftop, 2);
        assert_eq!(iftop.report()["interface"], "wan0", "{source}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn moved_to_another_namespace_it_is_gone() {
    for hook in ["tcx", "clsact"] {
        let cable = Cable::new();
        let mut iftop = Iftop::start(&cable.a, &format!("-i va -t --hook {hook}"));
        iftop.wait_until_listening();
        cable.a.ip(&format!("link set va netns {}", cable.b.path()));
        let end = iftop.end();
        assert_eq!(end.status.code(), Some(1), "{end:?}");
        assert!(end.errors.ends_with("iftop: va is gone\n"), "{end:?}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn one_that_comes_later_is_waited_for() {
    let (a, b) = (Namespace::new(), Namespace::new());
    let mut iftop = Iftop::start(&a, "-i va --json --interval 1 --wait");
    assert_eq!(iftop.error_line(), "iftop: waiting for the interface va\n");
    a.ip("link add vc type veth peer name vd");
    assert!(iftop.is_running());
    let sender = plug(&a, &b);
    iftop.wait_until_listening();
    sender.send(&datagram());
    seen(&mut iftop, 1);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn one_that_comes_back_is_counted_again() {
    is_counted_when_it_comes_back("");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn one_that_comes_back_is_counted_as_before() {
    // With a filter, what does not pass it must not count even in the moment of the return.
    for options in ["--hook clsact", "--hook xdp", "--table hash", "-p", "-f udp", "--no-sandbox"] {
        if options != "-f udp" || cfg!(feature = "pcap") {
            is_counted_when_it_comes_back(options);
        }
    }
}

fn is_counted_when_it_comes_back(options: &str) {
    let (a, b) = (Namespace::new(), Namespace::new());
    let sender = plug(&a, &b);
    let mut iftop = Iftop::json(&a, &format!("-i va --wait {options}"));
    sender.send(&datagram());
    seen(&mut iftop, 1);
    for round in 2..4 {
        a.ip("link delete va");
        let gone = "iftop: va is gone: waiting for its return\n";
        assert_eq!(iftop.error_line(), gone, "{options}");
        let sender = plug(&a, &b);
        assert_eq!(iftop.error_line(), "iftop: va is back\n", "{options}");
        sender.send(&datagram());
        seen(&mut iftop, round);
    }
    iftop.signal(libc::SIGTERM);
    let end = iftop.end();
    assert_eq!(end.status.code(), Some(143), "{options}: {end:?}");
}
