//! End to end: interfaces that are switched off, renamed, moved, deleted, and come later or again.

use std::fs;

use iftop_common::Totals;
use iftop_user::source::{
    Sample, Source as _,
    ebpf::EbpfSource,
    hook::{HookChoice, HookKind},
};
use serde_json::json;

use crate::{
    running::becomes,
    support::{
        footprint::children,
        held::Held,
        iftop::Iftop,
        net::{Cable, Namespace, PacketSocket},
        source::{open, totals_when},
        told::report_when,
        traffic::{DATAGRAM_BYTES, datagram},
    },
};

/// What all packets came to, once so many were seen.
fn seen(iftop: &mut Iftop, packets: usize) {
    let report = report_when(iftop, |report| {
        report["account"]["seen"]["packets"].as_u64() >= Some(packets as u64)
    });
    let expected = json!({ "bytes": packets * DATAGRAM_BYTES, "packets": packets });
    assert_eq!(report["account"]["seen"], expected, "{report}");
}

/// Returns when the far end sends again: it learns of its carrier a moment later, and until then Linux throws
/// away what it is to send (`linkwatch_do_dev` of `net/core/link_watch.c`).
fn switch_on(cable: &Cable, near: &str) {
    cable.a.ip(&format!("link set {near} up"));
    let link = || cable.b.ip("link show dev vb");
    becomes(&true, || link().contains("state UP"));
    assert!(link().contains("state UP"), "{}", link());
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
    switch_on(&cable, "va");
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
        switch_on(&cable, "wan0");
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

#[test]
#[ignore = "needs root: cargo xtask test"]
fn nothing_is_held_for_one_that_is_gone() {
    for options in ["", "--hook clsact", "--table hash", "--no-sandbox"] {
        let cable = Cable::new();
        let mut iftop = Iftop::json(&cable.a, &format!("-i va --wait {options}"));
        // What measures that holds programs and maps of its own.
        report_when(&mut iftop, |report| report["cost"]["packet_nanoseconds"].is_number());
        let pid = iftop.id();
        let processes: Vec<u32> = children(pid).into_iter().chain([pid]).collect();
        let held = || processes.iter().map(|process| Held::by(*process));
        let mapped = || {
            let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
            maps.matches("bpf-map").count()
        };
        assert!(held().any(|held| !held.programs.is_empty()) && mapped() > 0, "{options}");
        cable.a.ip("link delete va");
        assert_eq!(iftop.error_line(), "iftop: va is gone: waiting for its return\n");
        for held in held() {
            assert_eq!(held, Held::default(), "{options}");
        }
        assert_eq!(mapped(), 0, "{options}");
    }
}

/// Whether a sample says that the interface is gone.
fn is_gone(source: &mut EbpfSource) -> bool {
    let mut sample = Sample::default();
    source.sample(&mut sample).unwrap();
    sample.surroundings.gone
}

/// Samples until so many packets were seen or filtered: how many of each.
fn counted(source: &mut EbpfSource, packets: u64) -> (u64, u64) {
    let counts = |totals: &Totals| (totals.seen.both().packets, totals.filtered.both().packets);
    counts(&totals_when(source, |totals| {
        let (seen, filtered) = counts(totals);
        seen + filtered >= packets
    }))
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn one_that_was_away_while_nobody_looked_is_counted_again() {
    for hook in [HookChoice::Auto, HookChoice::Only(HookKind::Clsact)] {
        let cable = Cable::new();
        let mut source = cable.a.run(|| open(hook, true, None));
        cable.a.ip(&format!("link set va netns {}", cable.b.path()));
        cable.b.ip(&format!("link set va netns {}", cable.a.path()));
        switch_on(&cable, "va");
        cable.a.run(|| {
            assert!(is_gone(&mut source), "{hook:?}");
            assert!(!is_gone(&mut source), "{hook:?}");
            cable.sender_at_vb().send(&datagram());
            assert_eq!(counted(&mut source, 1), (1, 0));
        });
    }
}

#[cfg(feature = "pcap")]
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_filter_that_comes_while_it_is_gone_is_that_of_its_return() {
    use iftop_common::parse::LinkType;
    use iftop_user::packet_filter::PacketFilter;

    let (a, b) = (Namespace::new(), Namespace::new());
    drop(plug(&a, &b));
    a.run(|| {
        let mut source = open(HookChoice::Auto, true, None);
        a.ip("link delete va");
        assert!(is_gone(&mut source));
        let filter = PacketFilter::compile("udp dst port 2", LinkType::Ethernet).unwrap();
        source.set_filter(Some(&filter)).unwrap();
        let sender = plug(&a, &b);
        assert!(!is_gone(&mut source));
        let mut other = datagram();
        // The last byte of its port.
        other[37] = 3;
        sender.send(&other);
        sender.send(&datagram());
        assert_eq!(counted(&mut source, 2), (1, 1));
    });
}
