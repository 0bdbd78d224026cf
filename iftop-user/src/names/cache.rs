//! Which names are known, and which are worth asking for.
//!
//! It owns every decision about names and is bounded in all it keeps. It must never read a clock,
//! start a thread or ask a resolver.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
    time::{Duration, Instant},
};

use super::printable;

const MAX_ENTRIES: usize = 16_384;
/// Questions that may be open at a time. A resolver that does not answer holds each for seconds:
/// a longer queue would only fill with addresses that left the screen long ago.
const MAX_OPEN: usize = 64;
const NAME_LASTS: Duration = Duration::from_hours(1);
const FAILURE_LASTS: Duration = Duration::from_mins(1);

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

    /// Whether the resolver is to be asked now; if so, the question counts as open until
    /// [`answer`](Self::answer) closes it.
    pub fn ask(&mut self, address: IpAddr, now: Instant) -> bool {
        let known = self.entries.get(&address).is_some_and(|entry| now < entry.expires);
        let wanted = !known && can_have_name(address) && !self.open.contains(&address);
        wanted && self.open.len() < MAX_OPEN && self.open.insert(address)
    }

    /// Takes an answer in; `true` when [`lookup`](Self::lookup) now says something else.
    pub fn answer(&mut self, address: IpAddr, answer: Answer, now: Instant) -> bool {
        self.open.remove(&address);
        let old = self.entries.remove(&address);
        if let Some(old) = &old {
            self.by_age.remove(&old.number);
        }
        let old = old.and_then(|entry| entry.name);
        let (name, lasts) = match answer {
            Answer::Name(name) if !name.is_empty() => {
                (Some(printable(name.as_bytes())), NAME_LASTS)
            }
            Answer::Name(_) | Answer::Unknown => (None, FAILURE_LASTS),
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
mod tests {
    use super::*;

    fn host(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).into()
    }

    fn name(name: &str) -> Answer {
        Answer::Name(name.to_owned())
    }

    #[test]
    fn addresses_that_can_have_a_name() {
        let cases = [
            ("192.0.2.1", true),
            ("127.0.0.1", true),
            ("224.0.0.251", true),
            ("0.0.0.0", false),
            ("2001:db8::1", true),
            ("fd00::1", true),
            ("::1", true),
            ("ff02::fb", true),
            ("::", false),
            ("fe80::1", false),
            ("febf::1", false),
            ("fec0::1", false),
            ("feff::1", false),
        ];
        for (address, expected) in cases {
            assert_eq!(can_have_name(address.parse().unwrap()), expected, "{address}");
            let asked = Cache::new().ask(address.parse().unwrap(), Instant::now());
            assert_eq!(asked, expected, "{address}");
        }
    }

    #[test]
    fn a_question_is_put_once_until_the_answer_expires() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        for (answer, lasts) in [(name("a"), 3600), (Answer::Unknown, 60), (Answer::Failed, 60)] {
            let mut cache = Cache::new();
            assert!(cache.ask(host(1), start));
            assert!(!cache.ask(host(1), after(36_000)), "still open");
            cache.answer(host(1), answer, start);
            assert!(!cache.ask(host(1), after(lasts - 1)));
            assert!(cache.ask(host(1), after(lasts)));
            assert!(!cache.ask(host(1), after(lasts)), "open again");
        }
    }

    #[test]
    fn a_name_stays_until_a_better_answer() {
        let (mut cache, now) = (Cache::new(), Instant::now());
        // Answer, whether it is news, what is known then.
        let steps = [
            (Answer::Unknown, false, None),
            (name("a.example"), true, Some("a.example")),
            (name("a.example"), false, Some("a.example")),
            (Answer::Failed, false, Some("a.example")),
            (name("b.example"), true, Some("b.example")),
            (name("x\x1b[0m"), true, Some(r"x\x1b[0m")),
            (Answer::Unknown, true, None),
            (name(""), false, None),
            (Answer::Failed, false, None),
        ];
        for (answer, news, known) in steps {
            assert_eq!(cache.answer(host(1), answer.clone(), now), news, "{answer:?}");
            assert_eq!(cache.lookup(host(1)), known, "{answer:?}");
        }
        assert_eq!(cache.by_age.len(), 1);
    }

    #[test]
    fn open_questions_are_bounded() {
        let (mut cache, now) = (Cache::new(), Instant::now());
        let asked = (0..1000).filter(|number| cache.ask(host(*number), now)).count();
        assert_eq!(asked, MAX_OPEN);
        cache.answer(host(0), Answer::Unknown, now);
        assert!(cache.ask(host(500), now), "an answer makes room");
        assert!(!cache.ask(host(501), now));
    }

    #[test]
    fn the_oldest_answer_goes_first() {
        let (mut cache, now) = (Cache::with_max_entries(3), Instant::now());
        for number in [1, 2, 3, 1, 4] {
            cache.answer(host(number), name("x"), now);
        }
        let known = [1, 2, 3, 4].map(|number| cache.lookup(host(number)).is_some());
        assert_eq!(known, [true, false, true, true], "1 was answered again after 2");
        assert_eq!((cache.entries.len(), cache.by_age.len()), (3, 3));
    }
}
