//! That nothing is allocated per flow once the table has its size.

use super::{FlowTable, memory::sample};
use crate::{
    allocations::allocations,
    orient::Rules,
    view::{Labels, PortDisplay, Query, view},
};

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
            let allocated = allocations(|| {
                table.apply(&sample);
                table.end_interval();
                let query = Query { ports: PortDisplay::On, limit: Some(10), ..Query::default() };
                assert_eq!(view(&table, &query, &labels).rows.len(), 10);
            });
            if second > 42 {
                most = most.max(allocated);
            }
        }
        assert!((1..expected).contains(&most), "{most} with {others} others");
    }
}
