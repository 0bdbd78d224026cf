//! The threads that wait for the system's resolver.
//!
//! It owns them and the queue before them, which is as long as the cache lets questions be open.
//! It must never be waited for: the threads are detached, and the end of the process ends them.

use std::{
    collections::VecDeque,
    mem,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Condvar, Mutex},
    thread,
};

use dns_lookup::{LookupErrorKind, getnameinfo};
use tokio::sync::mpsc::UnboundedSender;

use super::Answer;

const THREADS: usize = 4;

/// The way to the threads, which start with the first question.
#[derive(Debug)]
pub(super) struct Workers {
    resolve: fn(IpAddr) -> Answer,
    answers: UnboundedSender<(IpAddr, Answer)>,
    queue: Option<Arc<Queue>>,
}

impl Workers {
    pub(super) fn new(
        resolve: fn(IpAddr) -> Answer,
        answers: UnboundedSender<(IpAddr, Answer)>,
    ) -> Self {
        Self { resolve, answers, queue: None }
    }

    /// Queues a question. Without a thread to ask it stays open for good, and no names are shown.
    pub(super) fn ask(&mut self, address: IpAddr) {
        if self.queue.is_none() {
            self.queue = Some(self.start());
        }
        if let Some(queue) = &self.queue {
            queue.change(|questions| questions.push_back(address));
            queue.changed.notify_one();
        }
    }

    /// The questions that no thread has begun to ask; none will.
    pub(super) fn take_back(&self) -> VecDeque<IpAddr> {
        self.queue.as_ref().and_then(|queue| queue.change(mem::take)).unwrap_or_default()
    }

    fn start(&self) -> Arc<Queue> {
        let queue = Arc::new(Queue::default());
        for _ in 0..THREADS {
            let (resolve, answers) = (self.resolve, self.answers.clone());
            let queue = Arc::clone(&queue);
            let thread = thread::Builder::new().name("resolver".to_owned());
            if let Err(error) = thread.spawn(move || work(&queue, resolve, &answers)) {
                log::warn!("no thread to look up host names: {error}");
            }
        }
        queue
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(queue) = &self.queue {
            queue.close();
        }
    }
}

/// The questions that wait for a thread. Its lock is held for a moment only, so that the loop too
/// can take it.
#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    questions: VecDeque<IpAddr>,
    closed: bool,
}

impl Queue {
    /// `None` where a thread has panicked with the lock held.
    fn change<T>(&self, change: impl FnOnce(&mut VecDeque<IpAddr>) -> T) -> Option<T> {
        self.state.lock().ok().map(|mut state| change(&mut state.questions))
    }

    /// Waits for a question; `None` once nobody asks any more.
    fn next(&self) -> Option<IpAddr> {
        let idle = |state: &mut State| state.questions.is_empty() && !state.closed;
        let mut state = self.changed.wait_while(self.state.lock().ok()?, idle).ok()?;
        if state.closed { None } else { state.questions.pop_front() }
    }

    fn close(&self) {
        if let Ok(mut state) = self.state.lock() {
            state.closed = true;
        }
        self.changed.notify_all();
    }
}

/// Answers questions until nobody can ask or wants to know any more.
fn work(queue: &Queue, resolve: fn(IpAddr) -> Answer, answers: &UnboundedSender<(IpAddr, Answer)>) {
    while let Some(address) = queue.next() {
        if answers.send((address, resolve(address))).is_err() {
            return;
        }
    }
}

/// Asks by getnameinfo(3), so that the hosts file and nsswitch.conf count; blocks for seconds.
pub(super) fn ask_system(address: IpAddr) -> Answer {
    let flags = libc::NI_NAMEREQD | libc::NI_NUMERICSERV;
    match getnameinfo(&SocketAddr::new(address, 0), flags) {
        Ok((name, _)) => Answer::Name(name),
        Err(error) => match error.kind() {
            // By `IO` a name is meant that is not UTF-8: the resolver did answer.
            LookupErrorKind::NoName | LookupErrorKind::NoData | LookupErrorKind::IO => {
                Answer::Unknown
            }
            _ => Answer::Failed,
        },
    }
}
