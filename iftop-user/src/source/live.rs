//! Packets of an interface, or of all of them, as libpcap hands them over, counted in user space.
//!
//! It owns the way from a request to the thread that reads (`live/reader.rs`), and what is told beside the
//! counters. What a packet is and where it counts is for [`frames`]. Reading must never
//! wait for whoever asks for samples.
//!
//! The packet filter is run here and not in the kernel: what it turns away is to be counted, and libpcap
//! would have the kernel judge frames without the VLAN tag that they came with.

use std::{
    io::{PipeWriter, Write as _, pipe},
    mem,
    sync::mpsc::{Sender, channel},
    thread::{self, JoinHandle},
    time::Instant,
};

use anyhow::{Context as _, Error, Result, bail, ensure};
use iftop_common::Table;

use super::{
    Facts, Kind, Sample, Source,
    around::Around,
    frames::{self, Frames, LinkLayer},
    surroundings::{Look, Surroundings},
};
use crate::{
    interface::{Interface, name_of},
    packet_filter::{Dlt, PacketFilter},
    privileges::{self, Capability},
    usage::usage,
};

#[cfg(target_os = "linux")]
mod direction;
mod part;
mod reader;
mod ring;

use reader::{Reader, Task};
use ring::{LEAST_CAPTURED, Ring};

/// What to open.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// Where to read; `None`: at all interfaces at once.
    pub interface: Option<&'a Interface>,
    /// Whether also what is for others is to be received.
    pub promiscuous: bool,
    /// How frames are counted.
    pub frames: frames::Options,
    /// What is counted, compiled for what the rings hold; `None`: everything.
    pub filter: Option<PacketFilter>,
    /// What the kernel may hold until it is read, in bytes.
    pub buffer_bytes: u64,
    /// Why it is not counted in the kernel, where that was tried first.
    pub reason: Option<String>,
}

/// Open, so that it is known what frames begin with; but nobody reads yet.
pub struct Rings {
    rings: Vec<Ring>,
    link: LinkLayer,
}

impl Rings {
    /// Opens them for an interface, or for all at once; promiscuous: also for what is for others.
    ///
    /// # Errors
    /// Have libpcap's words, and say which capability is missing.
    pub fn open(
        interface: Option<&Interface>,
        promiscuous: bool,
        buffer_bytes: u64,
    ) -> Result<Self> {
        let rings = Ring::open(interface, promiscuous, buffer_bytes, LEAST_CAPTURED)
            .map_err(|error| privileges::with_advice(error, &[Capability::NetRaw]))?;
        let link = rings.first().context("a capture has a ring")?.link();
        Ok(Self { rings, link })
    }

    /// What their frames begin with.
    pub fn dlt(&self) -> Dlt {
        self.link.dlt()
    }
}

/// See the module's description. Dropping it ends the capture.
pub struct LiveSource {
    interface: Option<Interface>,
    around: Option<Around>,
    facts: Facts,
    dlt: Dlt,
    /// How much of each frame.
    captured: u16,
    at_start: Surroundings,
    gone: bool,
    /// What ended the reading, to be told behind what was read before.
    failure: Option<Error>,
    /// Before the thread: without it, that ends.
    tasks: Option<Sender<Task>>,
    wake: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl LiveSource {
    /// Begins to read what was opened for the same interface; counting begins just before this returns. Once
    /// everything is open that takes a right, and before a thread reads, something else is done.
    ///
    /// # Errors
    /// Have libpcap's words, or say what is wrong with the filter.
    pub fn start(
        Rings { rings, link }: Rings,
        options: Options<'_>,
        all_is_open: impl FnOnce() -> Result<()>,
    ) -> Result<Self> {
        let Options { interface, promiscuous, frames, filter, buffer_bytes, reason } = options;
        let reach = ring::reach(filter.as_ref())?;
        let captured = reach.max(LEAST_CAPTURED);
        let mut rings = if captured > LEAST_CAPTURED {
            // What was opened to learn what frames begin with holds too little of them.
            drop(rings);
            Ring::open(interface, promiscuous, buffer_bytes, captured)?
        } else {
            rings
        };
        for ring in &mut rings {
            ring.set_reach(reach);
        }
        all_is_open()?;
        let mut frames = Frames::new(frames);
        frames.set_compiled_filter(&[link], filter)?;
        let facts = Facts {
            kind: Kind::Pcap,
            hooks: format!("libpcap, {}", link.name()),
            table: Table::Hash,
            lines: frames.lines(),
            refused_lines: 0,
            kernel_bytes: buffer_bytes,
            reason,
        };
        let mut around = interface.map(|interface| Around::new(interface.index, false));
        let before = around.as_ref().and_then(Around::counters);
        let reader = Reader::new(rings, frames)?;
        let at_start = surroundings(around.as_mut(), before, Instant::now());
        let (tasks, requests) = channel();
        let (woken, wake) = pipe().context("open a pipe")?;
        let thread = thread::Builder::new()
            .name("pcap".to_owned())
            .spawn(move || reader.run(&requests, woken))
            .context("start the thread that reads packets")?;
        Ok(Self {
            interface: interface.cloned(),
            around,
            facts,
            dlt: link.dlt(),
            captured,
            at_start,
            gone: false,
            failure: None,
            tasks: Some(tasks),
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// What is true of it as long as it is open.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What its frames begin with.
    pub fn dlt(&self) -> Dlt {
        self.dlt
    }

    /// What was read beside it when counting began.
    pub fn at_start(&self) -> Surroundings {
        self.at_start
    }

    /// Has the reading thread do something between two packets, and waits for that.
    fn ask<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Reader) -> T + Send + 'static,
    ) -> Result<T> {
        const ENDED: &str = "the thread that reads packets has ended";
        let (answer, answered) = channel();
        let task: Task = Box::new(move |reader| {
            // Whoever asked waits for it.
            let _ = answer.send(task(reader));
        });
        let (Some(tasks), Some(mut wake)) = (&self.tasks, self.wake.as_ref()) else { bail!(ENDED) };
        tasks.send(task).ok().context(ENDED)?;
        wake.write_all(&[0]).context(ENDED)?;
        answered.recv().context(ENDED)
    }
}

fn surroundings(
    around: Option<&mut Around>,
    before: Option<crate::interface::InterfaceCounters>,
    began: Instant,
) -> Surroundings {
    match around {
        Some(around) => around.read(before, began.elapsed(), Look::default),
        None => Surroundings { usage: usage(), poll: began.elapsed(), ..Surroundings::default() },
    }
}

impl Source for LiveSource {
    fn sample(&mut self, sample: &mut Sample) -> Result<()> {
        sample.renamed = None;
        if let Some(interface) = &mut self.interface {
            ensure!(!self.gone, "{} is gone", interface.shown_name());
            match name_of(interface.index) {
                Some(name) if name != interface.name => {
                    interface.name.clone_from(&name);
                    sample.renamed = Some(name);
                }
                Some(_) => {}
                // As with every source: what was counted before comes first.
                None => self.gone = true,
            }
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let before = self.around.as_ref().and_then(Around::counters);
        let began = Instant::now();
        let mut filled = mem::take(sample);
        let (filled, failure) = self.ask(move |reader| {
            let failure = reader.take(&mut filled);
            (filled, failure)
        })?;
        *sample = filled;
        self.failure = failure;
        sample.surroundings = surroundings(self.around.as_mut(), before, began);
        Ok(())
    }

    fn set_filter(&mut self, filter: Option<&PacketFilter>) -> Result<()> {
        let reach = ring::reach(filter)?;
        // With other rings packets would be missed between the old and the new, or be there twice.
        ensure!(
            reach <= self.captured,
            "begin with this filter (-f): it may read {reach} bytes of a packet, and libpcap captures {}",
            self.captured
        );
        let filter = filter.cloned();
        self.ask(move |reader| reader.set_filter(filter, reach))?
    }
}

impl Drop for LiveSource {
    fn drop(&mut self) {
        self.tasks = None;
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing more to say.
            let _ = thread.join();
        }
    }
}
