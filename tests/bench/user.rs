//! Part `user`: what the program itself costs while it shows a table: CPU time, memory, and the time
//! from a sample to a frame.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use iftop_user::options::Counting;

use crate::{
    Effort,
    outcome::{
        figure::{Figure, Unit},
        report::{Cell, Part, Table},
        stats::{Spread, quantile},
    },
    packet::{Kind, Order, Packet},
    program::{Output, Program},
    tick::Ticks,
    wire::Wire,
};

/// How many flows have a packet in every second, and how much CPU time that may take.
const LOADS: [(&str, u32, Option<f64>); 5] = [
    ("idle", 0, Some(0.1)),
    ("1k flows", 1000, Some(1.0)),
    ("64k flows", 65_536, None),
    ("100k flows", 100_000, Some(8.0)),
    ("1M flows", 1_000_000, None),
];

/// Samples before time is taken, and while. After 40 the windows are full, and flows are taken out of
/// them as well; for a million flows there is not the time for that.
const TICKS: [(&str, u32, [usize; 2]); 4] = [
    ("1k flows", 1000, [41, 200]),
    ("64k flows", 65_536, [41, 100]),
    ("100k flows", 100_000, [41, 40]),
    ("1M flows", 1_000_000, [4, 5]),
];

pub fn measure(effort: &Effort) -> Result<(Part, Vec<Figure>)> {
    let (programs, mut figures) = whole_program(effort)?;
    let (ticks, frame) = ticks(effort);
    figures.push(frame);
    Ok((Part { name: "user", tables: vec![programs, ticks] }, figures))
}

/// The real program on a terminal, on a CPU of its own; the other makes the traffic.
fn whole_program(effort: &Effort) -> Result<(Table, Vec<Figure>)> {
    let columns = ["CPU, % of a core", "most memory, MiB", "packets a second"];
    let mut table = Table::new("the program on a terminal", &columns);
    let mut figures = Vec::new();
    for (name, flows, goal) in LOADS {
        let wire = Wire::new()?;
        let mut words = concat!(env!("CARGO_BIN_EXE_iftop"), " -i va -n -N -P").to_owned();
        if flows > Counting::default().max_flows {
            // What the default has no room for.
            words += " --max-memory 2G --max-flows 1048576";
        }
        let mut program = Program::start(wire.inside(), &words, Output::Terminal)?;
        // One after the other of a power of two: in a second only so many of them have a packet.
        let packet = Packet::new(Kind::Udp4, bits(flows), Order::Sequence(0));
        let pass = |seconds: u64| -> Result<u64> {
            let time = Duration::from_secs(seconds);
            if flows == 0 {
                thread::sleep(time);
                return Ok(0);
            }
            wire.send_for(&packet, flows, time)
        };
        pass(effort.warm_up_seconds)?;
        let (before, began) = (program.cpu()?, Instant::now());
        let sent = pass(effort.user_seconds)?;
        let rate = sent as f64 / began.elapsed().as_secs_f64();
        let used = program.cpu()?.saturating_sub(before).as_secs_f64();
        let used = used / began.elapsed().as_secs_f64() * 100.0;
        let memory = program.peak_memory_bytes()? as f64 / f64::from(1 << 20);
        table.row(name, vec![used.into(), memory.into(), rate.round().into()]);
        if let Some(goal) = goal {
            let what = format!("CPU of a core at one poll a second, {name}");
            figures.push(Figure::new(what, goal, Unit::Percent, Some(used)));
        }
        program.press("q")?;
        program.end()?;
    }
    Ok((table, figures))
}

/// The least power of two that is not below.
fn bits(flows: u32) -> u8 {
    let bits = flows.next_power_of_two().trailing_zeros();
    u8::try_from(bits).unwrap_or(u8::MAX)
}

/// From a sample to a frame, in this process.
fn ticks(effort: &Effort) -> (Table, Figure) {
    let columns = ["take in", "choose rows", "draw", "all", "all, 99 of 100"];
    let mut table = Table::new("ms from a sample to a frame of 120 x 40", &columns);
    let mut frame = None;
    for (name, flows, counts) in TICKS.into_iter().take(effort.tick_loads) {
        let [before, count] = counts.map(|count| count.min(effort.ticks));
        let mut ticks = Ticks::new(flows);
        for _ in 0..before {
            ticks.next();
        }
        let times: Vec<[f64; 3]> = (0..count).map(|_| ticks.next()).collect();
        let mut all: Vec<f64> = times.iter().map(|times| times.iter().sum()).collect();
        all.sort_by(f64::total_cmp);
        let of = |step: usize| {
            Cell::from(Spread::of(&times.iter().map(|times| times[step]).collect::<Vec<_>>()))
        };
        let most = quantile(&all, 99);
        if flows == 65_536 {
            frame = most;
        }
        table.row(name, vec![of(0), of(1), of(2), Spread::of(&all).into(), most.into()]);
    }
    (table, Figure::new("frame time, 99 of 100, 64k flows", 50.0, Unit::Milliseconds, frame))
}
