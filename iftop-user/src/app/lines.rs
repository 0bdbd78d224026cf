//! How many lines a row takes, and which direction each of them shows.
//!
//! It owns the order of the modes. It must never know of columns.

use iftop_common::Count;

use crate::{
    flow::Pair,
    view::{Sides, Traffic},
};

/// iftop's four layouts of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineDisplay {
    /// Sent above received.
    #[default]
    TwoLines,
    /// Their sum.
    Both,
    /// Only received.
    Received,
    /// Only sent.
    Sent,
}

impl LineDisplay {
    /// The mode that the key goes on to.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::TwoLines => Self::Both,
            Self::Both => Self::Received,
            Self::Received => Self::Sent,
            Self::Sent => Self::TwoLines,
        }
    }

    /// What the key says of it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::TwoLines => "Two lines per host",
            Self::Both => "One line per host",
            Self::Received => "Received traffic only",
            Self::Sent => "Sent traffic only",
        }
    }

    /// The lines of a row, from above.
    pub fn sides(self) -> &'static [Sides] {
        match self {
            Self::TwoLines => &[Sides::Sent, Sides::Received],
            Self::Both => &[Sides::Both],
            Self::Received => &[Sides::Received],
            Self::Sent => &[Sides::Sent],
        }
    }

    /// What counts when rows are sorted by rate.
    pub fn sorted_by(self) -> Sides {
        match self {
            Self::TwoLines | Self::Both => Sides::Both,
            Self::Received => Sides::Received,
            Self::Sent => Sides::Sent,
        }
    }

    /// The lines of a row with their figures.
    pub fn of(self, traffic: &Pair<Traffic>) -> impl Iterator<Item = (Sides, Traffic)> + use<> {
        let Pair { sent, received } = *traffic;
        self.sides().iter().map(move |&sides| match sides {
            Sides::Sent => (sides, sent),
            Sides::Received => (sides, received),
            Sides::Both => (sides, sum(sent, received)),
        })
    }
}

fn sum(a: Traffic, b: Traffic) -> Traffic {
    let add =
        |a: Count, b: Count| Count { bytes: a.bytes + b.bytes, packets: a.packets + b.packets };
    Traffic {
        rates: std::array::from_fn(|window| a.rates[window] + b.rates[window]),
        cumulative: add(a.cumulative, b.cumulative),
        interval: add(a.interval, b.interval),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixture::traffic;

    #[test]
    fn each_mode_has_its_lines() {
        let pair = Pair {
            sent: traffic([8.0, 16.0, 24.0], 100),
            received: traffic([80.0, 160.0, 240.0], 1000),
        };
        let sent = (Sides::Sent, pair.sent);
        let received = (Sides::Received, pair.received);
        let both = (Sides::Both, traffic([88.0, 176.0, 264.0], 1100));
        let cases: [(LineDisplay, &[_]); 4] = [
            (LineDisplay::TwoLines, &[sent, received]),
            (LineDisplay::Both, &[both]),
            (LineDisplay::Received, &[received]),
            (LineDisplay::Sent, &[sent]),
        ];
        for (mode, expected) in cases {
            let lines: Vec<_> = mode.of(&pair).collect();
            assert_eq!(lines, expected, "{mode:?}");
        }
    }
}
