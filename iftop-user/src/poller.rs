//! The source on a thread of its own: asking it blocks, and the loop must not.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver as Requests, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use anyhow::{Context as _, Result};
use tokio::sync::mpsc;

use crate::{
    packet_filter::PacketFilter,
    source::{Sample, Source},
};

/// Asks a source for samples without waiting for them. Dropping it ends the thread and the source.
pub struct Poller {
    /// Each with a sample to be filled.
    requests: Option<SyncSender<Sample>>,
    samples: mpsc::Receiver<Result<Sample>>,
    /// The newest filter that is to be set before the next sample.
    filter: Arc<Mutex<Option<NewFilter>>>,
    /// Samples that were taken in, to be filled again.
    spare: Vec<Sample>,
    /// Requests that were taken and not answered yet.
    pending: usize,
    thread: Option<JoinHandle<()>>,
}

/// A filter, `None`: everything is counted; and whom to tell what became of it.
type NewFilter = (Option<PacketFilter>, Box<dyn FnOnce(Result<()>) + Send>);

impl Poller {
    /// Takes the source to its thread.
    pub fn start(source: impl Source + 'static) -> Result<Self> {
        let (requests, incoming) = sync_channel(1);
        let (outgoing, samples) = mpsc::channel(1);
        let filter = Arc::new(Mutex::new(None));
        let new_filter = Arc::clone(&filter);
        let thread = thread::Builder::new()
            .name("poll".to_owned())
            .spawn(move || poll(source, &incoming, &outgoing, &new_filter))
            .context("start the thread that reads the counters")?;
        Ok(Self {
            requests: Some(requests),
            samples,
            filter,
            spare: Vec::new(),
            pending: 0,
            thread: Some(thread),
        })
    }

    /// Has a filter set before the next sample, which is asked for. Of several the last one counts.
    pub fn set_filter(
        &mut self,
        filter: Option<PacketFilter>,
        answer: impl FnOnce(Result<()>) + Send + 'static,
    ) {
        *lock(&self.filter) = Some((filter, Box::new(answer)));
        self.request();
    }

    /// Asks for a sample that begins after now. While one such is due already this changes nothing.
    pub fn request(&mut self) {
        let Some(requests) = &self.requests else { return };
        match requests.try_send(self.spare.pop().unwrap_or_default()) {
            Ok(()) => self.pending += 1,
            // A sample is due.
            Err(TrySendError::Full(sample)) => self.spare.push(sample),
            // The error is in the other channel.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    /// Gives a sample back, so that the next one need not ask for memory.
    pub fn recycle(&mut self, sample: Sample) {
        // More than one is never needed at a time, and would hold memory.
        if self.spare.is_empty() {
            self.spare.push(sample);
        }
    }

    /// Whether a sample that was asked for is still to come.
    pub fn is_pending(&self) -> bool {
        self.pending > 0
    }

    /// The next sample that was asked for. Can be dropped and called again without losing one.
    pub async fn sample(&mut self) -> Result<Sample> {
        let sample = self.samples.recv().await;
        self.pending = self.pending.saturating_sub(1);
        sample.context("the thread that reads the counters has ended")?
    }
}

fn poll(
    mut source: impl Source,
    requests: &Requests<Sample>,
    samples: &mpsc::Sender<Result<Sample>>,
    filter: &Mutex<Option<NewFilter>>,
) {
    while let Ok(mut sample) = requests.recv() {
        let new = lock(filter).take();
        if let Some((filter, answer)) = new {
            answer(source.set_filter(filter.as_ref()));
        }
        let sample = source.sample(&mut sample).map(|()| sample);
        let failed = sample.is_err();
        if samples.blocking_send(sample).is_err() || failed {
            return;
        }
    }
}

/// Nothing is ever half done under this lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Poller {
    /// Waits for the thread, so that whatever the source holds is let go of before we end.
    fn drop(&mut self) {
        self.requests = None;
        self.samples.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use anyhow::bail;
    use iftop_common::Totals;

    use super::*;

    /// Gives numbered samples, then fails; says when it is dropped.
    struct Numbered {
        next: u64,
        last: u64,
        dropped: Arc<AtomicBool>,
    }

    impl Source for Numbered {
        fn sample(&mut self, sample: &mut Sample) -> Result<()> {
            if self.next > self.last {
                bail!("no more");
            }
            sample.totals = Totals { refusals_logged: self.next, ..Totals::default() };
            sample.flows.clear();
            sample.flows.reserve(64);
            self.next += 1;
            Ok(())
        }

        fn set_filter(&mut self, filter: Option<&PacketFilter>) -> Result<()> {
            filter.map_or(Ok(()), |filter| bail!("not {filter}"))
        }
    }

    impl Drop for Numbered {
        fn drop(&mut self) {
            self.dropped.store(true, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn samples_come_in_order_then_the_error_and_the_source_is_let_go() {
        let dropped = Arc::new(AtomicBool::new(false));
        let source = Numbered { next: 1, last: 2, dropped: Arc::clone(&dropped) };
        let mut poller = Poller::start(source).unwrap();
        for expected in [1, 2] {
            poller.request();
            let sample = poller.sample().await.unwrap();
            assert_eq!(sample.totals.refusals_logged, expected);
            poller.recycle(sample);
        }
        assert_eq!(poller.spare.len(), 1, "the second request used the first one's sample");
        assert!(!poller.is_pending());
        poller.request();
        assert!(poller.is_pending());
        assert_eq!(poller.sample().await.unwrap_err().to_string(), "no more");
        assert!(poller.sample().await.is_err());
        drop(poller);
        assert!(dropped.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_filter_is_set_before_the_next_sample() {
        let source = Numbered { next: 1, last: 9, dropped: Arc::default() };
        let mut poller = Poller::start(source).unwrap();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        poller.set_filter(None, move |outcome| sender.send(outcome.is_ok()).unwrap());
        poller.sample().await.unwrap();
        assert!(receiver.await.unwrap());
    }
}
