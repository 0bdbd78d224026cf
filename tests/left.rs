//! End to end: what is left in the kernel of runs that are killed, and how that is removed.

use std::{env, process::Command, thread};

use crate::{
    running::becomes,
    support::{
        footprint::children,
        held::Held,
        iftop::{Iftop, kill},
        kernel,
        net::{Cable, Namespace},
        traffic::{Senders, into, udp},
    },
};

/// What hangs on the hooks of an interface.
fn at_the_hooks(namespace: &Namespace) -> [String; 3] {
    ["qdisc show dev va", "filter show dev va ingress", "filter show dev va egress"]
        .map(|arguments| namespace.command("tc", arguments))
}

/// Kills it and the processes that it has started, those first: nobody is there to clear up.
fn kill_all(iftop: Iftop) {
    for child in children(iftop.id()) {
        kill(child, libc::SIGKILL);
    }
    iftop.signal(libc::SIGKILL);
    iftop.end();
}

/// `iftop --cleanup` with more options; what it says.
fn clean_up(namespace: &Namespace, options: &str) -> String {
    let end = Iftop::start(namespace, &format!("--cleanup {options}")).end();
    assert_eq!((end.status.code(), &*end.errors), (Some(0), ""), "{end:?}");
    end.out
}

/// Somebody else's filters at both hooks, before and behind the place of ours.
fn filters(namespace: &Namespace) {
    for hook in ["ingress", "egress"] {
        for priority in [1, 7] {
            let mut add = Command::new("tc");
            let place =
                format!("filter add dev va {hook} pref {priority} protocol all bpf bytecode");
            // One classic instruction: return 0, which matches nothing.
            add.args(place.split(' ')).arg("1,6 0 0 0");
            namespace.enter(&mut add, None);
            assert!(add.status().unwrap().success());
        }
    }
}

const NOTHING: &str = "nothing of an iftop that was killed is left\n";

const AT_ONCE: usize = 10;

/// Looks that one is given to begin.
const PATIENCE: usize = 200_000;

/// Rounds in which so many are killed at once: `IFTOP_KILLS` says how many in all.
fn rounds() -> usize {
    let kills = env::var("IFTOP_KILLS").map_or(20, |number| number.parse().unwrap());
    usize::div_ceil(kills, AT_ONCE)
}

/// Looks until it holds anything: it has begun to load. It goes on while it is looked at.
fn held_while_starting(iftop: &Iftop) -> Held {
    let mut held = Held::by(iftop.id());
    for _ in 0..PATIENCE {
        if held != Held::default() {
            break;
        }
        thread::yield_now();
        held = Held::by(iftop.id());
    }
    assert_ne!(held, Held::default(), "it never began");
    held
}

/// Kills them, and not their helpers; what they held is freed.
fn assert_nothing_is_left(iftops: Vec<Iftop>, held: &[Held], hook: &str) {
    for iftop in iftops {
        iftop.signal(libc::SIGKILL);
        iftop.end();
    }
    for held in held {
        held.assert_freed(hook);
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn of_many_that_are_killed_nothing_is_left() {
    if !kernel::has_tcx() {
        return;
    }
    let cable = Cable::new();
    let state = || cable.a.ip("-d -o link show dev va");
    let before = state();
    for _ in 0..rounds() {
        let start = |_| Iftop::start(&cable.a, "--json -i va -p --hook tcx");
        let mut iftops: Vec<_> = (0..AT_ONCE).map(start).collect();
        // The others are killed while they still open things.
        let counting = iftops.iter_mut().take(AT_ONCE / 2);
        let held: Vec<_> = counting
            .map(|iftop| {
                iftop.wait_until_listening();
                Held::by(iftop.id())
            })
            .collect();
        assert!(held.iter().all(|held| !held.links.is_empty()), "{held:?}");
        assert_nothing_is_left(iftops, &held, "tcx");
    }
    // Of XDP programs an interface has one: one at a time, every other one while it starts.
    for round in 0..rounds() {
        let mut iftop = Iftop::start(&cable.a, "--json -i va -p --hook xdp");
        let held = if round % 2 == 0 {
            iftop.wait_until_listening();
            Held::by(iftop.id())
        } else {
            held_while_starting(&iftop)
        };
        assert!(round % 2 == 1 || !held.links.is_empty(), "{held:?}");
        assert_nothing_is_left(vec![iftop], &[held], "xdp");
        // The next one would be refused; and what those that had not begun to count held is seen here alone.
        becomes(&before, state);
        assert_eq!(state(), before, "xdp, round {round}");
    }
    assert_eq!(clean_up(&cable.a, ""), NOTHING);
}

/// Beside somebody else's, which stay.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn by_clsact_all_that_many_leave_is_told_and_removed() {
    let cable = Cable::new();
    cable.a.command("tc", "qdisc add dev va clsact");
    filters(&cable.a);
    let before = at_the_hooks(&cable.a);
    for round in 0..rounds() {
        let options = "--json -i va --hook clsact";
        let mut iftops: Vec<_> = (0..AT_ONCE).map(|_| Iftop::start(&cable.a, options)).collect();
        let held: Vec<_> = iftops
            .iter_mut()
            .map(|iftop| {
                iftop.wait_until_listening();
                Held::by(iftop.id())
            })
            .collect();
        iftops.into_iter().for_each(kill_all);
        let mut next = Iftop::start(&cable.a, options);
        let said = next.wait_until_listening();
        next.signal(libc::SIGTERM);
        next.end();
        let told = said.matches("of an iftop that was killed: iftop --cleanup removes it\n");
        // At each of both hooks.
        assert_eq!(told.count(), 2 * AT_ONCE, "round {round}: {said}");
        let out = clean_up(&cable.a, "-i va");
        assert_eq!(out.matches("va: removed the ").count(), 2 * AT_ONCE, "round {round}: {out}");
        assert_eq!(at_the_hooks(&cable.a), before, "round {round}");
        for held in held {
            held.assert_freed(&format!("round {round}"));
        }
    }
    assert_eq!(clean_up(&cable.a, ""), NOTHING);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn by_clsact_what_a_killed_run_leaves_is_told_and_removed() {
    for options in ["", "--no-sandbox", "-f udp"] {
        if options == "-f udp" && !cfg!(feature = "pcap") {
            continue;
        }
        let cable = Cable::new();
        let before = at_the_hooks(&cable.a);
        assert_eq!(clean_up(&cable.a, "-i va"), NOTHING);
        kill_all(Iftop::json(&cable.a, &format!("-i va --hook clsact {options}")));
        let left = at_the_hooks(&cable.a);
        assert_ne!(left, before, "{options}");

        // The next one says so, counts each packet once, and leaves alone what is not its own.
        let mut next = Iftop::start(&cable.a, "--json --interval 1 -i va --hook clsact");
        let said = next.wait_until_listening();
        let told = said.lines().filter(|line| {
            line.starts_with("iftop: va has the ") && line.ends_with("iftop --cleanup removes it")
        });
        assert_eq!(told.count(), 2, "{options}: {said}");
        let senders = Senders::new(&cable);
        for _ in 0..5 {
            senders.send(&into(&udp("10.9.0.2:1", "10.9.0.1:2", 20)));
        }
        assert_eq!(next.last_report(5)["account"]["seen"]["packets"], 5, "{options}");
        assert_eq!(at_the_hooks(&cable.a), left, "{options}");

        // Beside one that runs, only what nobody owns goes.
        let running = Iftop::json(&cable.a, "-i va --hook clsact");
        let out = clean_up(&cable.a, "-i va");
        assert_eq!(out.matches("va: removed the ").count(), 2, "{options}: {out}");
        assert_eq!(out.matches("its iftop is running\n").count(), 2, "{options}: {out}");
        senders.send(&into(&udp("10.9.0.2:1", "10.9.0.1:2", 20)));
        running.last_report(1);
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_clean_up_takes_the_qdisc_of_the_killed_run_and_nothing_of_others() {
    // Whose the qdisc is, and whether somebody else hangs on it.
    for (made_by_others, filters_of_others) in
        [(false, false), (false, true), (true, false), (true, true)]
    {
        let case = format!("{made_by_others} {filters_of_others}");
        let cable = Cable::new();
        if made_by_others {
            cable.a.command("tc", "qdisc add dev va clsact");
        }
        let mut before = at_the_hooks(&cable.a);
        if made_by_others && filters_of_others {
            filters(&cable.a);
            before = at_the_hooks(&cable.a);
        }
        kill_all(Iftop::json(&cable.a, "-i va --hook clsact"));
        if !made_by_others && filters_of_others {
            filters(&cable.a);
        }
        let out = clean_up(&cable.a, "");
        assert_eq!(
            out.matches("va: removed the ").count(),
            if made_by_others || filters_of_others { 2 } else { 3 },
            "{case}: {out}"
        );
        let after = at_the_hooks(&cable.a);
        if made_by_others || !filters_of_others {
            assert_eq!(after, before, "{case}");
        } else {
            assert!(after[0].contains("clsact"), "{case}: {after:?}");
            for hook in &after[1..] {
                assert!(hook.contains("bytecode") && !hook.contains("iftop"), "{case}: {after:?}");
            }
        }
        assert_eq!(clean_up(&cable.a, ""), NOTHING, "{case}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_qdisc_that_has_taken_the_place_of_ours_stays() {
    let cable = Cable::new();
    let iftop = Iftop::json(&cable.a, "-i va --hook clsact");
    cable.a.command("tc", "qdisc del dev va clsact");
    cable.a.command("tc", "qdisc add dev va clsact");
    let before = at_the_hooks(&cable.a);
    iftop.signal(libc::SIGTERM);
    iftop.end();
    assert_eq!(at_the_hooks(&cable.a), before);
    assert!(before[0].contains("clsact"), "{before:?}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn of_two_that_overlap_the_last_takes_the_qdisc_away() {
    let cable = Cable::new();
    let before = at_the_hooks(&cable.a);
    for order in [[0, 1], [1, 0]] {
        let iftops = [(); 2].map(|()| Iftop::json(&cable.a, "-i va --hook clsact"));
        let mut iftops = iftops.map(Some);
        for place in order {
            let iftop = iftops[place].take().unwrap();
            iftop.signal(libc::SIGTERM);
            iftop.end();
        }
        assert_eq!(at_the_hooks(&cable.a), before, "{order:?}");
    }
}
