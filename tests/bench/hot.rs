//! Part `hot`: what it costs to count a packet of a flow that is known, against other ways to count.

use anyhow::Result;
use iftop_common::{
    Table::{Flat, Hash},
    names,
};

use crate::{
    Effort,
    kernel::{self, Kernel},
    outcome::{
        figure::{Figure, Unit},
        report::{Cell, Part, Table},
        stats::Spread,
    },
    packet::{Kind, Order, Packet},
    ways::{Column, Comparison, FLAT, HASH, WAYS, median},
};

/// A load, and what the flat table may cost of the hash table's price in it.
const GOALS: [(&str, f64); 7] = [
    ("TCP4", 0.35),
    ("TCP6", 0.35),
    ("VLAN", 0.35),
    ("fragment", 0.35),
    ("1k uniform", 0.35),
    ("1M skewed", 0.5),
    ("64k in 4k lines", 1.2),
];

/// What passes.
struct Load {
    name: &'static str,
    packet: Packet,
    /// The name of the same from two CPUs at once, where that is measured.
    from_two: Option<&'static str>,
    /// Entries of each map; twice the flows where it says nothing.
    room: Option<u32>,
}

const fn load(name: &'static str, kind: Kind, bits: u8, order: Order) -> Load {
    Load { name, packet: Packet::new(kind, bits, order), from_two: None, room: None }
}

const LOADS: [Load; 11] = [
    Load { from_two: Some("TCP4, 2 CPUs"), ..load("TCP4", Kind::Tcp4, 0, Order::Uniform) },
    load("TCP6", Kind::Tcp6, 0, Order::Uniform),
    load("VLAN", Kind::Vlan, 0, Order::Uniform),
    load("fragment", Kind::Fragment, 0, Order::Uniform),
    load("1k uniform", Kind::Tcp4, 10, Order::Uniform),
    load("1k skewed", Kind::Tcp4, 10, Order::Skewed),
    load("128k uniform", Kind::Tcp4, 17, Order::Uniform),
    load("128k skewed", Kind::Tcp4, 17, Order::Skewed),
    load("1M uniform", Kind::Tcp4, 20, Order::Uniform),
    load("1M skewed", Kind::Tcp4, 20, Order::Skewed),
    Load { room: Some(4096), ..load("64k in 4k lines", Kind::Tcp4, 16, Order::Uniform) },
];

pub fn measure(effort: &Effort) -> Result<(Part, Vec<Figure>)> {
    let mut columns: Vec<(&str, Column)> = Vec::new();
    for load in &LOADS {
        let names = [Some(load.name), load.from_two].into_iter().flatten();
        columns.extend(names.zip(load.compare(effort)?));
    }
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let title = "net ns a packet, over a program that only varies the packet";
    let mut table = Table::new(title, &names).drawn();
    for (number, way) in WAYS.iter().enumerate() {
        let spread = |(_, column): &(&str, Column)| Spread::of(&column[number]).into();
        table.row(way.name, columns.iter().map(spread).collect());
    }
    let of = |name: &str, way: usize| {
        let (_, column) = columns.iter().find(|(found, _)| *found == name)?;
        median(column, way)
    };
    let mut figures: Vec<Figure> = GOALS
        .iter()
        .map(|&(name, goal)| {
            let what = format!("hot path against our hash table: {name}");
            Figure::ratio(what, goal, of(name, FLAT), of(name, HASH))
        })
        .collect();
    let (installed, [flat, hash]) = installed(effort)?;
    let what = "hot path as installed: TCP4 (a guide)";
    figures.push(Figure::new(what, 10.0, Unit::Nanoseconds, flat.first().copied()));
    for (load, (flat, hash)) in LOADS.iter().zip(flat.into_iter().zip(hash)) {
        let what = format!("hot path as installed against our hash table: {}", load.name);
        figures.push(Figure::ratio(what, 0.35, Some(flat), Some(hash)));
    }
    let what = "two CPUs on one flow against one CPU";
    figures.push(Figure::ratio(what, 1.1, of("TCP4, 2 CPUs", FLAT), of("TCP4", FLAT)));
    Ok((Part { name: "hot", tables: vec![table, installed] }, figures))
}

/// The programs as they are installed, on packets that nothing varies; medians with the flat table and
/// with the hash table.
fn installed(effort: &Effort) -> Result<(Table, [Vec<f64>; 2])> {
    let kinds = &LOADS[..4];
    let names: Vec<_> = kinds.iter().map(|load| load.name).collect();
    let mut table = Table::new("net ns a packet, as installed, over an empty program", &names);
    let empty = Kernel::other("bench_empty", None, 1)?;
    let instances = [kernel::installed(Flat, 1 << 16)?, kernel::installed(Hash, 1 << 16)?];
    let mut spreads: [Vec<Option<Spread>>; 2] = Default::default();
    for load in kinds {
        let bytes = load.packet.bytes(0);
        let time = |program| kernel::run(program, &bytes, effort.repeat);
        let mut net: [Vec<f64>; 2] = Default::default();
        for _ in 0..effort.rounds {
            let nothing = time(empty.program()?)?;
            for (instance, net) in instances.iter().zip(&mut net) {
                net.push(time(instance.program(names::INGRESS)?)? - nothing);
            }
        }
        for (spreads, net) in spreads.iter_mut().zip(&net) {
            spreads.push(Spread::of(net));
        }
    }
    for (name, spreads) in ["iftop, flat", "iftop, hash"].into_iter().zip(&spreads) {
        table.row(name, spreads.iter().map(|spread| Cell::from(*spread)).collect());
    }
    let medians = |spreads: Vec<Option<Spread>>| {
        spreads.into_iter().flatten().map(|spread| spread.median).collect()
    };
    Ok((table, spreads.map(medians)))
}

impl Load {
    fn compare(&self, effort: &Effort) -> Result<Vec<Column>> {
        let packet = self.packet;
        let mut loads = vec![(packet, 1)];
        if self.from_two.is_some() {
            loads.push((packet, 2));
        }
        Comparison {
            fill: Packet { order: Order::Sequence(0), ..packet },
            loads,
            room: self.room.unwrap_or((2_u32 << packet.bits).max(1 << 16)),
            rounds: effort.rounds,
            repeat: effort.repeat,
        }
        .run()
    }
}
