//! Classic iftop (Debian's 1.0~pre4), as a program to compare with.
//!
//! What it prints, when it prints and what it has counted by then hang on packets that arrive:
//! it looks at the clock only when the kernel hands it some, and the kernel does so when a block of
//! its ring is full, or a second late. [`Pump`] gives it both at short intervals, with packets that
//! it takes and counts nowhere.

use std::{
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    frame::{self, UDP},
    iftop::Iftop,
    net::{Cable, Namespace, PacketSocket, VA_MAC, VB_MAC},
};

const PROGRAM: &str = "/usr/sbin/iftop";

/// Frames that surely fill a block of libpcap's ring (256 KiB), of each of which it keeps 256 bytes
/// and headers.
const FRAMES_PER_BLOCK: usize = 800;

/// Between two blocks.
const PUMP_PERIOD: Duration = Duration::from_millis(150);

/// The only host whose packets the pump sends. Without `-l` neither program shows them.
pub const PUMPED_HOST: &str = "fe80::f111";

/// Starts it with its options in one string. Its input stays open, as at the end of its input it
/// would take all the time there is; its output is written line by line.
pub fn start(namespace: &Namespace, options: &str) -> Iftop {
    let mut command = Command::new("stdbuf");
    command.args(["-oL", program()]).args(options.split_whitespace());
    Iftop::spawn_with_input(namespace, command)
}

/// Where it is.
pub fn program() -> &'static str {
    assert!(Path::new(PROGRAM).exists(), "no {PROGRAM}: run `cargo xtask setup`");
    PROGRAM
}

/// Sends link-local IPv6 packets towards `va`, a block of libpcap's ring at a time, until it is
/// dropped.
pub struct Pump {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Pump {
    pub fn start(cable: &Cable) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (wire, stopped) = (cable.sender_at_vb(), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                fill_a_block(&wire);
                // A pace, not a wait for something.
                thread::sleep(PUMP_PERIOD);
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn fill_a_block(wire: &PacketSocket) {
    let packet = frame::ipv6(
        PUMPED_HOST.parse().unwrap(),
        "fe80::1".parse().unwrap(),
        &[],
        UDP,
        &frame::udp(9, 9, 256),
    );
    let frame = frame::ethernet(VA_MAC, VB_MAC, &[], 0x86dd, &packet);
    for _ in 0..FRAMES_PER_BLOCK {
        wire.send(&frame);
    }
}
