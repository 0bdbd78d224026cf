//! Part `start`: from the start of the program to its first row and its first report, from a key to its
//! end, and how much memory it has had by then.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::Signal;

use crate::{
    Effort,
    outcome::{
        figure::{Figure, Unit},
        report::{Part, Table},
        stats::Spread,
    },
    packet::{Kind, NEAR, Order, Packet},
    program::{Output, Program},
    wire::Wire,
};

const IFTOP: &str = env!("CARGO_BIN_EXE_iftop");

/// Milliseconds, and MiB.
struct Run {
    first: f64,
    end: f64,
    memory: f64,
}

pub fn measure(effort: &Effort) -> Result<(Part, Vec<Figure>)> {
    let wire = Wire::new()?;
    let packet = Packet::new(Kind::Udp4, 10, Order::Sequence(0));
    let mut table = Table::new(
        "start and end, with 1k flows passing",
        &["first row or report, ms", "end, ms", "most memory, MiB"],
    );
    let mut spreads = Vec::new();
    for (name, words, output) in [
        ("screen", format!("{IFTOP} -i va -n -N"), Output::Terminal),
        ("JSON, a report a second", format!("{IFTOP} -i va --json --interval 1"), Output::Pipe),
    ] {
        let mut runs = Vec::new();
        for _ in 0..effort.starts {
            runs.push(run(&wire, &packet, &words, output)?);
        }
        let spread = |of: fn(&Run) -> f64| Spread::of(&runs.iter().map(of).collect::<Vec<_>>());
        let row = [spread(|run| run.first), spread(|run| run.end), spread(|run| run.memory)];
        table.row(name, row.map(Into::into).to_vec());
        spreads.push(row);
    }
    let median = |spread: Option<Spread>| spread.map(|spread| spread.median);
    let screen = spreads.first().copied().unwrap_or_default();
    let figures = vec![
        Figure::new(
            "start to first row on the screen",
            1200.0,
            Unit::Milliseconds,
            median(screen[0]),
        ),
        Figure::new("exit", 100.0, Unit::Milliseconds, median(screen[1])),
    ];
    Ok((Part { name: "start", tables: vec![table] }, figures))
}

fn run(wire: &Wire, packet: &Packet, words: &str, output: Output) -> Result<Run> {
    let on_screen = output == Output::Terminal;
    let mut program = Program::start(wire.inside(), words, output)?;
    let started = program.started();
    let mut first = None;
    while first.is_none() && started.elapsed() < Duration::from_secs(10) {
        wire.send_for(packet, 20_000, Duration::from_millis(100))?;
        first = program.wait_for(if on_screen { NEAR } else { "{\"" }, Duration::ZERO)?;
    }
    let first = first.context("no row within 10 s")?;
    let memory = program.peak_memory_bytes()?;
    let asked = Instant::now();
    if on_screen {
        program.press("q")?;
    } else {
        program.signal(Signal::TERM)?;
    }
    program.end()?;
    Ok(Run {
        first: (first - started).as_secs_f64() * 1e3,
        end: asked.elapsed().as_secs_f64() * 1e3,
        memory: memory as f64 / f64::from(1 << 20),
    })
}
