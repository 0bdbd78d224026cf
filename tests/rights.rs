//! End to end: what the program may still do once it counts, and that its helper goes when it does.

use std::{fs, process::Command, thread};

use crate::support::{
    footprint::children,
    iftop::{Iftop, kill},
    kernel,
    net::Cable,
    traffic::datagram,
};

/// Looks that something is given before it is taken for wrong; each yields to whoever is to do it.
const PATIENCE: usize = 1_000_000;

/// `CAP_NET_ADMIN`, `CAP_PERFMON`, `CAP_BPF`.
const ATTACHING: &str = "000000c000001000";
/// `CAP_BPF`, for what an older kernel asks of who reads a map that he holds.
const USING_MAPS: &str = "0000008000000000";
const NONE: &str = "0000000000000000";

/// Lines of the status of each thread of a process.
fn threads(process: u32) -> Vec<String> {
    let folder = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    folder
        // A thread may end while it is looked at.
        .filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("status")).ok())
        .collect()
}

fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
    line.unwrap_or_else(|| panic!("no {name}: {status}"))
}

fn is_running(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|status| !field(&status, "State").starts_with('Z'))
}

fn ends(process: u32) -> bool {
    (0..PATIENCE).any(|_| {
        thread::yield_now();
        !is_running(process)
    })
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn once_it_counts_it_may_do_nothing_else() {
    let cable = Cable::with_addresses();
    let netns = format!("--netns {}", cable.a.path());
    // (options, which capabilities its helper has, where it has one)
    let cases = [
        ("-i va", Some(ATTACHING)),
        ("-i va --table hash", Some(ATTACHING)),
        ("-i va --hook clsact -p", Some(ATTACHING)),
        ("-i va --hook xdp", Some(ATTACHING)),
        #[cfg(feature = "pcap")]
        ("-i va -f udp", Some(ATTACHING)),
        #[cfg(feature = "pcap")]
        ("-i va --source pcap", None),
        #[cfg(feature = "pcap")]
        ("-i any", None),
        (&format!("-i va {netns}"), Some(ATTACHING)),
    ];
    for (options, helper) in cases {
        let mut iftop = Iftop::json(&cable.a, options);
        let report = iftop.report();
        let rights = &report["rights"];
        assert_eq!(
            (&rights["off"], &rights["user"]),
            (&false.into(), &"nobody".into()),
            "{report}"
        );
        let uses_maps = options.contains("hash") && !kernel::gives_maps_to_who_holds_them();
        let own = if uses_maps { USING_MAPS } else { NONE };
        let statuses = threads(iftop.id());
        assert!(statuses.len() > 1, "{options}: {statuses:?}");
        for status in &statuses {
            for (name, expected) in [
                ("Uid", "65534\t65534\t65534\t65534"),
                ("Gid", "65534\t65534\t65534\t65534"),
                ("CapInh", NONE),
                ("CapPrm", own),
                ("CapEff", own),
                ("CapBnd", NONE),
                ("CapAmb", NONE),
                ("NoNewPrivs", "1"),
                ("Seccomp", "2"),
            ] {
                assert_eq!(field(status, name), expected, "{options}: {name} of {status}");
            }
        }
        let helpers = children(iftop.id());
        assert_eq!(helpers.len(), usize::from(helper.is_some()), "{options}");
        for (process, capabilities) in helpers.iter().zip(helper) {
            for status in threads(*process) {
                for (name, expected) in [
                    ("Uid", "65534\t65534\t65534\t65534"),
                    ("CapPrm", capabilities),
                    ("CapEff", capabilities),
                    ("CapBnd", NONE),
                    ("NoNewPrivs", "1"),
                    ("Seccomp", "2"),
                ] {
                    assert_eq!(field(&status, name), expected, "{options}: {name} of {status}");
                }
            }
        }
        // It counts and ends as ever, and nobody is left.
        iftop.signal(libc::SIGTERM);
        assert_eq!(iftop.end().status.code(), Some(143), "{options}");
        assert!(!helpers.into_iter().any(is_running), "{options}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_helper_goes_however_it_ends() {
    let cable = Cable::with_addresses();
    for hook in ["tcx", "clsact"].into_iter().filter(|hook| *hook != "tcx" || kernel::has_tcx()) {
        let mut iftop = Iftop::json(&cable.a, &format!("-i va --hook {hook}"));
        iftop.report();
        let [helper] = children(iftop.id())[..] else { panic!("{hook}: one helper") };
        // What is sent to all of a terminal's programs, or to all of that name, is not for the helper.
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGTSTP] {
            kill(helper, signal);
        }
        iftop.report();
        assert!(is_running(helper), "{hook}");
        iftop.signal(libc::SIGKILL);
        iftop.end();
        assert!(ends(helper), "{hook}");
        let filters = cable.a.command("tc", "filter show dev va ingress");
        assert_eq!(filters, "", "{hook}");
        assert!(!cable.a.command("tc", "qdisc show dev va").contains("clsact"), "{hook}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn without_its_helper_it_goes_on_counting() {
    let cable = Cable::new();
    let sender = cable.sender_at_vb();
    let mut iftop = Iftop::json(&cable.a, "-i va");
    iftop.report();
    let [helper] = children(iftop.id())[..] else { panic!("one helper") };
    kill(helper, libc::SIGKILL);
    assert!(ends(helper));
    sender.send(&datagram());
    let report = iftop.last_report(1);
    assert_eq!(report["account"]["seen"], serde_json::json!({ "bytes": 120, "packets": 1 }));
}

#[cfg(feature = "pcap")]
#[test]
#[ignore = "needs root: cargo xtask test"]
fn without_its_helper_a_filter_is_refused_and_all_is_counted_on() {
    use iftop_common::parse::LinkType;
    use iftop_user::{
        packet_filter::PacketFilter,
        sandbox::Sandbox,
        source::{Source as _, hook::HookChoice},
    };

    use crate::support::source::{open, totals_when};

    let cable = Cable::new();
    let sender = cable.sender_at_vb();
    cable.a.run(|| {
        let mut source = open(HookChoice::Auto, false, Some(&Sandbox::new(None, true).unwrap()));
        let list = fs::read_to_string("/proc/thread-self/children").unwrap();
        let helper = list.trim().parse().unwrap();
        kill(helper, libc::SIGKILL);
        assert!(ends(helper));
        let filter = PacketFilter::compile("tcp", LinkType::Ethernet).unwrap();
        let error = source.set_filter(Some(&filter)).unwrap_err();
        assert!(error.to_string().contains("is gone: start iftop again"), "{error}");
        sender.send(&datagram());
        totals_when(&mut source, |totals| totals.seen.both().packets == 1);
    });
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn where_the_helper_alone_holds_what_counts_its_end_is_told() {
    let cases = ["--hook clsact", "-p", "-f udp"];
    for options in &cases[..if cfg!(feature = "pcap") { 3 } else { 2 }] {
        let cable = Cable::new();
        let mut iftop = Iftop::json(&cable.a, &format!("-i va {options}"));
        iftop.report();
        let [helper] = children(iftop.id())[..] else { panic!("{options}: one helper") };
        kill(helper, libc::SIGKILL);
        let end = iftop.end();
        assert_eq!(end.status.code(), Some(1), "{options}: {end:?}");
        let told =
            "iftop: va is not counted any more: the helper process has ended, or does not answer\n";
        assert!(end.errors.ends_with(told), "{options}: {end:?}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn who_asks_for_it_keeps_rights_or_becomes_another_user() {
    let cable = Cable::with_addresses();
    let mut kept = Iftop::start(&cable.a, "-i va -t --no-sandbox");
    kept.wait_until_listening();
    for status in threads(kept.id()) {
        assert_eq!((field(&status, "Seccomp"), field(&status, "NoNewPrivs")), ("0", "0"));
        assert!(field(&status, "Uid").starts_with("0\t"), "{status}");
    }
    assert!(children(kept.id()).is_empty());
    kept.signal(libc::SIGTERM);
    let end = kept.end();
    assert!(end.errors.contains("iftop: --no-sandbox: all rights are kept"), "{end:?}");

    // (option, who sudo says has called it) → whom it belongs to
    let cases =
        [("--user 1234", None, "1234"), ("", Some("4321"), "4321"), ("", Some("0"), "65534")];
    for (option, caller, expected) in cases {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
        command.args(["-i", "va", "-t"]).args(option.split_whitespace());
        if let Some(caller) = caller {
            command.env("SUDO_UID", caller);
        }
        let mut iftop = Iftop::spawn(&cable.a, command);
        iftop.wait_until_listening();
        for status in threads(iftop.id()) {
            assert_eq!(field(&status, "Uid").split('\t').next(), Some(expected), "{status}");
        }
    }
    for (options, expected) in [
        ("--user nobody-at-all", "iftop: --user nobody-at-all: there is no such user\n"),
        ("--user nobody --no-sandbox", "cannot be used with"),
    ] {
        let end = Iftop::start(&cable.a, &format!("-i va -t {options}")).end();
        assert_eq!(end.status.code(), Some(1), "{end:?}");
        assert!(end.errors.contains(expected), "{end:?}");
    }
}
