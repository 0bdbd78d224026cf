//! The table that captured frames are counted in, and the totals beside it.
//!
//! It owns what the maps own in the kernel, and keeps the same rules: totals know nothing of flows, a
//! flow without room is counted without its far side, and without room there too as `other`. It must
//! never know what a frame is.

use std::mem;

use iftop_common::{
    Count, Counters, FlowKey, Totals,
    flat::without_far,
    parse::{Direction, Refused},
};

use crate::{
    flow::Index,
    source::{Sample, TableUse},
};

/// As in the kernel: a flood that fits into user space's table by far must not spill here.
const LINES_FOR_A_FLOW: u32 = 4;
/// Lines for flows without their far side are this part of the others.
const SPILL_SHARE: u32 = 16;

/// See the module's description.
pub(super) struct Tally {
    totals: Totals,
    /// As it goes into the sample.
    flows: Vec<(FlowKey, Counters)>,
    index: Index,
    lines: u32,
    spill_lines: u32,
    spill_used: u32,
}

impl Tally {
    pub fn new(max_flows: u32) -> Self {
        let lines = max_flows.max(1).saturating_mul(LINES_FOR_A_FLOW);
        Self {
            totals: Totals::default(),
            flows: Vec::new(),
            index: Index::default(),
            lines,
            spill_lines: lines / SPILL_SHARE,
            spill_used: 0,
        }
    }

    pub fn lines(&self) -> u64 {
        self.lines.into()
    }

    /// Counts a frame, and what it took of the cable.
    pub fn frame(&mut self, direction: Direction, frame_bytes: u64, wire_bytes: u64) {
        add(&mut self.totals.frames, direction, frame_bytes);
        match direction {
            Direction::Ingress => self.totals.wire.ingress += wire_bytes,
            Direction::Egress => self.totals.wire.egress += wire_bytes,
        }
    }

    /// Counts a frame that the packet filter turned away.
    pub fn filtered(&mut self, direction: Direction, frame_bytes: u64) {
        // A capture is held against no interface's counters, so what it took of the cable is of no use.
        add(&mut self.totals.filtered, direction, frame_bytes);
        add(&mut self.totals.frames, direction, frame_bytes);
    }

    /// Counts a frame that is not a sane IP packet.
    pub fn refused(&mut self, refused: Refused, frame_bytes: u64) {
        let count = Count { bytes: frame_bytes, packets: 1 };
        match refused {
            Refused::NotIp => self.totals.not_ip += count,
            Refused::Malformed => self.totals.malformed += count,
        }
    }

    /// Counts a packet of a flow.
    pub fn flow(&mut self, key: &FlowKey, direction: Direction, bytes: u64) {
        add(&mut self.totals.seen, direction, bytes);
        if let Some(counters) = self.line(key) {
            return add(counters, direction, bytes);
        }
        let key = FlowKey::from_words(&without_far(&key.words()));
        match self.spill_line(&key) {
            Some(counters) => add(counters, direction, bytes),
            None => add(&mut self.totals.other, direction, bytes),
        }
    }

    /// Hands all of it over, and begins anew.
    pub fn take(&mut self, sample: &mut Sample) {
        let used = self.flows.len() as u64 - u64::from(self.spill_used);
        sample.table = TableUse {
            lines: self.lines.into(),
            used,
            fullest_shard_percent: u8::try_from(used * 100 / self.lines()).unwrap_or(100),
            spill_lines: self.spill_lines.into(),
            spill_used: self.spill_used.into(),
        };
        sample.totals = mem::take(&mut self.totals);
        sample.flows.clear();
        mem::swap(&mut sample.flows, &mut self.flows);
        self.index.clear();
        self.spill_used = 0;
    }

    /// The line of a flow, a new one where there is room.
    fn line(&mut self, key: &FlowKey) -> Option<&mut Counters> {
        let place = self.find(key).or_else(|| {
            let used = self.flows.len() - self.spill_used as usize;
            (used < self.lines as usize).then(|| self.push(key))
        });
        self.at(place?)
    }

    /// The same for what is left of a flow without its far side.
    fn spill_line(&mut self, key: &FlowKey) -> Option<&mut Counters> {
        let place = self.find(key).or_else(|| {
            (self.spill_used < self.spill_lines).then(|| {
                self.spill_used += 1;
                self.push(key)
            })
        });
        self.at(place?)
    }

    fn at(&mut self, place: u32) -> Option<&mut Counters> {
        self.flows.get_mut(place as usize).map(|(_, counters)| counters)
    }

    fn find(&self, key: &FlowKey) -> Option<u32> {
        let flows = &self.flows;
        self.index.find(key, |place| flows.get(place as usize).map(|(key, _)| key))
    }

    fn push(&mut self, key: &FlowKey) -> u32 {
        // There are never more than the lines, which are counted in as many bits.
        let place = u32::try_from(self.flows.len()).unwrap_or(u32::MAX);
        self.flows.push((*key, Counters::default()));
        let flows = &self.flows;
        self.index.insert(key, place, |place| flows.get(place as usize).map(|(key, _)| key));
        place
    }
}

fn add(counters: &mut Counters, direction: Direction, bytes: u64) {
    let count = match direction {
        Direction::Ingress => &mut counters.ingress,
        Direction::Egress => &mut counters.egress,
    };
    *count += Count { bytes, packets: 1 };
}
