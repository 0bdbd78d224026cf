//! Packet filters on live traffic: what they select is counted, to the byte and packet, and the rest is
//! counted as turned away.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use iftop_common::{Count, Counters, Totals, parse::LinkType};
use iftop_user::{
    packet_filter::{PacketFilter, Tags},
    source::{
        Sample, Source as _,
        ebpf::EbpfSource,
        hook::{HookChoice, HookKind, XdpBy},
    },
};

use serde_json::Value;

use crate::support::{
    frame::{self, UDP, V4},
    iftop::Iftop,
    kernel,
    neighbour::Beside,
    net::{Cable, VA_MAC, VB_MAC},
    source::{open, totals_when},
};

const HOOKS: [HookChoice; 4] = [
    HookChoice::Auto,
    HookChoice::Only(HookKind::Clsact),
    HookChoice::Xdp(XdpBy::Kernel),
    HookChoice::Xdp(XdpBy::Driver),
];

/// Those that this kernel has.
fn hooks() -> impl Iterator<Item = HookChoice> {
    let is_there = |hook: &HookChoice| match hook {
        HookChoice::Xdp(XdpBy::Driver) => kernel::has_frames_in_pieces(),
        _ => true,
    };
    HOOKS.into_iter().filter(is_there)
}

pub const EXPRESSIONS: [&str; 40] = [
    "ip",
    "ip6",
    "arp",
    "not ip and not ip6",
    "tcp",
    "udp",
    "icmp",
    "igmp",
    "sctp",
    "esp or ah",
    "ip proto 47",
    "ip proto 41 or ip6 proto 17",
    "host 10.9.0.1",
    "src host 10.9.0.2",
    "dst host fd00:9::1",
    "net 10.9.0.0/16",
    "ip6 net fd00::/8",
    "port 53",
    "src port 40000",
    "udp dst port 53",
    "tcp port 53",
    "portrange 50-60",
    "portrange 1-52",
    "greater 120",
    "less 100",
    "len = 110",
    "ether multicast",
    "ether broadcast",
    "ether src 02:00:00:00:00:0a",
    "ether dst 02:00:00:00:00:63",
    "ip[0] & 0xf != 5",
    "ip[6:2] & 0x1fff != 0",
    "ip multicast or ip6 multicast",
    "udp and ip[2:2] > 60",
    "vlan",
    "vlan 5",
    "vlan and vlan 200",
    "vlan 5 and udp port 53",
    "not vlan",
    "udp or (vlan and udp) or (vlan and udp)",
];

fn filter(expression: &str) -> PacketFilter {
    PacketFilter::compile(expression, LinkType::Ethernet).unwrap()
}

/// Samples until so many frames were there.
fn totals(source: &mut EbpfSource, frames: u64) -> Totals {
    let totals = totals_when(source, |totals| totals.frames.both().packets >= frames);
    assert_eq!(totals.frames.both().packets, frames);
    totals
}

/// Bytes of a frame as the kernel has it: at the tc hook of received packets without its outermost tag.
fn bytes(frame: &[u8], hook: HookChoice, received: bool) -> u64 {
    let taken_out = matches!(&frame[12..14], [0x81, 0x00] | [0x88, 0xa8]);
    let early = matches!(hook, HookChoice::Xdp(_));
    frame.len() as u64 - if received && taken_out && !early { 4 } else { 0 }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_an_expression_selects_is_counted_at_each_hook() {
    let (selected, refused) = are_counted_at_each_hook(&EXPRESSIONS);
    assert!(selected > 700, "{selected}");
    assert_eq!(refused, 6);
}

/// The same of a few, for kernels where all take too long.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_few_expressions_at_each_hook() {
    let few = ["udp dst port 53", "ip[0] & 0xf != 5", "vlan 5 and udp port 53"];
    let (selected, refused) = are_counted_at_each_hook(&few);
    assert!(selected > 20, "{selected}");
    assert_eq!(refused, 1);
}

/// How many frames they selected at the hook where they did least, and how many XDP refused.
fn are_counted_at_each_hook(expressions: &[&str]) -> (u64, usize) {
    let (mut least_selected, mut most_refused) = (u64::MAX, 0);
    let beside = [HookChoice::Auto, HookChoice::Only(HookKind::Clsact)];
    let beside = beside.map(|hook| (hook, Beside::Foreign));
    for (hook, beside) in hooks().map(|hook| (hook, Beside::Nobody)).chain(beside) {
        let cable = Cable::new();
        let _neighbour = beside.start(&cable.a);
        let (received, sent) = (frame::samples(VA_MAC, VB_MAC), frame::samples(VB_MAC, VA_MAC));
        cable.a.run(|| {
            let mut source = open(hook, false, None);
            let (into, out) = (cable.sender_at_vb(), cable.sender_at_va());
            let (mut selected, mut refused) = (0, 0);
            for expression in expressions {
                let filter = filter(expression);
                let outcome = source.set_filter(Some(&filter));
                if filter.tags() == Some(Tags::Seen) && matches!(hook, HookChoice::Xdp(_)) {
                    // A veth is handed what the kernel has, whose tags may be beside the frames.
                    let error = format!("{:#}", outcome.unwrap_err());
                    assert!(error.contains("VLAN tags"), "{error}");
                    refused += 1;
                    continue;
                }
                outcome.unwrap();
                let mut expected = Counters::default();
                let both = received.iter().map(|frame| (frame, true));
                for (frame, is_received) in both.chain(sent.iter().map(|frame| (frame, false))) {
                    if is_received { &into } else { &out }.send(frame);
                    let accepted = filter.accepts(frame, u32::try_from(frame.len()).unwrap());
                    let side =
                        if is_received { &mut expected.ingress } else { &mut expected.egress };
                    if !accepted {
                        let bytes = bytes(frame, hook, is_received);
                        *side += Count { bytes, packets: 1 };
                    }
                    selected += u64::from(accepted);
                }
                let totals = totals(&mut source, (received.len() + sent.len()) as u64);
                assert_eq!(totals.filtered, expected, "{hook:?} {beside:?} {expression}");
                let counted = [totals.seen.both(), totals.not_ip, totals.malformed];
                let counted = counted.iter().map(|count| count.packets).sum::<u64>();
                let all = totals.frames.both().packets;
                assert_eq!(counted + expected.both().packets, all, "{hook:?} {expression}");
            }
            assert!(refused == 0 || matches!(hook, HookChoice::Xdp(_)), "{hook:?}");
            least_selected = least_selected.min(selected);
            most_refused = most_refused.max(refused);
        });
    }
    (least_selected, most_refused)
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_filter_changes_under_traffic_without_a_miscounted_packet() {
    // All accept the packets to port 53.
    let filters = [Some("port 53"), Some("udp"), None, Some("udp port 53 and not port 54")];
    for hook in hooks() {
        let cable = Cable::new();
        let (sent, sample, totals) = cable.a.run(|| {
            let mut source = open(hook, false, None);
            let over = AtomicBool::new(false);
            let packet = |port| {
                let v4 = V4 {
                    source: [10, 9, 0, 2].into(),
                    destination: [10, 9, 0, 1].into(),
                    protocol: UDP,
                    options: &[],
                    fragment: 0,
                };
                let packet = v4.packet(&frame::udp(9, port, 20));
                frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &packet)
            };
            let (wanted, other) = (packet(53), packet(54));
            let wire = cable.sender_at_vb();
            thread::scope(|scope| {
                let sender = scope.spawn(|| {
                    let mut sent = 0;
                    while !over.load(Ordering::Relaxed) {
                        wire.send(&wanted);
                        wire.send(&other);
                        sent += 1;
                    }
                    sent
                });
                let (mut sample, mut flows, mut all) =
                    (Sample::default(), Vec::new(), Totals::default());
                let mut take = |source: &mut EbpfSource, frames: u64| {
                    let before = all.frames.both().packets;
                    while all.frames.both().packets - before < frames {
                        source.sample(&mut sample).unwrap();
                        all += sample.totals;
                        flows.append(&mut sample.flows);
                    }
                    all
                };
                for round in 0..24 {
                    let filter = filters[round % filters.len()].map(filter);
                    source.set_filter(filter.as_ref()).unwrap();
                    take(&mut source, 100);
                }
                over.store(true, Ordering::Relaxed);
                let sent: u64 = sender.join().unwrap();
                let so_far = take(&mut source, 0).frames.both().packets;
                let totals = take(&mut source, 2 * sent - so_far);
                (sent, flows, totals)
            })
        });
        assert_eq!(totals.frames.both().packets, 2 * sent, "{hook:?}");
        let to_port = |port| {
            let flows = sample.iter().filter(|(key, _)| key.near_port == port);
            flows.map(|(_, counters)| counters.both().packets).sum::<u64>()
        };
        assert_eq!(to_port(53), sent, "{hook:?}: each filter accepts these");
        let filtered = totals.filtered.both().packets;
        assert_eq!(to_port(54) + filtered, sent, "{hook:?}: these are counted or turned away");
        assert!(filtered > 0 && to_port(54) > 0, "{hook:?}");
    }
}

/// The payload of a sent segment is not in the linear part of its buffer.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_filter_reads_what_is_not_linear() {
    let cable = Cable::with_addresses();
    let options = "-i va -P -f tcp[((tcp[12]&0xf0)>>2):4]=0x47455420";
    let mut iftop = Iftop::json(&cable.a, options);
    let listener = cable.b.run(|| TcpListener::bind("10.9.0.2:80").unwrap());
    let mut client = cable.a.run(|| TcpStream::connect("10.9.0.2:80").unwrap());
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"GET /").unwrap();
    server.read_exact(&mut [0; 5]).unwrap();
    server.write_all(b"HTTP/1.1").unwrap();
    client.read_exact(&mut [0; 8]).unwrap();
    let count = |report: &Value, name: &str| report["account"][name]["packets"].as_u64().unwrap();
    let mut report = iftop.report();
    // SYN both ways, its acknowledgement, the other segment with data.
    while count(&report, "filtered") < 4 {
        report = iftop.report();
    }
    assert_eq!(count(&report, "seen"), 1, "{report}");
    let row = &report["flows"][0];
    assert_eq!(row["remote"]["port"], 80);
    assert_eq!(row["sent"]["packets"], 1);
    assert_eq!(report["filter"], options.rsplit(' ').next().unwrap());
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_filter_that_is_wrong_ends_the_program_in_libpcaps_words() {
    let cable = Cable::new();
    for (expression, expected) in [
        ("port nonsense", "iftop: the filter \"port nonsense\": unknown port 'nonsense'"),
        ("ip and arp", "iftop: the filter \"ip and arp\": expression rejects all packets"),
        ("ip protochain 6", "the filter \"ip protochain 6\""),
        // Nothing of it reaches the terminal as it is.
        ("port \u{1b}[31mx", "the filter \"port \\x1b[31mx\": "),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_iftop"));
        command.args(["-i", "va", "-t", "-s", "1", "-f", expression]);
        let end = Iftop::spawn(&cable.a, command).end();
        assert_eq!(end.status.code(), Some(1), "{expression}");
        assert!(end.errors.contains(expected), "{}", end.errors);
    }
}
