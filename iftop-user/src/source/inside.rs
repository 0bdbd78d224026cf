//! A source in a network namespace that may go.
//!
//! It owns noticing that. As long as the thread that asks the source is in there, the kernel keeps the
//! namespace and all its interfaces, so that they would never be gone by themselves: it must never be
//! asked for long after nobody else can find the namespace.

use anyhow::{Result, bail};

use super::{Sample, Source};
use crate::{netns::Entrance, packet_filter::PacketFilter};

/// See the module's description.
pub struct Inside<S> {
    source: S,
    entrance: Entrance,
    gone: bool,
}

impl<S> Inside<S> {
    /// The source, and how its namespace was found.
    pub fn new(source: S, entrance: Entrance) -> Self {
        Self { source, entrance, gone: false }
    }
}

impl<S: Source> Source for Inside<S> {
    /// As with an interface that is gone: what was counted before comes first, then the error.
    fn sample(&mut self, sample: &mut Sample) -> Result<()> {
        if self.gone {
            bail!("{}", self.entrance.farewell());
        }
        self.gone = !self.entrance.is_there();
        self.source.sample(sample)
    }

    fn set_filter(&mut self, filter: Option<&PacketFilter>) -> Result<()> {
        self.source.set_filter(filter)
    }
}
