//! A packet filter on its way from the prompt to the source.
//!
//! Compiling it may ask for names and so take long: it happens on a thread of its own, and the loop must
//! never wait for it.

use std::thread;

use anyhow::{Context as _, Result, anyhow};
use tokio::sync::mpsc;

use crate::{
    packet_filter::{Dlt, PacketFilter},
    poller::Poller,
};

/// See the module's description.
pub(super) struct Filtering {
    /// How many were asked for: of those before the last one it is of interest only whether they are in use.
    asked: u64,
    sender: mpsc::UnboundedSender<(u64, Step)>,
    receiver: mpsc::UnboundedReceiver<(u64, Step)>,
}

/// How far one has come.
pub(super) enum Step {
    /// It can be set; `None`: everything is to be counted.
    Compiled(String, Option<PacketFilter>),
    /// It is in use now, or will never be.
    Done(String, Result<()>),
}

impl Filtering {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self { asked: 0, sender, receiver }
    }

    /// Begins to compile an expression, or nothing, for frames that begin so.
    pub(super) fn ask(&mut self, text: String, dlt: Dlt) -> Result<()> {
        self.asked += 1;
        let (number, sender) = (self.asked, self.sender.clone());
        let compile = move || {
            let filter = match text.as_str() {
                "" => Ok(None),
                text => PacketFilter::compile(text, dlt).map(Some),
            };
            let step = match filter {
                Ok(filter) => Step::Compiled(text, filter),
                // Whoever wrote it knows what it says.
                Err(error) => {
                    let reasons: Vec<_> = error.chain().skip(1).map(ToString::to_string).collect();
                    Step::Done(text, Err(anyhow!(reasons.join(": "))))
                }
            };
            // Nobody listens any more when the program ends.
            let _ = sender.send((number, step));
        };
        let thread = thread::Builder::new().name("filter".to_owned());
        thread.spawn(compile).context("start the thread that compiles the filter")?;
        Ok(())
    }

    /// Has a filter set that is compiled.
    pub(super) fn set(&self, poller: &mut Poller, text: String, filter: Option<PacketFilter>) {
        let (number, sender) = (self.asked, self.sender.clone());
        poller.set_filter(filter, move |outcome| {
            let _ = sender.send((number, Step::Done(text, outcome)));
        });
    }

    /// What has become of the one that was asked for last. Can be dropped and called again without losing
    /// anything.
    pub(super) async fn next(&mut self) -> Step {
        loop {
            // There is a sender here, so it never ends.
            if let Some((number, step)) = self.receiver.recv().await
                && (number == self.asked || matches!(step, Step::Done(_, Ok(()))))
            {
                return step;
            }
        }
    }
}
