//! A word to whoever waits: what it is that takes long.
//!
//! It owns when that is said. It must never end what takes long: a signal does.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::stderr::tell;

/// Whoever waits longer than this is told for what.
const LONG: Duration = Duration::from_secs(2);

/// libpcap's optimizer takes minutes for some thousand terms.
pub(crate) const COMPILING: &str =
    "iftop: the filter is still being compiled, or names in it looked up";

/// Calls a function, and says the sentence once if that takes long.
pub(crate) fn telling<T>(
    sentence: &'static str,
    function: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let (done, waited) = mpsc::channel::<()>();
    let tell_that_it_takes_long = move || {
        if waited.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout) {
            tell(sentence);
        }
    };
    let patience = thread::Builder::new()
        .name("patience".to_owned())
        .spawn(tell_that_it_takes_long)
        .context("start a thread that waits for the filter")?;
    let result = function();
    drop(done);
    // It has the rights that are to be given up.
    let _ = patience.join();
    result
}
