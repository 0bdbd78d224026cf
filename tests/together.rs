//! End to end: two of us on one interface. Both are exact, and the end of one is nothing to the other.

use std::thread;

use crate::{
    running::{becomes, state},
    support::{
        iftop::Iftop,
        kernel,
        net::Cable,
        traffic::{Senders, into, out, udp},
    },
};

/// Each way, between two events.
const EACH_WAY: u64 = 100;

/// Who comes first, and is killed, and who stays.
const PAIRS: [[&str; 2]; 8] = [
    ["tcx", "tcx"],
    ["tcx", "clsact"],
    ["clsact", "tcx"],
    ["clsact", "clsact"],
    ["tcx", "xdp"],
    ["xdp", "tcx"],
    ["clsact", "xdp"],
    ["xdp", "clsact"],
];

#[test]
#[ignore = "needs root: cargo xtask test"]
fn both_are_exact_and_the_end_of_one_is_nothing_to_the_other() {
    let there_are = PAIRS.into_iter().filter(|pair| kernel::has_tcx() || !pair.contains(&"tcx"));
    // Not all at once: each change of a hook makes all others wait.
    for pairs in there_are.collect::<Vec<_>>().chunks(4) {
        thread::scope(|scope| {
            for &pair in pairs {
                scope.spawn(move || both_are_exact(pair));
            }
        });
    }
}

fn both_are_exact(hooks: [&str; 2]) {
    let cable = Cable::new();
    let before = state(&cable.a);
    let [mut first, mut second] =
        hooks.map(|hook| Iftop::json(&cable.a, &format!("-i va --hook {hook}")));
    let senders = Senders::new(&cable);
    send(&senders);
    counted(&mut first, 1, hooks);
    counted(&mut second, 1, hooks);
    // The worst of ends: it clears nothing up itself.
    first.signal(libc::SIGKILL);
    first.end();
    send(&senders);
    counted(&mut second, 2, hooks);
    second.signal(libc::SIGTERM);
    assert_eq!(second.end().status.code(), Some(143), "{hooks:?}");
    becomes(&before, || state(&cable.a));
    assert_eq!(state(&cable.a), before, "{hooks:?}");
}

fn send(senders: &Senders) {
    let received = into(&udp("10.9.0.2:4000", "10.9.0.1:53", 100));
    let sent = out(&udp("10.9.0.1:53", "10.9.0.2:4000", 300));
    for _ in 0..EACH_WAY {
        senders.send(&received);
        senders.send(&sent);
    }
}

/// Reads reports until all of so many rounds is there, and no more.
fn counted(iftop: &mut Iftop, rounds: u64, hooks: [&str; 2]) {
    let each_way = rounds * EACH_WAY;
    let mut last = None;
    for _ in 0..20 {
        let report = iftop.report();
        if report["account"]["frames"]["packets"].as_u64() >= Some(2 * each_way) {
            for (side, bytes) in [("received", 128), ("sent", 328)] {
                let total = &report["totals"][side];
                assert_eq!(total["packets"], each_way, "{hooks:?}: {report}");
                assert_eq!(total["bytes"], each_way * bytes, "{hooks:?}: {report}");
            }
            return;
        }
        last = Some(report);
    }
    panic!("{hooks:?}: {last:?}");
}
