//! The rule above the totals: which interface, how it is counted, and whether all of it is.
//!
//! What is missing from the table is said here, so it is the last thing that gives way.

use super::{Glyphs, Status};
use crate::view::View;

/// A rule of this width with as many of its parts as fit.
pub(super) fn rule(width: u16, view: &View, status: &Status<'_>, glyphs: Glyphs) -> String {
    let interface = status.interface;
    let source = status.source;
    let flows = match view.flows {
        1 => "1 flow".to_owned(),
        flows => format!("{} flows", grouped(flows)),
    };
    let short = format!("attributed {}%", view.account.attributed_percent());
    let attributed = match view.account.shortfall() {
        Some(reason) => format!("{short} ({reason})"),
        None => short.clone(),
    };
    let width = usize::from(width);
    let choices: [&[&str]; 5] = [
        &[interface, source, &flows, &attributed],
        &[interface, &flows, &attributed],
        &[interface, &attributed],
        &[&attributed],
        &[&short],
    ];
    let texts = choices.into_iter().map(|parts| join(parts, glyphs.rule));
    let text = texts.into_iter().find(|text| length(text) <= width).unwrap_or_default();
    let rest = width - length(&text);
    text + &glyphs.rule.repeat(rest)
}

fn join(parts: &[&str], rule: &str) -> String {
    format!("{rule}{rule} {} {rule}", parts.join(&format!(" {rule} ")))
}

/// In columns: an interface's name is bytes, but a terminal shows characters.
fn length(text: &str) -> usize {
    text.chars().count()
}

/// `12,408`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use iftop_common::Count;

    use super::*;
    use crate::account::Account;

    #[test]
    fn parts_give_way_in_order() {
        let view = View { flows: 12_408, ..View::default() };
        let status = Status { interface: "eth0", source: "ebpf/tcx", unicode: true };
        let cases = [
            (56, "── eth0 ─ ebpf/tcx ─ 12,408 flows ─ attributed 100% ────"),
            (53, "── eth0 ─ ebpf/tcx ─ 12,408 flows ─ attributed 100% ─"),
            (52, "── eth0 ─ 12,408 flows ─ attributed 100% ───────────"),
            (41, "── eth0 ─ attributed 100% ───────────────"),
            (26, "── attributed 100% ───────"),
            (19, "───────────────────"),
            (0, ""),
        ];
        for (width, expected) in cases {
            assert_eq!(rule(width, &view, &status, Glyphs::UNICODE), expected);
        }
        let ascii = rule(56, &view, &status, Glyphs::ASCII);
        assert_eq!(ascii, "-- eth0 - ebpf/tcx - 12,408 flows - attributed 100% ----");
    }

    #[test]
    fn a_shortfall_is_said_before_all_else() {
        let count = |packets| Count { bytes: packets * 100, packets };
        let account = Account {
            seen: count(100),
            in_flows: count(97),
            other: count(3),
            ..Account::default()
        };
        let view = View { account, flows: 1, ..View::default() };
        let status = Status { interface: "eth0", source: "ebpf/tcx", unicode: true };
        let cases = [
            (60, "── eth0 ─ ebpf/tcx ─ 1 flow ─ attributed 97% (table full) ──"),
            (40, "── eth0 ─ attributed 97% (table full) ──"),
            (38, "── attributed 97% (table full) ───────"),
            (30, "── attributed 97% ────────────"),
        ];
        for (width, expected) in cases {
            assert_eq!(rule(width, &view, &status, Glyphs::UNICODE), expected);
        }
    }

    #[test]
    fn numbers_in_groups_of_three() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), expected);
        }
    }
}
