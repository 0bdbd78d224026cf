//! What leaves the flow table: slots that a window has passed, flows without packets for 40 seconds,
//! and the smallest flows where there are too many.

use iftop_common::{Counters, FlowKey};
use slab::Slab;

use super::{Flow, FlowTable, Totals, slots::Slot, window::Window};

impl FlowTable {
    /// Moves the windows on by a new newest slot.
    pub(super) fn advance(&mut self, slot: Slot) {
        for window in Window::ALL {
            let sums = &mut self.totals.windows[window as usize];
            sums.sent += slot.totals.sent;
            sums.received += slot.totals.received;
            self.spans[window as usize].push(slot.duration);
        }
        self.slots.push(slot);
        for window in Window::ALL {
            let slots = &self.slots;
            let duration = |number| slots.get(number).map(|slot| slot.duration);
            while let Some(number) = self.spans[window as usize].pop(duration) {
                Self::leave(&mut self.totals, &mut self.flows, window, slots.get(number));
            }
        }
        while self.slots.first() < self.spans[Window::Forty as usize].first() {
            self.forget_oldest();
        }
    }

    /// Takes a slot out of a window's sums.
    fn leave(totals: &mut Totals, flows: &mut Slab<Flow>, window: Window, slot: Option<&Slot>) {
        let Some(slot) = slot else { return };
        let sums = &mut totals.windows[window as usize];
        sums.sent -= slot.totals.sent;
        sums.received -= slot.totals.received;
        for delta in &slot.deltas {
            // A flow that was folded is gone, and its place may be another's.
            if let Some(flow) = flows.get_mut(delta.flow as usize)
                && flow.generation == delta.generation
            {
                let sums = &mut flow.windows[window as usize];
                sums.ingress -= delta.counters.ingress;
                sums.egress -= delta.counters.egress;
            }
        }
    }

    /// Drops the oldest slot and the flows that had their last packet in it, unless they are still
    /// to be reported.
    fn forget_oldest(&mut self) {
        let number = self.slots.first();
        let Some(slot) = self.slots.pop_oldest() else { return };
        for delta in slot.deltas {
            let place = delta.flow as usize;
            if let Some(flow) = self.flows.get(place)
                && flow.generation == delta.generation
                && flow.newest_slot == number
                && flow.interval == Counters::default()
            {
                self.forget(place);
            }
        }
    }

    /// Drops a flow; what it carried since its entry began.
    fn forget(&mut self, place: usize) -> Counters {
        let flow = self.flows.remove(place);
        self.index.remove(&flow.key);
        let forgotten = Some((flow.key, flow.cumulative));
        self.largest_forgotten = larger(self.largest_forgotten, forgotten);
        flow.cumulative
    }

    /// Keeps the table inside its bound: the flows with the fewest bytes in the last 40 seconds go,
    /// and what they carried becomes `other`.
    pub(super) fn fold_smallest(&mut self) {
        let excess = self.flows.len().saturating_sub(self.max_flows);
        if excess == 0 {
            return;
        }
        let mut by_size: Vec<(u64, FlowKey, usize)> = self
            .flows
            .iter()
            .map(|(place, flow)| (flow.window(Window::Forty).both().bytes, flow.key, place))
            .collect();
        by_size.select_nth_unstable(excess - 1);
        for &(_, _, place) in &by_size[..excess] {
            let carried = self.forget(place).both();
            self.account.in_flows -= carried;
            self.account.other += carried;
        }
    }
}

/// The flow with more bytes; of equals the first.
pub(super) fn larger(
    first: Option<(FlowKey, Counters)>,
    second: Option<(FlowKey, Counters)>,
) -> Option<(FlowKey, Counters)> {
    let bytes = |flow: Option<(FlowKey, Counters)>| flow.map(|(_, carried)| carried.both().bytes);
    if bytes(second) > bytes(first) { second } else { first }
}
