//! Stdout on a thread of its own: a reader that has stopped must not stop the counting, nor keep us
//! from ending.
//!
//! It owns writing one piece at a time. It must never know what the bytes mean, and never take the
//! lock of [`io::stdout`]: a write that hangs would hold it for ever.

use std::{
    io,
    os::fd::BorrowedFd,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    stdio::stdout,
};
use tokio::sync::mpsc;

/// How often a timeout is begun anew for a thread that is not run.
const MOST_WAITS: u32 = 10;

/// Writes one piece at a time. The thread is never waited for: it may hang in a write for ever.
pub(crate) struct Printer {
    pieces: SyncSender<Vec<u8>>,
    results: mpsc::Receiver<io::Result<()>>,
    busy: bool,
}

impl Printer {
    /// Writes to stdout as it is.
    pub(crate) fn start() -> Result<Self> {
        Self::start_with(|bytes| write_all(stdout(), bytes))
    }

    /// Hands each piece to a function, which may block.
    pub(crate) fn start_with(
        write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
    ) -> Result<Self> {
        let (pieces, incoming) = sync_channel(1);
        let (outgoing, results) = mpsc::channel(1);
        thread::Builder::new()
            .name("print".to_owned())
            .spawn(move || print(write, &incoming, &outgoing))
            .context("start the thread that prints")?;
        Ok(Self { pieces, results, busy: false })
    }

    /// Whether a piece is still being written.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Hands over a piece, while none is being written.
    pub(crate) fn start_printing(&mut self, piece: impl Into<Vec<u8>>) {
        self.busy = self.pieces.try_send(piece.into()).is_ok();
    }

    /// Waits until what was handed over is written. Can be dropped and called again.
    pub(crate) async fn done(&mut self) -> Result<()> {
        if self.busy {
            let result = self.results.recv().await.context("the thread that prints has ended")?;
            self.busy = false;
            result.map_err(OutputError)?;
        }
        Ok(())
    }
}

fn print(
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
    pieces: &Receiver<Vec<u8>>,
    results: &mpsc::Sender<io::Result<()>>,
) {
    while let Ok(piece) = pieces.recv() {
        if results.blocking_send(write(&piece)).is_err() {
            return;
        }
    }
}

/// Writes all of it at once, so that a reader at the other end of a pipe sees it at once.
pub(crate) fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Somebody who shares our terminal or pipe made it so. Interrupted, we just try again.
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Whether what is written there goes somewhere, now.
pub(crate) fn takes_something(to: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(to, PollFlags::OUT)];
    poll(&mut polled, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Waits until another thread has written: so long for a reader that has stopped, and longer for a thread that
/// is only not run, as on a machine that is busy.
pub(crate) fn wait_until_written(to: BorrowedFd<'_>, done: &Receiver<()>, timeout: Duration) {
    for _ in 0..MOST_WAITS {
        let waited = done.recv_timeout(timeout);
        if waited != Err(RecvTimeoutError::Timeout) || !takes_something(to) {
            return;
        }
    }
}

/// Writing to stdout failed. Told apart from other errors because a closed pipe here is a good end.
#[derive(Debug)]
pub struct OutputError(io::Error);

impl OutputError {
    /// What the system said.
    pub(crate) fn new(error: io::Error) -> Self {
        Self(error)
    }

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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn pieces_are_written_one_by_one_and_errors_come_back() {
        let (written, seen) = mpsc::channel();
        let (go, gate) = mpsc::channel::<io::Result<()>>();
        let mut printer = Printer::start_with(move |piece| {
            written.send(piece.to_vec()).unwrap();
            gate.recv().unwrap()
        })
        .unwrap();
        assert!(!printer.is_busy());
        printer.done().await.unwrap();

        printer.start_printing("one");
        assert_eq!(seen.recv().unwrap(), b"one");
        assert!(printer.is_busy(), "it hangs in its write");
        go.send(Ok(())).unwrap();
        printer.done().await.unwrap();
        assert!(!printer.is_busy());

        printer.start_printing(b"two".to_vec());
        go.send(Err(io::ErrorKind::BrokenPipe.into())).unwrap();
        let error = printer.done().await.unwrap_err();
        assert!(error.downcast_ref().is_some_and(OutputError::is_closed_pipe));
        assert!(!printer.is_busy());
    }
}
