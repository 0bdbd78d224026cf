//! The last ten minutes, in steps of ten seconds: of the whole interface, and of each flow.
//!
//! It owns what is kept of flows beyond the windows, and how much memory that may take: where there is no room
//! for all of it, the oldest steps go on without their flows. It must never be needed for a rate.

use std::{collections::VecDeque, mem, ops::Range, time::Duration};

use iftop_common::{Count, Counters, FlowKey};

use super::{
    Flow, FlowTable, Pair,
    deltas::{CHUNK_BYTES, Delta, Deltas, Pool},
    room::place_number,
    window::TIMER_SLACK,
};

/// A step is the newest slots whose durations first reach this.
pub const STEP: Duration = Duration::from_secs(10);
/// How far the steps reach back.
pub const SPAN: Duration = Duration::from_mins(10);

/// Most that it takes in any case, in bytes: what somebody looks at must be found in time.
const MOST_BYTES: usize = 16 << 20;
/// What it may take whatever the deltas take: a chunk for each step.
pub(super) const LEAST_BYTES: usize = 80 * CHUNK_BYTES;

/// What something carried in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Number of the step.
    pub number: u32,
    /// As long as it really was.
    pub duration: Duration,
    /// Whether it goes on.
    pub is_open: bool,
    /// `None` where that is no longer known.
    pub traffic: Option<Pair<Count>>,
}

/// See the module's description.
#[derive(Clone, Default)]
pub(super) struct History {
    /// Those that are over, the oldest first.
    steps: VecDeque<Step>,
    /// Number of the first of them.
    first: u32,
    /// What has happened since.
    open: Step,
    /// Flows that are forgotten, but in some step: in the order in which they went.
    gone: VecDeque<Gone>,
}

#[derive(Clone, Default)]
struct Step {
    slots: Range<u32>,
    duration: Duration,
    totals: Pair<Count>,
    /// Of the flows that were there at its end; `None` where there was no room for them.
    deltas: Option<Deltas>,
    /// Of those that were forgotten in it: they may have left their place to another.
    left: Vec<(FlowKey, Counters)>,
}

/// A flow that is forgotten.
#[derive(Clone)]
struct Gone {
    key: FlowKey,
    place: u32,
    born: u32,
    newest_slot: u32,
    /// The first slot that it was not there at the end of.
    went: u32,
}

impl History {
    /// Memory that it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let steps = self.steps.iter().map(Step::bytes).sum::<usize>();
        steps + self.open.bytes() + self.gone.capacity() * size_of::<Gone>()
    }

    fn span(&self) -> Duration {
        self.steps.iter().map(|step| step.duration).sum()
    }

    /// Gives up the flows of the oldest step that has any; `false` where there is none.
    fn drop_oldest_flows(&mut self) -> bool {
        let Some(step) = self.steps.iter_mut().find(|step| step.deltas.is_some()) else {
            return false;
        };
        (step.deltas, step.left) = (None, Vec::new());
        self.forget_gone();
        true
    }

    /// Drops those who are in no step any more.
    fn forget_gone(&mut self) {
        let known = self.steps.iter().find(|step| step.deltas.is_some()).unwrap_or(&self.open);
        let first_slot = known.slots.start;
        while self.gone.front().is_some_and(|gone| gone.newest_slot < first_slot) {
            self.gone.pop_front();
        }
        // After a flood.
        if self.gone.len() < self.gone.capacity() / 4 {
            self.gone.shrink_to(self.gone.len() * 2);
        }
    }

    /// Ends a step: what each flow carried in it is taken from the flow.
    fn close<'a>(&mut self, flows: impl Iterator<Item = (usize, &'a mut Flow)>) {
        let (mut deltas, mut pool) = (Deltas::default(), Pool::default());
        for (place, flow) in flows.filter(|(_, flow)| flow.unrecorded != Counters::default()) {
            let counters = mem::take(&mut flow.unrecorded);
            deltas.push(Delta { place: place_number(place), counters }, &mut pool);
        }
        let next = Step { slots: self.open.slots.end..self.open.slots.end, ..Step::default() };
        let step = mem::replace(&mut self.open, next);
        self.steps.push_back(Step { deltas: Some(deltas), ..step });
        while let Some(oldest) = self.steps.front()
            && self.span() + TIMER_SLACK >= SPAN + oldest.duration
        {
            self.steps.pop_front();
            self.first += 1;
        }
        self.forget_gone();
    }
}

impl Step {
    fn bytes(&self) -> usize {
        let chunks = self.deltas.as_ref().map_or(0, Deltas::chunks);
        chunks * CHUNK_BYTES + self.left.capacity() * size_of::<(FlowKey, Counters)>()
    }
}

impl FlowTable {
    /// Remembers ten minutes from now on.
    pub fn keep_history(&mut self) {
        self.history = Some(History::default());
    }

    /// Takes in the newest slot, once its flows have it.
    pub(super) fn record(&mut self, slot: u32, duration: Duration, totals: Pair<Count>) {
        let Some(history) = &mut self.history else { return };
        let open = &mut history.open;
        open.slots.end = slot + 1;
        open.duration += duration;
        open.totals.sent += totals.sent;
        open.totals.received += totals.received;
        if open.duration + TIMER_SLACK >= STEP {
            history.close(self.flows.iter_mut());
        }
        let elsewhere = self.slots.bytes();
        let most = (self.max_delta_bytes.saturating_sub(elsewhere)).clamp(LEAST_BYTES, MOST_BYTES);
        while history.bytes() > most && history.drop_oldest_flows() {}
    }

    /// What the whole interface carried, the oldest step first. The last one is not over yet.
    pub fn totals_of_history(&self) -> Vec<Point> {
        let Some(history) = &self.history else { return Vec::new() };
        let steps = (history.first..).zip(history.steps.iter().chain([&history.open]));
        let open = history.first + u32::try_from(history.steps.len()).unwrap_or(u32::MAX);
        let point = |(number, step): (u32, &Step)| Point {
            number,
            duration: step.duration,
            is_open: number == open,
            traffic: Some(step.totals),
        };
        steps.map(point).collect()
    }

    /// What some flows carried together, the oldest step first: the last one is not over yet. And those of them
    /// that are forgotten.
    ///
    /// `side_of` says of each flow whether it is one of them, and whether its far end stands left. What was
    /// asked for before of the same flows, `known`, is not looked for again.
    pub fn history_of(
        &self,
        known: &[Point],
        side_of: impl Fn(&FlowKey) -> Option<bool>,
    ) -> (Vec<Point>, Vec<&FlowKey>) {
        let Some(history) = &self.history else { return (Vec::new(), Vec::new()) };
        let gone = WantedGone::of(&history.gone, &side_of);
        let mut points = Vec::with_capacity(history.steps.len() + 1);
        for (number, step) in (history.first..).zip(&history.steps) {
            let before = known.iter().find(|point| point.number == number && point.is_final());
            points.push(before.copied().unwrap_or_else(|| Point {
                number,
                duration: step.duration,
                is_open: false,
                traffic: step.deltas.as_ref().map(|deltas| {
                    let mut sum = Pair::default();
                    for Delta { place, counters } in deltas.iter() {
                        let now = self.flows.get(place as usize);
                        let side = match now.filter(|flow| flow.born < step.slots.end) {
                            Some(flow) => side_of(&flow.key),
                            None => gone.side_of(place, &step.slots),
                        };
                        add(&mut sum, counters, side);
                    }
                    step.left.iter().for_each(|(key, left)| add(&mut sum, *left, side_of(key)));
                    sum
                }),
            }));
        }
        let mut sum = Pair::default();
        let open = &history.open;
        let flows = self.flows().filter(|flow| flow.unrecorded != Counters::default());
        flows.for_each(|flow| add(&mut sum, flow.unrecorded, side_of(&flow.key)));
        open.left.iter().for_each(|(key, left)| add(&mut sum, *left, side_of(key)));
        let number = points.last().map_or(history.first, |point| point.number + 1);
        points.push(Point { number, duration: open.duration, is_open: true, traffic: Some(sum) });
        (points, gone.keys())
    }
}

impl History {
    /// A flow goes that had no packet for long.
    pub fn note_gone(&mut self, place: u32, flow: &Flow) {
        let &Flow { key, born, newest_slot, unrecorded, .. } = flow;
        if unrecorded != Counters::default() {
            self.open.left.push((key, unrecorded));
        }
        // In steps: after a flood there is room for twice as many otherwise.
        if self.gone.len() == self.gone.capacity() {
            self.gone.reserve_exact(self.gone.len() / 8 + 64);
        }
        let went = self.open.slots.end;
        self.gone.push_back(Gone { key, place, born, newest_slot, went });
    }

    /// A flow gives way to others. What it carried in the open step becomes `other`, as all of it does in the
    /// account; one that was in no step before leaves nothing.
    pub fn note_given_way(&mut self, place: u32, flow: &Flow) {
        if flow.born < self.open.slots.start {
            self.note_gone(place, &Flow { unrecorded: Counters::default(), ..flow.clone() });
        }
    }
}

/// Of the flows that are forgotten those that are wanted, by their place and in the order in which they had it.
struct WantedGone<'a>(Vec<(&'a Gone, bool)>);

impl<'a> WantedGone<'a> {
    fn of(gone: &'a VecDeque<Gone>, side_of: impl Fn(&FlowKey) -> Option<bool>) -> Self {
        let wanted = gone.iter().filter_map(|gone| Some((gone, side_of(&gone.key)?)));
        let mut wanted: Vec<_> = wanted.collect();
        wanted.sort_unstable_by_key(|(gone, _)| (gone.place, gone.went));
        Self(wanted)
    }

    /// Of the one that had the place at the end of a step.
    fn side_of(&self, place: u32, slots: &Range<u32>) -> Option<bool> {
        let first =
            self.0.partition_point(|(gone, _)| (gone.place, gone.went) < (place, slots.end));
        let (gone, swapped) = self.0.get(first)?;
        (gone.place == place && gone.born < slots.end).then_some(*swapped)
    }

    fn keys(&self) -> Vec<&'a FlowKey> {
        self.0.iter().map(|(gone, _)| &gone.key).collect()
    }
}

fn add(sum: &mut Pair<Count>, counters: Counters, side: Option<bool>) {
    let Some(swapped) = side else { return };
    let Pair { sent, received } = Pair::of(counters, swapped);
    sum.sent += sent;
    sum.received += received;
}

#[cfg(test)]
mod tests;
