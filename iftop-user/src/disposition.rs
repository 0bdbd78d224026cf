//! What the process does on a signal, as far as tokio does not say: what it inherited, the default
//! for a moment, and a thread that is spared one.
//!
//! It owns sigaction(2) and signal masks. It must never decide what a signal means.
#![expect(unsafe_code, reason = "sigaction(2) and pthread_sigmask(3) have no safe wrapper")]

use std::{io, mem, ptr};

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// `None` where it is ignored from the start on, as by nohup(1): then it stays ignored.
pub(crate) fn listen(kind: SignalKind) -> Result<Option<Signal>> {
    if is_ignored(kind.as_raw_value()) {
        return Ok(None);
    }
    signal(kind).map(Some).context("listen for signals")
}

fn is_ignored(number: i32) -> bool {
    // SAFETY: with no new action only the old one is written, to a value of the right type for
    // which zero is valid.
    unsafe {
        let mut old: libc::sigaction = mem::zeroed();
        libc::sigaction(number, ptr::null(), &raw mut old) == 0 && old.sa_sigaction == libc::SIG_IGN
    }
}

/// Calls a function while the signal has its default action; then whoever handled it does again.
pub(crate) fn with_default<T>(number: i32, function: impl FnOnce() -> T) -> Result<T> {
    // SAFETY: zero is a valid value for every field, and means SIG_DFL without flags.
    let (default, mut old): (libc::sigaction, libc::sigaction) = unsafe { mem::zeroed() };
    // SAFETY: both are live values of the right type.
    let set = unsafe { libc::sigaction(number, &raw const default, &raw mut old) };
    if set != 0 {
        return Err(io::Error::last_os_error()).context("set a signal to its default");
    }
    let result = function();
    // SAFETY: puts back what the kernel gave out above.
    unsafe { libc::sigaction(number, &raw const old, ptr::null_mut()) };
    Ok(result)
}

/// Blocks a signal for the calling thread alone.
pub(crate) fn block_in_this_thread(number: i32) {
    // SAFETY: the set is initialised before it is read; concerns this thread only. None of them
    // fails for a number that is a signal's.
    unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, number);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut());
    }
}
