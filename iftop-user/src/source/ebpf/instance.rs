//! The program and its maps as they were loaded, attached nowhere yet.
//!
//! It can be run by hand: `BPF_PROG_TEST_RUN` gives it a frame as if that had passed a hook.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    maps::MapData,
    programs::{SchedClassifier, TestRun as _, TestRunOptions},
};
use iftop_common::{names, parse::Direction};

use super::{
    cpus,
    halves::Halves,
    maps::Maps,
    object::{self, Settings},
};
use crate::source::{Sample, table_size::Size};

/// See the module's description.
pub struct Instance {
    pub(super) object: Ebpf,
    pub(super) halves: Halves,
    size: Size,
    _cpus_map: MapData,
}

impl Instance {
    /// Loads the maps and both programs for tc hooks.
    pub fn load(settings: &Settings, size: Size) -> Result<Self> {
        Self::load_for(settings, size, &[names::INGRESS, names::EGRESS], &cpus::online())
    }

    /// The same of another object that has the same maps and globals, and of its own programs.
    pub fn load_other(
        object: &[u8],
        settings: &Settings,
        size: Size,
        programs: &[&str],
    ) -> Result<Self> {
        Self::of(object::load_other(object, settings, size, programs)?, size, &cpus::online())
    }

    /// Loads the maps, these programs, and parts of the table for these CPUs.
    pub(super) fn load_for(
        settings: &Settings,
        size: Size,
        programs: &[&str],
        cpus: &[u32],
    ) -> Result<Self> {
        Self::of(object::load(settings, size, programs)?, size, cpus)
    }

    fn of(mut object: Ebpf, size: Size, cpus: &[u32]) -> Result<Self> {
        let (maps, cpus_map) = Maps::take(&mut object, size.table)?;
        let halves = Halves::map(maps, size, cpus)?;
        Ok(Self { object, halves, size, _cpus_map: cpus_map })
    }

    /// How large its tables are.
    pub fn size(&self) -> Size {
        self.size
    }

    /// One of its programs.
    pub fn program(&self, name: &str) -> Result<&SchedClassifier> {
        let program = self.object.program(name).with_context(|| format!("no program `{name}`"))?;
        program.try_into().with_context(|| format!("program `{name}` is not a tc classifier"))
    }

    /// Its programs, and the counters apart from them: those can be run while these are read.
    pub fn split(&mut self) -> (&Ebpf, &mut Halves) {
        (&self.object, &mut self.halves)
    }

    /// Which half is counted into from now on: the lowest bit.
    pub fn store_epoch(&self, epoch: u32) {
        self.halves.store_epoch(epoch);
    }

    /// Gives a program a frame so many times over; the time that one run took, to the nanosecond.
    pub fn run(&mut self, direction: Direction, frame: &[u8], repeat: u32) -> Result<Duration> {
        let name = match direction {
            Direction::Ingress => names::INGRESS,
            Direction::Egress => names::EGRESS,
        };
        self.run_program(name, frame, repeat)
    }

    pub(super) fn run_program(
        &mut self,
        name: &str,
        frame: &[u8],
        repeat: u32,
    ) -> Result<Duration> {
        let options = TestRunOptions { data_in: Some(frame), repeat, ..TestRunOptions::new() };
        let result = self.program(name)?.test_run(options);
        Ok(result.with_context(|| format!("run `{name}`"))?.duration)
    }

    /// What was counted in a half since it was last asked for. No program may be using it.
    pub fn take(&mut self, half: usize, sample: &mut Sample) -> Result<()> {
        self.halves.take_into(half, sample)
    }
}
