//! A capture file as a source: what its packets brought, in the time that they say.
//!
//! It owns the order of things: which packet belongs to which sample, when the file is at its end, and
//! that an error comes after what could be read before it. It must never read a clock: time comes from
//! the packets, and how far to go from whoever holds the [`Playback`].

use std::{mem, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Error, Result};
use iftop_common::Table;

use crate::{
    names::printable,
    packet_filter::PacketFilter,
    patience::{self, COMPILING},
    source::{
        Facts, Kind, Sample, Source,
        frames::{self, Frames, LinkLayer},
        surroundings::Surroundings,
    },
    usage::usage,
};
mod clock;
mod input;
mod order;
mod pcap;
mod pcapng;
mod playback;
mod reader;

use clock::{Clock, When};
use input::{Input, NotYet};
use playback::Head;
pub use playback::{Playback, Progress};
use reader::Reader;

/// See the module's description.
pub struct CaptureFile {
    name: String,
    reader: Reader,
    frames: Frames,
    clock: Clock,
    head: Arc<Head>,
    /// What its frames have begun with so far.
    links: Vec<LinkLayer>,
    end: End,
}

/// How samples follow one another.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// No sample covers more time, but for one that is a gap.
    pub step: Duration,
    /// Whether a sample waits for what a pipe brings, so that time is what packets say alone. Else time
    /// goes on as it is played, also where nothing comes.
    pub waits: bool,
}

impl Default for Pace {
    /// For whoever reads all of it as fast as that goes.
    fn default() -> Self {
        Self { step: Duration::from_secs(1), waits: true }
    }
}

/// What comes behind the last packet.
enum End {
    /// It is not there yet.
    NotYet,
    /// Nothing: the file was read to its end.
    Reached,
    /// This, once what was read before it has been told.
    Error(Error),
}

impl CaptureFile {
    /// Opens a file, or stdin where it is called `-`. Nothing is read of a pipe yet, as that may wait.
    ///
    /// # Errors
    /// Say that it cannot be opened, that it is no capture that can be read, or what is wrong with the
    /// filter.
    pub fn open(
        path: &Path,
        options: frames::Options,
        filter: Option<&str>,
        pace: Pace,
    ) -> Result<(Self, Playback)> {
        let (playback, head) = Playback::new()?;
        let input = Input::open(path, Arc::clone(&head), pace.waits);
        let input = input.with_context(|| name(path))?;
        let regular = input.is_regular();
        let mut file = Self {
            name: name(path),
            reader: Reader::new(input),
            frames: Frames::new(options),
            clock: Clock::new(pace.step),
            head,
            links: Vec::new(),
            end: End::NotYet,
        };
        file.frames.set_filter(filter);
        if regular {
            file.reader.begin().with_context(|| name(path))?;
            // What is wrong with packets is for later.
            if let Ok(Some(first)) = file.reader.peek() {
                meet(first.frame.link, &mut file.links, &file.head);
                let link = first.frame.link;
                patience::telling(COMPILING, || file.frames.compile_filter(link))
                    .with_context(|| name(path))?;
            }
        }
        Ok((file, playback))
    }

    /// What is true of it as long as it is open.
    pub fn facts(&self) -> Facts {
        Facts {
            kind: Kind::File,
            hooks: self.reader.describe(),
            table: Table::Hash,
            lines: self.frames.lines(),
            ..Facts::default()
        }
    }

    /// What stands beside the counters, now.
    pub fn surroundings() -> Surroundings {
        Surroundings { usage: usage(), ..Surroundings::default() }
    }

    /// Counts the packets that are due. How long that was, by their own time.
    fn read_on(&mut self) -> Duration {
        let until = self.clock.until(self.head.target());
        loop {
            let record = match self.reader.peek() {
                Ok(Some(record)) => record,
                Ok(None) => {
                    self.end = End::Reached;
                    return self.clock.end();
                }
                Err(error) if error.is::<NotYet>() => return self.clock.pass(until),
                Err(error) => {
                    self.end = End::Error(error);
                    return self.clock.end();
                }
            };
            match self.clock.place(record.time, until) {
                When::Now => {}
                When::Later => return self.clock.pass(until),
                When::AfterGap(until) => return self.clock.pass_gap(until),
            }
            meet(record.frame.link, &mut self.links, &self.head);
            if let Err(error) = self.frames.count(&record.frame) {
                self.end = End::Error(match record.interface {
                    Some(number) => error.context(format!("a packet of interface {number}")),
                    None => error,
                });
                return self.clock.end();
            }
            self.reader.consume();
        }
    }
}

impl Source for CaptureFile {
    fn sample(&mut self, sample: &mut Sample) -> Result<()> {
        if let End::Error(error) = mem::replace(&mut self.end, End::NotYet) {
            return Err(error.context(self.name.clone()));
        }
        sample.elapsed = self.read_on();
        self.frames.take(sample);
        sample.dropped_packets = self.reader.take_dropped();
        sample.surroundings = Self::surroundings();
        sample.now = self.clock.now();
        sample.last = matches!(self.end, End::Reached);
        self.head.set_played(self.clock.played(), self.reader.offset());
        Ok(())
    }

    fn set_filter(&mut self, filter: Option<&PacketFilter>) -> Result<()> {
        // Those that only come later are not known: then the end of the reading says what is wrong.
        self.frames.set_compiled_filter(&self.links, filter.cloned())
    }
}

/// Takes in what a frame begins with, and lets it be known: the next filter is compiled for that.
#[inline]
fn meet(link: LinkLayer, met: &mut Vec<LinkLayer>, head: &Head) {
    if !met.contains(&link) {
        met.push(link);
        head.set_dlt(link.dlt());
    }
}

/// As the file is called in messages.
fn name(path: &Path) -> String {
    match path.as_os_str().as_encoded_bytes() {
        b"-" => "stdin".to_owned(),
        bytes => printable(bytes),
    }
}
