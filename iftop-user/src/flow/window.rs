//! Which of the newest slots make up the last 2, 10 and 40 seconds.
//!
//! A slot is the time between two samples, as long as it really was. A window is the newest slots
//! whose durations first reach its length, so that a late sample distorts nothing: its bytes are
//! divided by the time they really took. Pure; no clock here.

use std::time::Duration;

/// The three windows, in iftop's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The last 2 seconds.
    Two,
    /// The last 10 seconds.
    Ten,
    /// The last 40 seconds; as long as anything is remembered.
    Forty,
}

impl Window {
    /// All of them, shortest first.
    pub const ALL: [Self; 3] = [Self::Two, Self::Ten, Self::Forty];

    /// Nominal length.
    pub const fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Two => 2,
            Self::Ten => 10,
            Self::Forty => 40,
        })
    }
}

/// A timer is not exact: a window counts as reached when this much is missing. Without it a slot of
/// 1.9998 s would make the 2 s window two slots long.
pub(crate) const TIMER_SLACK: Duration = Duration::from_millis(100);

/// One window's place among the slots, by slot number.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    length: Duration,
    /// Number of the oldest slot inside.
    first: u32,
    /// Sum of the durations of the slots inside.
    covered: Duration,
}

impl Span {
    /// A window before the first slot.
    pub const fn new(window: Window) -> Self {
        Self { length: window.length(), first: 0, covered: Duration::ZERO }
    }

    /// Takes in a new newest slot.
    pub fn push(&mut self, duration: Duration) {
        self.covered += duration;
    }

    /// The oldest slot, when the window is long enough without it.
    ///
    /// `duration_of` gives the duration of a slot by its number.
    pub fn pop(&mut self, duration_of: impl Fn(u32) -> Option<Duration>) -> Option<u32> {
        let oldest = duration_of(self.first)?;
        let without = self.covered.checked_sub(oldest)?;
        if without + TIMER_SLACK < self.length {
            return None;
        }
        self.drop_oldest(oldest);
        Some(self.first - 1)
    }

    /// Makes the window shorter than it should be, by its oldest slot of that duration.
    pub fn drop_oldest(&mut self, duration: Duration) {
        self.covered = self.covered.saturating_sub(duration);
        self.first += 1;
    }

    /// Number of the oldest slot inside.
    pub const fn first(&self) -> u32 {
        self.first
    }

    /// The time that the slots inside really took.
    pub const fn covered(&self) -> Duration {
        self.covered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds slots of these milliseconds and returns what the window covers in the end.
    fn covered(window: Window, slots: &[u64]) -> u64 {
        let durations: Vec<_> = slots.iter().map(|&ms| Duration::from_millis(ms)).collect();
        let mut span = Span::new(window);
        for (number, &duration) in durations.iter().enumerate() {
            span.push(duration);
            let known = &durations[..=number];
            while span.pop(|slot| known.get(usize::try_from(slot).unwrap()).copied()).is_some() {}
        }
        u64::try_from(span.covered().as_millis()).unwrap()
    }

    #[test]
    fn a_window_is_the_newest_slots_that_first_reach_it() {
        let cases: &[(Window, &[u64], u64)] = &[
            (Window::Two, &[500], 500),
            (Window::Two, &[2000], 2000),
            (Window::Two, &[2000, 2000], 2000),
            (Window::Two, &[2001, 1998, 1999], 1999),
            (Window::Two, &[1000, 1000, 1000], 2000),
            (Window::Two, &[1000, 1000, 7000], 7000),
            (Window::Two, &[7000, 1000], 8000),
            (Window::Two, &[7000, 1000, 1000], 2000),
            (Window::Two, &[2000, 1000], 3000),
            (Window::Ten, &[2000, 2000, 2000], 6000),
            (Window::Ten, &[2000, 2000, 2000, 2000, 2000, 2000], 10_000),
            (Window::Ten, &[500; 40], 10_000),
            (Window::Forty, &[500; 200], 40_000),
            (Window::Forty, &[30_000, 30_000, 2000], 62_000),
            (Window::Forty, &[30_000, 30_000, 10_000], 40_000),
            (Window::Forty, &[3_600_000], 3_600_000),
            (Window::Forty, &[3_600_000, 2000], 3_602_000),
        ];
        for (window, slots, expected) in cases {
            assert_eq!(covered(*window, slots), *expected, "{window:?} {slots:?}");
        }
    }
}
