//! Names of hosts by reverse DNS, while the screen goes on.
//!
//! It owns the traffic between the cache and the threads that wait for the resolver. It must never
//! block its caller, never ask about an address that nobody requested, and never keep the process
//! from ending.

use std::{net::IpAddr, time::Instant};

use tokio::sync::mpsc;

use self::cache::{Answer, Cache};
pub use self::printable::printable;
use self::workers::Workers;

mod cache;
mod printable;
mod workers;

/// Reverse DNS: [`lookup`](Self::lookup) at any time, [`request`](Self::request) what is shown.
#[derive(Debug)]
pub struct Names {
    cache: Cache,
    workers: Workers,
    answers: mpsc::UnboundedReceiver<(IpAddr, Answer)>,
    /// Taken out of the channel by [`changed`](Self::changed), not yet in the cache.
    arrived: Option<(IpAddr, Answer)>,
}

impl Names {
    /// No names yet, and no threads before the first request.
    pub fn new() -> Self {
        Self::with_resolver(workers::ask_system)
    }

    fn with_resolver(resolve: fn(IpAddr) -> Answer) -> Self {
        let (sender, answers) = mpsc::unbounded_channel();
        let workers = Workers::new(resolve, sender);
        Self { cache: Cache::new(), workers, answers, arrived: None }
    }

    /// The name, if it is known. Never blocks and never asks.
    pub fn lookup(&self, address: IpAddr) -> Option<&str> {
        self.cache.lookup(address)
    }

    /// Asks for a name unless it is known, being asked for, or was not found a short while ago.
    ///
    /// When too many questions are open, this one is dropped: request it again with the next frame.
    pub fn request(&mut self, address: IpAddr, now: Instant) {
        if self.cache.ask(address, now) {
            self.workers.ask(address);
        }
    }

    /// Takes in the answers that have come; `true` when a name that can be looked up changed.
    pub fn poll(&mut self, now: Instant) -> bool {
        let mut changed = false;
        while let Some((address, answer)) =
            self.arrived.take().or_else(|| self.answers.try_recv().ok())
        {
            changed |= self.cache.answer(address, answer, now);
        }
        changed
    }

    /// Whether an answer is still to come.
    pub fn is_waiting(&self) -> bool {
        self.cache.is_waiting()
    }

    /// Waits until an answer has come; until [`poll`](Self::poll) takes it in, returns at once.
    ///
    /// Nothing is lost when it is cancelled, as in a `select!`.
    pub async fn changed(&mut self) {
        if self.arrived.is_none() {
            // Never ends with `None`: the workers' handle keeps a sender.
            self.arrived = self.answers.recv().await;
        }
    }
}

impl Default for Names {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn resolve(address: IpAddr) -> Answer {
        match address {
            IpAddr::V4(v4) if v4.octets()[3] == 0 => Answer::Unknown,
            _ => Answer::Name(format!("host-{address}")),
        }
    }

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, last).into()
    }

    #[tokio::test]
    async fn what_is_requested_becomes_known() {
        let (mut names, now) = (Names::with_resolver(resolve), Instant::now());
        assert!(!names.poll(now));
        for last in 1..=20 {
            names.request(address(last), now);
            names.request(address(last), now);
        }
        let mut polls = 0;
        while (1..=20).any(|last| names.lookup(address(last)).is_none()) {
            names.changed().await;
            assert!(names.poll(now), "every answer of this resolver is news");
            polls += 1;
        }
        assert!(polls <= 20, "each address is asked for once");
        assert_eq!(names.lookup(address(7)), Some("host-10.0.0.7"));
    }

    #[tokio::test]
    async fn waiting_can_be_cancelled_and_loses_nothing() {
        let (mut names, now) = (Names::with_resolver(resolve), Instant::now());
        names.request(address(1), now);
        names.changed().await;
        names.changed().await; // returns at once: the first answer is not taken in yet
        assert!(names.poll(now));
        assert_eq!(names.lookup(address(1)), Some("host-10.0.0.1"));
    }

    #[tokio::test]
    async fn nothing_found_is_no_news() {
        let (mut names, now) = (Names::with_resolver(resolve), Instant::now());
        names.request(address(0), now);
        names.changed().await;
        assert!(!names.poll(now));
        assert_eq!(names.lookup(address(0)), None);
    }
}
