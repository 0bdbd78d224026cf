//! That the table stays inside its memory, by what it has allocated.

use std::time::Duration;

use iftop_common::{Count, Counters, FlowKey};

use super::{
    BYTES_PER_FLOW, Flow, FlowTable, Line,
    deltas::CHUNK_BYTES,
    history::{History, LEAST_BYTES},
    room,
    window::Window,
};
use crate::{orient::Rules, source::Sample, view::BYTES_PER_ROW};

const MAX_FLOWS: usize = 2000;
const SECOND: Duration = Duration::from_secs(1);

/// What the table holds between two samples, in bytes.
fn allocated(table: &FlowTable) -> usize {
    table.flows.capacity() * (size_of::<Flow>() + size_of::<usize>())
        + table.index.allocated()
        + table.slots.allocated()
        + table.lines.capacity() * size_of::<Line>()
        + table.history.as_ref().map_or(0, History::bytes)
}

/// What it may hold: all but the sample, what is needed for a while, and the slots' last chunks.
fn allowed() -> usize {
    let elsewhere = size_of::<(FlowKey, Counters)>() + BYTES_PER_ROW.max(room::SCRATCH_BYTES);
    MAX_FLOWS * (BYTES_PER_FLOW - elsewhere) + 41 * CHUNK_BYTES + LEAST_BYTES
}

/// An empty one, with a history.
fn table() -> FlowTable {
    let mut table = FlowTable::new(Rules::default(), MAX_FLOWS);
    table.keep_history();
    table
}

fn count(bytes: u64) -> Count {
    Count { bytes, packets: bytes.div_ceil(1000) }
}

/// A second of so many flows, numbered from `first` on, in an order of its own.
pub(super) fn sample(first: usize, flows: usize, bytes: impl Fn(usize) -> u64) -> Sample {
    let mut sample = Sample { elapsed: SECOND, ..Sample::default() };
    for number in 0..flows {
        let number = first + number * 7919 % flows;
        let mut near = [0; 16];
        near[..8].copy_from_slice(&number.to_ne_bytes());
        let counters = Counters { ingress: count(bytes(number)), egress: count(bytes(number)) };
        sample.flows.push((FlowKey { near, ..FlowKey::default() }, counters));
        sample.totals.seen += counters;
    }
    sample
}

#[test]
fn all_flows_in_each_slot_stay_inside() {
    let mut table = table();
    for second in 0..60 {
        let busy = sample(0, MAX_FLOWS, |number| 10_000 + (number + second) as u64 % 1000);
        table.apply(&busy);
        table.end_interval();
        assert!(allocated(&table) <= allowed(), "{} of {}", allocated(&table), allowed());
        assert_eq!((table.len(), table.account().other), (MAX_FLOWS, Count::default()));
    }
    assert_eq!(table.spans[Window::Forty as usize].covered(), 40 * SECOND);
}

#[test]
fn more_bytes_than_there_is_room_for_make_the_windows_shorter_and_no_rate_wrong() {
    let mut table = table();
    let busy = sample(0, MAX_FLOWS, |_| 1 << 42);
    for _ in 0..60 {
        table.apply(&busy);
        assert!(allocated(&table) <= allowed(), "{} of {}", allocated(&table), allowed());
    }
    let covered = table.spans[Window::Forty as usize].covered();
    assert!((10 * SECOND..40 * SECOND).contains(&covered), "{covered:?}");
    for flow in table.flows() {
        for window in Window::ALL {
            let rate = table.rate(window, flow.window(window).egress).bytes;
            assert!((rate - (1_u64 << 42) as f64).abs() < 1.0, "{window:?} {rate}");
        }
    }
}

#[test]
fn other_flows_each_second_stay_inside_and_the_largest_stays_whole() {
    let mut table = table();
    let mut largest = 0;
    for second in 0..60_usize {
        let mut flood = sample((second + 1) * 10_000, MAX_FLOWS, |number| 40 + number as u64 % 900);
        flood.flows.extend(sample(0, 1, |_| 1500).flows);
        // As two CPUs count it.
        flood.flows.extend(sample(0, 1, |_| 500).flows);
        flood.totals.seen.ingress += count(2000);
        flood.totals.seen.egress += count(2000);
        largest += 4000;
        table.apply(&flood);
        table.end_interval();
        assert!(allocated(&table) <= allowed(), "{} of {}", allocated(&table), allowed());
        let account = table.account();
        assert_eq!((table.len(), account.unaccounted_bytes()), (MAX_FLOWS, 0));
        let top = table.top_talker().map(|(key, carried)| (key.near, carried.both().bytes));
        assert_eq!(top, Some(([0; 16], largest)));
        // No slot takes bytes out of a flow that had the place later.
        let mut sums = table.flows().map(|flow| flow.window(Window::Forty).both().bytes);
        assert!(sums.all(|bytes| bytes < 1 << 32), "second {second}");
    }
}
