//! A named line of several parts, in as many rows as it needs.

/// Width of a line's name and the blanks behind it.
const NAME_WIDTH: usize = 12;
/// Between two parts of a line.
const GAP: &str = "   ";

/// A line in rows of this width. A part stands in one row if it can.
pub(super) fn wrapped(name: &str, parts: &[String], width: usize) -> Vec<String> {
    let room = width.saturating_sub(NAME_WIDTH);
    let mut rows = vec![format!("{name:<NAME_WIDTH$}")];
    let mut used = 0;
    for part in parts {
        let whole = length(part) <= room;
        let pieces = if whole { vec![part.as_str()] } else { part.split(' ').collect() };
        for (place, piece) in pieces.into_iter().enumerate() {
            let gap = if place == 0 { GAP } else { " " };
            if used > 0 && used + gap.len() + length(piece) > room {
                rows.push(" ".repeat(NAME_WIDTH));
                used = 0;
            }
            let gap = if used > 0 { gap } else { "" };
            used += gap.len() + length(piece);
            if let Some(row) = rows.last_mut() {
                row.push_str(gap);
                row.push_str(piece);
            }
        }
    }
    rows
}

/// In columns: an interface's name is bytes, but a terminal shows characters.
fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_between_parts_and_else_between_words() {
        let parts = ["100.000 %", "seen 81.2GB, 64.1Mp", "other 0"].map(str::to_owned);
        let cases: &[(usize, &[&str])] = &[
            (55, &["name        100.000 %   seen 81.2GB, 64.1Mp   other 0"]),
            (50, &["name        100.000 %   seen 81.2GB, 64.1Mp", "            other 0"]),
            (
                31,
                &[
                    "name        100.000 %",
                    "            seen 81.2GB, 64.1Mp",
                    "            other 0",
                ],
            ),
            (
                24,
                &[
                    "name        100.000 %",
                    "            seen 81.2GB,",
                    "            64.1Mp",
                    "            other 0",
                ],
            ),
        ];
        for (width, expected) in cases {
            let rows = wrapped("name", &parts, *width);
            assert_eq!(rows, *expected, "{width}");
        }
        assert_eq!(wrapped("name", &parts[2..], 0), ["name        other", "            0"]);
    }
}
