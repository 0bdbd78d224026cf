//! Why packets pass an interface and not our hooks, by what is known to stand there.
//!
//! Pure. It must never guess: what could hide packets from us is named only where it is seen to be there,
//! and only while packets are missing.

use crate::{interface::Xdp, source::surroundings::Place};

/// Why packets of one direction are missing. More than one thing may be there that could be it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Our program is not at the hook any more.
    TakenAway,
    /// A program or filter of the same kind runs before ours.
    Tc,
    /// Ours is a filter, and TCX programs run before all of them.
    Tcx,
    /// An XDP program sees the frames first.
    Xdp,
    /// Both an XDP program and somebody at tc come first.
    XdpAndTc,
    /// Nobody is there who could have taken them.
    Outside,
}

impl Cause {
    /// Why packets are missing at a hook where we stand here, and behind this XDP program.
    pub(super) fn of(place: Option<Place>, xdp: Option<Xdp>) -> Self {
        let place = place.unwrap_or(Place { position: Some(1), ..Place::default() });
        match (place.position, place.is_behind_others(), xdp) {
            (None, _, _) => Self::TakenAway,
            (_, true, Some(_)) => Self::XdpAndTc,
            (_, false, Some(_)) => Self::Xdp,
            (_, true, None) if place.behind_tcx > 0 => Self::Tcx,
            (_, true, None) => Self::Tc,
            (_, false, None) => Self::Outside,
        }
    }

    /// In the words of the status rule.
    pub fn told(self) -> &'static str {
        match self {
            Self::TakenAway => "our program was taken away",
            Self::Tc => "a tc program runs before ours",
            Self::Tcx => "a TCX program runs before ours",
            Self::Xdp => "an XDP program runs before ours",
            Self::XdpAndTc => "XDP and tc programs run before ours",
            Self::Outside => "the rest passes outside tc",
        }
    }

    /// In one word, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::TakenAway => "taken_away",
            Self::Tc => "tc",
            Self::Tcx => "tcx",
            Self::Xdp => "xdp",
            Self::XdpAndTc => "xdp_and_tc",
            Self::Outside => "outside",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_there_is_named_and_nobody_else() {
        let place =
            |position, behind_tcx| Some(Place { position, of: 3, behind_tcx, ..Place::default() });
        let xdp = Some(Xdp { mode: "native", program: 47 });
        let cases = [
            (place(Some(1), 0), None, Cause::Outside),
            (place(Some(2), 0), None, Cause::Tc),
            (place(Some(1), 1), None, Cause::Tcx),
            (place(Some(2), 1), None, Cause::Tcx),
            (place(Some(1), 0), xdp, Cause::Xdp),
            (place(Some(2), 0), xdp, Cause::XdpAndTc),
            (place(Some(1), 1), xdp, Cause::XdpAndTc),
            (place(None, 1), xdp, Cause::TakenAway),
            (None, xdp, Cause::Xdp),
            (None, None, Cause::Outside),
        ];
        for (place, xdp, expected) in cases {
            assert_eq!(Cause::of(place, xdp), expected, "{place:?} {xdp:?}");
        }
    }
}
