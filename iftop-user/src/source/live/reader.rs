//! The thread that reads packets: it does nothing else, so that the kernel's buffers stay empty.
//!
//! It owns the rings and what was counted of them. Between two handfuls of packets it does what it was
//! asked to; it must never wait for anything but packets and requests.

use std::{
    io::{PipeReader, Read as _},
    os::fd::AsFd as _,
    sync::mpsc::{Receiver, TryRecvError},
    time::{Duration, Instant},
};

use anyhow::{Error, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::ring::Ring;
use crate::{
    packet_filter::PacketFilter,
    source::{Sample, frames::Frames},
};

/// Packets that are read before somebody who asks is heard.
const HANDFUL: usize = 1024;

/// After packets were read, more of them gather for so long: to be woken by each would cost more than to
/// count it. The buffers hold what comes in several times that.
const GATHERING: Duration = Duration::from_millis(5);

/// What it is asked to do.
pub(super) type Task = Box<dyn FnOnce(&mut Reader) + Send>;

/// See the module's description.
pub(super) struct Reader {
    rings: Vec<Ring>,
    frames: Frames,
    since: Instant,
    /// What ended the reading.
    failure: Option<Error>,
    ended: bool,
}

impl Reader {
    /// Counting begins now: what has gathered already belongs to no time that was measured.
    pub fn new(mut rings: Vec<Ring>, frames: Frames) -> Result<Self> {
        for ring in &mut rings {
            ring.forget()?;
        }
        Ok(Self { rings, frames, since: Instant::now(), failure: None, ended: false })
    }

    /// Reads until nobody can ask for it any more.
    pub fn run(mut self, tasks: &Receiver<Task>, mut woken: PipeReader) {
        loop {
            match tasks.try_recv() {
                Ok(task) => {
                    task(&mut self);
                    continue;
                }
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => {}
            }
            let most = self.read();
            if most < HANDFUL {
                self.wait(&mut woken, most > 0);
            }
        }
    }

    /// Counts a handful of each ring. How many packets there were in the fullest.
    fn read(&mut self) -> usize {
        let mut most = 0;
        if self.ended {
            return most;
        }
        for ring in &mut self.rings {
            match ring.count(&mut self.frames, HANDFUL) {
                Ok(read) => most = most.max(read),
                Err(error) => {
                    self.failure.get_or_insert(error);
                    self.ended = true;
                }
            }
        }
        most
    }

    /// Counts what was there when somebody asked; with what still comes that may go on for ever.
    fn catch_up(&mut self) {
        let handfuls = self.rings.iter().map(Ring::packets).max().unwrap_or(0) / HANDFUL + 1;
        for _ in 0..handfuls {
            if self.read() < HANDFUL {
                break;
            }
        }
    }

    /// Waits for packets, or lets them gather; or until somebody asks for something.
    fn wait(&self, woken: &mut PipeReader, gather: bool) {
        let time = Timespec { tv_sec: 0, tv_nsec: GATHERING.subsec_nanos().into() };
        let ready = {
            let watched = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
            let mut all = vec![watched(woken.as_fd())];
            if !gather && !self.ended {
                all.extend(self.rings.iter().map(|ring| watched(ring.as_fd())));
            }
            // Interrupted, it looks again.
            let _ = poll(&mut all, gather.then_some(&time));
            all[0].revents().contains(PollFlags::IN)
        };
        if ready {
            // So many requests are never open; that there were any is all that it says.
            let _ = woken.read(&mut [0; 64]);
        }
    }

    /// Hands over what was counted up to now, and says what ended the reading, if anything did.
    pub fn take(&mut self, sample: &mut Sample) -> Option<Error> {
        self.catch_up();
        let now = Instant::now();
        sample.elapsed = now - self.since;
        self.since = now;
        sample.now = None;
        sample.last = false;
        self.frames.take(sample);
        sample.dropped_packets = self.rings.iter_mut().map(Ring::newly_dropped).sum();
        self.failure.take()
    }

    /// Counts only what a filter accepts from now on, or everything again.
    pub fn set_filter(&mut self, filter: Option<PacketFilter>, reach: u16) -> Result<()> {
        // What passed before is judged by what was there before.
        self.catch_up();
        let links: Vec<_> = self.rings.iter().map(Ring::link).collect();
        self.frames.set_compiled_filter(&links, filter)?;
        for ring in &mut self.rings {
            ring.set_reach(reach);
        }
        Ok(())
    }
}
