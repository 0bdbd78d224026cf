//! Two reports on the same traffic, character by character.
//!
//! The traffic has ended before they are compared, so that all numbers since start are the same
//! text. Rates over 40 seconds are not, as classic iftop divides by whole slots, of which its first
//! is short; there only the place of the number is compared, and that it looks as one.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    thread,
};

use crate::support::{
    classic::{self, Pump},
    iftop::Iftop,
    net::{Cable, on_one_cpu},
    report::Report,
    traffic::{Senders, into, out, packet, to_mac, udp},
};

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_report_is_classic_iftops_character_by_character() {
    let cable = Cable::with_addresses();
    for (namespace, interface) in [(&cable.a, "va"), (&cable.b, "vb")] {
        namespace.command("ethtool", &format!("-K {interface} tso off gso off gro off"));
    }
    let options = "-i va -t -n -N -P -B -L 20 -o 40s";
    let mut classic = classic::start(&cable.a, options);
    let mut ours = Iftop::start(&cable.a, options);
    for iftop in [&mut classic, &mut ours] {
        assert_eq!(iftop.line(), "Listening on va\n");
    }
    converse(&cable);
    send_frames(&cable);
    let _pump = Pump::start(&cable);
    let reports = reports(&mut ours, &mut classic);
    assert_eq!(reports[0].rows().len(), 7, "{reports:?}");
    let [our_lines, classic_lines] = reports.map(|report| report.lines);
    for (ours, classic) in our_lines.iter().zip(&classic_lines) {
        assert_eq!(without_changing_rates(ours), without_changing_rates(classic));
    }
    assert_eq!(our_lines.len(), classic_lines.len());
    let [ours, classic] = [ours, classic].map(|iftop| {
        iftop.signal(libc::SIGINT);
        iftop.end()
    });
    assert_eq!((ours.status, ours.errors), (classic.status, classic.errors));
}

/// Reports of both once both have counted everything: the last packets of a connection may still
/// be on their way when its ends have closed it. Rates have gone down by then.
fn reports(ours: &mut Iftop, classic: &mut Iftop) -> [Report; 2] {
    let mut last = [ours, classic].map(|iftop| (Report::next(iftop), iftop));
    for _ in 0..20 {
        let idle = last.iter().all(|(report, _)| is_idle(report));
        let [(ours, _), (classic, _)] = &last;
        if idle && ours.cumulative() == classic.cumulative() {
            break;
        }
        last = last.map(|(_, iftop)| (Report::next(iftop), iftop));
    }
    last.map(|(report, _)| report)
}

/// Something was counted, and nothing in the last 10 seconds.
fn is_idle(report: &Report) -> bool {
    let [two, ten, forty] = report.summary("Total send and receive rate:");
    [two, ten] == ["0B", "0B"] && forty != "0B"
}

/// A line without the rates that last when all is quiet: those over 40 seconds, and peaks.
fn without_changing_rates(line: &str) -> String {
    const FORTY: std::ops::Range<usize> = 71..81;
    let mut line = line.to_owned();
    let is_rates = line.contains(" => ") || line.contains(" <= ") || line.starts_with("Total ");
    if is_rates {
        line.replace_range(FORTY, "      rate");
    } else if line.starts_with("Peak rate") {
        line.replace_range(49.., "peaks");
    }
    line
}

/// Real sockets: as a question waits for its answer, no two segments are sent as one aggregate.
fn converse(cable: &Cable) {
    let listener = cable.a.run(|| TcpListener::bind("10.9.0.1:5201").unwrap());
    let at_a = cable.a.run(|| UdpSocket::bind("10.9.0.1:5300").unwrap());
    let at_b = cable.b.run(|| UdpSocket::bind("10.9.0.2:5301").unwrap());
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            let mut question = [0; 1000];
            while stream.read_exact(&mut question).is_ok() {
                stream.write_all(&question[..300]).unwrap();
            }
        });
        let mut stream = cable.b.run(|| TcpStream::connect("10.9.0.1:5201").unwrap());
        stream.set_nodelay(true).unwrap();
        for _ in 0..50 {
            stream.write_all(&[1; 1000]).unwrap();
            stream.read_exact(&mut [0; 300]).unwrap();
        }
    });
    for _ in 0..30 {
        at_b.send_to(&[2; 700], "10.9.0.1:5300").unwrap();
        at_a.recv(&mut [0; 700]).unwrap();
        at_a.send_to(&[2; 90], "10.9.0.2:5301").unwrap();
    }
}

/// What there are no sockets for here.
fn send_frames(cable: &Cable) {
    let senders = Senders::new(cable);
    let group = [1, 0, 0x5e, 0, 0, 251];
    let frames = [
        (9, into(&udp("[fd00:9::2]:443", "[fd00:9::1]:50000", 1172))),
        (5, out(&udp("[fd00:9::1]:50000", "[fd00:9::2]:443", 300))),
        (4, into(&packet(ICMPV6, "[fd00:9::2]:1", "[fd00:9::1]:2", 1000))),
        // An answer, which nobody answers.
        (3, into(&packet(ICMP, "10.9.0.2:0", "10.9.0.1:0", 600))),
        (2, out(&packet(ICMP, "10.9.0.1:0", "10.9.0.2:0", 200))),
        (2, to_mac(group, &udp("10.9.0.2:5353", "224.0.0.251:5353", 100))),
        (1, into(&packet(6, "[2001:db8:1111:2222:3333:4444:5555:6666]:53", "[fd00:9::1]:1", 32))),
    ];
    on_one_cpu(|| {
        for (times, frame) in &frames {
            for _ in 0..*times {
                senders.send(frame);
            }
        }
    });
}
