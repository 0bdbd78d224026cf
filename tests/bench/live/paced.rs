//! At which rates packets are lost by those that take copies of them: ours with libpcap, tcpdump and classic
//! iftop, on the same traffic, in turn.

use std::thread;

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use serde_json::Value;

use super::{GRACE, LOADS, socket};
use crate::{
    Effort,
    outcome::{
        figure::{Figure, Unit},
        report::{Cell, Table},
        stats::Spread,
    },
    packet::{Kind, Order, Packet},
    program::{Output, Program},
    wire::Wire,
};

/// Packets a second. Where the generator cannot do it, the table says what it did.
const RATES: [u32; 6] = [50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000];

/// Somebody who takes copies.
#[derive(Clone, Copy)]
struct Taker {
    name: &'static str,
    words: &'static str,
    says: &'static str,
    output: Output,
    told: fn(Program) -> Result<Told>,
}

const OURS: usize = 0;
const CLASSIC: usize = 2;
const TAKERS: [Taker; 3] = [
    Taker {
        name: "iftop --source pcap",
        words: concat!(
            env!("CARGO_BIN_EXE_iftop"),
            " -i va -n -N --json --interval 1 --source pcap"
        ),
        says: "Listening on ",
        output: Output::Pipe,
        told: of_ours,
    },
    Taker {
        name: "tcpdump",
        words: "tcpdump -i va -n -s 96 -w /dev/null",
        says: "listening on ",
        output: Output::OnlyErrors,
        told: of_tcpdump,
    },
    Taker {
        name: "classic iftop",
        words: "stdbuf -oL /usr/sbin/iftop -t -n -N -P -i va",
        says: "Listening on ",
        output: Output::Pipe,
        told: of_classic,
    },
];

/// What became of packets.
#[derive(Clone, Copy)]
struct Told {
    taken: u64,
    dropped: u64,
}

/// The rounds of one taker at one rate.
#[derive(Clone, Default)]
struct Rounds {
    /// Packets a second that arrived.
    rates: Vec<f64>,
    arrived: Vec<f64>,
    taken: Vec<f64>,
    dropped: Vec<f64>,
    /// Neither taken nor said to be dropped; below nothing where more is told than arrived.
    untold: Vec<f64>,
}

pub fn measure(effort: &Effort) -> Result<(Table, Vec<Figure>)> {
    let wire = Wire::new()?;
    let rates = &RATES[..RATES.len().min(effort.paced_rates)];
    let mut measured = vec![vec![[const { None }; TAKERS.len()]; rates.len()]; LOADS.len()];
    for round in 0..effort.paced_rounds {
        for (of_load, (_, bits)) in measured.iter_mut().zip(LOADS) {
            let packet = Packet::new(Kind::Udp4, bits, Order::Sequence(0));
            for (of_rate, &rate) in of_load.iter_mut().zip(rates) {
                let packet = Packet { gap: 1_000_000_000 / rate, ..packet };
                let frames = rate * effort.paced_milliseconds / 1000;
                for turn in 0..TAKERS.len() {
                    let who = (round + turn) % TAKERS.len();
                    let rounds: &mut Rounds = of_rate[who].get_or_insert_default();
                    rounds.add(&wire, (&packet, frames), TAKERS[who])?;
                }
            }
        }
    }
    let columns = ["arrived/s", "arrived", "taken in", "told as dropped", "neither"];
    let mut table = Table::new("packets at a pace, and what became of them", &columns);
    let mut figures = Vec::new();
    for (of_load, (load, _)) in measured.iter().zip(LOADS) {
        for (of_rate, rate) in of_load.iter().zip(rates) {
            for (rounds, taker) in of_rate.iter().zip(TAKERS) {
                let cells = rounds.as_ref().map(Rounds::cells).unwrap_or_default();
                table.row(format!("{}, {load}, {rate}/s", taker.name), cells);
            }
        }
        let of = |who: usize| of_load.iter().filter_map(move |of_rate| of_rate[who].as_ref());
        let untold: f64 = of(OURS).flat_map(|rounds| &rounds.untold).map(|off| off.abs()).sum();
        figures.push(Figure::new(
            format!("packets that libpcap's source neither counts nor tells as lost, {load}"),
            0.0,
            Unit::Count,
            Some(untold),
        ));
        let [ours, classic] = [OURS, CLASSIC].map(|who| highest_without_loss(rates, of(who)));
        figures.push(Figure::new(
            format!(
                "highest rate without a loss, classic iftop's against libpcap's source, {load}"
            ),
            1.0,
            Unit::Times,
            // Where neither has any, none is the better.
            Some(if classic == ours { 1.0 } else { f64::from(classic) / f64::from(ours.max(1)) }),
        ));
    }
    Ok((table, figures))
}

/// The highest of rising rates up to which no packet is lost, by the median of the rounds; 0 where there is none.
fn highest_without_loss<'a>(rates: &[u32], of_rates: impl Iterator<Item = &'a Rounds>) -> u32 {
    let is_whole = |rounds: &Rounds| Spread::of(&rounds.dropped).is_some_and(|it| it.median < 1.0);
    let whole = rates.iter().zip(of_rates).take_while(|(_, rounds)| is_whole(rounds));
    whole.last().map_or(0, |(rate, _)| *rate)
}

impl Rounds {
    fn add(&mut self, wire: &Wire, (packet, frames): (&Packet, u32), by: Taker) -> Result<()> {
        let mut program = Program::start(wire.inside(), by.words, by.output)?;
        program.expect(by.says)?;
        let before = wire.counters()?.received.packets;
        let took = wire.send(packet, frames)?;
        thread::sleep(GRACE);
        let arrived = (wire.counters()?.received.packets - before) as f64;
        let Told { taken, dropped } = (by.told)(program)?;
        let [taken, dropped] = [taken, dropped].map(|packets| packets as f64);
        self.rates.push(arrived / took.as_secs_f64());
        self.arrived.push(arrived);
        self.taken.push(taken);
        self.dropped.push(dropped);
        self.untold.push(arrived - taken - dropped);
        Ok(())
    }

    fn cells(&self) -> Vec<Cell> {
        let all = [&self.rates, &self.arrived, &self.taken, &self.dropped, &self.untold];
        all.map(|rounds| Spread::of(rounds).into()).to_vec()
    }
}

/// By its last report.
fn of_ours(program: Program) -> Result<Told> {
    program.signal(Signal::TERM)?;
    let (_, said) = program.end()?;
    let last = said.lines().rfind(|line| line.starts_with('{')).context("no report")?;
    let report: Value = serde_json::from_str(last).context("an odd report")?;
    let number = |pointer| {
        let number = report.pointer(pointer).and_then(Value::as_u64);
        number.with_context(|| format!("no {pointer} in a report"))
    };
    Ok(Told {
        taken: number("/account/frames/packets")?,
        dropped: number("/account/dropped_packets")?,
    })
}

fn of_tcpdump(program: Program) -> Result<Told> {
    program.signal(Signal::INT)?;
    let (_, said) = program.end()?;
    let number = |what: &str| {
        let number = said.lines().find_map(|line| line.strip_suffix(what)?.parse().ok());
        number.with_context(|| format!("tcpdump said: {said}"))
    };
    Ok(Told { taken: number(" packets captured")?, dropped: number(" packets dropped by kernel")? })
}

/// It shows bytes with three digits only, and does not tell what it lost; so the kernel is asked what it
/// put into the program's buffer. Whether it was all read is not known.
fn of_classic(program: Program) -> Result<Told> {
    let [packets, dropped] = socket::statistics(program.id())?;
    program.signal(Signal::KILL)?;
    program.end()?;
    Ok(Told { taken: packets - dropped, dropped })
}
