//! Part `poll`: what it takes user space to read what was counted: iftop's own way, with its wait for the
//! old half to be quiet, against reading a hash map in batches and entry by entry.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use iftop_common::{Count, FlowKey, Table as Kind};
use iftop_user::source::{Sample, ebpf::GracePeriod};

use crate::{
    Effort,
    batch::Entries,
    kernel::{self, IFTOP, Kernel},
    outcome::{
        figure::{Figure, Unit},
        report::{Part, Table},
        stats::Spread,
    },
    packet::{Kind::Tcp4, Order, Packet},
    tick::Ticks,
};

const LOADS: [(&str, u8); 3] = [("64k lines", 16), ("256k lines", 18), ("1M lines", 20)];

/// Program, map, and whether it has a value for each CPU.
const MAPS: [(&str, &str, bool); 2] =
    [("bench_hash", "HASH", false), ("bench_percpu_hash", "PERCPU_HASH", true)];

type Read = fn(&Entries<'_>) -> Result<usize>;

/// With the rounds that there is time for.
const READS: [(&str, Read, usize); 2] = [
    ("LOOKUP_BATCH", |entries| entries.read_in_batches(), usize::MAX),
    ("one by one", |entries| entries.read_one_by_one(), 2),
];

/// Of iftop, at so many flows; all in milliseconds.
#[derive(Default)]
struct Polls {
    /// Until no program can be using the old half.
    waiting: Vec<f64>,
    reading: Vec<f64>,
    /// From the swap to a frame.
    whole: Vec<f64>,
}

pub fn measure(effort: &Effort) -> Result<(Part, Vec<Figure>)> {
    let mut table = Table::new("ms to read all", &LOADS.map(|(name, _)| name)).drawn();
    let mut rows: Vec<(String, Vec<Vec<f64>>)> = Vec::new();
    for (_, bits) in LOADS {
        let mut column = Vec::new();
        for (name, kind) in [("flat", Kind::Flat), ("hash", Kind::Hash)] {
            let polls = iftop(kind, bits, effort)?;
            column.push((format!("iftop, {name}: waiting"), polls.waiting));
            column.push((format!("iftop, {name}: reading"), polls.reading));
            column.push((format!("iftop, {name}: swap to frame"), polls.whole));
        }
        column.extend(others(bits, effort)?);
        for (number, (label, times)) in column.into_iter().enumerate() {
            match rows.get_mut(number) {
                Some((_, cells)) => cells.push(times),
                None => rows.push((label, vec![times])),
            }
        }
    }
    let median = |label: &str, load: usize| {
        let (_, cells) = rows.iter().find(|(found, _)| found == label)?;
        Some(Spread::of(cells.get(load)?)?.median)
    };
    let (reading, batch) = ("iftop, flat: reading", "HASH, LOOKUP_BATCH");
    let figures = vec![
        Figure::new("reading 1M lines", 10.0, Unit::Milliseconds, median(reading, 2)),
        Figure::ratio(
            "reading 1M lines against LOOKUP_BATCH",
            1.0 / 30.0,
            median(reading, 2),
            median(batch, 2),
        ),
        Figure::new(
            "whole poll, swap to frame, 64k flows",
            80.0,
            Unit::Milliseconds,
            median("iftop, flat: swap to frame", 0),
        ),
    ];
    for (label, cells) in rows {
        table.row(label, cells.iter().map(|times| Spread::of(times).into()).collect());
    }
    Ok((Part { name: "poll", tables: vec![table] }, figures))
}

/// Fills one half after the other from one CPU, and polls.
fn iftop(kind: Kind, bits: u8, effort: &Effort) -> Result<Polls> {
    let mut instance = kernel::iftop(kind, 2 << bits)?;
    let (object, halves) = instance.split();
    let program = object.program(IFTOP).context("no program")?.try_into()?;
    let grace = GracePeriod::new()?;
    let packet = Packet::new(Tcp4, bits, Order::Sequence(0));
    let milliseconds = |since: Instant| since.elapsed().as_secs_f64() * 1e3;
    let (mut polls, mut sample, mut ticks) = (Polls::default(), Sample::default(), Ticks::new(0));
    // The first makes room for all that follow.
    for epoch in 0..=u32::try_from(effort.polls)? {
        kernel::fill(program, &packet)?;
        let swapped = Instant::now();
        halves.store_epoch(epoch + 1);
        grace.wait().context("wait for the old half")?;
        let waited = milliseconds(swapped);
        halves.take_into((epoch & 1) as usize, &mut sample)?;
        let read = milliseconds(swapped);
        sample.elapsed = Duration::from_secs(1);
        ticks.show(&sample);
        let seen = sample.totals.seen.ingress.packets;
        ensure!(seen == (1 << bits) + 1, "{seen} packets of {} flows", 1 << bits);
        if epoch > 0 {
            polls.waiting.push(waited);
            polls.reading.push(read - waited);
            polls.whole.push(milliseconds(swapped));
        }
    }
    Ok(polls)
}

/// Milliseconds of each way to read each map with so many flows in it.
fn others(bits: u8, effort: &Effort) -> Result<Vec<(String, Vec<f64>)>> {
    let cpus = aya::util::nr_cpus().map_err(|(_, error)| error)?;
    let mut ways = Vec::new();
    for (program, map, per_cpu) in MAPS {
        let kernel = Kernel::other(program, Some(map), 1 << bits)?;
        kernel.fill(&Packet::new(Tcp4, bits, Order::Sequence(0)))?;
        let descriptor = kernel.map(map)?;
        let entries = Entries {
            map: descriptor,
            key_bytes: size_of::<FlowKey>(),
            value_bytes: size_of::<Count>() * if per_cpu { cpus } else { 1 },
        };
        for (how, read, most) in READS {
            let mut times = Vec::new();
            for _ in 0..effort.polls.min(most) {
                let started = Instant::now();
                let read = read(&entries)?;
                times.push(started.elapsed().as_secs_f64() * 1e3);
                ensure!(read == 1 << bits, "{map}: read {read} entries {how}");
            }
            ways.push((format!("{map}, {how}"), times));
        }
    }
    Ok(ways)
}
