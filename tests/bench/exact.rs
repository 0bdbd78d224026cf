//! Part `exact`: nothing is lost. Two CPUs count as fast as they can while the halves are swapped and
//! read; in the end flows and `other` are what was sent, to the byte.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use iftop_common::{Count, Table as Kind};
use iftop_user::source::{Sample, ebpf::GracePeriod};

use crate::{
    Effort,
    kernel::{self, IFTOP, on_cpus},
    outcome::{
        figure::{Figure, Unit},
        report::{Part, Table},
    },
    packet::{FRAME_BYTES, Kind::Tcp4, Order, Packet},
};

const CPUS: usize = 2;
/// What is left of a frame behind its Ethernet header.
const IP_BYTES: u64 = FRAME_BYTES as u64 - 14;

/// Flows as a power of two, and lines or entries.
const LOADS: [(&str, u8, u32); 5] = [
    ("1 flow", 0, 1 << 16),
    ("1k flows", 10, 1 << 16),
    ("64k flows", 16, 1 << 17),
    ("1M flows", 20, 1 << 21),
    // The far sides and the near ones: neither table has room for them.
    ("1M flows, 64k lines", 20, 1 << 16),
];

/// What was counted in all halves together.
#[derive(Default)]
struct Counted {
    in_flows: Count,
    other: Count,
    seen: Count,
    swaps: u32,
}

pub fn measure(effort: &Effort) -> Result<(Part, Vec<Figure>)> {
    let mut table = Table::new(
        "packets from two CPUs while the halves are swapped",
        &["sent", "in flows", "other", "swaps", "packets off", "bytes off"],
    );
    let (mut sent_in_all, mut off) = (0, 0);
    for (kind, name, packets) in [
        (Kind::Flat, "flat", effort.exact_packets),
        // The reference; it is not what is claimed to be fast.
        (Kind::Hash, "hash", effort.exact_packets / 5),
    ] {
        for (load, bits, entries) in LOADS {
            let packet = Packet { both_ends: true, ..Packet::new(Tcp4, bits, Order::Uniform) };
            let counted = count(kind, entries, &packet, packets)?;
            let sent = u64::from(packets) * CPUS as u64;
            let mut attributed = counted.in_flows;
            attributed += counted.other;
            // Two witnesses: flows, and the totals that know nothing of flows.
            let [packets_off, bytes_off] = [attributed, counted.seen]
                .map(|count| [count.packets.abs_diff(sent), count.bytes.abs_diff(sent * IP_BYTES)])
                .into_iter()
                .fold([0, 0], |sum, off| [sum[0] + off[0], sum[1] + off[1]]);
            let numbers = [sent, counted.in_flows.packets, counted.other.packets];
            let more = [u64::from(counted.swaps), packets_off, bytes_off];
            let cells = numbers.into_iter().chain(more).map(Into::into).collect();
            table.row(format!("{name}, {load}"), cells);
            off += packets_off + bytes_off;
            if kind == Kind::Flat {
                sent_in_all += sent;
            }
        }
    }
    let what = format!(
        "attributed + other - sent, bytes and packets, of {} M packets in the flat table and a fifth \
         of that in the hash table",
        sent_in_all / 1_000_000
    );
    let figure = Figure::new(what, 0.0, Unit::Count, Some(off as f64));
    Ok((Part { name: "exact", tables: vec![table] }, vec![figure]))
}

/// Counts so many packets on each CPU, and reads all the while.
fn count(kind: Kind, entries: u32, packet: &Packet, packets: u32) -> Result<Counted> {
    let mut instance = kernel::iftop(kind, entries)?;
    let (object, halves) = instance.split();
    let program = object.program(IFTOP).context("no program")?.try_into()?;
    let grace = GracePeriod::new()?;
    let (mut counted, mut sample) = (Counted::default(), Sample::default());
    let mut epoch = 0;
    let mut poll = |counted: &mut Counted| -> Result<()> {
        epoch += 1;
        halves.store_epoch(epoch);
        grace.wait().context("wait for the old half")?;
        halves.take_into(((epoch - 1) & 1) as usize, &mut sample)?;
        counted.swaps += 1;
        counted.seen += sample.totals.seen.both();
        counted.other += sample.totals.other.both();
        for (_, counters) in &sample.flows {
            counted.in_flows += counters.both();
        }
        Ok(())
    };
    let running = AtomicUsize::new(1);
    std::thread::scope(|scope| -> Result<()> {
        let runs = scope.spawn(|| {
            let run = |cpu: usize| kernel::run(program, &packet.bytes(cpu as u64 + 1), packets);
            let result = on_cpus(CPUS, run);
            running.store(0, Ordering::SeqCst);
            result
        });
        while running.load(Ordering::SeqCst) > 0 {
            poll(&mut counted)?;
        }
        runs.join().map_err(|_| anyhow::anyhow!("a thread panicked"))??;
        Ok(())
    })?;
    // What was counted since the last swap.
    poll(&mut counted)?;
    Ok(counted)
}
