//! Programs that are measured from outside: ours, classic iftop and tcpdump, on pipes or a terminal.
//!
//! Everything that is waited for has a limit.

use std::{
    fs::{self, File},
    io::{self, Read, Write as _},
    os::fd::OwnedFd,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::{
    fs::{Mode, OFlags},
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use crate::{kernel::pin_to, net::Namespace};

/// What a program's output goes to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A pipe, stderr as well.
    Pipe,
    /// The same, but its stdout is dropped.
    OnlyErrors,
    /// A terminal of 120 columns and 40 rows.
    Terminal,
}

/// The CPU that programs run on; traffic is made on the first.
const CPU: usize = 1;

/// A program that runs; killed when dropped.
pub struct Program {
    child: Child,
    started: Instant,
    /// Its keyboard.
    input: Option<File>,
    chunks: Receiver<(Instant, Vec<u8>)>,
    said: String,
}

impl Program {
    /// Starts words separated by spaces, inside of a namespace, on the second CPU.
    pub fn start(namespace: &Namespace, words: &str, output: Output) -> Result<Self> {
        let mut words = words.split_whitespace();
        let mut command = Command::new(words.next().context("no program")?);
        command.args(words).env("HOME", "/nonexistent").env("TERM", "xterm");
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        namespace.enter(&mut command, None);
        let (input, reader): (_, Box<dyn Read + Send>) = if output == Output::Terminal {
            let (master, terminal) = open_terminal()?;
            command.stdin(terminal.try_clone()?).stdout(terminal.try_clone()?).stderr(terminal);
            (Some(master.try_clone()?), Box::new(master))
        } else {
            let (reader, writer) = io::pipe().context("a pipe")?;
            command.stderr(writer.try_clone()?);
            if output == Output::Pipe {
                command.stdout(writer);
            } else {
                command.stdout(Stdio::null());
            }
            // Kept open, as at the end of its input classic iftop takes all the time there is.
            command.stdin(Stdio::piped());
            (None, Box::new(reader))
        };
        let started = Instant::now();
        // A child inherits where its parent's thread may run.
        let child = thread::scope(|scope| {
            let spawn = || {
                pin_to(CPU)?;
                command.spawn().with_context(|| format!("start {command:?}"))
            };
            scope.spawn(spawn).join().map_err(|_| anyhow!("a thread panicked"))?
        })?;
        drop(command);
        Ok(Self { child, started, input, chunks: read_on_a_thread(reader), said: String::new() })
    }

    pub fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// When it said this; what it said up to then is forgotten. `None` where it did not in this time.
    pub fn wait_for(&mut self, text: &str, limit: Duration) -> Result<Option<Instant>> {
        let end = Instant::now() + limit;
        let mut last = Instant::now();
        loop {
            if let Some(place) = self.said.find(text) {
                self.said.drain(..place + text.len());
                return Ok(Some(last));
            }
            match self.chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((when, bytes)) => {
                    last = when;
                    self.said += &String::from_utf8_lossy(&bytes);
                }
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("ended before it said `{text}`: {}", self.said)
                }
            }
        }
    }

    /// The same of something that it surely says.
    pub fn expect(&mut self, text: &str) -> Result<Instant> {
        let said = self.wait_for(text, Duration::from_secs(20))?;
        said.with_context(|| format!("did not say `{text}`: {}", self.said))
    }

    /// Types on its terminal.
    pub fn press(&mut self, keys: &str) -> Result<()> {
        let input = self.input.as_mut().context("it has no keyboard")?;
        input.write_all(keys.as_bytes()).context("type")
    }

    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(Pid::from_child(&self.child), signal).context("send a signal")
    }

    /// Waits for its end; the rest of what it said.
    pub fn end(mut self) -> Result<(ExitStatus, String)> {
        let end = Instant::now() + Duration::from_secs(20);
        // The output ends when the program does.
        loop {
            match self.chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((_, bytes)) => self.said += &String::from_utf8_lossy(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => bail!("does not end: {}", self.said),
            }
        }
        let status = self.child.wait().context("wait for its end")?;
        Ok((status, std::mem::take(&mut self.said)))
    }

    /// CPU time that its threads have used.
    pub fn cpu(&self) -> Result<Duration> {
        let mut sum = Duration::ZERO;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // The first number is nanoseconds on a CPU; finer than the ticks in `stat`.
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let time = text.split_whitespace().next().and_then(|time| time.parse().ok());
            sum += Duration::from_nanos(time.context("an odd schedstat")?);
        }
        Ok(sum)
    }

    /// The most memory that it had at once.
    pub fn peak_memory_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let mut lines = status.lines().filter_map(|line| line.strip_prefix("VmHWM:"));
        let line = lines.next().context("no VmHWM")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().context("an odd VmHWM")?;
        Ok(kib << 10)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The end that we hold, and the one that the program gets.
fn open_terminal() -> Result<(File, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let path = ptsname(&master, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = rustix::fs::open(&path, flags, Mode::empty())?;
    tcsetwinsize(&terminal, Winsize { ws_col: 120, ws_row: 40, ws_xpixel: 0, ws_ypixel: 0 })?;
    Ok((master.into(), terminal))
}

/// The thread ends with the output: a pipe gives nothing then, a terminal an error.
fn read_on_a_thread(mut reader: Box<dyn Read + Send>) -> Receiver<(Instant, Vec<u8>)> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = vec![0; 65_536];
        while let Ok(read @ 1..) = reader.read(&mut bytes) {
            if sender.send((Instant::now(), bytes[..read].to_vec())).is_err() {
                return;
            }
        }
    });
    receiver
}
