//! A text report, read by its columns alone: whatever stands one column beside its place is not
//! accepted.

use std::ops::Range;

use super::iftop::Iftop;

/// Where a row's host stands; before it the number or blanks, behind it the arrow.
const HOST: Range<usize> = 5..45;
/// Each number is as wide, flush right, after one blank.
const NUMBER_WIDTH: usize = 10;
/// Where the numbers begin, of rows and of summary lines.
const NUMBERS: usize = 48;

pub const HEADER: &str =
    "   # Host name (port/service if enabled)            last 2s   last 10s   last 40s cumulative";

/// The lines below the rows that have numbers.
pub const SUMMARY: [&str; 5] = [
    "Total send rate:",
    "Total receive rate:",
    "Total send and receive rate:",
    "Peak rate (sent/received/total):",
    "Cumulative (sent/received/total):",
];

/// One report, without the empty line that ends it.
#[derive(Clone, Debug)]
pub struct Report {
    pub lines: Vec<String>,
}

/// Two lines: what stands left and right, and the four numbers of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub left: String,
    pub right: String,
    pub sent: [String; 4],
    pub received: [String; 4],
}

impl Report {
    /// The next one that a program prints.
    pub fn next(iftop: &mut Iftop) -> Self {
        let mut lines = Vec::new();
        while !lines.last().is_some_and(String::is_empty) {
            lines.push(iftop.line().strip_suffix('\n').unwrap().to_owned());
        }
        Self::new(lines)
    }

    /// The only one in all that a program printed.
    pub fn only(output: &str) -> Self {
        let lines = output.lines().skip_while(|line| line.starts_with("Listening on "));
        Self::new(lines.map(str::to_owned).collect())
    }

    /// The last one of those that a program printed.
    pub fn last(output: &str) -> Self {
        let start = output.rfind(HEADER).unwrap_or_else(|| panic!("no report in {output:?}"));
        Self::only(&output[start..])
    }

    fn new(mut lines: Vec<String>) -> Self {
        assert_eq!(lines.pop().as_deref(), Some(""), "{lines:?}");
        let report = Self { lines };
        report.check();
        report
    }

    /// Every line is one of those that there are, and in its place.
    fn check(&self) {
        let rows = self.rows().len() * 2;
        let (thin, thick) = ("-".repeat(92), "=".repeat(92));
        let mut expected = vec![HEADER, &thin];
        expected.extend(self.lines[2..2 + rows].iter().map(String::as_str));
        expected.push(&thin);
        for (name, line) in SUMMARY.iter().zip([0, 1, 2, 4, 5]) {
            if line == 4 {
                expected.push(&thin);
            }
            let line = &self.lines[3 + rows + line];
            assert_eq!(line[..NUMBERS], format!("{name:<NUMBERS$}"));
            let _: [String; 3] = numbers(line);
            expected.push(line);
        }
        expected.push(&thick);
        assert_eq!(self.lines, expected);
    }

    /// In their order.
    pub fn rows(&self) -> Vec<Row> {
        let lines = self.lines[2..].iter().take_while(|line| !line.starts_with("---"));
        let lines: Vec<_> = lines.collect();
        (1..).zip(lines.chunks(2)).map(|(number, pair)| row(number, pair[0], pair[1])).collect()
    }

    /// The numbers of the summary line of this name.
    pub fn summary(&self, name: &str) -> [String; 3] {
        let line = self.lines.iter().find(|line| line.starts_with(name));
        numbers(line.unwrap_or_else(|| panic!("no {name} in {self:?}")))
    }

    /// Bytes since start as printed: sent, received, both.
    pub fn cumulative(&self) -> [String; 3] {
        self.summary(SUMMARY[4])
    }
}

fn row(number: usize, first: &str, second: &str) -> Row {
    assert_eq!(first[..HOST.start], format!("{number:>4} "), "{first}");
    assert_eq!(second[..HOST.start], " ".repeat(HOST.start), "{second}");
    assert_eq!(first[HOST.end..NUMBERS], *" =>", "{first}");
    assert_eq!(second[HOST.end..NUMBERS], *" <=", "{second}");
    let host = |line: &str| line[HOST].trim_end().to_owned();
    Row { left: host(first), right: host(second), sent: numbers(first), received: numbers(second) }
}

/// All numbers of a line.
fn numbers<const N: usize>(line: &str) -> [String; N] {
    assert_eq!(line.len(), NUMBERS + N * (NUMBER_WIDTH + 1), "{line}");
    std::array::from_fn(|place| {
        let end = NUMBERS + (place + 1) * (NUMBER_WIDTH + 1);
        let text = line[end - NUMBER_WIDTH - 1..end].trim_start();
        // Also says that it looks as a number does.
        let _ = value(text);
        text.to_owned()
    })
}

/// A number as printed, in bits or bytes. It has at most two decimals, and three digits where it has
/// any.
pub fn value(text: &str) -> f64 {
    parse(text).unwrap_or_else(|| panic!("no number: {text:?}"))
}

/// Whether it is one.
pub fn is_number(text: &str) -> bool {
    parse(text).is_some()
}

fn parse(text: &str) -> Option<f64> {
    let (digits, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let factor = match unit {
        "b" | "B" => 1.0,
        "Kb" | "KB" => 1024.0,
        "Mb" | "MB" => 1024.0 * 1024.0,
        "Gb" | "GB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let value: f64 = digits.parse().ok()?;
    (digits.len() <= 5 && decimals <= 2).then_some(value * factor)
}
