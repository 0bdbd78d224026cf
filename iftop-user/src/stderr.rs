//! Lines for people, on stderr.
//!
//! It owns that nothing depends on them: a closed stderr is no error, and one that takes nothing (a
//! terminal that was stopped, a full pipe) holds us for a moment only. And that a terminal can act on none
//! of it: messages have names of files and interfaces in them, and what somebody typed.

use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use rustix::stdio::stderr;

use crate::{
    names::printable_lines,
    printer::{takes_something, wait_until_written, write_all},
};

/// How long a reader that has stopped can keep us.
const TIMEOUT: Duration = Duration::from_millis(700);

/// Threads that have something to write.
static WRITING: AtomicUsize = AtomicUsize::new(0);

/// Whether a thread that was left behind still waits to write. It has the rights that we had then.
pub fn is_held() -> bool {
    WRITING.load(Ordering::SeqCst) > 0
}

/// Writes a line, or several.
pub fn tell(text: &str) {
    let text = printable_lines(text) + "\n";
    let (done, written) = mpsc::channel();
    WRITING.fetch_add(1, Ordering::SeqCst);
    let line = text.clone();
    let thread = thread::Builder::new().name("tell".to_owned()).spawn(move || {
        // Without the lock of `io::stderr`, which a write that hangs would hold for ever.
        let _ = write_all(stderr(), line.as_bytes());
        WRITING.fetch_sub(1, Ordering::SeqCst);
        let _ = done.send(());
    });
    if thread.is_ok() {
        wait_until_written(stderr(), &written, TIMEOUT);
        return;
    }
    WRITING.fetch_sub(1, Ordering::SeqCst);
    // No thread can be started, which is perhaps what is to be told.
    if takes_something(stderr()) {
        let _ = write_all(stderr(), text.as_bytes());
    }
}
