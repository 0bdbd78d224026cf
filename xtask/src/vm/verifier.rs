//! How many instructions the verifier of each kernel followed: held against a record in `docs`.
//!
//! It owns the record, a table for people that is read back. A check must never change it.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::boot::Verdict;
use crate::cmd;

const FILE: &str = "docs/verifier.md";
/// How much more than recorded may pass, in percent.
const TOLERANCE: u64 = 5;
const REMEDY: &str = "`cargo xtask vm --record` writes it anew";
/// Stands in the table for a number that nobody knows.
const UNKNOWN: &str = "-";
/// The row that says which kernels they were.
const VERSION: &str = "version";

const TEXT: &str = "\
# What the verifier has to do

Before a program is loaded, the kernel's verifier follows every way that a packet could take through it, and gives
up at a million instructions. How many it follows depends on program and kernel. These are the numbers on the
kernels that `cargo xtask vm` boots, which writes this table with `--record`, and else fails where one has
grown by more than 5 %. (Of a kernel with another version than the one here, which the newest may have, they are
shown only.) None may pass 80,000 on any kernel: that is asked of every one that the tests run on.

Of what the program is told when it is loaded, the table's rows say what decides the most; of all else the worst
number counts.

";

/// The table: a column for each kernel, a row for each program.
#[derive(Debug, Default, PartialEq, Eq)]
struct Record {
    kernels: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

/// Fails where something has grown; says how, once for each number.
pub fn check<'a>(verdicts: impl Iterator<Item = (&'a str, &'a Verdict)>) -> Result<Vec<String>> {
    let file = cmd::root()?.join(FILE);
    let text = fs::read_to_string(file).with_context(|| format!("{FILE}; {REMEDY}"))?;
    let record = Record::parse(&text);
    let faults = verdicts.flat_map(|(series, verdict)| {
        record.faults(series, verdict).into_iter().map(move |fault| format!("{series}: {fault}"))
    });
    Ok(faults.collect())
}

/// Writes what these kernels showed; of others stays what is there.
pub fn record<'a>(
    verdicts: impl Iterator<Item = (&'a str, &'a Verdict)>,
    kernels: &[&str],
) -> Result<()> {
    let file = cmd::root()?.join(FILE);
    let old = Record::parse(&fs::read_to_string(&file).unwrap_or_default());
    let mut new = Record::default();
    let verdicts: Vec<_> = verdicts.collect();
    for &series in kernels {
        let shown = verdicts.iter().find(|(found, _)| *found == series);
        for (row, number) in match shown {
            Some((_, verdict)) => row_of(verdict),
            None => old.column(series),
        } {
            new.set(&row, series, number);
        }
    }
    ensure!(!new.rows.is_empty(), "no kernel said anything of its verifier");
    fs::write(file, format!("{TEXT}{}", new.table())).context(FILE)?;
    println!("recorded in {FILE}");
    Ok(())
}

fn row_of(verdict: &Verdict) -> Vec<(String, String)> {
    let version = (VERSION.to_owned(), version(&verdict.kernel));
    let counts = verdict.verified.iter().map(|(name, count)| (name.clone(), count.to_string()));
    [version].into_iter().chain(counts).collect()
}

/// The first two numbers of a kernel's name.
fn version(kernel: &str) -> String {
    kernel.split('.').take(2).collect::<Vec<_>>().join(".")
}

impl Record {
    /// Reads the table that is in a text.
    fn parse(text: &str) -> Self {
        let mut lines = text.lines().filter_map(|line| {
            let cells = line.strip_prefix('|')?.strip_suffix('|')?.split('|');
            Some(cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>())
        });
        let kernels = lines.next().map(|cells| cells[1..].to_vec()).unwrap_or_default();
        let rows = lines.skip(1).map(|mut cells| {
            let name = cells.remove(0);
            (name, cells)
        });
        Self { kernels, rows: rows.collect() }
    }

    fn table(&self) -> String {
        let line = |first: &str, cells: &[String]| {
            let cells: Vec<_> = cells.iter().map(|cell| format!("{cell:>7}")).collect();
            format!("| {first:40} | {} |\n", cells.join(" | "))
        };
        let right = vec!["------:".to_owned(); self.kernels.len()];
        let rows = self.rows.iter().map(|(name, cells)| line(name, cells));
        [line("", &self.kernels), line(&"-".repeat(40), &right)].into_iter().chain(rows).collect()
    }

    fn set(&mut self, name: &str, kernel: &str, value: String) {
        let column = self.kernels.iter().position(|found| found == kernel).unwrap_or_else(|| {
            self.kernels.push(kernel.to_owned());
            self.rows.iter_mut().for_each(|(_, cells)| cells.push(UNKNOWN.to_owned()));
            self.kernels.len() - 1
        });
        let row = self.rows.iter().position(|(found, _)| found == name).unwrap_or_else(|| {
            self.rows.push((name.to_owned(), vec![UNKNOWN.to_owned(); self.kernels.len()]));
            self.rows.len() - 1
        });
        self.rows[row].1[column] = value;
    }

    fn column(&self, kernel: &str) -> Vec<(String, String)> {
        let Some(column) = self.kernels.iter().position(|found| found == kernel) else {
            return Vec::new();
        };
        let cells = self.rows.iter().filter_map(|(name, cells)| Some((name, cells.get(column)?)));
        cells.map(|(name, cell)| (name.clone(), cell.clone())).collect()
    }

    /// What is wrong with what a kernel showed.
    fn faults(&self, series: &str, verdict: &Verdict) -> Vec<String> {
        let recorded = self.column(series);
        let of = |name: &str| {
            let cell = recorded.iter().find(|(found, _)| found == name);
            cell.map_or(UNKNOWN, |(_, cell)| cell)
        };
        if of(VERSION) != UNKNOWN && of(VERSION) != version(&verdict.kernel) {
            println!(
                "{FILE} is of Linux {}, this is {}: not compared",
                of(VERSION),
                verdict.kernel
            );
            return Vec::new();
        }
        let mut faults = Vec::new();
        for (name, count) in &verdict.verified {
            match of(name).parse::<u64>() {
                Ok(before) if *count * 100 <= before * (100 + TOLERANCE) => {}
                Ok(before) => faults.push(format!(
                    "the verifier follows {count} instructions of {name}, {before} before, which is \
                     more than {TOLERANCE} % less: if that is worth it, {REMEDY}"
                )),
                Err(_) => faults.push(format!("{name} is not in {FILE}: {REMEDY}")),
            }
        }
        for (name, cell) in &recorded {
            let is_known = name != VERSION && cell != UNKNOWN;
            if is_known && !verdict.verified.iter().any(|(found, _)| found == name) {
                faults.push(format!("nothing was said of {name}, which is in {FILE}: {REMEDY}"));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "words | more words
|   |     5.10 | newest |
|---|---------:|-------:|
| version | 5.10 | 7.3 |
| one | 1000 | 2000 |
| two | - | 100 |
";

    fn verdict(kernel: &str, verified: &[(&str, u64)]) -> Verdict {
        let verified = verified.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Verdict { kernel: kernel.to_owned(), passed: 1, failed: Vec::new(), verified }
    }

    #[test]
    fn what_has_grown_too_much_or_is_not_known_is_a_fault() {
        let record = Record::parse(TABLE);
        let cases = [
            ("5.10", "5.10.0-46", &[("one", 1050)][..], &[][..]),
            (
                "5.10",
                "5.10.0-46",
                &[("one", 1051)],
                &["the verifier follows 1051 instructions of one"],
            ),
            ("5.10", "5.10.0-46", &[("one", 1)], &[]),
            ("5.10", "5.10.0-46", &[("one", 1), ("two", 1)], &["two is not in "]),
            ("5.10", "5.10.0-46", &[], &["nothing was said of one"]),
            (
                "newest",
                "7.3.4+deb13",
                &[("one", 9000), ("two", 100)],
                &["the verifier follows 9000"],
            ),
            ("newest", "7.4.1+deb13", &[("one", 9000)], &[]),
            ("6.1", "6.1.0-56", &[("one", 1)], &["one is not in "]),
        ];
        for (series, kernel, verified, expected) in cases {
            let faults = record.faults(series, &verdict(kernel, verified));
            assert_eq!(faults.len(), expected.len(), "{faults:?}");
            for (fault, expected) in faults.iter().zip(expected) {
                assert!(fault.starts_with(expected), "{fault}");
            }
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let record = Record::parse(TABLE);
        assert_eq!(record.kernels, ["5.10", "newest"]);
        assert_eq!(Record::parse(&format!("{TEXT}{}", record.table())), record);
        let mut made = Record::default();
        for kernel in ["5.10", "newest"] {
            for (name, cell) in record.column(kernel) {
                made.set(&name, kernel, cell);
            }
        }
        assert_eq!(made, record);
    }

    #[test]
    fn the_text_says_the_bounds() {
        let most = include_str!("../../../iftop-user/src/source/ebpf/differential/verifier.rs");
        assert!(
            most.contains("const MOST: u32 = 80_000;") && TEXT.contains("None may pass 80,000 ")
        );
        let file = include_str!("../../../docs/verifier.md");
        assert!(file.starts_with(TEXT), "`cargo xtask vm --record` writes it");
        assert!(TEXT.contains(&format!("more than {TOLERANCE} %")));
    }
}
