//! Lines for people, on stderr.
//!
//! It owns that nothing depends on them: a closed stderr is no error, and one that takes nothing (a
//! terminal that was stopped, a full pipe) holds us for a moment only.

use std::{sync::mpsc, thread, time::Duration};

use rustix::stdio::stderr;

use crate::printer::write_all;

/// How long a reader that has stopped can keep us.
const TIMEOUT: Duration = Duration::from_millis(700);

/// Writes a line, or several.
pub fn tell(text: &str) {
    let text = format!("{text}\n");
    let (done, written) = mpsc::channel();
    let thread = thread::Builder::new().name("tell".to_owned()).spawn(move || {
        // Without the lock of `io::stderr`, which a write that hangs would hold for ever.
        let _ = write_all(stderr(), text.as_bytes());
        let _ = done.send(());
    });
    if thread.is_ok() {
        let _ = written.recv_timeout(TIMEOUT);
    }
}
