//! Part `churn`: what a packet costs that belongs to a flow of its own when there is no room for it
//! anywhere. Maps that forget take it in and lose another.

use anyhow::Result;

use crate::{
    Effort,
    outcome::{
        figure::Figure,
        report::{Part, Table},
        stats::Spread,
    },
    packet::{Kind, Order, Packet},
    ways::{Column, Comparison, FLAT, WAYS, median},
};

/// Entries of each map, and many more flows than that to fill them.
const ROOM: u32 = 1 << 16;
const FILL_BITS: u8 = 19;

pub fn measure(effort: &Effort) -> Result<(Part, Vec<Figure>)> {
    let packet = |bits, order| Packet { both_ends: true, ..Packet::new(Kind::Tcp4, bits, order) };
    let fill = packet(FILL_BITS, Order::Sequence(0));
    // Both CPUs see the same flows: each is new all the same, as there is no room for any.
    let fresh = packet(32, Order::Sequence(1 << FILL_BITS));
    let known = packet(0, Order::Sequence(0));
    let columns = Comparison {
        fill,
        loads: vec![(known, 1), (fresh, 1), (fresh, 2)],
        room: ROOM,
        rounds: effort.rounds,
        repeat: effort.repeat,
    }
    .run()?;
    let mut table = Table::new(
        "net ns a packet while everything is full",
        &["one known flow", "every packet a new flow", "the same, 2 CPUs"],
    )
    .drawn();
    for (number, way) in WAYS.iter().enumerate() {
        let spread = |column: &Column| Spread::of(&column[number]).into();
        table.row(way.name, columns.iter().map(spread).collect());
    }
    let figure = |way: usize| {
        let name = WAYS[way].name;
        let fresh = median(&columns[1], way);
        let what = format!("a new flow when everything is full, against a hit: {name}");
        Figure::ratio(what, 3.0, fresh, median(&columns[0], way))
    };
    Ok((Part { name: "churn", tables: vec![table] }, vec![figure(FLAT)]))
}
