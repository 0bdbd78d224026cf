//! End to end: host names, from resolvers that are good, mute or hostile.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::Write as _,
    net::UdpSocket,
    os::unix::process::ExitStatusExt as _,
    process::Command,
    thread::{self, JoinHandle},
    time::Duration,
};

use tempfile::NamedTempFile;

use crate::support::{
    capture::{Order::Little, Packet, pcap},
    etc::Etc,
    frame::{self, UDP, V4},
    iftop::Iftop,
    net::{Cable, Namespace, PacketSocket, VA_MAC, VB_MAC},
};

const HOSTS_ONLY: (&str, &str) = ("nsswitch.conf", "hosts: files\n");
const DNS_ONLY: (&str, &str) = ("nsswitch.conf", "hosts: dns\n");
const NAMESERVER: (&str, &str) = ("resolv.conf", "nameserver 127.0.0.1\n");

/// The type of record that names an address; RFC 1035, section 3.2.2.
const PTR: u16 = 12;

/// Reports at most until all names must be there. A sample each second, 20 questions between two.
const PATIENCE: usize = 30;

fn start(namespace: &Namespace, etc: &Etc, options: &str) -> Iftop {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
    command.args("-i va -t -N".split(' ')).args(options.split(' '));
    etc.enter(&mut command);
    let mut iftop = Iftop::spawn(namespace, command);
    iftop.wait_until_listening();
    iftop
}

/// A datagram to 10.9.0.1 from each host 10.9.1.1, 10.9.1.2 and so on.
fn send_from(hosts: u8, wire: &PacketSocket) {
    for host in 1..=hosts {
        let header = V4 {
            source: [10, 9, 1, host].into(),
            destination: [10, 9, 0, 1].into(),
            protocol: UDP,
            options: &[],
            fragment: 0,
        };
        let packet = header.packet(&frame::udp(1, 2, 92));
        wire.send(&frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &packet));
    }
}

/// The next text report.
fn report(iftop: &mut Iftop) -> String {
    let mut report = String::new();
    while !report.lines().last().is_some_and(|line| line.starts_with("====")) {
        report += &iftop.line();
    }
    report
}

/// The far hosts of a report.
fn remotes(report: &str) -> BTreeSet<&str> {
    let rows = report.lines().filter_map(|line| line.split_once(" <="));
    rows.map(|(host, _)| host.trim()).collect()
}

/// Nothing in it but lines of plain ASCII.
fn assert_harmless(report: &str) {
    let harmless = |byte: u8| byte == b'\n' || (0x20..0x7f).contains(&byte);
    assert!(report.bytes().all(harmless), "{report:?}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn eighty_new_hosts_are_all_named_in_the_end() {
    let mut hosts = String::new();
    for host in 1..=80 {
        writeln!(hosts, "10.9.1.{host} host-{host}.example").unwrap();
    }
    let names: BTreeSet<String> = (1..=80).map(|host| format!("host-{host}.example")).collect();
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let cable = Cable::new();
    let etc = Etc::new(&[HOSTS_ONLY, ("hosts", &hosts)]);
    let mut iftop = start(&cable.a, &etc, "--interval 1 -L 100");
    let wire = cable.sender_at_vb();
    let mut last = String::new();
    for _ in 0..PATIENCE {
        send_from(80, &wire);
        last = report(&mut iftop);
        if remotes(&last) == names {
            return;
        }
    }
    panic!("{last}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_nameserver_that_never_answers_delays_nothing() {
    let cable = Cable::new();
    let wire = cable.sender_at_vb();
    let mute = cable.a.run(|| UdpSocket::bind("127.0.0.1:53")).unwrap();
    let etc = Etc::new(&[DNS_ONLY, NAMESERVER]);
    for (options, reports) in [("--interval 1 --count 3", 3), ("-s 2", 1)] {
        let iftop = start(&cable.a, &etc, options);
        send_from(8, &wire);
        let end = iftop.end();
        assert_eq!(end.status.code(), Some(0), "{end:?}");
        assert_eq!(end.out.matches("====\n").count(), reports, "{end:?}");
        let numbers: BTreeSet<String> = (1..=8).map(|host| format!("10.9.1.{host}")).collect();
        assert_eq!(remotes(&end.out), numbers.iter().map(String::as_str).collect(), "{end:?}");
    }
    // Not numeric for want of a question.
    mute.set_nonblocking(true).unwrap();
    assert_ne!(mute.recv(&mut [0; 512]).unwrap(), 0);
}

/// A nameserver that gives everybody the same name; gone when dropped.
struct Nameserver {
    socket: UdpSocket,
    thread: Option<JoinHandle<()>>,
}

impl Nameserver {
    fn start(namespace: &Namespace, label: &'static [u8]) -> Self {
        let socket = namespace.run(|| UdpSocket::bind("127.0.0.1:53")).unwrap();
        let serving = socket.try_clone().unwrap();
        let thread = thread::spawn(move || {
            let mut question = [0; 512];
            loop {
                let (length, from) = serving.recv_from(&mut question).unwrap();
                if length == 0 {
                    return;
                }
                serving.send_to(&answer(&question[..length], label), from).unwrap();
            }
        });
        Self { socket, thread: Some(thread) }
    }
}

impl Drop for Nameserver {
    fn drop(&mut self) {
        // Both fail where the thread has ended before its time.
        let _ = self.socket.send_to(&[], "127.0.0.1:53");
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The message that answers a question for a PTR record: `label`.example. See RFC 1035, section 4.
fn answer(question: &[u8], label: &[u8]) -> Vec<u8> {
    let mut name = vec![u8::try_from(label.len()).unwrap()];
    name.extend(label);
    name.extend(b"\x07example\0");
    // Id; response, recursion available; one question, one answer.
    let mut message = question[..2].to_vec();
    message.extend([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    message.extend(&question[12..]);
    // A pointer to the question's name, type, class, 60 seconds to live, data.
    message.extend([0xc0, 12]);
    message.extend(PTR.to_be_bytes());
    message.extend([0, 1, 0, 0, 0, 60]);
    message.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
    message.extend(name);
    message
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_nameserver_gives_names() {
    let cable = Cable::new();
    let _server = Nameserver::start(&cable.a, b"some-host");
    let etc = Etc::new(&[DNS_ONLY, NAMESERVER]);
    let mut iftop = start(&cable.a, &etc, "--interval 1");
    send_from(1, &cable.sender_at_vb());
    let named = (0..PATIENCE).any(|_| remotes(&report(&mut iftop)).contains("some-host.example"));
    assert!(named);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn no_nameserver_can_write_to_the_terminal() {
    let cable = Cable::new();
    let _server = Nameserver::start(&cable.a, b"a\x1b]0;title\x07\xe2\x80\xaeb\x9b2J");
    let etc = Etc::new(&[DNS_ONLY, NAMESERVER]);
    let wire = cable.sender_at_vb();
    let iftop = start(&cable.a, &etc, "-s 2");
    send_from(4, &wire);
    let end = iftop.end();
    assert_eq!(end.status.code(), Some(0), "{end:?}");
    // libc may refuse such a name; then the address stands there.
    assert_eq!(end.out.matches(" <=").count(), 4, "{end:?}");
    assert_harmless(&end.out);
}

/// The hosts file's names come through libc as they are.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn no_hosts_file_can_write_to_the_terminal() {
    let cable = Cable::new();
    let hosts = "10.9.1.1 a\x1b]0;t\x07\u{202e}b\n";
    let etc = Etc::new(&[HOSTS_ONLY, ("hosts", hosts)]);
    let mut iftop = start(&cable.a, &etc, "--interval 1");
    send_from(1, &cable.sender_at_vb());
    let named = (0..PATIENCE).any(|_| {
        let report = report(&mut iftop);
        assert_harmless(&report);
        remotes(&report).contains(r"a\x1b]0;t\x07\xe2\x80\xaeb")
    });
    assert!(named);
}

/// Whoever runs iftop has a resolver that works, and a container perhaps one that lies.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn names_of_another_namespace_are_asked_for_outside() {
    let outside = Namespace::new();
    let cable = Cable::new();
    let _ours = Nameserver::start(&outside, b"outside");
    let _theirs = Nameserver::start(&cable.a, b"inside");
    let etc = Etc::new(&[DNS_ONLY, NAMESERVER]);
    let mut iftop = start(&outside, &etc, &format!("--interval 1 --netns {}", cable.a.path()));
    send_from(1, &cable.sender_at_vb());
    let named = (0..PATIENCE).find_map(|_| {
        let report = report(&mut iftop);
        remotes(&report).into_iter().find(|name| !name.starts_with("10.")).map(str::to_owned)
    });
    assert_eq!(named.as_deref(), Some("outside.example"));
}

/// Whether one more question has come. Who asked is gone, so none is on its way.
fn asked_again(mute: &UdpSocket) -> bool {
    mute.set_nonblocking(true).unwrap();
    let asked = mute.recv(&mut [0; 512]).is_ok();
    mute.set_nonblocking(false).unwrap();
    asked
}

/// No matter how long that takes; and one that is counted inside has names from outside all the same.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_name_in_a_filter_is_looked_up_outside_and_a_signal_does_not_wait_for_it() {
    let outside = Namespace::new();
    let cable = Cable::new();
    let [ours, theirs] = [&outside, &cable.a].map(|namespace| {
        let mute = namespace.run(|| UdpSocket::bind("127.0.0.1:53")).unwrap();
        // If it is never asked, a test that fails is better than one that waits.
        mute.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        mute
    });
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&pcap(Little, false, 1, &[Packet::new(0, &[0; 60])])).unwrap();
    let etc = Etc::new(&[DNS_ONLY, NAMESERVER]);
    let inside = format!("-i va --netns {}", cable.a.path());
    for (namespace, asked, options) in [
        (&cable.a, &theirs, "-i va --source ebpf".to_owned()),
        (&cable.a, &theirs, "-i va --source pcap".to_owned()),
        (&cable.a, &theirs, "-i any".to_owned()),
        (&cable.a, &theirs, format!("-r {}", file.path().display())),
        (&outside, &ours, format!("{inside} --source ebpf")),
        (&outside, &ours, format!("{inside} --source pcap")),
    ] {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
            command.arg("-t").args(options.split(' ')).args(["-f", "host slow.example"]);
            etc.enter(&mut command);
            let iftop = Iftop::spawn(namespace, command);
            let mut question = [0; 512];
            let length = asked.recv(&mut question).expect(&options);
            assert!(question[..length].windows(4).any(|part| part == b"slow"), "{options}");
            iftop.signal(signal);
            let end = iftop.end();
            assert_eq!(end.status.signal(), Some(signal), "{options}: {end:?}");
            // Those for the other family.
            while asked_again(asked) {}
            assert!(!asked_again(&ours) && !asked_again(&theirs), "{options}");
        }
    }
}

/// Of an interface and of a file alike.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn whoever_waits_for_a_filter_is_told() {
    let cable = Cable::new();
    let _mute = cable.a.run(|| UdpSocket::bind("127.0.0.1:53")).unwrap();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&pcap(Little, false, 1, &[Packet::new(0, &[0; 60])])).unwrap();
    let etc = Etc::new(&[DNS_ONLY, NAMESERVER]);
    for options in ["-i va".to_owned(), format!("-r {}", file.path().display())] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
        command.arg("-t").args(options.split(' ')).args(["-f", "host slow.example"]);
        etc.enter(&mut command);
        let told = Iftop::spawn(&cable.a, command).error_line();
        assert_eq!(told, "iftop: the filter is still being compiled, or names in it looked up\n");
    }
}
