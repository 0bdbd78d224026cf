//! The one small process that keeps the rights to attach and to load filters, when we have given up ours.
//!
//! It owns that process from its beginning to its end, which is ours: it sees the socket between us close,
//! however we end, and detaches what would stay otherwise. It must never be asked while packets wait: each
//! question costs two system calls and its answer.
//!
//! It is forked, not started anew, so that it has what was loaded and needs no file, no argument and no
//! environment.

use std::{os::unix::net::UnixStream, time::Duration};

use anyhow::{Context as _, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{
    attached::{Attached, NotSet, Shape},
    halves::Halves,
    maps::Maps,
};
use crate::{
    forked::{self, Forked, Process},
    packet_filter::PacketFilter,
    sandbox::Sandbox,
    source::surroundings::Look,
};

mod messages;
mod serve;

use messages::{Answer, Request, receive, receive_descriptors, send};

/// To load programs takes the kernel a moment, and longer where the machine is busy.
const PATIENCE: Duration = Duration::from_secs(10);

const GONE: &str = "the helper process, which has the right to do that, is gone: start iftop again";

/// See the module's description. Dropping it ends the process, and waits for that.
pub(super) struct Helper {
    /// `None`: it is known to be gone.
    socket: Option<UnixStream>,
    process: Process,
    /// What was attached at the start is held here too: links go on counting where the helper is killed.
    attached: Option<Attached>,
    /// Whether what counts is held by the helper alone: a filter, filters of clsact, promiscuous mode, all of
    /// what came back.
    is_needed: bool,
}

impl Helper {
    /// Forks it, and waits until it has given up what it does not need, the counters first: it would keep
    /// tables that nobody else does.
    pub fn start(attached: Attached, halves: Halves, sandbox: &Sandbox) -> Result<(Self, Halves)> {
        let (ours, theirs) = UnixStream::pair().context("open a socket for the helper process")?;
        let process = match forked::fork(c"iftop-helper").context("start the helper process")? {
            Forked::Copy => {
                drop((ours, halves));
                serve::serve(attached, sandbox, theirs)
            }
            Forked::Us(process) => process,
        };
        drop(theirs);
        let mut attached = attached;
        // The one hold on promiscuous mode is the helper's then.
        let was_promiscuous = attached.let_go_of_rights();
        ours.set_read_timeout(Some(PATIENCE)).context("set the helper's time")?;
        ours.set_write_timeout(Some(PATIENCE)).context("set the helper's time")?;
        let is_needed = was_promiscuous || !attached.is_held_by_links();
        let attached = Some(attached);
        let mut helper = Self { socket: Some(ours), process, attached, is_needed };
        helper.answer().and_then(done).context("start the helper process")?;
        Ok((helper, halves))
    }

    /// See [`Attached::set_filter`].
    pub fn set_filter(&mut self, filter: Option<&PacketFilter>) -> Result<(), NotSet> {
        let gone = || NotSet { reason: GONE.to_owned(), hook_lost: false };
        if !self.is_there() {
            return Err(gone());
        }
        let outcome = match self.ask(&Request::SetFilter(filter.cloned())) {
            Ok(Answer::Done) => Ok(()),
            Ok(Answer::NotSet(not_set)) if !not_set.hook_lost => return Err(not_set),
            Ok(Answer::NotSet(not_set)) => Err(not_set),
            _ => Err(gone()),
        };
        // Its gates stay where it was the last one, and lead to programs that the helper holds.
        self.is_needed |= filter.is_some();
        outcome
    }

    /// See [`Attached::look`].
    pub fn look(&mut self) -> Result<Look> {
        match self.ask(&Request::Look)? {
            Answer::Look(look) => Ok(look),
            _ => bail!(GONE),
        }
    }

    /// Whether it has ended, and packets are not counted any more for that.
    pub fn is_missed(&self) -> bool {
        self.is_needed && !self.is_there()
    }

    fn is_there(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| {
            // It says nothing unasked: what can be read is the end.
            let no_time = Timespec::default();
            poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&no_time)) != Ok(1)
        })
    }

    /// See [`Attached::let_go`].
    pub fn let_go(&mut self) {
        self.attached = None;
        self.is_needed = true;
        // Where it is gone, so is what it held.
        let _ = self.ask(&Request::LetGo);
    }

    /// See [`Attached::load_again`].
    pub fn load_again(&mut self, index: u32) -> Result<(Maps, Shape)> {
        match self.ask(&Request::LoadAgain(index))? {
            Answer::Loaded(shape) => {
                let socket = self.socket.as_ref().context(GONE)?;
                let descriptors = receive_descriptors(socket);
                if descriptors.is_err() {
                    self.socket = None;
                }
                Ok((Maps::from_descriptors(descriptors.context(GONE)?)?, shape))
            }
            Answer::Failed(reason) => bail!(reason),
            _ => bail!(GONE),
        }
    }

    /// See [`Attached::attach`].
    pub fn attach(&mut self) -> Result<()> {
        self.ask(&Request::Attach).and_then(done)
    }

    fn ask(&mut self, request: &Request) -> Result<Answer> {
        let socket = self.socket.as_mut().context(GONE)?;
        if let Err(error) = send(socket, request) {
            self.socket = None;
            return Err(error).context(GONE);
        }
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer> {
        let socket = self.socket.as_mut().context(GONE)?;
        let answer = receive(socket).and_then(|answer| answer.context("no answer"));
        // An answer that comes too late would be taken for that to the next question.
        if answer.is_err() {
            self.socket = None;
        }
        answer.context(GONE)
    }
}

fn done(answer: Answer) -> Result<()> {
    match answer {
        Answer::Done => Ok(()),
        Answer::Failed(reason) => bail!(reason),
        _ => bail!(GONE),
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It ends when it sees this.
        self.socket = None;
        self.process.wait();
    }
}
