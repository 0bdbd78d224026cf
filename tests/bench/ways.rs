//! Ways to count: iftop's own, and what others count with.

use anyhow::Result;
use iftop_common::Table;

use crate::{
    kernel::Kernel,
    outcome::stats::{Spread, differences},
    packet::{Order, Packet},
};

/// A way to count.
pub struct Way {
    pub name: &'static str,
    how: How,
}

enum How {
    Iftop(Table),
    /// A program, and the map that has room for the flows.
    Other(&'static str, Option<&'static str>),
}

/// Only varies the packet, as all others do too: what they are compared with.
pub const CONTROL: usize = 0;
pub const FLAT: usize = 1;
pub const HASH: usize = 2;

pub const WAYS: [Way; 7] = [
    Way { name: "control", how: How::Other("bench_control", None) },
    Way { name: "iftop, flat", how: How::Iftop(Table::Flat) },
    Way { name: "iftop, hash", how: How::Iftop(Table::Hash) },
    Way { name: "HASH", how: How::Other("bench_hash", Some("HASH")) },
    Way { name: "PERCPU_HASH", how: How::Other("bench_percpu_hash", Some("PERCPU_HASH")) },
    Way {
        name: "LRU_PERCPU_HASH",
        how: How::Other("bench_lru_percpu_hash", Some("LRU_PERCPU_HASH")),
    },
    Way { name: "parser only", how: How::Other("bench_parse", None) },
];

/// What is compared.
pub struct Comparison {
    /// Packets that are there before time is taken.
    pub fill: Packet,
    /// Each measured in every round; from so many CPUs at once.
    pub loads: Vec<(Packet, usize)>,
    /// Entries of each map; of the flat table, lines for each CPU.
    pub room: u32,
    pub rounds: usize,
    pub repeat: u32,
}

/// Of one load: by way, nanoseconds in rounds.
pub type Column = Vec<Vec<f64>>;

impl Comparison {
    /// Every load in every way, round by round: of the control what it takes, of the others what they
    /// take more.
    pub fn run(&self) -> Result<Vec<Column>> {
        let mut kernels = Vec::new();
        for way in &WAYS {
            let kernel = way.load(self.room)?;
            kernel.fill(&self.fill)?;
            kernels.push(kernel);
        }
        let mut columns = vec![vec![Vec::new(); WAYS.len()]; self.loads.len()];
        for round in 0..self.rounds {
            for (&(packet, cpus), column) in self.loads.iter().zip(&mut columns) {
                // The same packets in all ways, others in each round.
                let packet = packet.moved_on(round as u64 * u64::from(self.repeat));
                for (kernel, times) in kernels.iter().zip(column) {
                    times.push(kernel.run_on(cpus, &packet, round as u64, self.repeat)?);
                }
            }
        }
        for column in &mut columns {
            let control = column[CONTROL].clone();
            for times in &mut column[CONTROL + 1..] {
                *times = differences(times, &control);
            }
        }
        Ok(columns)
    }
}

impl Way {
    fn load(&self, room: u32) -> Result<Kernel> {
        match self.how {
            How::Iftop(table) => Kernel::iftop(table, room),
            How::Other(program, map) => Kernel::other(program, map, room),
        }
    }
}

impl Packet {
    /// The same, so many packets later.
    fn moved_on(self, packets: u64) -> Self {
        let order = match self.order {
            Order::Sequence(first) => Order::Sequence(first + packets),
            other => other,
        };
        Self { order, ..self }
    }
}

/// The median of one way.
pub fn median(measured: &Column, way: usize) -> Option<f64> {
    Spread::of(&measured[way]).map(|spread| spread.median)
}
