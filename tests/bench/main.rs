//! The benchmark: what counting costs, what it loses, and what others cost and lose beside it.
//!
//! Run by `cargo xtask bench`. Every comparison is interleaved, round by round, in one run; a number
//! is a median with its range. Nothing here is part of the test suite, where nothing is timed; only
//! the tests of `outcome` are.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::{Parser, builder::PossibleValuesParser};

mod batch;
mod churn;
mod disturbance;
mod exact;
mod files;
mod hot;
mod kernel;
mod live;
mod machine;
mod outcome;
mod packet;
mod poll;
mod program;
mod programs;
mod start;
mod tick;
mod user;
mod ways;
mod wire;

#[expect(dead_code, reason = "the tests need more of it")]
#[expect(clippy::unwrap_used, reason = "made for tests, which fail by panicking")]
#[path = "../support/frame.rs"]
mod frame;
#[expect(dead_code, reason = "the tests need more of it")]
#[expect(clippy::unwrap_used, reason = "made for tests, which fail by panicking")]
#[path = "../support/net.rs"]
mod net;

use outcome::{
    figure::{Figure, Unit, Verdict},
    plot,
    report::{Part, Report},
    table,
};

#[derive(Parser)]
struct Arguments {
    /// What to measure; everything where nothing is named
    #[arg(value_name = "PART", value_parser = PossibleValuesParser::new(PARTS.map(|(name, _)| name)))]
    parts: Vec<String>,
    /// Fewer and shorter rounds
    #[arg(long)]
    quick: bool,
    /// Where reports go
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// How much is measured.
struct Effort {
    /// Rounds of a comparison of kernel programs, and runs of a program in each.
    rounds: usize,
    repeat: u32,
    /// Packets from each CPU with each load.
    exact_packets: u32,
    /// How often all is read.
    polls: usize,
    /// Of live traffic at full speed.
    live_seconds: u64,
    /// Rounds of each rate of live traffic, how many of the rates, and for how long.
    paced_rounds: usize,
    paced_rates: usize,
    paced_milliseconds: u32,
    /// Rounds with each watcher; in each so many packets and so many round trips.
    disturbance_rounds: usize,
    disturbance_frames: u32,
    round_trips: u32,
    /// How often the program is started.
    starts: usize,
    /// In the capture file.
    file_packets: u32,
    /// Of the program on a terminal, before and while its CPU time is measured.
    warm_up_seconds: u64,
    user_seconds: u64,
    /// Samples at most, before the time of each is measured, and while.
    ticks: usize,
    /// With how many numbers of flows.
    tick_loads: usize,
}

impl Effort {
    const FULL: Self = Self {
        rounds: 15,
        repeat: 300_000,
        exact_packets: 12_000_000,
        polls: 7,
        live_seconds: 4,
        paced_rounds: 3,
        paced_rates: usize::MAX,
        paced_milliseconds: 1000,
        disturbance_rounds: 30,
        disturbance_frames: 150_000,
        round_trips: 4_000,
        starts: 5,
        file_packets: 1_000_000,
        warm_up_seconds: 4,
        user_seconds: 10,
        ticks: 200,
        tick_loads: usize::MAX,
    };

    const QUICK: Self = Self {
        rounds: 3,
        repeat: 100_000,
        exact_packets: 1_000_000,
        polls: 1,
        live_seconds: 1,
        paced_rounds: 1,
        paced_rates: 2,
        paced_milliseconds: 200,
        disturbance_rounds: 3,
        disturbance_frames: 100_000,
        round_trips: 1_000,
        starts: 2,
        file_packets: 200_000,
        warm_up_seconds: 1,
        user_seconds: 2,
        ticks: 10,
        tick_loads: 3,
    };
}

type Measure = fn(&Effort) -> Result<(Part, Vec<Figure>)>;

const PARTS: [(&str, Measure); 10] = [
    ("hot", hot::measure),
    ("churn", churn::measure),
    ("exact", exact::measure),
    ("poll", poll::measure),
    ("user", user::measure),
    ("live", live::measure),
    ("disturbance", disturbance::measure),
    ("start", start::measure),
    ("files", files::measure),
    ("programs", programs::measure),
];

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    let machine = machine::describe();
    println!("{}", table::machine(&machine));
    let (mut parts, mut figures, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (name, measure) in PARTS {
        if !arguments.parts.is_empty() && !arguments.parts.iter().any(|part| part == name) {
            continue;
        }
        let began = Instant::now();
        println!("== {name}\n");
        match on_a_thread(|| measure(&effort)) {
            Ok((part, reached)) => {
                for table in &part.tables {
                    println!("{}", table::text(table));
                }
                println!("({:.0} s)\n", began.elapsed().as_secs_f64());
                parts.push(part);
                figures.extend(reached);
            }
            // The others may still say something.
            Err(error) => {
                eprintln!("error: part `{name}`: {error:#}");
                failed.push(name.to_owned());
            }
        }
    }
    println!("== figures\n\n{}", table::figures(&figures));
    let lost = figures.iter().any(|figure| figure.unit == Unit::Count && !figure.is_met());
    let unknown = figures.iter().filter(|figure| figure.verdict == Verdict::NotMeasured);
    failed.extend(unknown.map(|figure| figure.what.clone()));
    store(&Report { machine, quick: arguments.quick, parts, figures }, &arguments.output)?;
    ensure!(failed.is_empty(), "not measured: {}", failed.join(", "));
    ensure!(!lost, "something was lost that must not be");
    Ok(())
}

/// What the tests' networks are made with panics when something is wrong; that is a failure like others.
fn on_a_thread<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        scope.spawn(work).join().unwrap_or_else(|_| Err(anyhow!("it panicked, see above")))
    })
}

fn store(report: &Report, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::write(&file, text).with_context(|| format!("write {}", file.display()))
    };
    write("report.json", &serde_json::to_string_pretty(report)?)?;
    for part in &report.parts {
        for (number, table) in part.tables.iter().filter(|table| table.drawn).enumerate() {
            let svg =
                plot::bars(table).map_err(|error| anyhow!("draw `{}`: {error}", part.name))?;
            let number = if number == 0 { String::new() } else { format!("-{}", number + 1) };
            write(&format!("{}{number}.svg", part.name), &svg)?;
        }
    }
    Ok(())
}
