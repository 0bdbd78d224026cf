//! Runs commands as they stand in a document, on a stage: namespaces that have what they name, traffic that passes
//! all the time, and a home.

use std::{
    panic::{self, AssertUnwindSafe},
    process::{Command, Stdio},
    sync::{
        Mutex,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use regex::Regex;
use tempfile::TempDir;

use super::{home, table::How};
use crate::{
    running::NOBODY,
    support::{
        etc::Etc,
        frame::{TCP, UDP},
        iftop::{Iftop, Killed, checked},
        net::{Cable, Namespace, PacketSocket},
        tmux::Tmux,
        traffic::{Sent, into, out, packet, udp},
    },
};

/// Between the packets of a flow.
const PACE: Duration = Duration::from_millis(50);
/// How many commands run at a time.
const WORKERS: usize = 5;

/// `eth0` (10.9.0.1, the default route) and `va` (10.7.0.1) in one namespace, another `eth0` (10.8.0.1) in that of the
/// container `web`.
pub struct Stage {
    cable: Cable,
    web: Namespace,
    /// Whose shell it is.
    home: TempDir,
    /// What keeps the container's namespace.
    _container: Killed,
}

impl Stage {
    pub fn new() -> Self {
        let cable = Cable::new();
        for command in [
            "link set va down",
            "link set va name eth0",
            "link set eth0 up",
            "address add 10.9.0.1/24 dev eth0",
            "route add default via 10.9.0.2 dev eth0",
            "neighbour add 10.9.0.2 lladdr 02:00:00:00:00:0b dev eth0 nud permanent",
        ] {
            cable.a.ip(command);
        }
        add_interface(&cable.a, "va", "10.7.0.1/24");
        let web = Namespace::new();
        add_interface(&web, "eth0", "10.8.0.1/24");
        web.ip("route add default dev eth0");
        let mut container = Command::new("cat");
        container.stdin(Stdio::piped());
        web.enter(&mut container, None);
        let container = Killed(container.spawn().unwrap());
        let home = home::new(container.0.id());
        Self { cable, web, home, _container: container }
    }

    /// Runs all, some at a time, as most of them wait. What is wrong with which; of what a terminal showed `shown`
    /// says it.
    pub fn run_all(
        &self,
        commands: &[(&'static str, How)],
        shown: impl Fn(&str, &str) -> Result<(), String> + Sync,
    ) -> Vec<String> {
        let mut left: Vec<_> = commands.iter().collect();
        // Taken from the end: what runs to its own end takes the longest.
        left.sort_by_key(|(_, how)| matches!(how, How::Prints(_)));
        let (left, failures) = (Mutex::new(left), Mutex::new(Vec::new()));
        let next = || left.lock().unwrap().pop();
        let (stop, stopped) = channel();
        thread::scope(|scope| {
            scope.spawn(move || self.send_until(&stopped));
            let work = || {
                while let Some((command, how)) = next() {
                    // A run that goes wrong panics, and the others go on.
                    let run = || self.run(command, *how);
                    let outcome = match panic::catch_unwind(AssertUnwindSafe(run)) {
                        Ok(Some(screen)) => shown(command, &screen),
                        Ok(None) => Ok(()),
                        Err(_) => Err("see above".to_owned()),
                    };
                    if let Err(error) = outcome {
                        failures.lock().unwrap().push(format!("{command}: {error}"));
                    }
                }
            };
            let workers = [(); WORKERS].map(|()| scope.spawn(work));
            for worker in workers {
                worker.join().unwrap();
            }
            drop::<Sender<()>>(stop);
        });
        failures.into_inner().unwrap()
    }

    /// What a terminal showed, where there was one.
    fn run(&self, command: &str, how: How) -> Option<String> {
        match how {
            How::Table(shows, hides) => return Some(self.table(command, shows, hides, None)),
            How::Appears(interface) => return Some(self.table(command, &[], &[], Some(interface))),
            How::Prints(patterns) => self.prints(&self.cable.a, command, patterns),
            How::Alone(before) => {
                let alone = Namespace::new();
                add_interface(&alone, "eth0", "10.6.0.1/24");
                add_interface(&alone, "va", "10.5.0.1/24");
                for arguments in before {
                    alone.command("tc", arguments);
                }
                self.prints(&alone, command, &[]);
            }
            How::GoesOn => self.goes_on(command),
            How::Grants(program) => self.grants(command, program),
            How::RunBy(..) | How::ByHand(_) | How::Tests | How::Named(_) => {}
        }
        None
    }

    /// Types it in a terminal, and `q` once all is there.
    fn table(
        &self,
        command: &str,
        shows: &[&str],
        hides: &[&str],
        appears: Option<&str>,
    ) -> String {
        let [shows, hides] =
            [shows, hides].map(|list| list.iter().map(|it| Regex::new(it).unwrap()).collect());
        let (shows, hides): (Vec<Regex>, Vec<Regex>) = (shows, hides);
        let tmux = Tmux::start_with(&self.cable.a, &Etc::new(&[]));
        tmux.output_of(&format!("export PATH={}; cd {}", self.path(), self.home.path().display()));
        let modes = tmux.modes();
        tmux.run(&["send-keys", "-l", &format!("clear; {command}")]);
        tmux.keys(&["Enter"]);
        if let Some(interface) = appears {
            tmux.wait_for("word that it waits", |screen| screen.contains("waiting for"));
            add_interface(&self.cable.a, interface, "10.4.0.1/24");
        }
        let screen = tmux.wait_for(command, |screen| {
            // What it says at the start lies over the scale.
            let is_whole = screen.contains("TOTAL:") && !screen.contains("Listening on");
            is_whole && shows.iter().all(|pattern| pattern.is_match(screen))
        });
        for pattern in &hides {
            assert!(!pattern.is_match(&screen), "{command}: {pattern}\n{screen}");
        }
        tmux.keys(&["q"]);
        tmux.ended(0, &modes);
        screen
    }

    fn prints(&self, namespace: &Namespace, command: &str, patterns: &[&str]) {
        let mut shell = self.shell(command);
        namespace.enter(&mut shell, None);
        let output = shell.stdin(Stdio::null()).output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{command}: {output:?}");
        for pattern in patterns {
            assert!(Regex::new(pattern).unwrap().is_match(&out), "{command}: {pattern}\n{out}");
        }
    }

    fn goes_on(&self, command: &str) {
        let mut iftop = Iftop::spawn(&self.cable.a, self.shell(&format!("exec {command}")));
        let said = iftop.wait_until_listening();
        assert!(said.contains("Listening on eth0"), "{command}: {said}");
        iftop.signal(libc::SIGTERM);
        let end = iftop.end();
        assert_eq!(end.status.code(), Some(143), "{command}: {end:?}");
        if command.contains("--json") {
            checked(end.out.lines().last().unwrap());
        } else {
            assert!(end.out.contains("Cumulative (sent/received/total):"), "{command}: {end:?}");
        }
    }

    fn grants(&self, command: &str, program: &str) {
        self.prints(&self.cable.a, command, &[]);
        let mut program = Command::new(self.home.path().join(program));
        program.args([
            "-i",
            "eth0",
            "--source",
            "ebpf",
            "--json",
            "--interval",
            "1",
            "--count",
            "1",
        ]);
        let end = Iftop::spawn_as(&self.cable.a, program, NOBODY).end();
        assert!(end.status.success(), "{command}: {end:?}");
        assert_eq!(checked(end.out.trim())["source"], "ebpf");
    }

    /// As a user's shell, at home in the folder of the stage.
    fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(self.home.path());
        shell.env("PATH", self.path()).env("HOME", self.home.path());
        shell
    }

    fn path(&self) -> String {
        format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.home.path().join("bin").display())
    }

    /// Each interface has its packets, until nobody needs them.
    fn send_until(&self, stopped: &Receiver<()>) {
        let eth0 = self.cable.a.run(|| PacketSocket::sending_from("eth0"));
        let va = self.cable.a.run(|| PacketSocket::sending_from("va"));
        let web = self.web.run(|| PacketSocket::sending_from("eth0"));
        let far = self.cable.sender_at_vb();
        let both = |protocol, from: &str, to: &str| {
            [out(&packet(protocol, from, to, 72)), into(&packet(protocol, to, from, 72))]
        };
        let mut frames = Vec::new();
        for (near, far, of) in
            [(&eth0, Some(&far), "10.9.0.1"), (&va, None, "10.7.0.1"), (&web, None, "10.8.0.1")]
        {
            let own = format!("{of}:40000");
            let sent = [both(UDP, &own, "198.51.100.7:53"), both(TCP, &own, "198.51.100.8:443")];
            for sent in sent.concat() {
                match (sent, far) {
                    (Sent::Out(frame), _) => frames.push((near, frame)),
                    (Sent::In(frame), Some(far)) => frames.push((far, frame)),
                    (Sent::In(_), None) => {}
                }
            }
        }
        if let Sent::In(frame) = into(&udp("203.0.113.1:1", "203.0.113.2:2", 72)) {
            frames.push((&far, frame));
        }
        while stopped.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
            for (socket, frame) in &frames {
                socket.send(frame);
            }
        }
    }
}

/// An interface whose far end takes whatever is sent.
fn add_interface(namespace: &Namespace, name: &str, address: &str) {
    namespace.ip(&format!("link add {name} type veth peer name {name}-end"));
    namespace.ip(&format!("link set {name}-end up"));
    namespace.ip(&format!("address add {address} dev {name}"));
    namespace.ip(&format!("link set {name} up"));
}
