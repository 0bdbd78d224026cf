//! End to end: programs of others at the tc hooks, before us and behind. What they decide is what becomes of a
//! packet, and what has passed us by then is counted.

use std::{net::UdpSocket, thread};

use aya::programs::{LinkOrder, TcAttachType};
use iftop_user::interface;

use crate::support::{
    iftop::Iftop,
    kernel,
    neighbour::{Decision, NEXT, Neighbour, OK, SHOT},
    net::{Cable, Namespace, on_one_cpu},
};

/// Each way.
const PACKETS: u64 = 10;

/// Where somebody else's program stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the head of the chain of TCX, where it came after us.
    TcxFirst,
    /// At its end.
    TcxLast,
    /// Among the filters of clsact, at the end.
    Clsact,
}

use Place::{Clsact, TcxFirst, TcxLast};

/// Our hook, theirs, and whether they come before us.
const PLACES: [(&str, Place, bool); 5] = [
    ("tcx", TcxFirst, true),
    ("tcx", TcxLast, false),
    ("tcx", Clsact, false),
    ("clsact", TcxFirst, true),
    ("clsact", Clsact, false),
];

impl Place {
    fn attach(self, namespace: &Namespace, decision: Decision) -> [Neighbour; 2] {
        [TcAttachType::Ingress, TcAttachType::Egress].map(|hook| match self {
            TcxFirst => Neighbour::at_tcx_in_order(namespace, hook, decision, LinkOrder::first()),
            TcxLast => Neighbour::at_tcx_in_order(namespace, hook, decision, LinkOrder::last()),
            Clsact => Neighbour::at_clsact(namespace, hook, decision),
        })
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_others_decide_is_what_becomes_of_a_packet() {
    thread::scope(|scope| {
        for (hook, place, is_before) in PLACES {
            if !kernel::has_tcx() && (hook, place) != ("clsact", Clsact) {
                continue;
            }
            scope.spawn(move || is_left_to_others(hook, place, is_before));
        }
    });
}

fn is_left_to_others(hook: &str, place: Place, is_before: bool) {
    let cable = Cable::with_addresses();
    // Where redirected packets come out.
    cable.a.ip(&format!("link add vc type veth peer name vd netns {}", cable.b.path()));
    cable.a.ip("link set vc up");
    cable.b.ip("link set vd up");
    cable.a.command("tc", "qdisc add dev va clsact");
    let aside = cable.a.run(|| interface::find("vc").unwrap().index);
    let ends = [
        cable.a.run(|| UdpSocket::bind("10.9.0.1:53").unwrap()),
        cable.b.run(|| UdpSocket::bind("10.9.0.2:4000").unwrap()),
    ];
    let marker = cable.a.run(|| UdpSocket::bind("127.0.0.1:0").unwrap());
    let mut redirected = 0;
    for decision in [
        Decision::Verdict(NEXT),
        Decision::Verdict(OK),
        Decision::Verdict(SHOT),
        Decision::Redirect(aside),
    ] {
        let case = format!("{hook}, {place:?}, {decision:?}");
        let iftop = Iftop::json(&cable.a, &format!("-i va --hook {hook}"));
        let theirs = place.attach(&cable.a, decision);
        on_one_cpu(|| {
            for (from, to) in [(&ends[0], &ends[1]), (&ends[1], &ends[0])] {
                let to = to.local_addr().unwrap();
                (0..PACKETS).for_each(|_| assert_eq!(from.send_to(&[7; 100], to).unwrap(), 100));
            }
            settle(&marker);
        });
        let arrived = ends.each_ref().map(waiting);
        let passes = matches!(decision, Decision::Verdict(NEXT | OK));
        assert_eq!(arrived, [if passes { PACKETS } else { 0 }; 2], "{case}");
        redirected += if matches!(decision, Decision::Redirect(_)) { 2 * PACKETS } else { 0 };
        let came_out = cable.b.run(|| {
            let vd = interface::find("vd").unwrap();
            interface::counters(vd.index).unwrap().received.packets
        });
        assert_eq!(came_out, redirected, "{case}");
        let is_seen = !is_before || decision == Decision::Verdict(NEXT);
        let report = iftop.last_report(if is_seen { 2 * PACKETS } else { 0 });
        for side in ["received", "sent"] {
            let expected = if is_seen { PACKETS } else { 0 };
            assert_eq!(report["totals"][side]["packets"], expected, "{case}: {report}");
            assert_eq!(report["totals"][side]["bytes"], expected * 128, "{case}: {report}");
        }
        drop(theirs);
    }
}

/// A packet of a loopback waits in the same queue of this CPU as those of a cable: once it is here, they have
/// come to their end.
fn settle(marker: &UdpSocket) {
    marker.send_to(&[0], marker.local_addr().unwrap()).unwrap();
    marker.recv(&mut [0]).unwrap();
}

/// How many packets wait in a socket, which has none then.
fn waiting(socket: &UdpSocket) -> u64 {
    socket.set_nonblocking(true).unwrap();
    let mut waiting = 0;
    while socket.recv(&mut [0; 200]).is_ok() {
        waiting += 1;
    }
    waiting
}
