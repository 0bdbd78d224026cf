//! Networks made for one test: namespaces without a name, which vanish with their last user.
//!
//! They are silent: no neighbour discovery, no router solicitation, so that every packet in them is
//! one that the test sent.
#![expect(unsafe_code, reason = "namespaces and packet sockets: setns(2), unshare(2), packet(7)")]

use std::{
    fs::{self, File},
    io,
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::process::CommandExt as _,
    },
    process::{self, Command},
    thread,
};

/// A network namespace.
pub struct Namespace {
    file: File,
}

impl Namespace {
    pub fn new() -> Self {
        let file = thread::spawn(|| {
            // SAFETY: takes a number; concerns this thread only, which ends at once.
            check(unsafe { libc::unshare(libc::CLONE_NEWNET) });
            for conf in ["all", "default"] {
                fs::write(format!("/proc/sys/net/ipv6/conf/{conf}/disable_ipv6"), "1").unwrap();
            }
            File::open("/proc/thread-self/ns/net").unwrap()
        });
        let namespace = Self { file: file.join().unwrap() };
        namespace.ip("link set lo up");
        namespace
    }

    /// Runs a function on a thread inside.
    pub fn run<T: Send>(&self, function: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                // SAFETY: takes a descriptor that lives; concerns this thread only.
                check(unsafe { libc::setns(self.file.as_raw_fd(), libc::CLONE_NEWNET) });
                function()
            });
            inside.join().unwrap()
        })
    }

    /// Makes a command run inside, if need be as somebody without privileges.
    pub fn enter(&self, command: &mut Command, uid: Option<u32>) {
        let file = self.file.try_clone().unwrap();
        // SAFETY: between fork and exec only system calls are made, which are async-signal-safe.
        unsafe {
            command.pre_exec(move || {
                let done = libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) == 0
                    // From root, this takes all capabilities too.
                    && uid.is_none_or(|uid| libc::setuid(uid) == 0);
                if done { Ok(()) } else { Err(io::Error::last_os_error()) }
            });
        }
    }

    /// `ip ARGUMENTS`, inside; its output.
    pub fn ip(&self, arguments: &str) -> String {
        self.command("ip", arguments)
    }

    /// A command that must succeed, inside; its output.
    pub fn command(&self, program: &str, arguments: &str) -> String {
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace());
        self.enter(&mut command, None);
        let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A path that `ip … netns PATH` takes.
    pub fn path(&self) -> String {
        format!("/proc/{}/fd/{}", process::id(), self.file.as_raw_fd())
    }
}

/// Two namespaces and a cable: `va` in `a`, where the program runs, and `vb` in `b`.
pub struct Cable {
    pub a: Namespace,
    pub b: Namespace,
}

pub const VA_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0xa];
pub const VB_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0xb];

impl Cable {
    /// Without addresses: nothing answers, nothing is sent unasked.
    pub fn new() -> Self {
        let cable = Self { a: Namespace::new(), b: Namespace::new() };
        cable.plug();
        cable
    }

    /// Puts the cable in place, as it is from the start, where it was deleted.
    pub fn plug(&self) {
        self.a.ip(&format!(
            "link add va address 02:00:00:00:00:0a mtu 9000 type veth \
             peer name vb address 02:00:00:00:00:0b mtu 9000 netns {}",
            self.b.path()
        ));
        self.a.ip("link set va up");
        self.b.ip("link set vb up");
    }

    /// With 10.9.0.1 on `va`, 10.9.0.2 on `vb`, and neighbours that need not be asked for.
    pub fn with_addresses() -> Self {
        let cable = Self::new();
        cable.add_addresses();
        cable
    }

    fn add_addresses(&self) {
        self.a.ip("address add 10.9.0.1/24 dev va");
        self.b.ip("address add 10.9.0.2/24 dev vb");
        self.a.ip("neighbour add 10.9.0.2 lladdr 02:00:00:00:00:0b dev va nud permanent");
        self.b.ip("neighbour add 10.9.0.1 lladdr 02:00:00:00:00:0a dev vb nud permanent");
    }

    /// The same with `fd00:9::1` and `fd00:9::2` beside them.
    pub fn with_both_families() -> Self {
        let cable = Self::new();
        // Where nobody can be asked, nobody is told of a multicast group to be asked in. Neighbours
        // would not outlive the change.
        cable.a.ip("link set va arp off");
        cable.b.ip("link set vb arp off");
        cable.add_addresses();
        for (namespace, interface, own, neighbour, mac) in [
            (&cable.a, "va", "fd00:9::1", "fd00:9::2", "02:00:00:00:00:0b"),
            (&cable.b, "vb", "fd00:9::2", "fd00:9::1", "02:00:00:00:00:0a"),
        ] {
            namespace.run(|| {
                // No address of its own making, and so no solicitation.
                for (setting, value) in [("addr_gen_mode", "1"), ("disable_ipv6", "0")] {
                    let file = format!("/proc/sys/net/ipv6/conf/{interface}/{setting}");
                    fs::write(file, value).unwrap();
                }
            });
            namespace.ip(&format!("address add {own}/64 dev {interface} nodad"));
            namespace.ip(&format!(
                "neighbour add {neighbour} lladdr {mac} dev {interface} nud permanent"
            ));
        }
        cable
    }

    /// Puts frames on the wire so that `va` receives them.
    pub fn sender_at_vb(&self) -> PacketSocket {
        self.b.run(|| PacketSocket::open("vb", Full::SendAgain))
    }

    /// Has `va` send frames.
    pub fn sender_at_va(&self) -> PacketSocket {
        self.a.run(|| PacketSocket::sending_from("va"))
    }
}

/// What it means for a count at `va` that the far end of the cable had no room for a frame.
#[derive(Clone, Copy)]
enum Full {
    /// Sent towards `va`: it never came there.
    SendAgain,
    /// Sent by `va`: it had passed the hook.
    WasCounted,
}

/// Sends frames as they are.
pub struct PacketSocket {
    full: Full,
    socket: OwnedFd,
    to: libc::sockaddr_ll,
}

impl PacketSocket {
    /// Has an interface of the thread's namespace send frames.
    pub fn sending_from(interface: &str) -> Self {
        Self::open(interface, Full::WasCounted)
    }

    fn open(interface: &str, full: Full) -> Self {
        let name = std::ffi::CString::new(interface).unwrap();
        // SAFETY: plain calls with numbers and a string that lives; the descriptor is ours alone.
        let (socket, index) = unsafe {
            let socket = libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0);
            check(socket);
            (OwnedFd::from_raw_fd(socket), libc::if_nametoindex(name.as_ptr()))
        };
        assert_ne!(index, 0, "no interface {interface}");
        // SAFETY: zero is a valid value for every field.
        let mut to: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        to.sll_family = libc::AF_PACKET.try_into().unwrap();
        to.sll_ifindex = index.try_into().unwrap();
        to.sll_halen = 6;
        Self { full, socket, to }
    }

    /// From now on every frame is preceded by a `struct virtio_net_hdr`, which also says how much of
    /// it the kernel makes linear.
    pub fn expect_virtio_header(&self) {
        const PACKET_VNET_HDR: libc::c_int = 15;
        self.switch_on(PACKET_VNET_HDR);
    }

    /// From now on frames go to the driver at once, beside the queueing discipline and the hook.
    pub fn bypass_the_queue(&self) {
        const PACKET_QDISC_BYPASS: libc::c_int = 20;
        self.switch_on(PACKET_QDISC_BYPASS);
    }

    fn switch_on(&self, option: libc::c_int) {
        let on: libc::c_int = 1;
        // SAFETY: the value is as long as stated.
        check(unsafe {
            libc::setsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                option,
                (&raw const on).cast(),
                size_of_val(&on).try_into().unwrap(),
            )
        });
    }

    pub fn send(&self, frame: &[u8]) {
        loop {
            // SAFETY: buffer and address live, and are as long as stated.
            let sent = unsafe {
                libc::sendto(
                    self.socket.as_raw_fd(),
                    frame.as_ptr().cast(),
                    frame.len(),
                    0,
                    (&raw const self.to).cast(),
                    size_of_val(&self.to).try_into().unwrap(),
                )
            };
            if sent >= 0 {
                assert_eq!(usize::try_from(sent).unwrap(), frame.len());
                return;
            }
            let error = io::Error::last_os_error();
            assert_eq!(error.raw_os_error(), Some(libc::ENOBUFS), "{error}");
            match self.full {
                Full::SendAgain => thread::yield_now(),
                Full::WasCounted => return,
            }
        }
    }
}

/// Runs a function whose thread stays on one CPU: frames that it sends are received in the order
/// in which they were sent, which those sent from two CPUs need not be.
pub fn on_one_cpu<T>(function: impl FnOnce() -> T) -> T {
    // SAFETY: takes nothing.
    let here = unsafe { libc::sched_getcpu() };
    on_cpu(here.try_into().unwrap(), function)
}

/// Runs a function whose thread stays on this CPU: what it sends passes the hooks there.
pub fn on_cpu<T>(cpu: usize, function: impl FnOnce() -> T) -> T {
    // SAFETY: zero is a valid set; both sets live and are as long as stated; 0 is this thread.
    unsafe {
        let bytes = size_of::<libc::cpu_set_t>();
        let [mut before, mut one]: [libc::cpu_set_t; 2] = std::mem::zeroed();
        check(libc::sched_getaffinity(0, bytes, &raw mut before));
        libc::CPU_SET(cpu, &mut one);
        check(libc::sched_setaffinity(0, bytes, &raw const one));
        let result = function();
        check(libc::sched_setaffinity(0, bytes, &raw const before));
        result
    }
}

fn check(result: libc::c_int) {
    assert!(result >= 0, "{}", io::Error::last_os_error());
}
