//! End to end: the network namespace of somebody else, watched from outside.

use std::{
    fs::File,
    net::UdpSocket,
    os::fd::AsRawFd as _,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::support::{
    frame::{self, UDP, V4},
    iftop::Iftop,
    net::{Cable, Namespace, VA_MAC, VB_MAC},
    tmux::Tmux,
};

const NOBODY: u32 = 65_534;

/// Looks at most until the kernel has taken a namespace down.
const PATIENCE: usize = 10_000;

/// A process that does nothing inside; gone when dropped.
struct Resident(Child);

impl Resident {
    fn start(namespace: &Namespace) -> Self {
        let mut command = Command::new("cat");
        // Its input stays open.
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        namespace.enter(&mut command, None);
        Self(command.spawn().unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts it where nothing is but names of its own: `web` for the namespace of a process, and others
/// as somebody has them made.
fn start_with_names(outside: &Namespace, pid: u32, more: &str, options: &str) -> Iftop {
    let script = format!(
        "mount -t tmpfs none /run && ip netns attach web {pid} && {more} \
         exec {} --json --interval 1 {options}",
        env!("CARGO_BIN_EXE_iftop")
    );
    let mut command = Command::new("unshare");
    // The last word is the shell's own name, and says that reports are JSON.
    command.args(["--mount", "sh", "-c", &script, "--json"]);
    Iftop::spawn(outside, command)
}

fn start(outside: &Namespace, options: &str) -> Iftop {
    Iftop::start(outside, &format!("--json --interval 1 {options}"))
}

/// So many datagrams that `va` receives, and as many that it sends: 120 bytes of IP each.
fn exchange(cable: &Cable, packets: u64) {
    let header = |source: u8, destination: u8| V4 {
        source: [10, 9, 0, source].into(),
        destination: [10, 9, 0, destination].into(),
        protocol: UDP,
        options: &[],
        fragment: 0,
    };
    let payload = frame::udp(1, 2, 92);
    let to_va = frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &header(2, 1).packet(&payload));
    let from_va = frame::ethernet(VB_MAC, VA_MAC, &[], 0x0800, &header(1, 2).packet(&payload));
    // Else some would be answered with an error.
    let _receivers = [
        cable.a.run(|| UdpSocket::bind("10.9.0.1:2").unwrap()),
        cable.b.run(|| UdpSocket::bind("10.9.0.2:2").unwrap()),
    ];
    let (vb, va) = (cable.sender_at_vb(), cable.sender_at_va());
    for _ in 0..packets {
        vb.send(&to_va);
        va.send(&from_va);
    }
}

/// All of it is there, and what was asked of the interface was asked inside.
fn assert_exact(report: &Value, netns: &str, packets: u64) {
    assert_eq!(report["netns"], netns, "{report}");
    assert_eq!(report["interface"], "va", "{report}");
    let flows = report["flows"].as_array().unwrap();
    assert_eq!(flows.len(), 1, "{report}");
    assert_eq!(flows[0]["local"]["address"], "10.9.0.1", "an own address: {report}");
    for side in ["sent", "received"] {
        assert_eq!(flows[0][side]["packets"], packets, "{report}");
        assert_eq!(flows[0][side]["bytes"], packets * 120, "{report}");
    }
    let covered = &report["covered_since_start"];
    assert_eq!(covered["interface_bytes"], 2 * packets * 134, "{report}");
    assert_eq!(covered["bytes"], 2 * packets * 134, "{report}");
    assert!(report["losses"]["queue"].is_object(), "{report}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn by_name_by_process_and_by_path_each_packet_counts() {
    const PACKETS: u64 = 300;
    let outside = Namespace::new();
    let cable = Cable::with_addresses();
    let resident = Resident::start(&cable.a);
    let (pid, path) = (resident.pid(), cable.a.path());
    let mut runs =
        vec![("web".to_owned(), start_with_names(&outside, pid, "", "-i va --netns web"))];
    for (netns, options) in [
        (pid.to_string(), "-i va --hook tcx"),
        (path.clone(), "-i va --hook clsact -p"),
        // There is no default route: the first that is up.
        (format!("/proc/{pid}/ns/net"), ""),
    ] {
        let run = start(&outside, &format!("{options} --netns {netns}"));
        runs.push((netns, run));
    }
    for (netns, run) in &mut runs {
        let said = run.wait_until_listening();
        for line in [
            format!("network namespace: {netns}\n"),
            "IP address is: 10.9.0.1\n".to_owned(),
            format!("Listening on va (netns {netns})\n"),
        ] {
            assert!(said.contains(&line), "{line} {said}");
        }
    }
    assert!(cable.a.ip("-d link show va").contains("promiscuity 1"));
    exchange(&cable, PACKETS);
    for (netns, run) in runs {
        assert_exact(&run.last_report(2 * PACKETS), &netns, PACKETS);
    }
    assert!(cable.a.ip("-d link show va").contains("promiscuity 0"));
    let qdiscs = cable.a.command("tc", "qdisc show dev va");
    assert!(!qdiscs.contains("clsact"), "nothing is left in there: {qdiscs}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_namespace_that_is_gone_ends_it() {
    let outside = Namespace::new();
    for by_name in [true, false] {
        let cable = Cable::with_addresses();
        let resident = Resident::start(&cable.a);
        let pid = resident.pid();
        let (netns, farewell) = if by_name {
            ("web".to_owned(), "the network namespace web is gone".to_owned())
        } else {
            (pid.to_string(), format!("process {pid} has ended, or left its network namespace"))
        };
        let mut run = start_with_names(&outside, pid, "", &format!("-i va --netns {netns}"));
        run.wait_until_listening();
        exchange(&cable, 10);
        let Cable { a, b } = cable;
        if by_name {
            let mut delete = Command::new("nsenter");
            delete.arg(format!("--mount=/proc/{}/ns/mnt", run.id()));
            assert!(delete.args(["ip", "netns", "delete", "web"]).status().unwrap().success());
        }
        drop((a, resident));
        let end = run.end();
        assert_eq!(end.status.code(), Some(1), "{end:?}");
        let last: Value = serde_json::from_str(end.out.lines().last().unwrap()).unwrap();
        assert_exact(&last, &netns, 10);
        assert!(end.errors.ends_with(&format!("iftop: {farewell}\n")), "{end:?}");
        // Nobody holds it any more: the kernel takes it down in its own time, with both ends.
        let is_gone = (0..PATIENCE).any(|_| !b.ip("-o link").contains("vb"));
        assert!(is_gone);
    }
}

/// Still the namespace of somebody else, who goes on without the interface.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn an_interface_that_is_gone_in_there_ends_it() {
    let outside = Namespace::new();
    let cable = Cable::with_addresses();
    let mut run = start(&outside, &format!("-i va --netns {}", cable.a.path()));
    run.wait_until_listening();
    cable.a.ip("link delete va");
    let end = run.end();
    assert_eq!(end.status.code(), Some(1), "{end:?}");
    assert!(end.errors.ends_with("iftop: va is gone\n"), "{end:?}");
}

/// The link's speed is one that only the namespace knows.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_screen_says_which_namespace_it_is() {
    let outside = Namespace::new();
    let cable = Cable::new();
    let resident = Resident::start(&cable.a);
    let pid = resident.pid();
    let tmux = Tmux::start(&outside);
    tmux.show_table_with(&format!("-nN --netns {pid}"));
    let rule = format!("── va ─ netns {pid} ─ ebpf/tcx ─ 0 flows ─ attributed 100% ──");
    tmux.wait_for("rule", |screen| screen.contains(&rule));
    tmux.keys(&["i"]);
    let page = format!("interface   va  10 Gbit/s  up   netns  {pid}");
    tmux.wait_for("page", |screen| screen.contains(&page));
    tmux.keys(&["q"]);
    let summary = format!("iftop: va (netns {pid}) for ");
    tmux.wait_for("summary", |screen| screen.contains(&summary));
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn errors_are_a_line_that_says_what_to_do() {
    let outside = Namespace::new();
    let cable = Cable::new();
    let resident = Resident::start(&cable.a);
    let ended = {
        let resident = Resident::start(&cable.a);
        resident.pid()
    };
    let (pid, path) = (resident.pid(), cable.a.path());
    // (options, the line)
    let cases = [
        (format!("--netns {ended}"), format!("no process {ended}: has it ended?")),
        ("--netns 0".to_owned(), "no process 0: a container that is stopped has none".to_owned()),
        (
            "--netns /etc/passwd".to_owned(),
            "`/etc/passwd` is no network namespace: it takes a name of `ip netns`, the number of a \
             process, or a path such as /proc/4711/ns/net"
                .to_owned(),
        ),
        (
            format!("--netns /proc/{pid}/ns/mnt"),
            format!(
                "`/proc/{pid}/ns/mnt` is no network namespace: it takes a name of `ip netns`, the \
                 number of a process, or a path such as /proc/4711/ns/net"
            ),
        ),
        (
            "--netns /nowhere/x".to_owned(),
            "open the network namespace `/nowhere/x`: No such file or directory (os error 2)"
                .to_owned(),
        ),
        (
            format!("-i eth9 --netns {path}"),
            format!(
                "in the network namespace {path}: no interface `eth9`; there are: lo, va"
            ),
        ),
    ];
    for (options, line) in cases {
        let end = Iftop::start(&outside, &format!("-t {options}")).end();
        assert_eq!(end.status.code(), Some(1), "{options}: {end:?}");
        assert_eq!(end.errors, format!("iftop: {line}\n"), "{options}");
        assert_eq!(end.out, "", "{options}");
    }

    for (netns, cause) in [
        (
            "/proc/self/ns/net".to_owned(),
            "enter the network namespace `/proc/self/ns/net`: Operation not permitted (os error 1): \
             that takes CAP_SYS_ADMIN",
        ),
        (
            pid.to_string(),
            &*format!("open the network namespace `{pid}`: Permission denied (os error 13)"),
        ),
    ] {
        // By its descriptor: the folders on its path may be closed to others.
        let program = File::open(env!("CARGO_BIN_EXE_iftop")).unwrap();
        let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
        command.args(["-t", "--netns", &netns]);
        let end = Iftop::spawn_as(&outside, command, NOBODY).end();
        assert_eq!(end.status.code(), Some(1), "{end:?}");
        assert_eq!(end.errors, format!("iftop: {cause}: run iftop as root (sudo)\n"));
    }

    let others = |number: u32| {
        (1..number)
            .fold(String::new(), |names, name| format!("{names} ip netns attach n{name} {pid} && "))
    };
    for (more, there_are) in [
        (others(1), "there are: web"),
        (others(3), "there are: n1, n2, web"),
        (others(11), "`ip netns` lists those there are"),
        (
            "ip netns delete web &&".to_owned(),
            "there are none with a name: give the number of a process, or a path",
        ),
    ] {
        let end = start_with_names(&outside, pid, &more, "--netns wep").end();
        assert_eq!(end.status.code(), Some(1), "{end:?}");
        let line = format!("iftop: no network namespace `wep` in /run/netns; {there_are}\n");
        assert_eq!(end.errors, line);
    }
}
