//! The tests of [`outcome`](super::outcome). Not at the bottom of its modules: cargo compiles a benchmark
//! as a test, but one without a harness has no tests, and what they need would be unused there.

use super::outcome::{
    figure::{Figure, Unit, Verdict},
    plot::bars,
    report::{Cell, Table},
    stats::{Spread, differences, quantile},
    table::{figures, text},
};

#[test]
fn a_spread_has_the_middle_and_both_ends() {
    for (measured, expected) in [
        (&[3.0][..], [3.0, 3.0, 3.0]),
        (&[5.0, 1.0, 2.0], [1.0, 2.0, 5.0]),
        (&[4.0, 1.0, 2.0, 100.0], [1.0, 3.0, 100.0]),
    ] {
        let Spread { min, median, max, rounds } = Spread::of(measured).unwrap();
        assert_eq!(([min, median, max], rounds), (expected, measured.len()));
    }
    assert_eq!(Spread::of(&[]), None);
}

#[test]
fn a_quantile_lies_between_its_neighbours() {
    let sorted = [0.0, 10.0, 20.0, 30.0, 40.0];
    for (percent, expected) in [(0, 0.0), (25, 10.0), (90, 36.0), (100, 40.0)] {
        assert_eq!(quantile(&sorted, percent), Some(expected));
    }
    assert_eq!(quantile(&[], 50), None);
}

#[test]
fn rounds_are_compared_with_their_own_control() {
    assert_eq!(differences(&[50.0, 90.0], &[40.0, 60.0]), [10.0, 30.0]);
}

#[test]
fn cells_are_stored_as_what_they_are() {
    let mut table = Table::new("ns", &["a", "b", "c", "d"]);
    let cells = vec![Cell::None, 3.0.into(), Spread::of(&[1.0, 2.0, 4.0]).into(), "yes".into()];
    table.row("row", cells);
    let stored = serde_json::to_value(&table).unwrap();
    let spread = serde_json::json!({ "min": 1.0, "median": 2.0, "max": 4.0, "rounds": 3 });
    assert_eq!(stored["rows"][0]["cells"], serde_json::json!([null, 3.0, spread, "yes"]));
}

#[test]
fn a_goal_is_met_up_to_its_own_value() {
    for (measured, expected) in [
        (Some(0.34), Verdict::Met),
        (Some(0.35), Verdict::Met),
        (Some(0.36), Verdict::NotMet),
        (None, Verdict::NotMeasured),
    ] {
        assert_eq!(Figure::new("", 0.35, Unit::Times, measured).verdict, expected);
    }
}

#[test]
fn a_ratio_needs_something_to_compare_with() {
    for (measured, against, expected) in [
        (Some(8.0), Some(40.0), Some(0.2)),
        (Some(-1.0), Some(40.0), Some(0.0)),
        (Some(8.0), Some(0.0), None),
        (Some(8.0), None, None),
        (None, Some(40.0), None),
    ] {
        assert_eq!(Figure::ratio("", 1.0, measured, against).measured, expected);
    }
}

#[test]
fn columns_are_as_wide_as_they_must_be() {
    let mut table = Table::new("what, in ns", &["one", "another"]);
    table.row("a", vec![Spread::of(&[9.0, 8.0, 12.0]).into(), 1.25.into()]);
    table.row("longer", vec![Cell::None, "yes".into()]);
    let expected = "\
what, in ns

              one  another
a       9 (8..12)      1.2
longer          -      yes
";
    assert_eq!(text(&table), expected);
}

#[test]
fn numbers_have_as_many_places_as_say_something() {
    for (value, expected) in
        [(7.0, "7"), (0.1234, "0.123"), (12.34, "12.3"), (1234.5, "1234"), (-0.5, "-0.500")]
    {
        let mut table = Table::new("", &[""]);
        table.row("row", vec![value.into()]);
        assert_eq!(text(&table).split_whitespace().last(), Some(expected));
    }
}

#[test]
fn a_figure_says_whether_it_is_met() {
    let shown = figures(&[
        Figure::new("hot path", 0.35, Unit::Times, Some(0.2)),
        Figure::new("exit", 100.0, Unit::Milliseconds, None),
    ]);
    let expected = "\
figure    goal, at most  measured
hot path         0.35 x    0.20 x           met
exit           100.0 ms         -  not measured
";
    assert_eq!(shown, expected);
}

#[test]
fn every_row_and_column_is_named_and_every_number_has_a_bar() {
    let mut table = Table::new("net ns a packet", &["1 flow", "1k flows"]);
    table.row("flat", vec![8.0.into(), Spread::of(&[9.0, 11.0]).into()]);
    table.row("hash", vec![Cell::None, 43.0.into()]);
    let svg = bars(&table).unwrap();
    for text in ["net ns a packet", "1 flow", "1k flows", "flat", "hash"] {
        assert_eq!(svg.matches(&format!("\n{text}\n")).count(), 1, "{text}: {svg}");
    }
    // Per number a bar; per row one in the legend; its background and frame; the picture's.
    assert_eq!(svg.matches("<rect").count(), 3 + 2 + 2 + 1, "{svg}");
}

#[test]
fn a_table_without_numbers_can_be_drawn() {
    assert!(bars(&Table::new("nothing", &["one"])).is_ok());
}
