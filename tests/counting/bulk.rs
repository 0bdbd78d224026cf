//! Bulk transfers: what passed the hooks is what the interface counted, to the byte and packet.

use iftop_common::Count;
use iftop_user::interface::{self, InterfaceCounters};
use serde_json::Value;

use super::account;
use crate::support::{bulk, iftop::Iftop, net::Cable};

const TCP_BYTES: usize = 16 << 20;
const UDP_PACKETS: usize = 30;
const LINK_HEADER_BYTES: u64 = 14;

/// An aggregate is one frame, as it is to the interface.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn aggregates_that_the_device_cuts_up_add_up_to_the_interface_counters() {
    let report = report_like_the_interface_counters(bulk::OFFLOADED);
    assert!(account(&report, "seen")[1] > account(&report, "frames")[1], "{report}");
}

/// An aggregate is as many frames as segments, again as it is to the interface.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn aggregates_that_the_kernel_cuts_up_add_up_to_the_interface_counters() {
    let report = report_like_the_interface_counters(bulk::NOT_OFFLOADED);
    assert_eq!(account(&report, "seen")[1], account(&report, "frames")[1], "{report}");
}

/// Of bulk transfers, once all has arrived.
fn report_like_the_interface_counters(offloads: &str) -> Value {
    let cable = bulk::cable(offloads);
    let before = counters(&cable);
    let mut iftop = Iftop::json(&cable.a, "-i va -P");
    bulk::transfer_all(&cable, TCP_BYTES, UDP_PACKETS);
    let mut last = None;
    // The last packets may still be on their way, and where the transfers took long, so are reports of them.
    for _ in 0..60 {
        let report = iftop.report();
        let now = counters(&cable);
        let frames = account(&report, "frames");
        if frames == [now.bytes - before.bytes, now.packets - before.packets] {
            let seen = account(&report, "seen");
            let payload_bytes = bulk::payload_bytes(TCP_BYTES, UDP_PACKETS) as u64;
            assert!(seen[0] > payload_bytes, "{payload_bytes} {report}");
            assert_eq!(frames[0], seen[0] + frames[1] * LINK_HEADER_BYTES, "{report}");
            return report;
        }
        last = Some((report, now));
    }
    panic!("the interface had counted {before:?}: {last:?}");
}

/// What `va` itself counted, both ways.
fn counters(cable: &Cable) -> Count {
    let InterfaceCounters { mut received, sent, .. } = cable.a.run(|| {
        let va = interface::find("va").unwrap();
        interface::counters(va.index).unwrap()
    });
    received += sent;
    received
}
