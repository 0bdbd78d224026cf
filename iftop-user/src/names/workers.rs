//! The threads that wait for the system's resolver.
//!
//! It owns them and the queue before them, which is as long as the cache lets questions be open.
//! It must never be waited for: the threads are detached, and the end of the process ends them.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
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
    questions: Option<Sender<IpAddr>>,
}

impl Workers {
    pub(super) fn new(
        resolve: fn(IpAddr) -> Answer,
        answers: UnboundedSender<(IpAddr, Answer)>,
    ) -> Self {
        Self { resolve, answers, questions: None }
    }

    /// Queues a question. Without a thread to ask it stays open for good, and no names are shown.
    pub(super) fn ask(&mut self, address: IpAddr) {
        if self.questions.is_none() {
            self.questions = Some(self.start());
        }
        if let Some(questions) = &self.questions {
            let _ = questions.send(address);
        }
    }

    fn start(&self) -> Sender<IpAddr> {
        let (sender, receiver) = channel();
        let questions = Arc::new(Mutex::new(receiver));
        for _ in 0..THREADS {
            let (resolve, answers) = (self.resolve, self.answers.clone());
            let questions = Arc::clone(&questions);
            let thread = thread::Builder::new().name("resolver".to_owned());
            if let Err(error) = thread.spawn(move || work(&questions, resolve, &answers)) {
                log::warn!("no thread to look up host names: {error}");
            }
        }
        sender
    }
}

/// Answers questions until nobody can ask or wants to know any more.
fn work(
    questions: &Mutex<Receiver<IpAddr>>,
    resolve: fn(IpAddr) -> Answer,
    answers: &UnboundedSender<(IpAddr, Answer)>,
) {
    // The lock is held by the one thread that waits for the next question, never while it resolves.
    let next = || questions.lock().ok()?.recv().ok();
    while let Some(address) = next() {
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
            LookupErrorKind::NoName | LookupErrorKind::NoData => Answer::Unknown,
            _ => Answer::Failed,
        },
    }
}
