//! Stdout on a thread of its own: a reader that has stopped must not stop the counting, nor keep us
//! from ending.

use std::{
    io::{self, Write as _},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use anyhow::{Context as _, Result};
use tokio::sync::mpsc;

/// Writes one text at a time. The thread is never waited for: it may hang in a write for ever.
pub(super) struct Printer {
    texts: SyncSender<String>,
    results: mpsc::Receiver<io::Result<()>>,
    busy: bool,
}

impl Printer {
    pub(super) fn start() -> Result<Self> {
        let (texts, incoming) = sync_channel(1);
        let (outgoing, results) = mpsc::channel(1);
        thread::Builder::new()
            .name("print".to_owned())
            .spawn(move || print(&incoming, &outgoing))
            .context("start the thread that prints")?;
        Ok(Self { texts, results, busy: false })
    }

    /// Whether a text is still being written.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Hands over a text, while none is being written.
    pub(super) fn start_printing(&mut self, text: String) {
        self.busy = self.texts.try_send(text).is_ok();
    }

    /// Waits until what was handed over is written. Can be dropped and called again.
    pub(super) async fn done(&mut self) -> Result<()> {
        if self.busy {
            let result = self.results.recv().await.context("the thread that prints has ended")?;
            self.busy = false;
            result.map_err(OutputError)?;
        }
        Ok(())
    }
}

/// Flushes each text: a reader at the other end of a pipe sees it at once.
fn print(texts: &Receiver<String>, results: &mpsc::Sender<io::Result<()>>) {
    while let Ok(text) = texts.recv() {
        let mut out = io::stdout().lock();
        let result = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        drop(out);
        if results.blocking_send(result).is_err() {
            return;
        }
    }
}

/// Writing to stdout failed. Told apart from other errors because a closed pipe here is a good end.
#[derive(Debug)]
pub struct OutputError(io::Error);

impl OutputError {
    /// Whether the reader has gone: it has seen enough.
    pub fn is_closed_pipe(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

impl std::fmt::Display for OutputError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "write to stdout: {}", self.0)
    }
}

impl std::error::Error for OutputError {}
