//! The part of a report that says how the counting goes.

use iftop_common::Table;
use serde::Serialize;

use crate::{
    health::{Cause, Covered, Health},
    source::surroundings::Place,
    view::View,
};

#[derive(Serialize)]
pub(super) struct CoveredJson {
    percent: f64,
    bytes: u64,
    interface_bytes: u64,
    seconds: f64,
}

/// Why much surely passed the interface and not our hooks; `null` where that is not so.
#[derive(Serialize)]
pub(super) struct MissingJson {
    received: Option<&'static str>,
    sent: Option<&'static str>,
}

/// Who else is at the interface's hooks.
#[derive(Serialize)]
pub(super) struct NeighboursJson {
    ingress: Option<PlaceJson>,
    egress: Option<PlaceJson>,
    xdp: Option<XdpJson>,
}

#[derive(Serialize)]
struct PlaceJson {
    /// `null` where our program is not there any more.
    position: Option<usize>,
    of: usize,
    behind_tcx: usize,
    first_program: Option<u32>,
}

#[derive(Serialize)]
struct XdpJson {
    mode: &'static str,
    /// `null` where there are several.
    program: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct TableJson {
    kind: &'static str,
    lines: u64,
    refused_lines: u64,
    used: u64,
    fullest_shard_percent: u8,
    spill_lines: u64,
    spill_used: u64,
    kernel_bytes: u64,
    own_bytes: u64,
    max_memory_bytes: u64,
    max_flows: u32,
}

#[derive(Serialize)]
pub(super) struct CostJson {
    packet_nanoseconds: Option<u128>,
    poll_seconds: f64,
    /// `null` where time is not that of the clock on the wall.
    cpu_percent: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct LossesJson {
    ours: u64,
    ours_per_second: f64,
    /// `null` where the interface's counters cannot be read.
    interface: Option<InterfaceJson>,
    /// `null` where the interface has no queue that is known.
    queue: Option<QueueJson>,
}

#[derive(Serialize)]
struct InterfaceJson {
    before_us: u64,
    before_us_per_second: f64,
    received: ReceivedJson,
    sent: SentJson,
}

#[derive(Serialize)]
struct ReceivedJson {
    missed: u64,
    dropped: u64,
    errors: u64,
    over_errors: u64,
    fifo_errors: u64,
    no_handler: u64,
}

#[derive(Serialize)]
struct SentJson {
    dropped: u64,
    errors: u64,
}

#[derive(Serialize)]
struct QueueJson {
    dropped: u64,
    dropped_per_second: f64,
    overlimits: u64,
}

impl From<Covered> for CoveredJson {
    fn from(covered: Covered) -> Self {
        Self {
            percent: thousandths(covered.thousandths()),
            bytes: covered.ours,
            interface_bytes: covered.interface,
            seconds: covered.over.as_secs_f64(),
        }
    }
}

impl From<&Health> for MissingJson {
    fn from(health: &Health) -> Self {
        let [received, sent] = health.missing.map(|cause| cause.map(Cause::name));
        Self { received, sent }
    }
}

impl From<&Health> for NeighboursJson {
    fn from(health: &Health) -> Self {
        let place = |place: Place| PlaceJson {
            position: place.position,
            of: place.of,
            behind_tcx: place.behind_tcx,
            first_program: place.first,
        };
        let [ingress, egress] = health.places.map(|found| found.map(place));
        let xdp = health.xdp.map(|xdp| XdpJson {
            mode: xdp.mode,
            program: Some(xdp.program).filter(|&program| program != 0),
        });
        Self { ingress, egress, xdp }
    }
}

impl From<&Health> for TableJson {
    fn from(health: &Health) -> Self {
        let (table, facts) = (&health.table, &health.about.facts);
        Self {
            kind: match facts.table {
                Table::Flat => "flat",
                Table::Hash => "hash",
            },
            lines: table.lines,
            refused_lines: facts.refused_lines,
            used: table.used,
            fullest_shard_percent: table.fullest_shard_percent,
            spill_lines: table.spill_lines,
            spill_used: table.spill_used,
            kernel_bytes: facts.kernel_bytes,
            own_bytes: health.own_bytes,
            max_memory_bytes: health.about.max_memory,
            max_flows: health.about.max_flows,
        }
    }
}

impl From<&Health> for CostJson {
    fn from(health: &Health) -> Self {
        Self {
            packet_nanoseconds: health.packet_cost.map(|cost| cost.as_nanos()),
            poll_seconds: health.poll.as_secs_f64(),
            cpu_percent: health.cpu.map(thousandths),
        }
    }
}

impl LossesJson {
    pub(super) fn of(view: &View) -> Self {
        let (health, now) = (&view.health, &view.health.lost_now);
        let queue = health.losses.filter(|_| health.queue).map(|losses| QueueJson {
            dropped: losses.queue_dropped,
            dropped_per_second: now.queue,
            overlimits: losses.queue_overlimits,
        });
        let interface = health.losses.map(|losses| InterfaceJson {
            before_us: losses.before_us(),
            before_us_per_second: now.before_us(),
            received: ReceivedJson {
                missed: losses.interface.missed,
                dropped: losses.interface.dropped,
                errors: losses.interface.errors,
                over_errors: losses.interface.over_errors,
                fifo_errors: losses.interface.fifo_errors,
                no_handler: losses.interface.no_handler,
            },
            sent: SentJson {
                dropped: losses.interface.send_dropped,
                errors: losses.interface.send_errors,
            },
        });
        Self { ours: view.account.dropped_packets, ours_per_second: now.ours, interface, queue }
    }
}

fn thousandths(number: u64) -> f64 {
    number as f64 / 1000.0
}
