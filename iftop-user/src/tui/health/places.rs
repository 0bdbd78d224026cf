//! Where we stand among the programs of an interface, in words.
//!
//! It must never guess: of a hook that nobody knows it says nothing.

use crate::{interface::Xdp, source::surroundings::Place};

/// `first of 2`, for both hooks where they differ.
pub(super) fn places(places: [Option<Place>; 2]) -> Option<String> {
    let [ingress, egress] = places.map(|place| place.map(place_text));
    match (ingress, egress) {
        (Some(ingress), Some(egress)) if ingress != egress => {
            Some(format!("{ingress} and {egress}"))
        }
        (ingress, egress) => ingress.or(egress),
    }
}

fn place_text(Place { position, of, behind_tcx, first }: Place) -> String {
    let position = match position {
        None => return "taken away by somebody".to_owned(),
        Some(1) => format!("first of {of}"),
        Some(2) => format!("second of {of}"),
        Some(3) => format!("third of {of}"),
        Some(more) => format!("number {more} of {of}"),
    };
    let behind = match behind_tcx {
        0 => String::new(),
        1 => " behind a TCX program".to_owned(),
        more => format!(" behind {more} TCX programs"),
    };
    let first = first.map(|first| format!(" (first: program {first})")).unwrap_or_default();
    position + &behind + &first
}

/// `native, program 47`.
pub(super) fn xdp_text(Xdp { mode, program }: Xdp) -> String {
    match program {
        0 => mode.to_owned(),
        program => format!("{mode}, program {program}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_at_both_hooks() {
        let place = |position, of| Some(Place { position: Some(position), of, ..Place::default() });
        let behind = |behind_tcx, first| Place { behind_tcx, first, ..place(1, 1).unwrap() };
        let cases = [
            ([None, None], None),
            ([place(1, 1), place(1, 1)], Some("first of 1")),
            ([None, place(2, 2)], Some("second of 2")),
            ([place(1, 2), None], Some("first of 2")),
            ([place(4, 5), place(3, 3)], Some("number 4 of 5 and third of 3")),
            ([Some(behind(1, None)), None], Some("first of 1 behind a TCX program")),
            (
                [Some(behind(2, Some(47))), Some(Place::default())],
                Some(
                    "first of 1 behind 2 TCX programs (first: program 47) and taken away by somebody",
                ),
            ),
        ];
        for (at, expected) in cases {
            assert_eq!(places(at).as_deref(), expected);
        }
    }

    #[test]
    fn xdp_before_us() {
        assert_eq!(xdp_text(Xdp { mode: "native", program: 47 }), "native, program 47");
        assert_eq!(xdp_text(Xdp { mode: "several", program: 0 }), "several");
    }
}
