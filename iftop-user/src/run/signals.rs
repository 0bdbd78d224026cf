//! What ends the program from outside.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As asked: `q`, Ctrl-C, `-s`, `--count`, a closed pipe.
    Done,
    /// By SIGTERM or SIGHUP, which callers want to see in the exit status.
    Killed(i32),
}

impl Ending {
    /// The exit status, by the shell's convention.
    pub fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Killed(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }
}

/// The signals that end the program in good order.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    pub(super) fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// The next one. Can be dropped and called again without losing one.
    pub(super) async fn next(&mut self) -> Ending {
        tokio::select! {
            _ = self.interrupt.recv() => Ending::Done,
            _ = self.terminate.recv() => Ending::Killed(libc::SIGTERM),
            _ = self.hangup.recv() => Ending::Killed(libc::SIGHUP),
        }
    }
}
