//! A bulk transfer over TCP without offloads, each way.
//!
//! TCP hands several segments down as one packet even so; the kernel cuts it up behind the hook and
//! before classic iftop sees it. What is received comes in segments to both.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use crate::support::{
    classic::{self, Pump},
    iftop::Iftop,
    net::Cable,
    report::{Report, Row, value},
};

/// Some 1500 segments, for which libpcap has room however late it is read.
const PAYLOAD_BYTES: usize = 2 << 20;

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_bulk_transfer_is_counted_without_the_headers_of_segments_that_are_sent() {
    let cable = Cable::with_addresses();
    for (namespace, interface) in [(&cable.a, "va"), (&cable.b, "vb")] {
        namespace.command("ethtool", &format!("-K {interface} tso off gso off gro off"));
        namespace.ip(&format!("link set {interface} mtu 1500"));
    }
    let options = "-i va -t -n -N -P -o 40s";
    let mut classic = classic::start(&cable.a, options);
    let mut ours = Iftop::start(&cable.a, options);
    classic.wait_until_listening();
    ours.wait_until_listening();
    let (at_a, at_b) = ("10.9.0.1:5201", "10.9.0.2:5202");
    let listener = cable.a.run(|| TcpListener::bind(at_a).unwrap());
    transfer(&listener, || cable.b.run(|| TcpStream::connect(at_a).unwrap()));
    let _pump = Pump::start(&cable);
    let listener = cable.b.run(|| TcpListener::bind(at_b).unwrap());
    transfer(&listener, || cable.a.run(|| TcpStream::connect(at_b).unwrap()));
    let [ours, classic] = [&mut ours, &mut classic].map(last_report);
    let row = |report: &Report, is_wanted: fn(&Row) -> bool| {
        let row = report.rows().into_iter().find(is_wanted).unwrap();
        (row.sent[3].clone(), row.received[3].clone())
    };
    let received: fn(&Row) -> bool = |row| row.left == "10.9.0.1:5201";
    assert_eq!(row(&ours, received), row(&classic, received), "the same");
    let sent: fn(&Row) -> bool = |row| row.right == "10.9.0.2:5202";
    let (ours, classic) = (row(&ours, sent), row(&classic, sent));
    assert_eq!(ours.1, classic.1, "the same");
    // 52 bytes of every 1500.
    let share = 1.0 - value(&ours.0) / value(&classic.0);
    assert!((0.01..0.04).contains(&share), "different: {ours:?}, {classic:?}");
}

/// From the one who connects to the one who listens.
fn transfer(listener: &TcpListener, connect: impl FnOnce() -> TcpStream + Send) {
    thread::scope(|scope| {
        scope.spawn(|| connect().write_all(&vec![7; PAYLOAD_BYTES]).unwrap());
        let (mut stream, _) = listener.accept().unwrap();
        let mut read = Vec::new();
        assert_eq!(stream.read_to_end(&mut read).unwrap(), PAYLOAD_BYTES);
    });
}

/// The first that counts all and no more than the one before.
fn last_report(iftop: &mut Iftop) -> Report {
    let all = 2.0 * PAYLOAD_BYTES as f64;
    let mut last = Report::next(iftop);
    for _ in 0..20 {
        let report = Report::next(iftop);
        let cumulative = report.cumulative();
        if cumulative == last.cumulative() && value(&cumulative[2]) >= all {
            return report;
        }
        last = report;
    }
    panic!("it does not end: {last:?}");
}
