//! Part `live`: of the packets that are sent as fast as they can be, how many are counted by iftop,
//! captured by tcpdump, and shown by classic iftop; and up to which rate those that take copies lose none.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use iftop_common::Count;
use rustix::process::Signal;
use serde_json::Value;

use crate::{
    Effort,
    outcome::{
        figure::{Figure, Unit},
        report::{Cell, Part, Table},
    },
    packet::{Kind, NEAR, Order, Packet},
    program::{Output, Program},
    wire::Wire,
};

mod paced;
mod socket;

/// Frames that are sent before anybody looks at a clock again.
const PIECE: u32 = 50_000;

const LOADS: [(&str, u8); 2] = [("1k flows", 10), ("64k flows", 16)];

/// After the traffic, for what is in a ring and not read yet: libpcap shows a block that is not full only after a
/// second, and tcpdump does not read it when it ends.
const GRACE: Duration = Duration::from_millis(1200);

/// How long a table is waited for after the traffic.
const PATIENCE: Duration = Duration::from_secs(4);

/// One refresh, as traffic may begin right after a sample, and what a whole poll may take.
const SCREEN_MILLISECONDS: f64 = 1080.0;

pub fn measure(effort: &Effort) -> Result<(Part, Vec<Figure>)> {
    let mut table = Table::new(
        "packets sent as fast as possible, and what became of them",
        &["sent", "arrived", "Mpps", "taken in", "% of arrived", "first table after, s"],
    );
    let mut figures = Vec::new();
    for (name, bits) in LOADS {
        let packet = Packet::new(Kind::Udp4, bits, Order::Sequence(0));
        let wire = Wire::new()?;
        let nobody = traffic(&wire, &packet, effort)?;
        table.row(format!("nobody, {name}"), nobody.cells(None, Cell::None));
        let (ours, off) = iftop(&wire, &packet, effort)?;
        table.row(format!("iftop, {name}"), ours);
        figures.push(Figure::new(
            format!("packets and bytes that arrived and are not counted, {name}"),
            0.0,
            Unit::Count,
            Some(off),
        ));
        figures.push(Figure::new(
            format!("traffic to first row on the screen, {name}"),
            SCREEN_MILLISECONDS,
            Unit::Milliseconds,
            screen(&wire, &packet)?,
        ));
        for (how, options, output) in [
            ("writing", "-w /dev/null -s 96", Output::Pipe),
            ("printing", "-l", Output::OnlyErrors),
        ] {
            let row = tcpdump(&wire, &packet, effort, (options, output))?;
            table.row(format!("tcpdump, {how}, {name}"), row);
        }
        table.row(format!("classic iftop, {name}"), classic(&wire, &packet, effort)?);
    }
    let (paced, more) = paced::measure(effort)?;
    figures.extend(more);
    Ok((Part { name: "live", tables: vec![table, paced] }, figures))
}

/// What was sent, and what of it reached the interface.
struct Traffic {
    sent: u64,
    arrived: Count,
    began: Instant,
    took: Duration,
}

impl Traffic {
    fn cells(&self, taken: Option<u64>, first_table: Cell) -> Vec<Cell> {
        let rate = self.arrived.packets as f64 / self.took.as_secs_f64() / 1e6;
        let share = taken.map(|taken| taken as f64 / self.arrived.packets as f64 * 100.0);
        vec![
            self.sent.into(),
            self.arrived.packets.into(),
            rate.into(),
            taken.map_or(Cell::None, Cell::from),
            share.into(),
            first_table,
        ]
    }
}

fn traffic(wire: &Wire, packet: &Packet, effort: &Effort) -> Result<Traffic> {
    let time = Duration::from_secs(effort.live_seconds);
    let before = wire.counters()?.received;
    let (began, mut sent) = (Instant::now(), 0);
    while began.elapsed() < time {
        wire.send(packet, PIECE)?;
        sent += u64::from(PIECE);
    }
    let took = began.elapsed();
    let mut arrived = wire.counters()?.received;
    arrived -= before;
    Ok(Traffic { sent, arrived, began, took })
}

/// The other value is how far the count is from the interface's, in bytes and packets together.
fn iftop(wire: &Wire, packet: &Packet, effort: &Effort) -> Result<(Vec<Cell>, f64)> {
    let words = format!("{} -i va -n -N --json --interval 1", env!("CARGO_BIN_EXE_iftop"));
    let mut program = Program::start(wire.inside(), &words, Output::Pipe)?;
    program.expect("Listening on ")?;
    let before = wire.counters()?.received;
    let traffic = traffic(wire, packet, effort)?;
    let first = program.wait_for("{\"", PATIENCE)?;
    program.signal(Signal::TERM)?;
    let (_, said) = program.end()?;
    let last = said.lines().rfind(|line| line.starts_with('{')).context("no report")?;
    let report: Value = serde_json::from_str(last).context("an odd report")?;
    let frames = &report["account"]["frames"];
    let number = |unit: &str| frames[unit].as_u64().context("an odd report");
    let mut arrived = wire.counters()?.received;
    arrived -= before;
    let off =
        number("bytes")?.abs_diff(arrived.bytes) + number("packets")?.abs_diff(arrived.packets);
    let first = first.map(|first| (first - traffic.began).as_secs_f64());
    Ok((traffic.cells(Some(number("packets")?), first.into()), off as f64))
}

/// Milliseconds from the first packet to the first row.
fn screen(wire: &Wire, packet: &Packet) -> Result<Option<f64>> {
    let words = concat!(env!("CARGO_BIN_EXE_iftop"), " -i va -n -N -P");
    let mut program = Program::start(wire.inside(), words, Output::Terminal)?;
    program.expect("Listening on ")?;
    let (began, mut first) = (Instant::now(), None);
    while first.is_none() && began.elapsed() < PATIENCE {
        wire.send(packet, PIECE)?;
        first = program.wait_for(NEAR, Duration::ZERO)?;
    }
    program.press("q")?;
    program.end()?;
    Ok(first.map(|first| (first - began).as_secs_f64() * 1e3))
}

fn tcpdump(
    wire: &Wire,
    packet: &Packet,
    effort: &Effort,
    (options, output): (&str, Output),
) -> Result<Vec<Cell>> {
    let mut program =
        Program::start(wire.inside(), &format!("tcpdump -i va -n {options}"), output)?;
    program.expect("listening on ")?;
    let traffic = traffic(wire, packet, effort)?;
    thread::sleep(GRACE);
    program.signal(Signal::INT)?;
    let (_, said) = program.end()?;
    let captured = said.lines().find_map(|line| line.split_once(" packets captured"));
    let captured = captured.with_context(|| format!("tcpdump said: {said}"))?.0.parse()?;
    Ok(traffic.cells(Some(captured), Cell::None))
}

/// Shows bytes with three digits only, and only when a table is due while packets arrive; so what is told
/// of it is whether there is a table at all.
fn classic(wire: &Wire, packet: &Packet, effort: &Effort) -> Result<Vec<Cell>> {
    let words = "stdbuf -oL /usr/sbin/iftop -t -n -N -P -i va";
    let mut program = Program::start(wire.inside(), words, Output::Pipe)?;
    program.expect("Listening on ")?;
    let traffic = traffic(wire, packet, effort)?;
    let first = program.wait_for("Cumulative (sent/received/total):", PATIENCE)?;
    let first = first.map_or_else(
        || format!("none in {:.0}", traffic.began.elapsed().as_secs_f64()).as_str().into(),
        |first| Cell::from((first - traffic.began).as_secs_f64()),
    );
    Ok(traffic.cells(None, first))
}
