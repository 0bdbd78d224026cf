//! The bytes of a capture file, in order, with the place where they stand in it.
//!
//! It owns the buffer and the waiting. It must never know what the bytes mean, and never wait for a
//! pipe when all is to stop.

use std::{
    error::Error,
    fmt,
    fs::File,
    io::{self, ErrorKind, IsTerminal as _, Read as _},
    os::fd::AsFd as _,
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::playback::Head;

/// So much is read at a time.
const CHUNK: usize = 256 << 10;

/// See the module's description.
pub(super) struct Input {
    file: File,
    head: Arc<Head>,
    /// What was read: from `start` on it was not consumed yet.
    buffer: Vec<u8>,
    start: usize,
    /// Where `start` is in the file.
    offset: u64,
    regular: bool,
    waits: bool,
    at_end: bool,
}

/// There is nothing to be read now, but there may be later: asking again is no mistake, and goes on where
/// this left off.
#[derive(Debug)]
pub(super) struct NotYet;

impl fmt::Display for NotYet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing has come yet")
    }
}

impl Error for NotYet {}

impl Input {
    /// Opens a file, or stdin where it is called `-`. `waits`: for what a pipe brings, instead of
    /// [`NotYet`].
    pub fn open(path: &Path, head: Arc<Head>, waits: bool) -> Result<Self> {
        let file = if path.as_os_str() == "-" {
            let stdin = io::stdin();
            ensure!(!stdin.is_terminal(), "stdin is a terminal: what is read is to come by a pipe");
            File::from(stdin.as_fd().try_clone_to_owned().context("take stdin")?)
        } else {
            open_at_once(path)?
        };
        let metadata = file.metadata().context("ask what kind of file it is")?;
        if metadata.is_dir() {
            bail!("it is a directory");
        }
        if metadata.is_file() {
            head.set_file_bytes(metadata.len());
        }
        let (buffer, regular) = (Vec::new(), metadata.is_file());
        Ok(Self { file, head, buffer, start: 0, offset: 0, regular, waits, at_end: false })
    }

    /// Whether it never waits for somebody to write.
    pub fn is_regular(&self) -> bool {
        self.regular
    }

    /// Where the next byte stands.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next bytes: as many, or more, or all that there are.
    #[inline]
    pub fn peek(&mut self, bytes: usize) -> Result<&[u8]> {
        if self.buffer.len() - self.start < bytes {
            self.fill(bytes)?;
        }
        Ok(&self.buffer[self.start..])
    }

    /// Goes on behind so many bytes, all of which were seen.
    #[inline]
    pub fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        self.offset += bytes as u64;
    }

    fn fill(&mut self, bytes: usize) -> Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        while !self.at_end && self.buffer.len() < bytes {
            self.wait()?;
            let filled = self.buffer.len();
            self.buffer.resize(filled + CHUNK, 0);
            let read = match self.file.read(&mut self.buffer[filled..]) {
                // Somebody else may read the same pipe, and be first.
                Err(error)
                    if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) =>
                {
                    Ok(0)
                }
                Ok(0) => {
                    self.at_end = true;
                    Ok(0)
                }
                result => result,
            };
            self.buffer.truncate(filled + *read.as_ref().unwrap_or(&0));
            read.with_context(|| format!("read at byte {}", self.offset + filled as u64))?;
        }
        Ok(())
    }

    /// Until there is something to read, or the end: of a named pipe that is when writers were there and have
    /// gone. One that nobody has opened yet to write is neither, though reading it would say that it is at its
    /// end.
    fn wait(&self) -> Result<()> {
        let timeout = if self.waits { None } else { Some(&Timespec { tv_sec: 0, tv_nsec: 0 }) };
        loop {
            let mut both = [
                PollFd::new(&self.file, PollFlags::IN),
                PollFd::new(&self.head.stop, PollFlags::IN),
            ];
            match poll(&mut both, timeout) {
                Ok(0) => bail!(NotYet),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error).context("wait for what is to be read"),
                Ok(_) if !both[1].revents().is_empty() => bail!("the reading was stopped"),
                Ok(_) => return Ok(()),
            }
        }
    }
}

/// Opens a file. A named pipe that nobody has opened yet to write is like any other from which nothing comes:
/// the table is shown meanwhile, and a signal ends the program in good order.
#[cfg(not(target_vendor = "apple"))]
fn open_at_once(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

/// There poll(2) takes a named pipe for ended that nobody has opened yet to write: opening it has to wait.
#[cfg(target_vendor = "apple")]
fn open_at_once(path: &Path) -> io::Result<File> {
    File::open(path)
}
