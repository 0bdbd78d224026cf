//! Whether the resolver answers, and when to try one that did not.
//!
//! It owns the pauses. It must never read a clock, and knows questions only by their number.
//!
//! A resolver that is away holds each question for many seconds and then says what it also says of
//! a broken zone. So no single failure counts: a pause begins with silence or with failures in a
//! row, the first ones are short, and every name or plain "no such name" ends it.

use std::time::{Duration, Instant};

/// With a question open, no answer of any kind for so long means that nobody answers. It is the
/// time after which resolv.conf(5) has the question sent again.
const SILENCE: Duration = Duration::from_secs(5);
const FAILURES_IN_A_ROW: u32 = 4;
/// From the beginning of a pause to its first probe; each further one waits twice as long.
const FIRST_PROBE: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// By how much an address that was asked for before gives way to new ones as a probe. Everything
/// shown is requested within that time, so an address that always fails cannot keep names from others.
const SECOND_CHOICE: Duration = Duration::from_secs(3);

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Pause {
    /// Failures since the last good answer.
    failures: u32,
    /// When the last answer came or, if that is later, when the questions now open began.
    silent_since: Option<Instant>,
    probe: Option<Probe>,
}

/// There is one while paused.
#[derive(Debug)]
struct Probe {
    due: Instant,
    /// How long the one after it waits.
    next: Duration,
}

impl Pause {
    pub(super) fn is_on(&self) -> bool {
        self.probe.is_some()
    }

    /// Notes that time has passed, with so many questions open.
    pub(super) fn check(&mut self, open: usize, now: Instant) {
        let silent = self.silent_since.is_some_and(|since| now >= since + SILENCE);
        if silent && open > 0 {
            self.begin(now);
        }
    }

    /// Whether a question may be put; in a pause that is a probe, and the next one has to wait.
    pub(super) fn admits(&self, is_new: bool, now: Instant) -> bool {
        self.probe
            .as_ref()
            .is_none_or(|probe| now >= if is_new { probe.due } else { probe.due + SECOND_CHOICE })
    }

    /// Notes that a question was put, while so many others were open.
    pub(super) fn asked(&mut self, others_open: usize, now: Instant) {
        if others_open == 0 {
            self.silent_since = Some(now);
        }
        if let Some(probe) = &mut self.probe {
            probe.due = now + probe.next;
            probe.next = (probe.next * 2).min(LONGEST_WAIT);
        }
    }

    /// Notes an answer; a good one says something of the address.
    pub(super) fn answered(&mut self, good: bool, now: Instant) {
        self.silent_since = Some(now);
        if good {
            self.failures = 0;
            self.probe = None;
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES_IN_A_ROW {
            self.begin(now);
        }
    }

    fn begin(&mut self, now: Instant) {
        self.probe.get_or_insert(Probe { due: now + FIRST_PROBE, next: FIRST_PROBE * 2 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Ask,
        Good,
        Failed,
        Nothing,
    }

    #[test]
    fn pauses_begin_and_end() {
        use Event::{Ask as A, Failed as F, Good as G, Nothing as N};
        // Events at seconds; whether there is a pause after the last one.
        let cases: &[(&[(u64, Event)], bool)] = &[
            (&[(0, N), (60, N)], false),
            (&[(0, A), (4, N)], false),
            (&[(0, A), (5, N)], true),
            (&[(0, A), (1, G), (60, N)], false),
            (&[(0, A), (1, G), (60, A), (64, N)], false),
            (&[(0, A), (1, G), (60, A), (65, N)], true),
            // Any answer breaks the silence.
            (&[(0, A), (0, A), (4, G), (8, N)], false),
            (&[(0, A), (0, A), (4, F), (8, N)], false),
            (&[(0, A), (0, A), (4, F), (9, N)], true),
            (&[(0, A), (4, A), (5, N)], true),
            (&[(0, A), (0, F), (0, A), (0, F), (0, A), (0, F)], false),
            (&[(0, A), (0, F), (0, A), (0, F), (0, A), (0, F), (0, A), (0, F)], true),
            (
                &[(0, A), (0, A), (0, A), (0, A), (0, A), (1, F), (1, F), (1, G), (1, F), (1, F)],
                false,
            ),
            // Only a good answer ends it.
            (&[(0, A), (0, A), (5, N), (6, F), (7, N)], true),
            (&[(0, A), (0, A), (5, N), (6, G)], false),
            (&[(0, A), (0, A), (5, N), (6, G), (10, N)], false),
            (&[(0, A), (0, A), (5, N), (6, G), (11, N)], true),
        ];
        for (events, expected) in cases {
            let (start, mut pause, mut open) = (Instant::now(), Pause::default(), 0);
            for &(seconds, event) in *events {
                let now = start + Duration::from_secs(seconds);
                match event {
                    A => {
                        pause.asked(open, now);
                        open += 1;
                    }
                    G | F => {
                        open -= 1;
                        pause.answered(matches!(event, G), now);
                    }
                    N => pause.check(open, now),
                }
            }
            assert_eq!(pause.is_on(), *expected, "{events:?}");
        }
    }

    /// Seconds at which one that is always tried gets through a pause that began at 5.
    fn probes(is_new: bool) -> Vec<u64> {
        let (start, mut pause) = (Instant::now(), Pause::default());
        pause.asked(0, start);
        let mut probes = Vec::new();
        for seconds in 5..=130 {
            let now = start + Duration::from_secs(seconds);
            pause.check(1, now);
            while pause.admits(is_new, now) {
                pause.asked(1, now);
                probes.push(seconds);
            }
        }
        probes
    }

    #[test]
    fn probes_are_single_and_ever_rarer() {
        assert_eq!(probes(true), [7, 11, 19, 35, 65, 95, 125]);
        assert_eq!(probes(false), [10, 17, 28, 47, 80, 113]);
    }

    #[test]
    fn a_good_answer_makes_the_next_pause_short_again() {
        let (start, mut pause) = (Instant::now(), Pause::default());
        let after = |seconds| start + Duration::from_secs(seconds);
        pause.asked(0, start);
        pause.check(1, after(5));
        pause.asked(1, after(7));
        assert!(!pause.admits(true, after(10)));
        pause.answered(true, after(10));
        assert!(pause.admits(false, after(10)));
        pause.check(1, after(15));
        assert!(!pause.admits(true, after(16)));
        assert!(pause.admits(true, after(17)));
    }
}
