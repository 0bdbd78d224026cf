//! Interfaces of every hardware type that can be had: what is counted, what is refused, and what is said
//! where libpcap counts since the kernel's program cannot.

use super::assert_same;
use crate::support::{
    frame,
    iftop::Iftop,
    net::{Namespace, VA_MAC, VB_MAC},
    tmux::Tmux,
    traffic::udp,
    tun::Tun,
};

/// What the kernel's program reads, and what libpcap hands over of it.
const READ_BY_BOTH: [(u16, &str); 5] = [
    (libc::ARPHRD_NONE, "libpcap, raw IP"),
    // As the kernel's drivers do not agree on what they show.
    (libc::ARPHRD_PPP, "libpcap, Linux cooked"),
    (libc::ARPHRD_TUNNEL, "libpcap, raw IP"),
    (libc::ARPHRD_SIT, "libpcap, raw IP"),
    (519, "libpcap, raw IP"),
];

/// What libpcap alone can make something of.
const READ_BY_LIBPCAP: [u16; 3] = [libc::ARPHRD_IPGRE, libc::ARPHRD_SLIP, libc::ARPHRD_X25];

const REFUSED: [(u16, &str); 8] = [
    (libc::ARPHRD_IEEE80211_RADIOTAP, "127 (IEEE 802.11 with radiotap header)"),
    (libc::ARPHRD_CAN, "227 (SocketCAN)"),
    (libc::ARPHRD_IEEE802154, "230 (IEEE 802.15.4 without checksum)"),
    (824, "253 (Netlink)"),
    (libc::ARPHRD_HDLC, "104 (Cisco HDLC)"),
    (libc::ARPHRD_FRAD, "107 (Frame Relay)"),
    (libc::ARPHRD_ARCNET, "129 (ARCNET of Linux)"),
    (826, "271 (vsock)"),
];

/// Packets without anything before them, of every kind that says its version.
fn packets() -> Vec<Vec<u8>> {
    let frames = frame::samples(VA_MAC, VB_MAC).into_iter();
    let packets = frames.filter(|frame| matches!(frame[12..14], [0x08, 0x00] | [0x86, 0xdd]));
    let packets = packets.map(|frame| frame[14..].to_vec());
    (1..).zip(packets).flat_map(|(times, packet)| vec![packet; times % 5 + 1]).collect()
}

/// What an interface counted itself, sent and received: bytes and packets.
fn counters(namespace: &Namespace) -> [[u64; 2]; 2] {
    let said = namespace.ip("-s -j link show dev tun0");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    ["tx", "rx"].map(|side| {
        ["bytes", "packets"].map(|unit| said[0]["stats64"][side][unit].as_u64().unwrap())
    })
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn kernel_and_libpcap_count_what_passes_an_interface_without_link_header() {
    let packets = packets();
    let bytes: usize = packets.iter().map(Vec::len).sum();
    let all = 2 * packets.len() as u64;
    for (hardware, link) in READ_BY_BOTH {
        let namespace = Namespace::new();
        let mut tun = Tun::new(&namespace, hardware);
        let [ebpf, pcap] = ["ebpf", "pcap"]
            .map(|source| Iftop::json(&namespace, &format!("-i tun0 --source {source} -P")));
        for packet in &packets {
            tun.receive(packet);
            tun.send(packet);
        }
        let (ebpf, pcap) = (ebpf.last_report(all), pcap.last_report(all));
        assert_same(&pcap, &ebpf, link);
        assert_eq!(counters(&namespace), [[bytes as u64, packets.len() as u64]; 2], "{hardware}");
        for side in ["sent", "received"] {
            assert_eq!(pcap["totals"][side]["packets"], packets.len(), "{hardware}: {side}");
        }
    }
}

/// What no program of ours reads, libpcap may hand over as a packet behind a header of its own (GRE, SLIP, X.25).
#[test]
#[ignore = "needs root: cargo xtask test"]
fn libpcap_stands_in_for_a_link_type_that_the_kernels_program_does_not_know() {
    let (received, sent) =
        (udp("10.9.0.2:1", "10.9.0.1:2", 20), udp("10.9.0.1:2", "10.9.0.2:1", 30));
    for hardware in READ_BY_LIBPCAP {
        let namespace = Namespace::new();
        let mut tun = Tun::new(&namespace, hardware);
        let reason = format!("link type {hardware}");
        let mut iftop = Iftop::start(&namespace, "-i tun0 --json --interval 1");
        let said = iftop.wait_until_listening();
        assert!(said.contains(&format!("source: pcap ({reason})\n")), "{said}");
        tun.receive(&received);
        tun.receive(&received);
        tun.send(&sent);
        let report = iftop.last_report(3);
        assert_eq!(report["source_reason"], reason);
        let row = &report["flows"][0];
        let counts = ["sent", "received"].map(|side| &row[side]["bytes"]);
        assert_eq!(counts, [sent.len(), 2 * received.len()], "{hardware}: {report}");
        assert_eq!(
            counters(&namespace).map(|[bytes, _]| bytes),
            counts.map(|bytes| bytes.as_u64().unwrap())
        );
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn link_types_that_cannot_be_read_are_refused_by_name() {
    for (hardware, name) in REFUSED {
        let namespace = Namespace::new();
        let _tun = Tun::new(&namespace, hardware);
        let by_libpcap = format!("packets of tun0: link type {name} cannot be read: iftop reads ");
        let by_both = format!("unknown link type {hardware} on tun0: ");
        for (source, expected) in
            [("pcap", vec![&by_libpcap]), ("auto", vec![&by_both, &by_libpcap])]
        {
            let end = Iftop::start(&namespace, &format!("-i tun0 -t --source {source}")).end();
            assert_eq!(end.status.code(), Some(1), "{name}: {end:?}");
            assert!(expected.iter().all(|words| end.errors.contains(*words)), "{name}: {end:?}");
        }
    }
}

/// On a terminal: said once in words, and in the rule as long as it runs.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_screen_says_that_libpcap_counts_and_why() {
    let program = env!("CARGO_BIN_EXE_iftop");
    let few = "setpriv --inh-caps -all,+net_raw --bounding-set -all,+net_raw ";
    for (hardware, before, reason, rule) in [
        (libc::ARPHRD_SLIP, "", "link type 256", "── tun0 ─ pcap (link type 256) ─ 1 flow ─ "),
        // There is no room for all of it.
        (
            libc::ARPHRD_NONE,
            few,
            "no CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON",
            "── tun0 ─ pcap (no CAP_BPF, ..) ─ 1 flow ─ ",
        ),
    ] {
        let namespace = Namespace::new();
        let mut tun = Tun::new(&namespace, hardware);
        let tmux = Tmux::start(&namespace);
        let modes = tmux.modes();
        tmux.keys(&[&format!("clear; {before}{program} -i tun0 -nN"), "Enter"]);
        let hint = format!("Listening on tun0 by libpcap ({reason})");
        tmux.wait_for_cells(&hint, |cells| cells.hint() == hint);
        tun.receive(&udp("10.9.0.2:1", "10.9.0.1:2", 20));
        let screen = tmux
            .wait_for("row", |screen| screen.contains("10.9.0.1                   => 10.9.0.2"));
        assert!(screen.contains(rule), "{screen}");
        tmux.keys(&["i"]);
        let page = tmux.wait_for("page", |screen| screen.contains("not in the kernel: "));
        assert!(page.contains(&format!("not in the kernel: {reason}")), "{page}");
        tmux.keys(&["q"]);
        tmux.ended(0, &modes);
    }
}
