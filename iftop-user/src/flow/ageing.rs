//! What leaves the flow table: slots that a window has passed, and flows without packets for 40
//! seconds.

use iftop_common::{Counters, FlowKey};
use slab::Slab;

use super::{
    Flow, FlowTable, Totals,
    slots::{Slot, Slots},
    window::Window,
};

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
                Self::leave(&mut self.totals, &mut self.flows, window, number, slots.get(number));
            }
        }
        while self.slots.first() < self.spans[Window::Forty as usize].first() {
            self.forget_oldest();
        }
    }

    /// Keeps what the slots take inside its bound, by windows that are shorter than they should be.
    pub(super) fn stay_in_bounds(&mut self) {
        let older = |slots: &Slots| slots.first() + 1 < slots.next();
        while self.slots.bytes() > self.max_delta_bytes && older(&self.slots) {
            self.shorten_windows();
        }
    }

    /// Takes a slot out of a window's sums.
    fn leave(
        totals: &mut Totals,
        flows: &mut Slab<Flow>,
        window: Window,
        number: u32,
        slot: Option<&Slot>,
    ) {
        let Some(slot) = slot else { return };
        let sums = &mut totals.windows[window as usize];
        sums.sent -= slot.totals.sent;
        sums.received -= slot.totals.received;
        slot.deltas.iter().for_each(|delta| {
            // A flow that was folded is gone, and its place may be another's.
            if let Some(flow) = flows.get_mut(delta.place as usize)
                && flow.born <= number
            {
                let sums = &mut flow.windows[window as usize];
                sums.ingress -= delta.counters.ingress;
                sums.egress -= delta.counters.egress;
            }
        });
    }

    /// Drops the oldest slot before its time. The rates of the windows that it was in are of the time
    /// that they cover then.
    fn shorten_windows(&mut self) {
        let number = self.slots.first();
        for window in Window::ALL {
            let span = &mut self.spans[window as usize];
            let slot = self.slots.get(number).filter(|_| span.first() == number);
            if let Some(slot) = slot {
                span.drop_oldest(slot.duration);
                Self::leave(&mut self.totals, &mut self.flows, window, number, Some(slot));
            }
        }
        self.forget_oldest();
    }

    /// Drops the oldest slot and the flows that had their last packet in it, unless they are still
    /// to be reported.
    fn forget_oldest(&mut self) {
        let number = self.slots.first();
        let Some(deltas) = self.slots.pop_oldest() else { return };
        deltas.iter().for_each(|delta| {
            if let Some(flow) = self.flows.get(delta.place as usize)
                && flow.newest_slot == number
                && flow.interval == Counters::default()
            {
                if let Some(history) = &mut self.history {
                    history.note_gone(delta.place, flow);
                }
                self.forget(delta.place);
            }
        });
        self.slots.recycle(deltas);
    }

    /// Drops a flow; which it was, and what it carried since its entry began.
    pub(super) fn forget(&mut self, place: u32) -> (FlowKey, Counters) {
        let flow = self.flows.remove(place as usize);
        self.index.remove(&flow.key, place);
        let forgotten = (flow.key, flow.cumulative);
        self.largest_forgotten = larger(self.largest_forgotten, Some(forgotten));
        forgotten
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
