//! Interfaces come and go, others and the one that is watched: nothing of them stays open.

use std::thread;

use super::number;
use crate::support::{
    footprint::{Footprint, children},
    iftop::{Iftop, checked},
    net::Cable,
    traffic::{Senders, into, udp},
};

/// How often others come and go; a tenth as often the one that is watched does, which takes seconds.
const ROUNDS: &str = "IFTOP_CHURN";
const DEFAULT_ROUNDS: u64 = 20;
/// Looks: some files are open for a moment, and whoever writes to stderr is a thread as long as that takes.
const PATIENCE: usize = 100_000;
/// Of these the least is what is held at rest.
const LOOKS: usize = 100;

/// Descriptors and threads, of a run and of its helper.
type Held = [(usize, u64); 2];

fn held(iftop: &Iftop) -> Held {
    let [helper] = children(iftop.id())[..] else { panic!("one helper") };
    [iftop.id(), helper].map(|process| {
        let Footprint { descriptors, threads, .. } = Footprint::of(process);
        (descriptors, threads)
    })
}

/// Once the helper is one thread: at the start another one measures what a packet costs, with programs and maps of
/// its own.
fn held_at_rest(iftop: &Iftop) -> Held {
    let mut now = held(iftop);
    for _ in 0..PATIENCE {
        if now[1].1 == 1 {
            break;
        }
        thread::yield_now();
        now = held(iftop);
    }
    assert_eq!(now[1].1, 1, "threads of the helper");
    let looks = (0..LOOKS).map(|_| {
        thread::yield_now();
        held(iftop)
    });
    looks.min().unwrap()
}

fn assert_held(iftop: &Iftop, before: Held) {
    let mut now = held(iftop);
    for _ in 0..PATIENCE {
        if now == before {
            break;
        }
        thread::yield_now();
        now = held(iftop);
    }
    assert_eq!(now, before);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn others_that_come_and_go_leave_nothing_open() {
    let rounds = number(ROUNDS, DEFAULT_ROUNDS);
    let cable = Cable::new();
    let mut iftop = Iftop::json(&cable.a, "-i va --wait");
    // By the second report all has been read once that ever is.
    for _ in 0..2 {
        iftop.report();
    }
    let before = held_at_rest(&iftop);
    for round in 0..rounds {
        cable.a.ip("link add new type veth peer name far");
        cable.a.ip("link set new name newer");
        cable.a.ip("link set newer up");
        cable.a.ip("link delete newer");
        // So that it never has to wait for us.
        if round % 10 == 0 {
            iftop.report();
        }
    }
    iftop.report();
    assert_held(&iftop, before);
    eprintln!("{rounds} others came and went: descriptors and threads {before:?}");
    iftop.last_report(0);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn one_that_comes_back_leaves_nothing_open_and_loses_nothing() {
    let rounds = number(ROUNDS, DEFAULT_ROUNDS) / 10;
    let cable = Cable::new();
    let packet = into(&udp("10.9.0.2:1", "10.9.0.1:2", 20));
    let mut iftop = Iftop::start(&cable.a, "-i va --json --interval 1000 --wait");
    iftop.wait_until_listening();
    let mut before = None;
    for _ in 0..rounds {
        // Nobody has looked at these when it goes.
        let senders = Senders::new(&cable);
        for _ in 0..10 {
            senders.send(&packet);
        }
        cable.a.ip("link delete va");
        assert_eq!(iftop.error_line(), "iftop: va is gone: waiting for its return\n");
        cable.plug();
        assert_eq!(iftop.error_line(), "iftop: va is back\n");
        assert_held(&iftop, *before.get_or_insert_with(|| held_at_rest(&iftop)));
    }
    eprintln!("back {rounds} times: descriptors and threads {before:?}");
    iftop.signal(libc::SIGTERM);
    let report = checked(iftop.end().out.lines().last().unwrap());
    assert_eq!(report["account"]["frames"]["packets"], 10 * rounds, "{report}");
}
