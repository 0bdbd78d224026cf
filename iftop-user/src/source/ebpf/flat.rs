//! The flat table as user space reads it: all of it mapped, so that reading is a walk over memory.
//!
//! It must be asked for a half that no program uses.

use std::os::fd::{AsFd as _, OwnedFd};

use anyhow::{Context as _, Result};
use iftop_common::{
    Count, Counters, FlowKey, PerCpu,
    flat::{Bucket, Line, NO_SHARD},
};

use super::mapped::Mapped;
use crate::source::TableUse;
use crate::source::table_size::Size;

/// Both tables of lines.
pub(super) struct Flat {
    size: Size,
    lines: Mapped<Bucket>,
    spill: Mapped<Bucket>,
    /// By CPU.
    shard_of_cpu: Vec<Option<usize>>,
}

impl Flat {
    /// Gives the CPUs that are online a shard each, as many as there are.
    pub(super) fn map(
        lines: &OwnedFd,
        spill: &OwnedFd,
        size: Size,
        online: &[u32],
        cpus: &mut [PerCpu],
    ) -> Result<Self> {
        let mut shard_of_cpu = vec![None; cpus.len()];
        for (shard, &cpu) in (0..size.shards as usize).zip(online) {
            if let Some(entry) = shard_of_cpu.get_mut(cpu as usize) {
                *entry = Some(shard);
            }
        }
        for (cpu, shard) in cpus.iter_mut().zip(&shard_of_cpu) {
            for (number, half) in cpu.halves.iter_mut().enumerate() {
                half.first_bucket = match *shard {
                    Some(shard) => (size.part(number, shard) << size.bucket_bits) as u64,
                    None => NO_SHARD,
                };
            }
        }
        let map = |map: &OwnedFd, len: u32| Mapped::new(map.as_fd(), len as usize);
        Ok(Self {
            lines: map(lines, size.flat_buckets()).context("map the flow table")?,
            spill: map(spill, size.spill_buckets()).context("map the spill table")?,
            size,
            shard_of_cpu,
        })
    }

    /// Empties a half. Only these CPUs counted anything into it.
    pub(super) fn take_flows(
        &mut self,
        half: usize,
        busy_cpus: &[usize],
        flows: &mut Vec<(FlowKey, Counters)>,
    ) -> TableUse {
        let mut table = TableUse {
            lines: self.size.lines(),
            spill_lines: self.size.spill_lines(),
            ..TableUse::default()
        };
        for &cpu in busy_cpus {
            if let Some(shard) = self.shard_of_cpu[cpu] {
                let part = self.size.part(half, shard);
                let used = take_part(&mut self.lines, part, self.size.bucket_bits, flows);
                table.used += used;
                let percent = used * 100 / self.size.shard_lines();
                let percent = u8::try_from(percent).unwrap_or(100);
                table.fullest_shard_percent = table.fullest_shard_percent.max(percent);
            }
            let part = half * self.size.cpus as usize + cpu;
            table.spill_used += take_part(&mut self.spill, part, self.size.spill_bits, flows);
        }
        table
    }
}

/// Empties one CPU's part of a table; how many lines it had in use.
fn take_part(
    buckets: &mut Mapped<Bucket>,
    part: usize,
    bits: u32,
    flows: &mut Vec<(FlowKey, Counters)>,
) -> u64 {
    let before = flows.len();
    for bucket in buckets.quiet(part << bits, 1 << bits) {
        // Lines are taken from the first on.
        for line in bucket.lines.iter_mut().take_while(|line| !line.is_free()) {
            flows.push((FlowKey::from_words(&line.key), counters(line)));
            line.clear();
        }
    }
    (flows.len() - before) as u64
}

fn counters(line: &Line) -> Counters {
    Counters {
        ingress: Count { bytes: line.ingress_bytes, packets: line.ingress_packets.into() },
        egress: Count { bytes: line.egress_bytes, packets: line.egress_packets.into() },
    }
}
