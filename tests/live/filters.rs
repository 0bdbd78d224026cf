//! Packet filters by way of libpcap: they mean the same as in the kernel, and never judge by less than they read.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    thread,
};

use iftop_common::{Bytes, Totals, parse::LinkType};
use iftop_user::{
    interface,
    packet_filter::PacketFilter,
    source::{
        Sample, Source as _,
        frames::{self, Local},
        live::{self, LiveSource, Rings},
    },
};

use super::{assert_same, traffic};
use crate::support::{
    bulk::NOT_OFFLOADED,
    iftop::Iftop,
    net::Cable,
    traffic::{Senders, into, out, udp},
};

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_filter_means_the_same() {
    let traffic = traffic();
    let frames = traffic.len() as u64;
    let cable = Cable::new();
    for filter in ["udp", "vlan", "greater 120", "src host 10.9.0.2", "not ip"] {
        let start = |source| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
            command.args(["--json", "--interval", "1", "-P", "-i", "va", "--source", source]);
            let mut iftop = Iftop::spawn(&cable.a, {
                command.args(["-f", filter]);
                command
            });
            iftop.wait_until_listening();
            iftop
        };
        let [ebpf, pcap] = ["ebpf", "pcap"].map(start);
        let senders = Senders::new(&cable);
        for sent in &traffic {
            senders.send(sent);
        }
        assert_same(&pcap.last_report(frames), &ebpf.last_report(frames), filter);
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_filter_that_may_read_more_than_can_be_captured_is_refused() {
    let cable = Cable::new();
    for filter in ["ether[65535] = 0x55", "ip[ip[2:2] - 4:4] = 0x47455420"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
        command.args(["--json", "-i", "va", "--source", "pcap", "-f", filter]);
        let end = Iftop::spawn(&cable.a, command).end();
        assert_eq!(end.status.code(), Some(1), "{end:?}");
        assert!(end.errors.contains("may read more than the first 65535 bytes"), "{}", end.errors);
    }
}

/// What is captured for one that reads far into packets; another one finds no more than that.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_filter_reads_as_far_as_the_first_one_does() {
    let cable = Cable::new();
    cable.a.run(|| {
        let interface = interface::find("va").unwrap();
        let rings = Rings::open(Some(&interface), false, 4 << 20).unwrap();
        let filter = |expression| PacketFilter::compile(expression, LinkType::Ethernet).unwrap();
        let frames = frames::Options { local: Local::default(), bytes: Bytes::Ip, max_flows: 100 };
        let options = live::Options {
            promiscuous: false,
            interface: Some(&interface),
            frames,
            filter: Some(filter("ether[999] = 0x77")),
            buffer_bytes: 4 << 20,
            reason: None,
        };
        let mut source = LiveSource::start(rings, options, || Ok(())).unwrap();
        let senders = Senders::new(&cable);
        let mut long = udp("10.9.0.1:1", "10.9.0.2:2", 1400);
        // Behind a header of 14 bytes.
        long[999 - 14] = 0x77;
        long[1200 - 14] = 0x66;
        // (filter, of the two packets how many it turns away, or what is wrong with it)
        let cases = [
            (None, Ok(1)),
            (Some("ether[999] != 0x77"), Ok(2)),
            (Some("ether[1200] = 0x66"), Err("begin with this filter (-f)")),
            (Some("ether[65535] = 0x66"), Err("more than the first 65535 bytes")),
            (Some("udp[900] = 0x55"), Ok(1)),
        ];
        for (expression, expected) in cases {
            let set =
                expression.map(filter).map_or(Ok(()), |filter| source.set_filter(Some(&filter)));
            match (&set, expected) {
                (Ok(()), Ok(_)) => {}
                (Err(error), Err(expected)) if error.to_string().contains(expected) => continue,
                _ => panic!("{expression:?}: {set:?}"),
            }
            senders.send(&out(&long));
            senders.send(&into(&udp("10.9.0.2:2", "10.9.0.1:1", 10)));
            let (mut sample, mut totals) = (Sample::default(), Totals::default());
            while totals.frames.both().packets < 2 {
                source.sample(&mut sample).unwrap();
                totals += sample.totals;
            }
            let filtered = Ok(totals.filtered.both().packets);
            assert_eq!(filtered, expected, "{expression:?}");
        }
    });
}

/// A filter that would need more than there is must not judge without it.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_is_captured_too_short_for_the_filter_ends_it() {
    let cable = Cable::with_addresses();
    // The other end hands over aggregates as before, for which libpcap leaves no room here.
    cable.a.command("ethtool", &format!("-K va {NOT_OFFLOADED}"));
    cable.a.ip("link set va mtu 1500");
    let [far, mut near] = ["ether[9000]=0x78", "ether[900]=0x78"]
        .map(|filter| Iftop::json(&cable.a, &format!("-i va --source pcap -f {filter}")));
    let listener = cable.a.run(|| TcpListener::bind("10.9.0.1:80").unwrap());
    let mut client = cable.b.run(|| TcpStream::connect("10.9.0.1:80").unwrap());
    let (mut server, _) = listener.accept().unwrap();
    let sender = thread::spawn(move || client.write_all(&vec![0x78; 1 << 20]).unwrap());
    server.read_exact(&mut vec![0; 1 << 20]).unwrap();
    sender.join().unwrap();
    let end = far.end();
    assert_eq!(end.status.code(), Some(1), "{end:?}");
    let expected = "the filter may read the first 9001 bytes of a packet, and libpcap captured ";
    assert!(end.errors.contains(expected), "{end:?}");
    // So far there is room, and it goes on.
    while near.report()["account"]["seen"]["packets"] == 0 {}
}
