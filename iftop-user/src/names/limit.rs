//! How many questions a second the resolver gets.
//!
//! A token bucket, kept as the time at which it is full again. It must never read a clock.

use std::time::{Duration, Instant};

const PER_SECOND: u32 = 20;
/// Questions that may be put at once after a time without any.
const BURST: u32 = 20;
const INTERVAL: Duration = Duration::from_millis(1000 / PER_SECOND as u64);

/// Lets questions through.
#[derive(Debug, Default)]
pub(super) struct Limit {
    full_at: Option<Instant>,
}

impl Limit {
    /// Whether one more question may be put now; if so, it counts as put.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.map_or(now, |time| time.max(now));
        let free = full_at - now <= INTERVAL * (BURST - 1);
        if free {
            self.full_at = Some(full_at + INTERVAL);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_let_through() {
        // (milliseconds since the start, questions tried, let through), in this order.
        let steps = [
            (0, 1000, 20),
            (0, 1, 0),
            (49, 10, 0),
            (50, 10, 1),
            (1000, 1000, 19),
            (1049, 10, 0),
            (1150, 2, 2),
            (1150, 2, 1),
            (1150, 2, 0),
            (60_000, 1000, 20),
            (60_100, 1000, 2),
        ];
        let (start, mut limit) = (Instant::now(), Limit::default());
        for (time, tried, expected) in steps {
            let now = start + Duration::from_millis(time);
            let through = (0..tried).filter(|_| limit.take(now)).count();
            assert_eq!(through, expected, "{tried} at {time} ms");
        }
    }
}
