//! What tcpdump captures of real programs, in every way that it writes: read as tshark reads it.

use std::{
    io::{BufRead as _, BufReader, Read},
    net::{TcpListener, UdpSocket},
    os::fd::OwnedFd,
    process::ChildStderr,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
};

use super::{foreign::assert_same, *};
use crate::support::{
    iftop::{Killed, kill},
    net::{Cable, Namespace},
    tshark::Reading,
};

/// What is in the last packet, so early that it is captured with `-s 96` too.
const MARKER: &[u8] = b"the last packet";
/// Of what is fetched over TCP.
const DOCUMENT_BYTES: usize = 200_000;
/// Echo requests over IPv4: one whole, one in three fragments. And one over IPv6.
const ECHO_BYTES: usize = 84 + 4008 + 3 * 20;
const ECHO6_BYTES: usize = 40 + 64;

/// From, to, and bytes that are seen between them at least.
type AtLeast = (&'static str, &'static str, usize);

/// tcpdump's options, and what it sees.
const CAPTURES: [(&str, &[AtLeast]); 6] = [
    ("-i va", CABLE),
    ("-i va --time-stamp-precision=nano", CABLE),
    ("-i va -s 96", CABLE),
    ("-i any", CABLE),
    ("-i any -y LINUX_SLL", CABLE),
    ("-i lo", &[("127.0.0.1", "127.0.0.1", 2 * 84)]),
];
const CABLE: &[AtLeast] = &[
    ("10.9.0.2", "10.9.0.1", DOCUMENT_BYTES + ECHO_BYTES),
    ("10.9.0.1", "10.9.0.2", ECHO_BYTES),
    ("fd00:9::2", "fd00:9::1", DOCUMENT_BYTES + ECHO6_BYTES),
    ("fd00:9::1", "fd00:9::2", ECHO6_BYTES),
];

#[test]
#[ignore = "needs root"]
fn captured_from_real_programs() {
    let cable = Cable::with_both_families();
    for (namespace, interface) in [(&cable.a, "va"), (&cable.b, "vb")] {
        // So that large packets come in fragments.
        namespace.ip(&format!("link set {interface} mtu 1500"));
    }
    let running = CAPTURES.map(|(options, _)| Tcpdump::start(&cable.a, options));
    use_the_network(&cable);
    for ((options, ways), tcpdump) in CAPTURES.into_iter().zip(running) {
        let file = Scratch::new(&tcpdump.end());
        let reading = assert_same(&file.0);
        assert!(!reading.is_cut, "{options}");
        for (from, to, at_least) in ways {
            assert!(
                bytes_between(&reading, from, to) >= *at_least as u64,
                "{options}: {reading:?}"
            );
        }
    }
}

fn bytes_between(reading: &Reading, from: &str, to: &str) -> u64 {
    let way = (from.parse().unwrap(), to.parse().unwrap());
    reading.ways.get(&way).map_or(0, |(_, bytes)| *bytes)
}

/// A run of tcpdump; killed when dropped.
struct Tcpdump {
    child: Killed,
    /// Told when the marker has come.
    marked: Receiver<()>,
    file: JoinHandle<Vec<u8>>,
    /// Whoever closes its end early changes the way in which it ends.
    _errors: BufReader<ChildStderr>,
}

impl Tcpdump {
    /// Returns when it captures.
    fn start(namespace: &Namespace, options: &str) -> Self {
        let mut command = Command::new("tcpdump");
        // Each packet at once, and room for all of them: each takes as much as a packet can have.
        command.args(["-n", "-U", "--immediate-mode", "-B", "65536", "-w", "-"]);
        command.args(options.split_whitespace());
        namespace.enter(&mut command, None);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("tcpdump: {error}"));
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let out = child.stdout.take().unwrap();
        let child = Killed(child);
        let mut said = String::new();
        while !said.contains("listening on ") {
            assert_ne!(errors.read_line(&mut said).unwrap(), 0, "{options}: {said}");
        }
        let (tell, marked) = mpsc::channel();
        let file = thread::spawn(move || read(out, &tell));
        Self { child, marked, file, _errors: errors }
    }

    /// What it wrote, with the marker and maybe more behind it.
    fn end(self) -> Vec<u8> {
        self.marked.recv().expect("it ended before the marker");
        // It has not been waited for, so the pid is its own.
        kill(self.child.0.id(), libc::SIGTERM);
        self.file.join().unwrap()
    }
}

/// Reads to the end, and tells when the marker has come.
fn read(mut out: impl Read, marked: &Sender<()>) -> Vec<u8> {
    let (mut file, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        let searched = file.len().saturating_sub(MARKER.len());
        match out.read(&mut buffer).unwrap() {
            0 => return file,
            read => file.extend(&buffer[..read]),
        }
        if file[searched..].windows(MARKER.len()).any(|window| window == MARKER) {
            // Nobody listens any more where the test has failed already, or was told before.
            let _ = marked.send(());
        }
    }
}

/// Echo requests whole and in fragments, a document each way of TCP, a route, and the marker.
fn use_the_network(cable: &Cable) {
    for arguments in [
        "ping -c 1 10.9.0.2",
        "ping -c 1 -s 4000 10.9.0.2",
        "ping -c 1 fd00:9::2",
        "ping -c 1 127.0.0.1",
        "traceroute -n -q 1 -m 1 10.9.0.2",
    ] {
        cable.a.command("busybox", arguments);
    }
    for address in ["10.9.0.2", "[fd00:9::2]"] {
        fetch(cable, address);
    }
    for (from, to) in [("10.9.0.1:0", "10.9.0.2:9"), ("127.0.0.1:0", "127.0.0.1:9")] {
        let socket = cable.a.run(|| UdpSocket::bind(from).unwrap());
        socket.send_to(MARKER, to).unwrap();
    }
}

/// A document by HTTP, from a server at the far end.
fn fetch(cable: &Cable, address: &str) {
    let folder = tempfile::tempdir().unwrap();
    let document = vec![b'.'; DOCUMENT_BYTES];
    fs::write(folder.path().join("document"), &document).unwrap();
    let listener =
        cable.b.run(|| TcpListener::bind((address.trim_matches(['[', ']']), 0)).unwrap());
    let port = listener.local_addr().unwrap().port();
    let client = || {
        let document = format!("http://{address}:{port}/document");
        cable.a.command("busybox", &format!("wget -q -O - {document}"))
    };
    thread::scope(|scope| {
        let client = scope.spawn(client);
        let stream = OwnedFd::from(listener.accept().unwrap().0);
        let mut server = Command::new("busybox");
        server.args(["httpd", "-i", "-h"]).arg(folder.path());
        server.stdin(stream.try_clone().unwrap()).stdout(stream);
        cable.b.enter(&mut server, None);
        let mut running = server.spawn().unwrap();
        // Our copies of the connection would keep it open.
        drop(server);
        assert_eq!(client.join().unwrap().as_bytes(), document);
        running.wait().unwrap();
    });
}
