//! Being a job of a shell: stopped, continued, in the foreground or not.
//!
//! It owns SIGTSTP and SIGCONT. It must never touch the terminal: whoever asks to be stopped has
//! given it back before.
//!
//! Source: "Job Control Signals" of the libc manual; `drivers/tty/tty_jobctrl.c`.
#![expect(unsafe_code, reason = "raise(3), kill(2), getpgrp(2) and tcgetpgrp(3)")]

use std::{future, io, os::fd::AsRawFd as _};

use anyhow::Result;
use tokio::signal::unix::{Signal, SignalKind};

use super::modes;
use crate::disposition;

/// Hears of it when somebody stops or continues us.
pub(super) struct Job {
    stop: Option<Signal>,
    resume: Option<Signal>,
}

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobEvent {
    /// Asked us to stop, which we have not done yet.
    Stop,
    /// Let us go on.
    Continued,
}

/// Who is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// This process.
    Us,
    /// Our process group, as by the key that the terminal would have taken for it: also sudo(8) or
    /// a script that waits for us.
    Group,
}

impl Job {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            stop: disposition::listen(SignalKind::from_raw(libc::SIGTSTP))?,
            resume: disposition::listen(SignalKind::from_raw(libc::SIGCONT))?,
        })
    }

    /// Whether stopping was not switched off by whoever started us.
    pub(super) fn can_stop(&self) -> bool {
        self.stop.is_some()
    }

    /// What somebody does next. Can be dropped and called again without losing anything.
    pub(super) async fn next(&mut self) -> JobEvent {
        tokio::select! {
            () = next(&mut self.stop) => JobEvent::Stop,
            () = next(&mut self.resume) => JobEvent::Continued,
        }
    }
}

/// Stops, and returns when somebody has let us go on. Returns at once where nobody could: the
/// kernel does not stop an orphaned process group.
pub(super) fn stop(whom: Whom) -> Result<()> {
    // SAFETY: take numbers. Before they return, this thread is stopped: the one signal is for it, the
    // other for the process, of which it is the first thread, which the kernel prefers.
    disposition::with_default(libc::SIGTSTP, || unsafe {
        match whom {
            Whom::Us => libc::raise(libc::SIGTSTP),
            Whom::Group => libc::kill(0, libc::SIGTSTP),
        }
    })?;
    Ok(())
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => future::pending().await,
    }
}

/// Whether the terminal is ours to change and to read from. One that does not control us has no
/// foreground, and nobody stops us for it; one that has hung up is nobody's.
pub(super) fn in_foreground() -> bool {
    let foreground = modes::with_terminal(|terminal| {
        // SAFETY: takes a descriptor that lives. Not by a safe type for process IDs: a group of
        // another namespace is 0, which those cannot hold.
        let group = unsafe { libc::tcgetpgrp(terminal.as_raw_fd()) };
        if group < 0 { Err(io::Error::last_os_error()) } else { Ok(group) }
    });
    match foreground {
        // SAFETY: takes nothing.
        Ok(group) => group == unsafe { libc::getpgrp() },
        Err(error) => error.raw_os_error() == Some(libc::ENOTTY),
    }
}
