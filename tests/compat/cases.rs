//! Which packets are counted where, and what classic iftop makes of the same: each case in networks
//! of its own, with both programs on the same interface at the same time.
//!
//! Nothing here hangs on time. Counts since start are compared, and a report is compared once it
//! shows the marker, a packet that is sent after all others of the case.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::support::{
    classic::{self, PUMPED_HOST, Pump},
    iftop::Iftop,
    net::{Cable, on_one_cpu},
    report::{Report, value},
    traffic::{Senders, Sent, into, udp},
};

mod hosts;
mod packets;
mod rows;

/// Whether the program agrees with classic iftop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Classic {
    /// On everything that is compared.
    Same,
    /// On purpose not, for this reason.
    Different(&'static str),
    /// The same, where what classic iftop shows is whatever stood in its memory; it is not asked.
    Random(&'static str),
}

use Classic::{Different, Random, Same};

/// See the fields.
#[derive(Debug)]
struct Case {
    /// In the list of what is to be compared.
    number: &'static str,
    /// Beside `-i va -t -n`.
    options: &'static str,
    traffic: Vec<Sent>,
    /// `left right sent received`, in order; the last two in bytes since start.
    rows: &'static [&'static str],
    /// Sent and received in bytes since start; the sums of the rows where not said otherwise.
    totals: Option<[u32; 2]>,
    classic: Classic,
}

fn case(
    number: &'static str,
    options: &'static str,
    traffic: Vec<Sent>,
    rows: &'static [&'static str],
    classic: Classic,
) -> Case {
    Case { number, options, traffic, rows, totals: None, classic }
}

impl Case {
    fn totals(self, sent: u32, received: u32) -> Self {
        Self { totals: Some([sent, received]), ..self }
    }

    /// What a report is to say, the marker included.
    fn expected(&self) -> Outcome {
        let number = |row: &str, place| row.split(' ').nth(place).unwrap().parse::<u32>().unwrap();
        let sum = |place| self.rows.iter().map(|row| number(row, place)).sum();
        let [sent, received] = self.totals.unwrap_or_else(|| [sum(2), sum(3)]);
        let totals = [sent, received + MARKER_BYTES, sent + received + MARKER_BYTES];
        assert!(totals[2] < 1000, "{}: more bytes than are printed exactly", self.number);
        Outcome {
            rows: self.rows.iter().copied().map(str::to_owned).collect(),
            // The pump's packets are in them.
            totals: (!self.shows_pump()).then(|| totals.map(|bytes| format!("{bytes}B"))),
        }
    }

    fn shows_pump(&self) -> bool {
        self.options.split(' ').any(|option| option == "-l")
    }
}

const MARKER_HOST: &str = "198.51.100.9";
const MARKER_BYTES: u32 = 29;

/// Inside or outside of every net of the cases, as its ends are.
fn marker() -> Sent {
    into(&udp("198.51.100.9:9", "10.9.0.1:9", 1))
}

/// What is compared of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    rows: Vec<String>,
    /// Sent, received, both.
    totals: Option<[String; 3]>,
}

impl Outcome {
    fn of(report: &Report, case: &Case) -> Self {
        let bytes = |text: &str| format!("{}", value(text));
        let rows = report.rows().into_iter().filter(|row| {
            let [left, right] = [&row.left, &row.right].map(|host| host.trim_start_matches('['));
            !right.starts_with(MARKER_HOST)
                && !left.starts_with(PUMPED_HOST)
                && !right.starts_with(PUMPED_HOST)
        });
        let rows = rows.map(|row| {
            let [sent, received] = [&row.sent[3], &row.received[3]].map(|text| bytes(text));
            format!("{} {} {sent} {received}", row.left, row.right)
        });
        Self { rows: rows.collect(), totals: (!case.shows_pump()).then(|| report.cumulative()) }
    }
}

/// The first report that shows the marker or, where `-L` hides it, counts all.
fn outcome(iftop: &mut Iftop, case: &Case) -> Outcome {
    let expected = case.expected();
    let mut report = Report::next(iftop);
    for _ in 0..20 {
        let outcome = Outcome::of(&report, case);
        let shown = report.rows().iter().any(|row| row.right.starts_with(MARKER_HOST));
        if shown || (outcome.totals.is_some() && outcome.totals == expected.totals) {
            return outcome;
        }
        report = Report::next(iftop);
    }
    panic!("{}: no marker in {report:?}", case.number);
}

/// What ours makes of a case, and classic iftop where it is asked.
fn run(case: &Case) -> (Outcome, Option<Outcome>) {
    let cable = Cable::new();
    let options = format!("-i va -t -n {}", case.options);
    let is_asked = !matches!(case.classic, Random(_));
    let mut classic = is_asked.then(|| classic::start(&cable.a, &options));
    let mut ours = Iftop::start(&cable.a, &format!("{options} --interval 1"));
    ours.wait_until_listening();
    if let Some(classic) = &mut classic {
        classic.wait_until_listening();
    }
    let senders = Senders::new(&cable);
    on_one_cpu(|| {
        case.traffic.iter().for_each(|sent| senders.send(sent));
        senders.send(&marker());
    });
    let _pump = Pump::start(&cable);
    (outcome(&mut ours, case), classic.map(|mut classic| outcome(&mut classic, case)))
}

/// What is wrong, if anything.
fn judge(case: &Case) -> Option<String> {
    let (ours, classic) = run(case);
    let expected = case.expected();
    let is_same = classic.as_ref() == Some(&ours);
    let wrong = match case.classic {
        _ if ours != expected => "not as expected",
        Same if !is_same => "not the same as classic iftop",
        Different(_) if is_same => "the same as classic iftop",
        _ => return None,
    };
    Some(format!(
        "{} {} {:?}: {wrong}\n ours     {ours:?}\n expected {expected:?}\n classic  {classic:?}",
        case.number, case.options, case.classic
    ))
}

/// Several at a time, as they mostly wait.
fn check(cases: &[Case]) {
    const AT_A_TIME: usize = 6;
    let next = AtomicUsize::new(0);
    let wrong: Vec<String> = thread::scope(|scope| {
        let workers = [(); AT_A_TIME].map(|()| {
            scope.spawn(|| {
                let mut wrong = Vec::new();
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    wrong.extend(judge(case));
                }
                wrong
            })
        });
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
