//! That nothing is allocated per flow once the table has its size.
#![expect(unsafe_code, reason = "an allocator that counts, for the unit tests only")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use super::{FlowTable, memory::sample};
use crate::{
    orient::Rules,
    view::{Labels, PortDisplay, Query, view},
};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: all is done by the system's allocator; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: what the caller promises is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: it comes from `alloc`, and so from there.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[test]
fn a_tick_allocates_nothing_per_flow() {
    const FLOWS: usize = 2000;
    let labels = Labels { host: &|_| None, service: &|_, _| None };
    // (how many of the flows are others each second, allocations at most)
    for (others, expected) in [(0, 100), (FLOWS, 100)] {
        let mut table = FlowTable::new(Rules::default(), FLOWS);
        let mut most = 0;
        for second in 0..50 {
            let sample = sample(second * others, FLOWS, |number| 40 + number as u64 % 1000);
            let before = ALLOCATIONS.get();
            table.apply(&sample);
            table.end_interval();
            let query = Query { ports: PortDisplay::On, limit: Some(10), ..Query::default() };
            assert_eq!(view(&table, &query, &labels).rows.len(), 10);
            if second > 42 {
                most = most.max(ALLOCATIONS.get() - before);
            }
        }
        assert!((1..expected).contains(&most), "{most} with {others} others");
    }
}
