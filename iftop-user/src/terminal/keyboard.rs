//! Keys beside text reports: single keys from stdin, where that is a terminal and we are in its
//! foreground.
//!
//! It owns the modes of that terminal and a thread that reads it. It must never stop the process by
//! reading in the background, and never turn the end of input into a key.

use std::{
    future,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use anyhow::{Context as _, Result};
use rustix::{io::Errno, stdio::stdin, termios::isatty};
use tokio::sync::mpsc;

use super::{
    hold,
    job::{self, Job, JobEvent, Whom},
    modes::{self, Modes},
};
use crate::disposition;

/// Gives keys one by one. Dropping it gives the terminal back, and so does a panic on any thread.
#[must_use = "the terminal is given back when this is dropped"]
pub struct Keyboard(Option<Keys>);

struct Keys {
    job: Job,
    taken: bool,
    /// Lets the thread try again after it was refused.
    retry: SyncSender<()>,
    typed: mpsc::Receiver<u8>,
}

impl Keyboard {
    /// Takes over the keyboard. Where stdin is no terminal, no key will ever come.
    pub fn take() -> Result<Self> {
        if !isatty(stdin()) {
            return Ok(Self(None));
        }
        hold::give_back_on_panic();
        let (retry, retries) = sync_channel(1);
        let (outgoing, typed) = mpsc::channel(16);
        thread::Builder::new()
            .name("keys".to_owned())
            .spawn(move || read(&retries, &outgoing))
            .context("start the thread that reads keys")?;
        let mut keys = Keys { job: Job::new()?, taken: false, retry, typed };
        keys.take_in_foreground()?;
        Ok(Self(Some(keys)))
    }

    /// Whether a key has been read that nobody has asked for yet.
    pub fn has_key(&self) -> bool {
        self.0.as_ref().is_some_and(|keys| !keys.typed.is_empty())
    }

    /// The next key; none ever comes after the end of input. It also stops us on SIGTSTP (Ctrl-Z),
    /// and goes on from there when somebody continues us. Can be dropped and called again without
    /// losing a key.
    ///
    /// # Errors
    /// When the terminal's modes cannot be set.
    pub async fn key(&mut self) -> Result<char> {
        match &mut self.0 {
            Some(keys) => keys.next().await,
            None => future::pending().await,
        }
    }
}

impl Keys {
    async fn next(&mut self) -> Result<char> {
        // A shell that brings us to the foreground tells us only if we were stopped.
        if !self.taken {
            self.take_in_foreground()?;
        }
        loop {
            tokio::select! {
                biased;
                job = self.job.next() => match job {
                    JobEvent::Stop => {
                        self.give_back();
                        job::stop(Whom::Us)?;
                        self.take_in_foreground()?;
                    }
                    JobEvent::Continued => self.take_in_foreground()?,
                },
                Some(key) = self.typed.recv() => return Ok(char::from(key)),
            }
        }
    }

    /// Takes the keyboard, if it can be ours, also again.
    fn take_in_foreground(&mut self) -> Result<()> {
        if !job::in_foreground() {
            self.give_back();
            return Ok(());
        }
        modes::change(Modes::Unbuffered)?;
        self.taken = true;
        // Full: the thread has been told already. Closed: there is nothing more to read.
        let _ = self.retry.try_send(());
        Ok(())
    }

    fn give_back(&mut self) {
        self.taken = false;
        modes::restore();
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Reads until there is no more. Refused, it waits until somebody says that it is worth trying.
fn read(retries: &Receiver<()>, keys: &mpsc::Sender<u8>) {
    // Then reading in the background is refused and does not stop us.
    disposition::block_in_this_thread(libc::SIGTTIN);
    let mut key = [0];
    while retries.recv().is_ok() {
        loop {
            match rustix::io::read(stdin(), &mut key) {
                Ok(0) => return,
                Ok(_) if keys.blocking_send(key[0]).is_err() => return,
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::IO) => break,
                Err(_) => return,
            }
        }
    }
}
