//! Which way packets went: what the capture says, then `--local`, then nobody.

use super::*;
use crate::support::capture::{MICROSECONDS, Order::Little, interface, old, pcap, pcapng, section};

/// Bytes sent and received, and the rows as `left > right`.
fn told(run: &Run) -> (u64, u64, Vec<String>) {
    let report = run.last();
    let total = |side: &str| report["totals"][side]["bytes"].as_u64().unwrap();
    let host = |end: &Value| end["address"].as_str().unwrap().to_owned();
    let rows = report["flows"].as_array().unwrap().iter();
    let rows = rows.map(|row| format!("{} > {}", host(&row["local"]), host(&row["remote"])));
    (total("sent"), total("received"), rows.collect())
}

/// 100 bytes from us, 300 to us.
fn both(link_header: &[u8]) -> [Packet; 2] {
    [packet_to(1, 100), packet_from(1, 300)]
        .map(|packet| Packet::new(START, &[link_header, &packet].concat()))
}

#[test]
fn local_says_it_where_the_capture_does_not() {
    let out = ethernet(&packet_to(1, 100));
    let into = frame::ethernet(OURS, THEIRS, &[], 0x0800, &packet_from(1, 300));
    let file = pcap(Little, false, 1, &[out, into].map(|frame| Packet::new(START, &frame)));
    // Without it both were received, in one row.
    let ours = (100, 300, "10.0.0.1 > 10.1.0.1");
    let theirs = (300, 100, "10.1.0.1 > 10.0.0.1");
    let nobodys = (0, 400, "10.1.0.1 > 10.0.0.1");
    let cases = [
        ("", nobodys),
        ("--local 10.0.0.1", ours),
        ("--local 10.0.0.0/16", ours),
        ("--local 10.1.0.0/16", theirs),
        ("--local 192.0.2.1,10.0.0.1", ours),
        ("--local 192.0.2.1 --local 10.0.0.1", ours),
        ("--local 10.0.0.1 --local fd00::/8", ours),
        ("--local 02:00:00:00:00:01", ours),
        ("--local 02-00-00-00-00-02", theirs),
        ("--local 10/8", nobodys),
        ("--local 192.0.2.1", nobodys),
        ("-F 10.1.0.0/16", theirs),
        ("-F 10.0.0.0/16", ours),
    ];
    for (options, (sent, received, row)) in cases {
        let expected = (sent, received, vec![row.to_owned()]);
        assert_eq!(told(&read(&file, &format!("--json {options}"))), expected, "{options}");
    }
}

#[test]
fn flags_of_packets_say_it_first() {
    const IN: u32 = 1;
    const OUT: u32 = 2;
    const PROMISCUOUS: u32 = 4 << 2;
    // (flags of both packets, options → sent, received)
    let cases = [
        ([Some(OUT), Some(IN)], "", (100, 300, "10.0.0.1 > 10.1.0.1")),
        ([Some(IN), Some(OUT)], "", (300, 100, "10.1.0.1 > 10.0.0.1")),
        ([Some(OUT), Some(IN)], "--local 10.1.0.1", (100, 300, "10.0.0.1 > 10.1.0.1")),
        ([Some(IN | PROMISCUOUS); 2], "", (0, 400, "10.1.0.1 > 10.0.0.1")),
        // They say something, but not that.
        ([Some(0); 2], "--local 10.1.0.1", (300, 100, "10.1.0.1 > 10.0.0.1")),
        ([None, Some(3)], "--local 10.0.0.1", (100, 300, "10.0.0.1 > 10.1.0.1")),
    ];
    for (flags, options, (sent, received, row)) in cases {
        let [mut out, mut into] = both(&frame::ethernet(THEIRS, OURS, &[], 0x0800, &[]));
        [out.flags, into.flags] = flags;
        let blocks = [
            section(Little),
            interface(Little, MICROSECONDS, ETHERNET),
            old(Little, MICROSECONDS, &out),
            old(Little, MICROSECONDS, &into),
        ];
        let files = [pcapng(Little, MICROSECONDS, &[ETHERNET], &[out, into]), blocks.concat()];
        let expected = (sent, received, vec![row.to_owned()]);
        for file in files {
            assert_eq!(told(&read(&file, &format!("--json {options}"))), expected, "{flags:?}");
        }
    }
}

#[test]
fn cooked_packets_have_a_type() {
    let types = [(4, (400, 0)), (0, (0, 400)), (3, (0, 400))];
    for (kind, (sent, received)) in types {
        let header = [0, kind, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0];
        // `--local` has no say in that.
        let run = read(&pcap(Little, false, 113, &both(&header)), "--json --local 10.0.0.1");
        let (told_sent, told_received, _) = told(&run);
        assert_eq!((told_sent, told_received), (sent, received), "{kind}");
    }
}
