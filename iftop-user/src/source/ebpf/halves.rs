//! The two halves of all counters, as user space reads them.
//!
//! It must be asked for a half that no program uses.

use std::os::fd::{AsFd as _, OwnedFd};

use anyhow::{Context as _, Result};
use iftop_common::{Counters, FlowKey, Totals, names};

use super::{batch, flat::Flat, mapped::Cpus, maps::Maps};
use crate::source::table_size::Size;
use crate::source::{Sample, TableUse};

/// The maps that user space reads.
pub struct Halves {
    cpus: Cpus,
    flows: Flows,
    /// Of the half that is being read; kept for its room.
    busy_cpus: Vec<usize>,
}

/// Where flows are.
enum Flows {
    Flat(Flat),
    Hash(Box<Hash>),
}

/// Maps of the hash table, by half.
pub(super) struct Hash {
    size: Size,
    flows: [OwnedFd; 2],
    spill: [OwnedFd; 2],
}

impl Halves {
    /// Maps them, before any program runs; the flat table has parts for the CPUs that are online.
    pub(super) fn map(maps: Maps, size: Size, online: &[u32]) -> Result<Self> {
        let (Maps::Flat { cpus, .. } | Maps::Hash { cpus, .. }) = &maps;
        let mut cpus =
            Cpus::map(cpus.as_fd(), size.cpus as usize).context("map what each CPU counts with")?;
        let flows = match maps {
            Maps::Flat { lines, spill, .. } => {
                Flows::Flat(Flat::map(&lines, &spill, size, online, cpus.quiet())?)
            }
            Maps::Hash { flows, spill, .. } => Flows::Hash(Box::new(Hash { size, flows, spill })),
        };
        Ok(Self { cpus, flows, busy_cpus: Vec::new() })
    }

    /// Which half is counted into from now on: the lowest bit.
    pub fn store_epoch(&self, epoch: u32) {
        self.cpus.store_epoch(epoch);
    }

    /// Moves what was counted in a half into a sample, but for the time.
    pub fn take_into(&mut self, half: usize, sample: &mut Sample) -> Result<()> {
        sample.totals = self.take_totals(half);
        sample.flows.clear();
        sample.table = match &mut self.flows {
            Flows::Flat(flat) => flat.take_flows(half, &self.busy_cpus, &mut sample.flows),
            Flows::Hash(hash) => hash.take_flows(half, &mut sample.flows)?,
        };
        Ok(())
    }

    /// Sums and zeroes the totals, and notes which CPUs have seen IP packets.
    pub(super) fn take_totals(&mut self, half: usize) -> Totals {
        self.busy_cpus.clear();
        let mut sum = Totals::default();
        for (cpu, line) in self.cpus.quiet_totals(half).enumerate() {
            if line.seen != Counters::default() {
                self.busy_cpus.push(cpu);
            }
            sum += *line;
            *line = Totals::default();
        }
        sum
    }
}

impl Hash {
    /// Empties a half.
    fn take_flows(&self, half: usize, flows: &mut Vec<(FlowKey, Counters)>) -> Result<TableUse> {
        let mut take = |maps: &[OwnedFd; 2], names: [&str; 2], entries: u32| -> Result<u64> {
            let before = flows.len();
            batch::take_all(maps[half].as_fd(), entries, batch::FIRST_BATCH, flows)
                .with_context(|| format!("read the flow table `{}`", names[half]))?;
            Ok((flows.len() - before) as u64)
        };
        let lines = self.size.lines();
        let used = take(&self.flows, names::FLOWS, self.size.hash_entries())?;
        let spill_used = take(&self.spill, names::FLOWS_SPILL, self.size.hash_spill_entries())?;
        Ok(TableUse {
            lines,
            used,
            fullest_shard_percent: u8::try_from(used * 100 / lines).unwrap_or(100),
            spill_lines: self.size.spill_lines(),
            spill_used,
        })
    }
}
