//! Names of hosts by reverse DNS, while the screen goes on.
//!
//! It owns the traffic between the cache and the threads that wait for the resolver. It must never
//! block its caller, never ask about an address that nobody requested, and never keep the process
//! from ending.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, time::timeout};

use self::cache::{Answer, Cache};
pub use self::printable::{printable, printable_lines, printable_words};
use self::workers::Workers;

mod cache;
mod limit;
mod pause;
mod printable;
mod workers;

/// After which it is worth requesting again what the limit has held: a quarter of a second's
/// questions can then be put.
const HELD: Duration = Duration::from_millis(250);

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
    /// When too many questions are open or were put within the last second, and while the resolver
    /// does not answer, this one is dropped: request it again with the next frame.
    pub fn request(&mut self, address: IpAddr, now: Instant) {
        if self.cache.ask(address, now) {
            self.workers.ask(address);
        }
    }

    /// Takes in the answers that have come; `true` when a name that can be looked up changed.
    /// To be called before what is shown now is requested.
    pub fn poll(&mut self, now: Instant) -> bool {
        let was_paused = self.cache.is_paused();
        let mut changed = false;
        while let Some((address, answer)) =
            self.arrived.take().or_else(|| self.answers.try_recv().ok())
        {
            changed |= self.cache.answer(address, answer, now);
        }
        self.cache.check(now);
        if self.cache.is_paused() && !was_paused {
            for address in self.workers.take_back() {
                self.cache.withdraw(address);
            }
        }
        changed
    }

    /// What keeps names from being asked for, in the words of the screen, many and few; [`poll`](Self::poll) finds
    /// it out.
    pub fn note(&self) -> Option<[&'static str; 2]> {
        self.cache.is_paused().then_some(["names paused: no answer", "names paused"])
    }

    /// Whether an answer is still to come, or a question to be put soon.
    pub fn is_waiting(&self) -> bool {
        self.cache.is_waiting() || self.cache.is_held()
    }

    /// Waits until it is worth calling [`poll`](Self::poll) and requesting again: an answer has come
    /// (until it is taken in, this returns at once), or a question that was held can be put.
    ///
    /// Nothing is lost when it is cancelled, as in a `select!`.
    pub async fn changed(&mut self) {
        if self.arrived.is_some() {
            return;
        }
        // Never `None`: the workers' handle keeps a sender.
        let answer = self.answers.recv();
        self.arrived = if self.cache.is_held() {
            timeout(HELD, answer).await.ok().flatten()
        } else {
            answer.await
        };
    }
}

impl Default for Names {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        sync::atomic::{AtomicBool, Ordering},
    };

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

    /// As `report.rs` does before its last report.
    #[tokio::test]
    async fn more_than_the_limit_lets_through_is_waited_for() {
        let mut names = Names::with_resolver(resolve);
        let hosts = 1..=30;
        loop {
            let now = Instant::now();
            names.poll(now);
            hosts.clone().for_each(|last| names.request(address(last), now));
            if !names.is_waiting() {
                break;
            }
            names.changed().await;
        }
        assert!(hosts.clone().all(|last| names.lookup(address(last)).is_some()));
    }

    #[tokio::test]
    async fn a_resolver_that_fails_is_left_alone_until_it_answers() {
        static WORKS: AtomicBool = AtomicBool::new(false);
        let resolver = |address| {
            if WORKS.load(Ordering::Relaxed) { resolve(address) } else { Answer::Failed }
        };
        let (mut names, start) = (Names::with_resolver(resolver), Instant::now());
        let request =
            |names: &mut Names, now| (1..=20).for_each(|last| names.request(address(last), now));
        request(&mut names, start);
        while names.note().is_none() {
            names.changed().await;
            names.poll(start);
        }
        // Whatever the threads had not begun was taken back; the rest comes in.
        while names.is_waiting() {
            names.changed().await;
            names.poll(start);
        }
        request(&mut names, start + Duration::from_secs(1));
        assert!(!names.is_waiting(), "paused");

        WORKS.store(true, Ordering::Relaxed);
        let later = start + Duration::from_mins(1);
        request(&mut names, later);
        names.changed().await;
        names.poll(later);
        assert!(!names.is_waiting(), "a single probe");
        assert_eq!(names.note(), None);
        request(&mut names, later);
        while names.is_waiting() {
            names.changed().await;
            names.poll(later);
        }
        assert!((1..=20).all(|last| names.lookup(address(last)).is_some()));
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
