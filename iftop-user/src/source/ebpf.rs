//! The source that needs no packets: counters kept by our program in the kernel.
//!
//! It owns the loaded program, its hooks and its maps. Each sample swaps the halves: the program
//! counts into the other one, and once no run of it can still be using the old one, that is read
//! and zeroed. So the kernel holds one interval only, and a sample is exact.

use std::{
    os::fd::AsFd as _,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use aya::{Ebpf, maps::MapData};
use aya_log::EbpfLogger;
use iftop_common::{Counters, FlowKey, Totals, names};

use crate::{
    interface::{Interface, cut_by_kernel, is_present},
    source::{Facts, Sample, Source, TableUse, surroundings::Surroundings},
};

mod around;
mod batch;
mod cpus;
#[cfg(test)]
mod differential;
mod explain;
mod grace;
mod hooks;
mod mapped;
mod object;
mod position;

use around::Around;
use grace::GracePeriod;
use hooks::Hooks;
pub use hooks::{HookChoice, HookKind};
use mapped::{Epoch, TotalsLines};

/// What to open.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Where to attach.
    pub interface: &'a Interface,
    /// Which kind of hook.
    pub hook: HookChoice,
    /// Lines of the flow table, per half.
    pub max_flows: u32,
    /// Report refused packets through the log, at debug level.
    pub log_refused: bool,
}

/// See the module's description. Dropping it detaches everything.
pub struct EbpfSource {
    // Before the object: programs are detached first.
    hooks: Hooks,
    interface: Interface,
    gone: bool,
    halves: Halves,
    grace: GracePeriod,
    epoch: u32,
    swapped_at: Instant,
    around: Around,
    /// What was read when counting began.
    at_start: Surroundings,
    logger: Option<EbpfLogger<&'static dyn log::Log>>,
    _object: Ebpf,
}

/// The maps that user space reads.
struct Halves {
    epoch: Epoch,
    totals: TotalsLines,
    flows: [MapData; 2],
    max_flows: u32,
}

impl EbpfSource {
    /// Loads and attaches. Counting begins just before this function returns, in both directions at
    /// the same moment.
    ///
    /// # Errors
    /// Say what is missing: privileges, the kernel's support, or the link type.
    pub fn open(options: &Options<'_>) -> Result<Self> {
        Self::try_open(options).map_err(explain::advise)
    }

    fn try_open(options: &Options<'_>) -> Result<Self> {
        let cpus = cpus::possible().context("ask for the number of CPUs")?;
        // As it is now: the program takes it for a constant.
        let cut_by_kernel = cut_by_kernel(&options.interface.name);
        let mut object = object::load(options, cpus, cut_by_kernel)?;
        let halves = Halves::take(&mut object, options.max_flows, cpus)?;
        let logger = if options.log_refused {
            Some(EbpfLogger::init(&mut object).context("open the kernel program's log")?)
        } else {
            None
        };
        let grace = GracePeriod::new()?;
        let hooks = Hooks::attach(&mut object, options.interface, options.hook)?;
        let around = Around::new(&mut object, options.interface);
        let mut source = Self {
            hooks,
            interface: options.interface.clone(),
            gone: false,
            halves,
            grace,
            epoch: 0,
            swapped_at: Instant::now(),
            around,
            at_start: Surroundings::default(),
            logger,
            _object: object,
        };
        // The hooks were attached one after the other, milliseconds apart. What they counted so far
        // belongs to no time that was measured.
        source.at_start = source.sample()?.surroundings;
        Ok(source)
    }

    /// Swaps the halves. When it returns, no run of the program can still be using the half that it
    /// names; the other value is how long that half was counted into.
    fn retire_half(&mut self) -> Result<(usize, Duration)> {
        let retired = (self.epoch & 1) as usize;
        self.epoch = self.epoch.wrapping_add(1);
        self.halves.epoch.store(self.epoch);
        let now = Instant::now();
        let elapsed = now - self.swapped_at;
        self.swapped_at = now;
        // Without this a packet that is being counted right now would be read half or not at all.
        self.grace.wait().context("wait for the kernel program to leave the old half")?;
        Ok((retired, elapsed))
    }

    /// What was read beside the hooks when counting began.
    pub fn at_start(&self) -> Surroundings {
        self.at_start
    }

    /// What it is and what it takes.
    pub fn facts(&self) -> Facts {
        let directions = if self.interface.loopback { "egress" } else { "ingress + egress" };
        Facts { hooks: format!("{} {directions}", self.hook().name()), ..Facts::default() }
    }

    /// Which kind of hook it is attached to.
    pub fn hook(&self) -> HookKind {
        self.hooks.kind()
    }
}

impl Source for EbpfSource {
    fn sample(&mut self) -> Result<Sample> {
        ensure!(!self.gone, "{} is gone", self.interface.shown_name());
        // Its hooks are gone with it, and the counters would stand still for ever. What they counted
        // before is still there: this sample brings it, the next one says so.
        self.gone = !is_present(self.interface.index);
        let before = self.around.counters();
        let (quiet, elapsed) = self.retire_half()?;
        if let Some(logger) = &mut self.logger {
            logger.flush();
        }
        let began = Instant::now();
        let (flows, totals) = (self.halves.take_flows(quiet)?, self.halves.take_totals(quiet));
        let surroundings = self.around.read(before, began.elapsed());
        Ok(Sample {
            elapsed,
            flows,
            totals,
            dropped_packets: 0,
            table: TableUse::default(),
            surroundings,
        })
    }
}

impl Halves {
    fn take(object: &mut Ebpf, max_flows: u32, cpus: u32) -> Result<Self> {
        let epoch = object::take_map(object, names::EPOCH)?;
        let totals = object::take_map(object, names::TOTALS)?;
        Ok(Self {
            epoch: Epoch::map(epoch.fd().as_fd()).context("map the epoch")?,
            totals: TotalsLines::map(totals.fd().as_fd(), cpus).context("map the totals")?,
            flows: [
                object::take_map(object, names::FLOWS[0])?,
                object::take_map(object, names::FLOWS[1])?,
            ],
            max_flows,
        })
    }

    /// Empties the flow table of a half that no program uses.
    fn take_flows(&self, half: usize) -> Result<Vec<(FlowKey, Counters)>> {
        batch::take_all(self.flows[half].fd().as_fd(), self.max_flows, batch::FIRST_BATCH)
            .with_context(|| format!("read the flow table `{}`", names::FLOWS[half]))
    }

    /// Sums and zeroes the totals of a half that no program uses.
    fn take_totals(&mut self, half: usize) -> Totals {
        self.totals.take(half)
    }
}
