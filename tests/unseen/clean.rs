//! Mixed traffic of which nothing is hidden or lost, for as long as is asked for: nobody may say that anything is.

use std::{
    env,
    net::UdpSocket,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use aya::programs::TcAttachType;
use serde_json::Value;

use crate::support::{
    at_end::TrueAtEnd,
    bulk, frame,
    iftop::{Iftop, checked},
    kernel,
    neighbour::{NEXT, Neighbour},
    net::{Cable, VA_MAC, VB_MAC},
    traffic::{Senders, Sent, into, out, packet, udp},
};

/// How many seconds the traffic goes on.
const SECONDS: &str = "IFTOP_CLEAN_SECONDS";
const DEFAULT_SECONDS: u64 = 20;
/// Fewer than the cable has room for, so that none of them is dropped: where a veth puts packets together, its
/// queue holds 256.
const BURST: usize = 200;

const BROADCAST: [u8; 6] = [0xff; 6];
const ICMP: u8 = 1;

/// Every kind of frame, each way: of both families, whole and in fragments, tagged, to all, and no IP.
fn mixed() -> Vec<Sent> {
    let sent = frame::samples(VB_MAC, VA_MAC).into_iter().map(Sent::Out);
    let arp = frame::ethernet(BROADCAST, VB_MAC, &[], 0x0806, &[0; 28]);
    frame::samples(VA_MAC, VB_MAC)
        .into_iter()
        .map(Sent::In)
        .chain(sent)
        .chain([Sent::In(arp)])
        .collect()
}

/// As fast as they can be sent: small datagrams, and echo requests.
fn burst(senders: &Senders, random: &mut fastrand::Rng) {
    let bytes = random.usize(..1400);
    let echo = packet(ICMP, "10.9.0.2:0", "10.9.0.1:0", bytes);
    let ends = ["10.9.0.2:40000", "10.9.0.1:40001"];
    let kinds = [
        into(&udp(ends[0], ends[1], bytes)),
        out(&udp(ends[1], ends[0], bytes)),
        into(&echo),
        into(&udp("[fd00:9::2]:40000", "[fd00:9::1]:40001", bytes)),
    ];
    for kind in &kinds {
        (0..random.usize(..BURST / kinds.len())).for_each(|_| senders.send(kind));
    }
}

/// Sends without a rest until it is told to stop.
fn trickle(from: &UdpSocket, to: &str, cable_is_free: &Mutex<()>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let busy = cable_is_free.lock().unwrap();
        from.send_to(&[7; 1000], to).unwrap();
        drop(busy);
        thread::sleep(Duration::from_millis(3));
    }
}

/// Down and up again while nothing is on its way: that would be lost, and be told. What goes with the link is
/// put back.
fn flap(cable: &Cable, cable_is_free: &Mutex<()>) {
    let _quiet = cable_is_free.lock().unwrap();
    bulk::take_down_and_up(cable);
}

/// Connections first; in the last third the link goes and comes, which no connection is to wait for.
fn traffic(cable: &Cable, cable_is_free: &Mutex<()>, stop: &AtomicBool, seconds: u64) {
    let senders = Senders::new(cable);
    let mut random = fastrand::Rng::with_seed(7);
    let began = Instant::now();
    let [connecting, all] = [seconds * 2 / 3, seconds].map(Duration::from_secs);
    while began.elapsed() < all && !stop.load(Ordering::Relaxed) {
        match random.u8(..5) {
            0 if began.elapsed() < connecting => {
                bulk::transfer_all(cable, random.usize(..4_000_000), random.usize(..40));
            }
            0 => flap(cable, cable_is_free),
            1 => mixed().iter().for_each(|frame| senders.send(frame)),
            // Bursts and silences are the traffic, so that time has to pass.
            2 => thread::sleep(Duration::from_millis(random.u64(..2500))),
            _ => burst(&senders, &mut random),
        }
    }
}

fn assert_silent(report: &Value) {
    assert_eq!(
        report["missing"],
        serde_json::json!({ "received": null, "sent": null }),
        "{report}"
    );
    assert!(report["malformed_percent"].is_null(), "{report}");
    let losses = &report["losses"];
    for pointer in
        ["/ours_per_second", "/interface/before_us_per_second", "/queue/dropped_per_second"]
    {
        let rate = losses.pointer(pointer).map_or(0.0, |rate| rate.as_f64().unwrap());
        assert!(rate <= 0.0, "{pointer}: {report}");
    }
}

/// By both hooks, with somebody in front of us who lets everything pass.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn clean_traffic_raises_no_alarm() {
    let seconds = env::var(SECONDS).map_or(DEFAULT_SECONDS, |text| text.parse().unwrap());
    let cable = bulk::cable(bulk::OFFLOADED);
    let mut reports = Iftop::json(&cable.a, "-i va -L 1");
    let mut filters = Iftop::json(&cable.a, "-i va -L 1 --hook clsact");
    let mut text = Iftop::start(&cable.a, "-t -i va -L 1");
    text.wait_until_listening();
    let _neighbours = kernel::has_tcx().then(|| {
        [TcAttachType::Ingress, TcAttachType::Egress]
            .map(|at| Neighbour::at_tcx(&cable.a, at, NEXT))
    });
    let (cable_is_free, stop) = (Mutex::new(()), AtomicBool::new(false));
    thread::scope(|scope| {
        let ends = [
            (&cable.a, "10.9.0.1:41000", "10.9.0.2:41001"),
            (&cable.b, "10.9.0.2:41001", "10.9.0.1:41000"),
        ];
        for (namespace, from, to) in ends {
            let socket = namespace.run(|| UdpSocket::bind(from).unwrap());
            let (cable_is_free, stop) = (&cable_is_free, &stop);
            scope.spawn(move || trickle(&socket, to, cable_is_free, stop));
        }
        scope.spawn(|| {
            let _stop = TrueAtEnd(&stop);
            traffic(&cable, &cable_is_free, &stop, seconds);
        });
        for iftop in [&mut reports, &mut filters] {
            let stop = &stop;
            scope.spawn(move || {
                let _stop = TrueAtEnd(stop);
                while !stop.load(Ordering::Relaxed) {
                    assert_silent(&iftop.report());
                }
            });
        }
        let (text, stop) = (&mut text, &stop);
        scope.spawn(move || {
            let _stop = TrueAtEnd(stop);
            while !stop.load(Ordering::Relaxed) {
                let line = text.line();
                let alarm = ["Covered", "Attributed", "Lost", "Malformed"]
                    .iter()
                    .any(|word| line.starts_with(word));
                assert!(!alarm, "{line}");
            }
        });
    });
    for iftop in [reports, filters] {
        iftop.signal(libc::SIGTERM);
        let end = iftop.end();
        let last = checked(end.out.lines().last().unwrap());
        let covered = &last["covered_since_start"];
        assert!(covered["bytes"].as_u64() > Some(1_000_000), "{covered}");
    }
}
