//! Which names are known, and which are worth asking for.
//!
//! It owns every decision about names and is bounded in all it keeps. It must never read a clock,
//! start a thread or ask a resolver.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
    time::{Duration, Instant},
};

use super::{limit::Limit, pause::Pause, printable};

const MAX_ENTRIES: usize = 16_384;
/// Questions that may be open at a time. A resolver that does not answer holds each for seconds:
/// a longer queue would only fill with addresses that left the screen long ago.
const MAX_OPEN: usize = 64;
const NAME_LASTS: Duration = Duration::from_hours(1);
const UNKNOWN_LASTS: Duration = Duration::from_mins(1);
/// Shorter: it may have been the resolver's fault, and in a pause there must be something to probe.
const FAILURE_LASTS: Duration = Duration::from_secs(30);

/// What the resolver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The address has this name.
    Name(String),
    /// It has none.
    Unknown,
    /// The resolver could not tell now; a name that was known before stays.
    Failed,
}

/// Names by address.
#[derive(Debug)]
pub struct Cache {
    entries: HashMap<IpAddr, Entry>,
    /// The same addresses by the order of their answers: the first one goes when it is full.
    by_age: BTreeMap<u64, IpAddr>,
    /// Number of the next answer.
    next: u64,
    /// Questions without an answer yet.
    open: HashSet<IpAddr>,
    limit: Limit,
    /// Whether the limit has turned a question away since [`check`](Self::check).
    held: bool,
    pause: Pause,
    max_entries: usize,
}

#[derive(Debug)]
struct Entry {
    name: Option<String>,
    /// When it is worth asking again; until the answer has come the old name is good enough.
    expires: Instant,
    number: u64,
}

impl Cache {
    /// Knows nothing.
    pub fn new() -> Self {
        Self::with_max_entries(MAX_ENTRIES)
    }

    fn with_max_entries(max_entries: usize) -> Self {
        Self {
            entries: HashMap::new(),
            by_age: BTreeMap::new(),
            next: 0,
            open: HashSet::new(),
            limit: Limit::default(),
            held: false,
            pause: Pause::default(),
            max_entries,
        }
    }

    /// The name, if it is known.
    pub fn lookup(&self, address: IpAddr) -> Option<&str> {
        self.entries.get(&address)?.name.as_deref()
    }

    /// Whether a question is open.
    pub fn is_waiting(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether a question was turned away that could be put a moment later.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Whether the resolver is left alone, because it does not answer.
    pub fn is_paused(&self) -> bool {
        self.pause.is_on()
    }

    /// Notes that time has passed; the addresses that are wanted now are then asked for again.
    pub fn check(&mut self, now: Instant) {
        self.held = false;
        self.pause.check(self.open.len(), now);
    }

    /// Whether the resolver is to be asked now; if so, the question counts as open until
    /// [`answer`](Self::answer) or [`withdraw`](Self::withdraw) closes it.
    pub fn ask(&mut self, address: IpAddr, now: Instant) -> bool {
        let old = self.entries.get(&address);
        let known = old.is_some_and(|entry| now < entry.expires);
        let wanted = !known && can_have_name(address) && !self.open.contains(&address);
        if !wanted || self.open.len() >= MAX_OPEN || !self.pause.admits(old.is_none(), now) {
            return false;
        }
        if !self.limit.take(now) {
            self.held = true;
            return false;
        }
        self.pause.asked(self.open.len(), now);
        self.open.insert(address)
    }

    /// Closes a question that was never put.
    pub fn withdraw(&mut self, address: IpAddr) {
        self.open.remove(&address);
    }

    /// Takes an answer in; `true` when [`lookup`](Self::lookup) now says something else.
    pub fn answer(&mut self, address: IpAddr, answer: Answer, now: Instant) -> bool {
        self.open.remove(&address);
        self.pause.answered(answer != Answer::Failed, now);
        let old = self.entries.remove(&address);
        if let Some(old) = &old {
            self.by_age.remove(&old.number);
        }
        let old = old.and_then(|entry| entry.name);
        let (name, lasts) = match answer {
            Answer::Name(name) if !name.is_empty() => {
                (Some(printable(name.as_bytes())), NAME_LASTS)
            }
            Answer::Name(_) | Answer::Unknown => (None, UNKNOWN_LASTS),
            Answer::Failed => (old.clone(), FAILURE_LASTS),
        };
        let changed = name != old;
        self.by_age.insert(self.next, address);
        self.entries.insert(address, Entry { name, expires: now + lasts, number: self.next });
        self.next += 1;
        if self.entries.len() > self.max_entries
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.entries.remove(&oldest);
        }
        changed
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self::new()
    }
}

/// Addresses without a meaning beyond their own link or host are not asked for, as in iftop;
/// loopback is, as the hosts file names it.
fn can_have_name(address: IpAddr) -> bool {
    let local = match address {
        IpAddr::V4(_) => false,
        // fec0::/10, site-local: deprecated by RFC 3879.
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.segments()[0] & 0xffc0 == 0xfec0,
    };
    !local && !address.is_unspecified()
}

#[cfg(test)]
mod tests;
