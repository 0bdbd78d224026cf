//! End to end: how the program starts, ends and fails, and that it leaves nothing behind.

use std::{
    fs::File,
    os::fd::AsRawFd as _,
    process::{Command, Stdio},
    thread,
};

use crate::support::{
    frame,
    held::Held,
    iftop::{End, Iftop},
    kernel,
    net::{Cable, Namespace, VA_MAC, VB_MAC},
    told::line_that_starts,
    traffic::{datagram, udp},
};
use aya::programs::{SchedClassifier, TcAttachType};

pub const NOBODY: u32 = 65_534;
/// Looks that something is given before it is taken for wrong.
const PATIENCE: usize = 10_000;

fn end(namespace: &Namespace, options: &str) -> End {
    Iftop::start(namespace, options).end()
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_timed_run_ends_by_itself_without_traffic() {
    let cable = Cable::new();
    let text = end(&cable.a, "-i va -t -s 1");
    assert_eq!(text.status.code(), Some(0), "{text:?}");
    assert!(text.out.starts_with("Listening on va\n   # Host name"), "{text:?}");
    assert_eq!(text.out.matches("Total send rate:").count(), 1, "{text:?}");
    let json = end(&cable.a, "-i va --json --interval 1 --count 2");
    assert_eq!(json.status.code(), Some(0), "{json:?}");
    assert_eq!(json.out.lines().count(), 2, "{json:?}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn text_is_chosen_where_there_is_no_terminal() {
    let cable = Cable::new();
    let end = end(&cable.a, "-i va -s 1");
    assert_eq!(end.status.code(), Some(0), "{end:?}");
    assert!(end.out.contains("Total send and receive rate:"), "{end:?}");
    assert!(end.errors.contains("no terminal"), "{end:?}");
    assert!(end.errors.contains("MAC address is: 02:00:00:00:00:0a\n"), "{end:?}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn an_interface_that_is_down_is_watched_and_said_to_be_down() {
    let cable = Cable::new();
    let up = end(&cable.a, "-i va -t -s 1");
    assert!(!up.errors.contains("down"), "{up:?}");
    cable.a.ip("link set va down");
    let down = end(&cable.a, "-i va -t -s 1");
    assert_eq!(down.status.code(), Some(0), "{down:?}");
    assert!(down.errors.contains("va is down: nothing passes until it is up\n"), "{down:?}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn signals_end_it_as_documented() {
    let cable = Cable::new();
    // (signal, exit status, reports)
    for (signal, status, reports) in
        [(libc::SIGINT, 0, 0), (libc::SIGTERM, 143, 1), (libc::SIGHUP, 129, 1)]
    {
        for options in ["--json", "-t"] {
            let mut iftop = Iftop::start(&cable.a, &format!("-i va --interval 1000 {options}"));
            iftop.wait_until_listening();
            cable.sender_at_vb().send(&datagram());
            iftop.signal(signal);
            let end = iftop.end();
            assert_eq!(end.status.code(), Some(status), "{signal} {options} {end:?}");
            let totals =
                end.out.matches("\"totals\"").count() + end.out.matches("====").count().min(1);
            assert_eq!(totals, reports, "{signal} {options} {end:?}");
            if reports > 0 {
                assert!(end.out.contains("10.9.0.2"), "the last report is up to date: {end:?}");
            }
        }
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_closed_pipe_is_a_good_end() {
    let cable = Cable::new();
    let mut iftop = Iftop::json(&cable.a, "-i va");
    iftop.report();
    assert_eq!(iftop.close_output().code(), Some(0));
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn every_report_is_flushed() {
    let cable = Cable::new();
    let mut iftop = Iftop::start(&cable.a, "-i va -t --interval 1");
    let mut reports = 0;
    // The program goes on; each report can be read before the next one is due.
    while reports < 2 {
        reports += usize::from(iftop.line().starts_with("===="));
    }
    iftop.signal(libc::SIGINT);
    assert_eq!(iftop.end().status.code(), Some(0));
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn errors_say_what_why_and_what_to_do() {
    let cable = Cable::new();
    // (options, what stands in the message)
    let cases: [(&str, &[&str]); 4] = [
        ("-t -i eth9", &["no interface `eth9`", "lo, va"]),
        ("-t -i va -o bogus", &["--sort <ORDER>", "2s, 10s, 40s"]),
        ("-t -i va --bogus", &["--bogus"]),
        ("-t -i va extra", &["extra"]),
    ];
    for (options, words) in cases {
        let end = end(&cable.a, options);
        assert_eq!(end.status.code(), Some(1), "{options}: {end:?}");
        assert_eq!(end.out, "", "{options}");
        for word in words {
            assert!(end.errors.contains(word), "{options}: {word:?} in {}", end.errors);
        }
    }
    let help = end(&cable.a, "-h");
    assert_eq!((help.status.code(), help.errors.as_str()), (Some(0), ""));
    assert!(help.out.contains("--interface"), "{help:?}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn an_interface_that_is_gone_ends_it() {
    for options in ["--hook tcx", "--hook clsact"] {
        let cable = Cable::new();
        let mut iftop = Iftop::start(&cable.a, &format!("-i va -t --interval 1001 {options}"));
        iftop.wait_until_listening();
        cable.sender_at_va().send(&datagram());
        cable.a.ip("link delete va");
        let end = iftop.end();
        assert_eq!(end.status.code(), Some(1), "{end:?}");
        assert!(end.out.contains("10.9.0.2 "), "a last report: {end:?}");
        assert!(end.errors.ends_with("iftop: va is gone\n"), "{end:?}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn without_privileges_it_names_them() {
    let cable = Cable::new();
    // By its descriptor: the folders on its path may be closed to others.
    let program = File::open(env!("CARGO_BIN_EXE_iftop")).unwrap();
    let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
    command.args(["-t", "-i", "va"]);
    let end = Iftop::spawn_as(&cable.a, command, NOBODY).end();
    assert_eq!(end.status.code(), Some(1), "{end:?}");
    // Said once it is known: nothing of an interface that is not watched.
    assert!(
        end.errors.starts_with("iftop: load the kernel program's maps: Operation not"),
        "{end:?}"
    );
    let command = format!(
        "missing privileges: CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON. Run it as root (sudo), or allow \
         it to, once:\n    sudo setcap cap_bpf,cap_net_admin,cap_perfmon+ep '{}'\n",
        env!("CARGO_BIN_EXE_iftop")
    );
    assert!(end.errors.contains(&command), "{end:?}");
}

/// Runs it by a shell, which first does something to its surroundings.
fn by_shell(namespace: &Namespace, script: &str) -> Iftop {
    let mut command = Command::new("sh");
    command.args(["-c", &script.replace("iftop", env!("CARGO_BIN_EXE_iftop"))]);
    Iftop::spawn(namespace, command)
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_nohup_ignores_stays_ignored() {
    let cable = Cable::new();
    let mut iftop = by_shell(&cable.a, "trap '' HUP INT; exec iftop -i va -t --interval 1");
    iftop.wait_until_listening();
    iftop.signal(libc::SIGHUP);
    iftop.signal(libc::SIGINT);
    line_that_starts(&mut iftop, "====");
    iftop.signal(libc::SIGTERM);
    assert_eq!(iftop.end().status.code(), Some(143));
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn trouble_with_stderr_is_no_trouble() {
    let cable = Cable::new();
    for script in ["exec iftop -i va -s 1 2>/dev/full", "exec iftop -i va -t -s 1 2>&-"] {
        let end = by_shell(&cable.a, script).end();
        assert_eq!(end.status.code(), Some(0), "{script} {end:?}");
        assert!(end.out.contains("Total send rate:"), "{script} {end:?}");
    }
    let full = by_shell(&cable.a, "exec iftop -i va -t -s 1 >/dev/full").end();
    assert_eq!(full.status.code(), Some(1), "{full:?}");
    assert!(full.errors.contains("write to stdout: No space left"), "{full:?}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_reader_that_has_stopped_does_not_hold_it() {
    let cable = Cable::new();
    let iftop = Iftop::json(&cable.a, "-i va -P --interval 1000");
    let wire = cable.sender_at_vb();
    // A report of some 300 KiB; no pipe holds that.
    for port in 1..=1000 {
        let packet = udp(&format!("10.9.0.2:{port}"), "10.9.0.1:2", 92);
        wire.send(&frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &packet));
    }
    iftop.signal(libc::SIGTERM);
    assert_eq!(iftop.wait_without_reading().code(), Some(143));
}

/// Everything of the interface that could have been changed; its counters aside.
pub fn state(namespace: &Namespace) -> [String; 4] {
    [
        namespace.ip("-d -o link show dev va"),
        namespace.command("tc", "qdisc show dev va"),
        namespace.command("tc", "filter show dev va ingress"),
        namespace.command("tc", "filter show dev va egress"),
    ]
}

/// Looks again until it is so, or will not be.
pub fn becomes<T: PartialEq>(expected: &T, look: impl Fn() -> T) {
    for _ in 0..PATIENCE {
        if look() == *expected {
            break;
        }
        thread::yield_now();
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn nothing_is_left_however_it_ends() {
    let cable = Cable::new();
    let before = state(&cable.a);
    let links_beside_xdp = if kernel::has_tcx() { 2 } else { 1 };
    let hooks = [("tcx", 2), ("clsact", 0), ("xdp", links_beside_xdp)];
    for (hook, links) in hooks.into_iter().filter(|(hook, _)| *hook != "tcx" || kernel::has_tcx()) {
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGKILL] {
            let iftop = Iftop::json(&cable.a, &format!("-i va -p --hook {hook}"));
            let held = Held::by(iftop.id());
            assert!(!held.programs.is_empty() && !held.maps.is_empty(), "{held:?}");
            assert_eq!(held.links.len(), links, "{hook}");
            assert_eq!(held.left(), held);
            assert_ne!(state(&cable.a), before, "promiscuous, or with a qdisc");
            iftop.signal(signal);
            iftop.end();
            // After SIGKILL it is the helper that sees to it.
            if signal == libc::SIGKILL {
                becomes(&before, || state(&cable.a));
            }
            assert_eq!(state(&cable.a), before, "{hook}, signal {signal}");
            held.assert_freed(&format!("{hook}, signal {signal}"));
        }
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_qdisc_that_others_made_stays() {
    let cable = Cable::new();
    cable.a.command("tc", "qdisc add dev va clsact");
    let before = state(&cable.a);
    let iftop = Iftop::json(&cable.a, "-i va --hook clsact");
    assert_ne!(state(&cable.a), before);
    iftop.signal(libc::SIGTERM);
    iftop.end();
    assert_eq!(state(&cable.a), before);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn refused_packets_are_reported_a_few_at_a_time() {
    let cable = Cable::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
    command.args(["-i", "va", "--json", "--interval", "1", "--count", "1"]);
    command.env("RUST_LOG", "debug").stdin(Stdio::null());
    let mut iftop = Iftop::spawn(&cable.a, command);
    iftop.wait_until_listening();
    let wire = cable.sender_at_vb();
    for _ in 0..100 {
        wire.send(&frame::ethernet([0xff; 6], VB_MAC, &[], 0x0806, &[0; 28]));
    }
    let end = iftop.end();
    assert_eq!(end.status.code(), Some(0));
    let reports = end.errors.matches("ingress: not IP, 42 bytes, ethertype 0x806").count();
    // Ten per CPU, and the sender may have been moved to another.
    assert!((10..100).contains(&reports), "{reports}: {}", end.errors);
}

/// At the head of the chain: whoever comes later stands before, and nobody who ends the chain hides
/// traffic.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn it_stands_at_the_head() {
    let cable = Cable::new();
    let [first, second] = [(); 2].map(|()| Iftop::json(&cable.a, "-i va --hook tcx"));
    let programs = |iftop: &Iftop| Held::by(iftop.id()).programs;
    for direction in [TcAttachType::Ingress, TcAttachType::Egress] {
        let (_, chain) = cable.a.run(|| SchedClassifier::query_tcx("va", direction)).unwrap();
        let [head, next] = &chain[..] else { panic!("two programs, not {}", chain.len()) };
        assert!(programs(&second).contains(&head.id()), "{direction:?}");
        assert!(programs(&first).contains(&next.id()), "{direction:?}");
    }
    drop((first, second));

    cable.a.command("tc", "qdisc add dev va clsact");
    // Takes every packet; nothing behind it runs.
    let mut filter = Command::new("tc");
    filter.args("filter add dev va ingress prio 1 protocol all bpf bytecode".split(' '));
    filter.args(["1,6 0 0 4294967295", "flowid", "1:1"]);
    cable.a.enter(&mut filter, None);
    assert!(filter.status().unwrap().success());
    let iftop = Iftop::json(&cable.a, "-i va --hook clsact");
    cable.sender_at_vb().send(&datagram());
    let report = iftop.last_report(1);
    assert_eq!(report["account"]["seen"]["packets"], 1);
}

/// The filters of a priority are for one protocol.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn where_others_have_the_first_priorities_for_a_protocol_it_stands_behind_them() {
    let cable = Cable::new();
    cable.a.command("tc", "qdisc add dev va clsact");
    for (priority, protocol) in [(1, "ip"), (2, "arp")] {
        let mut filter = Command::new("tc");
        let filters = format!("filter add dev va ingress prio {priority} protocol {protocol} bpf");
        filter.args(filters.split(' ')).args(["bytecode", "1,6 0 0 0", "flowid", "1:1"]);
        cable.a.enter(&mut filter, None);
        assert!(filter.status().unwrap().success());
    }
    let before = state(&cable.a);
    let iftop = Iftop::json(&cable.a, "-i va --hook clsact");
    cable.sender_at_vb().send(&datagram());
    let report = iftop.last_report(1);
    assert_eq!(report["account"]["seen"]["packets"], 1);
    assert_eq!(report["neighbours"]["ingress"]["position"], 3, "{report}");
    assert_eq!(state(&cable.a), before);
}
