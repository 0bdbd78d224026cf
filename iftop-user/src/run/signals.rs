//! What ends the program from outside.

use std::future;

use anyhow::Result;
use tokio::signal::unix::{Signal, SignalKind};

use crate::disposition::listen;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As asked: `q`, Ctrl-C, `-s`, `--count`, a closed pipe.
    Done,
    /// By SIGTERM, SIGHUP or SIGQUIT, which callers want to see in the exit status.
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
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hangup: Option<Signal>,
    quit: Option<Signal>,
}

impl Signals {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
            quit: listen(SignalKind::quit())?,
        })
    }

    /// None: those of the process stay as they are.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { interrupt: None, terminate: None, hangup: None, quit: None }
    }

    /// The next one. Can be dropped and called again without losing one.
    pub(super) async fn next(&mut self) -> Ending {
        tokio::select! {
            () = next(&mut self.interrupt) => Ending::Done,
            () = next(&mut self.terminate) => Ending::Killed(libc::SIGTERM),
            () = next(&mut self.hangup) => Ending::Killed(libc::SIGHUP),
            () = next(&mut self.quit) => Ending::Killed(libc::SIGQUIT),
        }
    }
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => future::pending().await,
    }
}
