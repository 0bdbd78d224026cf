//! Packets by way of libpcap: the same traffic gives the same counts as in the kernel and from a file,
//! what is lost is told, and so is why it is not the kernel that counts.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

use crate::support::{
    capture::{Order::Little, Packet, pcapng},
    frame,
    iftop::{Iftop, checked},
    net::{Cable, Namespace, VA_MAC, VB_MAC},
    scratch::Scratch,
    told::{is_lost, line_that_starts, report_when},
    traffic::{Senders, Sent, into, out, to_mac, udp},
};

mod filters;
mod link_types;

/// Flags of a packet in a file (pcapng): received, sent, received but for somebody else.
const IN: u32 = 1;
const OUT: u32 = 2;
const PROMISCUOUS: u32 = 4 << 2;
const OTHERS_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0x63];

/// Every kind of frame, each a different number of times, both ways and for somebody else.
fn traffic() -> Vec<Sent> {
    let received = [VA_MAC, OTHERS_MAC].into_iter().flat_map(|to| frame::samples(to, VB_MAC));
    let sent = frame::samples(VB_MAC, VA_MAC).into_iter().map(Sent::Out);
    let kinds = received.map(Sent::In).chain(sent);
    (1..).zip(kinds).flat_map(|(times, kind)| vec![kind; times % 7 + 1]).collect()
}

/// What a file says of the way of a frame.
fn flags(sent: &Sent) -> u32 {
    match sent {
        Sent::Out(_) => OUT,
        Sent::In(frame) if frame[..6] == VA_MAC || frame[0] & 1 == 1 => IN,
        Sent::In(_) => IN | PROMISCUOUS,
    }
}

fn bytes(sent: &Sent) -> &[u8] {
    match sent {
        Sent::In(frame) | Sent::Out(frame) => frame,
    }
}

/// What must not depend on who counts: flows and accounts but those of frames, from which the kernel
/// takes tags of received packets away.
fn counted(report: &Value) -> BTreeMap<String, Value> {
    let mut counted = BTreeMap::new();
    for row in report["flows"].as_array().unwrap() {
        let key = ["local", "remote", "protocol"].map(|part| row[part].to_string()).concat();
        let counts = ["sent", "received"]
            .map(|side| ["bytes", "packets"].map(|unit| row[side][unit].as_u64().unwrap()));
        assert!(counted.insert(key, serde_json::json!(counts)).is_none());
    }
    for name in ["seen", "in_flows", "other", "excluded"] {
        counted.insert(name.to_owned(), report["account"][name].clone());
    }
    for name in ["filtered", "not_ip", "malformed"] {
        counted.insert(name.to_owned(), report["account"][name]["packets"].clone());
    }
    for side in ["sent", "received"] {
        let totals = ["bytes", "packets"].map(|unit| &report["totals"][side][unit]);
        counted.insert(side.to_owned(), serde_json::json!(totals));
    }
    counted
}

/// Tells the first difference, not all that is the same.
fn assert_same(one: &Value, other: &Value, of: &str) {
    let (one, other) = (counted(one), counted(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{of}");
    for (key, counts) in one {
        assert_eq!(counts, other[&key], "{of}: {key}");
    }
}

/// The last report on a file of these packets.
fn of_file(traffic: &[Sent], options: &str) -> Value {
    let packets: Vec<_> = traffic
        .iter()
        .map(|sent| Packet { flags: Some(flags(sent)), ..Packet::new(0, bytes(sent)) })
        .collect();
    let file = Scratch::new(&pcapng(Little, (6, 1_000_000), &[1], &packets));
    let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
    command.arg("-r").arg(&file.0).args(options.split_whitespace()).env("HOME", "/nonexistent");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    checked(String::from_utf8(output.stdout).unwrap().lines().last().unwrap())
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn kernel_libpcap_and_a_file_count_the_same() {
    let traffic = traffic();
    let frames = traffic.len() as u64;
    for options in ["-P", "-P --bytes wire", "-P -l"] {
        let cable = Cable::new();
        let [ebpf, pcap] = ["ebpf", "pcap"]
            .map(|source| Iftop::json(&cable.a, &format!("-i va --source {source} {options}")));
        let senders = Senders::new(&cable);
        for sent in &traffic {
            senders.send(sent);
        }
        let (ebpf, pcap) = (ebpf.last_report(frames), pcap.last_report(frames));
        let file = of_file(&traffic, &format!("--json {options}"));
        assert_eq!((&ebpf["source"], &pcap["source"]), (&"ebpf".into(), &"pcap".into()));
        assert_eq!((&pcap["hook"], &pcap["source_reason"]), (&Value::Null, &Value::Null));
        assert_same(&pcap, &ebpf, options);
        assert_same(&file, &ebpf, options);
        assert_eq!(pcap["account"]["frames"], file["account"]["frames"], "{options}");
    }
}

/// Each packet passes `lo` twice, and `any` shows it once for each interface that it passes.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn loopback_and_any_count_once() {
    let cable = Cable::new();
    let names = ["-i lo --source pcap", "-i lo --source ebpf", "-i any", "-i va --source pcap"];
    let [lo, lo_ebpf, any, va] =
        names.map(|options| Iftop::json(&cable.a, &format!("-P {options}")));
    cable.a.run(|| {
        let receiver = std::net::UdpSocket::bind("127.0.0.1:4001").unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:4000").unwrap();
        for _ in 0..5 {
            sender.send_to(&[0; 100], receiver.local_addr().unwrap()).unwrap();
        }
    });
    let senders = Senders::new(&cable);
    for _ in 0..3 {
        senders.send(&out(&udp("10.9.0.1:1", "10.9.0.2:2", 10)));
        senders.send(&into(&udp("10.9.0.2:2", "10.9.0.1:1", 20)));
        senders.send(&to_mac(OTHERS_MAC, &udp("10.9.0.3:3", "10.9.0.4:4", 30)));
    }
    let (lo, lo_ebpf) = (lo.last_report(5), lo_ebpf.last_report(5));
    assert_same(&lo, &lo_ebpf, "lo");
    assert_eq!(lo["totals"]["sent"]["packets"], 5);
    let (any, va) = (any.last_report(5 + 9), va.last_report(9));
    assert_eq!((&any["source"], &any["source_reason"]), (&"pcap".into(), &"-i any".into()));
    assert_eq!(any["interface"], "any");
    let (flows_of_any, one, other) = (counted(&any), counted(&lo), counted(&va));
    let parts = one.iter().chain(&other).filter(|(key, _)| key.starts_with('{'));
    let mut flows = 0;
    for (key, counts) in parts {
        assert_eq!(flows_of_any[key], *counts, "{key}");
        flows += 1;
    }
    assert_eq!((flows, any["flows"].as_array().unwrap().len()), (3, 3));
}

/// Nobody reads while it is stopped, and more comes than there is room for.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_libpcap_drops_is_told_to_the_packet() {
    // Where a filter reads far into packets, there is room for fewer.
    for filter in ["", "-f ether[20000]=0x55"] {
        drops_are_told(&format!("-i va --source pcap --max-memory 40M {filter}"));
    }
}

fn drops_are_told(options: &str) {
    const FRAMES: u64 = 60_000;
    let cable = Cable::new();
    let mut iftop = Iftop::json(&cable.a, options);
    let mut text = Iftop::start(&cable.a, &format!("-t --interval 1 {options}"));
    text.wait_until_listening();
    iftop.signal(libc::SIGSTOP);
    text.signal(libc::SIGSTOP);
    let senders = Senders::new(&cable);
    let sent = into(&udp("10.9.0.2:1", "10.9.0.1:2", 10));
    (0..FRAMES).for_each(|_| senders.send(&sent));
    iftop.signal(libc::SIGCONT);
    text.signal(libc::SIGCONT);
    let number = |report: &Value, pointer: &str| report.pointer(pointer).unwrap().as_u64().unwrap();
    let dropped = |report: &Value| number(report, "/account/dropped_packets");
    let all = |report: &Value| number(report, "/account/frames/packets") + dropped(report);
    // Until it was stopped nothing had come: this is the first report after that.
    let mut report = report_when(&mut iftop, |report| all(report) > 0);
    if !is_lost(&report, "/losses/ours_per_second") {
        report = iftop.report();
    }
    assert!(is_lost(&report, "/losses/ours_per_second"), "not told in the second report: {report}");
    if all(&report) < FRAMES {
        report = report_when(&mut iftop, |report| all(report) >= FRAMES);
    }
    assert_eq!(all(&report), FRAMES, "{report}");
    let dropped = dropped(&report);
    assert!(dropped > 0 && dropped < FRAMES, "{report}");
    assert_eq!(number(&report, "/losses/ours"), dropped);
    assert!(is_lost(&report, "/losses/ours_per_second"), "{report}");
    let said = line_that_starts(&mut text, "Lost: libpcap dropped ");
    assert!(said.ends_with("p/s\n"), "{said}");
}

/// Started with some capabilities only.
fn with_capabilities(cable: &Cable, capabilities: &str, options: &str) -> Iftop {
    let mut command = Command::new("setpriv");
    let set = format!("-all{capabilities}");
    command.args(["--inh-caps", &set, "--bounding-set", &set, env!("CARGO_BIN_EXE_iftop")]);
    command.args(options.split_whitespace());
    Iftop::spawn(&cable.a, command)
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn where_the_kernel_may_not_count_libpcap_does_and_why_is_said() {
    const REASON: &str = "no CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON";
    let cable = Cable::new();
    let mut iftop = with_capabilities(&cable, ",+net_raw", "--json --interval 1 -i va");
    let said = iftop.wait_until_listening();
    assert!(said.contains(&format!("source: pcap ({REASON})\n")), "{said}");
    Senders::new(&cable).send(&into(&udp("10.9.0.2:1", "10.9.0.1:2", 10)));
    let report = iftop.last_report(1);
    assert_eq!((&report["source"], &report["source_reason"]), (&"pcap".into(), &REASON.into()));

    // Whoever asked for the kernel gets an error; so does who can have neither, and who made a mistake.
    for (capabilities, options, expected) in [
        (",+net_raw", "--source ebpf", "load the kernel program's maps: Operation not permitted"),
        (",+net_raw", "--hook tcx", "load the kernel program's maps: Operation not permitted"),
        ("", "", "load the kernel program's maps: Operation not permitted"),
        ("", "--source pcap", "missing privileges: CAP_NET_RAW"),
        (",+net_raw", "--source pcap --hook tcx", "not for --source pcap"),
        (",+net_raw", "-i eth9", "no interface `eth9`"),
    ] {
        let end = with_capabilities(&cable, capabilities, &format!("-t -i va {options}")).end();
        assert_eq!(end.status.code(), Some(1), "{options}: {end:?}");
        assert!(end.errors.contains(expected), "{options}: {end:?}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn another_network_namespace_is_read_from_outside() {
    let (cable, outside) = (Cable::new(), Namespace::new());
    let path = cable.a.path();
    let iftop = Iftop::json(&outside, &format!("-i va --source pcap --netns {path}"));
    let senders = Senders::new(&cable);
    senders.send(&into(&udp("10.9.0.2:1", "10.9.0.1:2", 10)));
    senders.send(&out(&udp("10.9.0.1:1", "10.9.0.2:2", 10)));
    let report = iftop.last_report(2);
    let both = ["sent", "received"].map(|side| report["totals"][side]["packets"].as_u64());
    assert_eq!((report["netns"].as_str(), both), (Some(&*path), [Some(1); 2]));
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn an_interface_that_is_gone_ends_it() {
    let cable = Cable::new();
    let mut iftop = Iftop::start(&cable.a, "-i va -t --interval 1001 --source pcap");
    iftop.wait_until_listening();
    Senders::new(&cable).send(&out(&udp("10.9.0.1:1", "10.9.0.2:2", 10)));
    cable.a.ip("link delete va");
    let end = iftop.end();
    assert_eq!(end.status.code(), Some(1), "{end:?}");
    assert!(end.out.contains("10.9.0.2 "), "a last report: {end:?}");
    assert!(end.errors.ends_with("iftop: va is gone\n"), "{end:?}");
}
