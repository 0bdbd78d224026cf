//! How far a capture is to be played, and how far it is: what the loop and the thread that reads share.
//!
//! It owns a few numbers and the word to stop. It must never read a clock or a file.

use std::{
    io::{PipeReader, PipeWriter, pipe},
    sync::{
        Arc,
        atomic::{AtomicI32, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use iftop_common::parse::LinkType;

use super::clock::nanos;
use crate::packet_filter::Dlt;

/// The loop's end. Dropping it stops the reading, also where that waits for a pipe.
pub struct Playback {
    head: Arc<Head>,
    /// Closed when this is dropped, which the other end sees.
    _stop: PipeWriter,
}

/// The reader's end.
pub(super) struct Head {
    /// How much capture time is to be played since the start, in nanoseconds.
    target: AtomicU64,
    /// How much of it was.
    played: AtomicU64,
    /// How much of the file that was, in bytes.
    read_bytes: AtomicU64,
    /// How long the file is, where that is known.
    file_bytes: AtomicU64,
    /// What frames begin with, one kind of those there were.
    dlt: AtomicI32,
    /// Says hang-up once all is to stop.
    pub stop: PipeReader,
}

/// How much of the file was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// So many bytes.
    pub read_bytes: u64,
    /// Of so many; `None` for a pipe.
    pub file_bytes: Option<u64>,
    /// Whether the last packet was played.
    pub ended: bool,
}

impl Playback {
    pub(super) fn new() -> Result<(Self, Arc<Head>)> {
        let (stop, writer) = pipe().context("make a pipe to stop the reading with")?;
        let head = Arc::new(Head {
            target: AtomicU64::new(0),
            played: AtomicU64::new(0),
            read_bytes: AtomicU64::new(0),
            file_bytes: AtomicU64::new(0),
            // Nearly all do, where nothing is known yet.
            dlt: AtomicI32::new(Dlt::from(LinkType::Ethernet).0),
            stop,
        });
        Ok((Self { head: Arc::clone(&head), _stop: writer }, head))
    }

    /// Lets it play on for so much capture time.
    pub fn advance(&self, time: Duration) {
        let target = self.head.target().saturating_add(time);
        self.head.target.store(nanos(target), Ordering::Relaxed);
    }

    /// Whether less was played than should have been.
    pub fn is_behind(&self) -> bool {
        self.head.played.load(Ordering::Relaxed) < self.head.target.load(Ordering::Relaxed)
    }

    /// What a filter is to be compiled for first.
    pub fn dlt(&self) -> Dlt {
        Dlt(self.head.dlt.load(Ordering::Relaxed))
    }

    /// How much of the file was played, and whether that is all of it.
    pub fn progress(&self, ended: bool) -> Progress {
        let number = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let file_bytes = Some(number(&self.head.file_bytes)).filter(|&bytes| bytes > 0);
        Progress { read_bytes: number(&self.head.read_bytes), file_bytes, ended }
    }
}

impl Head {
    pub fn target(&self) -> Duration {
        Duration::from_nanos(self.target.load(Ordering::Relaxed))
    }

    pub fn set_played(&self, played: Duration, read_bytes: u64) {
        self.played.store(nanos(played), Ordering::Relaxed);
        self.read_bytes.store(read_bytes, Ordering::Relaxed);
    }

    pub fn set_dlt(&self, dlt: Dlt) {
        self.dlt.store(dlt.0, Ordering::Relaxed);
    }

    pub fn set_file_bytes(&self, bytes: u64) {
        self.file_bytes.store(bytes, Ordering::Relaxed);
    }
}
