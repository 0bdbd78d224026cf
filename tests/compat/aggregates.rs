//! Bulk transfers each way, over TCP and in segments over UDP, IPv4 and IPv6, with offloads and
//! without.
//!
//! Hosts hand several segments down as one packet whether the device can cut it up or not. Where it
//! cannot, the kernel does so, behind the hook and before classic iftop sees it.

use std::collections::BTreeMap;

use crate::support::{
    bulk,
    classic::{self, Pump},
    iftop::Iftop,
    report::{Report, value},
};

/// Of each transfer over TCP, some 450 segments. For all together libpcap has room however late it
/// is read.
const PAYLOAD_BYTES: usize = 640 << 10;
/// Of each over UDP, 300 datagrams.
const UDP_PACKETS: usize = 15;

#[test]
#[ignore = "needs root: cargo xtask test"]
fn aggregates_that_the_device_cuts_up_are_counted_as_classic_iftop_does() {
    bulk_is_counted_alike(bulk::OFFLOADED);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn aggregates_that_the_kernel_cuts_up_are_counted_as_classic_iftop_does() {
    bulk_is_counted_alike(bulk::NOT_OFFLOADED);
}

fn bulk_is_counted_alike(offloads: &str) {
    let cable = bulk::cable(offloads);
    let options = "-i va -t -n -N -P -o 40s -L 20";
    let mut classic = classic::start(&cable.a, options);
    let mut ours = Iftop::start(&cable.a, options);
    classic.wait_until_listening();
    ours.wait_until_listening();
    bulk::transfer_all(&cable, PAYLOAD_BYTES, UDP_PACKETS);
    let _pump = Pump::start(&cable);
    let [ours, classic] = [&mut ours, &mut classic].map(|iftop| bytes(&last_report(iftop)));
    assert_eq!(ours.len(), bulk::TRANSFERS, "{ours:?}");
    assert_eq!(ours, classic);
}

/// Of each transfer (left, right), since start: sent, received.
fn bytes(report: &Report) -> BTreeMap<(String, String), [String; 2]> {
    let rows = report.rows().into_iter();
    rows.map(|row| {
        let ([.., sent], [.., received]) = (row.sent, row.received);
        ((row.left, row.right), [sent, received])
    })
    .collect()
}

/// The first that counts all and no more than the one before.
fn last_report(iftop: &mut Iftop) -> Report {
    let all = bulk::payload_bytes(PAYLOAD_BYTES, UDP_PACKETS) as f64;
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
