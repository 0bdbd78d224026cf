//! The source that needs no packets: counters kept by our program in the kernel.
//!
//! It owns the loaded program, its hooks and its maps. Each sample swaps the halves: the program
//! counts into the other one, and once no run of it can still be using the old one, that is read
//! and zeroed. So the kernel holds one interval only, and a sample is exact.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use aya_log::EbpfLogger;
use iftop_common::{Bytes, Table};

use crate::{
    interface::Interface,
    options::Counting,
    packet_filter::PacketFilter,
    privileges, promiscuous,
    sandbox::{Duty, Sandbox},
    source::{
        Facts, Kind, Sample, Source, around::Around, hook::HookChoice, surroundings::Surroundings,
        table_size::Size,
    },
};

mod attached;
mod batch;
mod cost;
mod cpus;
#[cfg(test)]
mod differential;
mod explain;
mod fitting;
mod flat;
mod gate;
mod grace;
mod halves;
mod hands;
mod helper;
mod hooks;
mod instance;
mod mapped;
mod maps;
mod object;
mod places;
mod position;
mod presence;
mod realtime;

pub use attached::link_type;
use attached::{Attached, Plan};
pub use grace::GracePeriod;
pub use halves::Halves;
use hands::Hands;
pub use instance::Instance;
pub use object::Settings;
use presence::is_taken_away;

/// What to open.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Where to attach.
    pub interface: &'a Interface,
    /// Whether also what is for others is to be received.
    pub promiscuous: bool,
    /// Which kind of hook.
    pub hook: HookChoice,
    /// Which table; `None`: the flat one but on kernels where it would not be exact.
    pub table: Option<Table>,
    /// Flows that the table is to have room for, per half.
    pub max_flows: u32,
    /// What the bytes of flows are.
    pub bytes: Bytes,
    /// What is counted; `None`: everything.
    pub filter: Option<&'a PacketFilter>,
    /// Report refused packets through the log, at debug level.
    pub log_refused: bool,
    /// How rights are to be given up later, so that a helper is needed that keeps those for the rest; `None`:
    /// they are kept here.
    pub sandbox: Option<&'a Sandbox>,
    /// An interface that is gone is waited for, until one of that name is there again.
    pub wait: bool,
}

impl<'a> Options<'a> {
    /// Everything that passes there, as iftop counts it where nobody says otherwise; rights are kept.
    pub fn new(interface: &'a Interface) -> Self {
        let Counting { hook, table, bytes, max_flows, .. } = Counting::default();
        Self {
            interface,
            promiscuous: false,
            hook,
            table,
            max_flows,
            bytes,
            filter: None,
            log_refused: false,
            sandbox: None,
            wait: false,
        }
    }
}

/// What a hook is called where received frames are counted at XDP.
const XDP: &str = "xdp";

/// See the module's description. Dropping it detaches everything.
pub struct EbpfSource {
    // Before the halves: programs are detached first.
    hands: Hands,
    hook: &'static str,
    interface: Interface,
    facts: Facts,
    /// Why there will be no further sample.
    over: Option<&'static str>,
    /// Whether an interface that goes is waited for.
    wait: bool,
    /// Whether it has gone.
    gone: bool,
    /// What is counted, also when it is back.
    filter: Option<PacketFilter>,
    grace: GracePeriod,
    epoch: u32,
    swapped_at: Instant,
    around: Around,
    /// What was read when counting began.
    at_start: Surroundings,
    logger: Option<EbpfLogger<&'static dyn log::Log>>,
    /// `None`: the interface is gone, and what it was counted with too.
    halves: Option<Halves>,
}

impl EbpfSource {
    /// Loads and attaches. Counting begins just before this function returns, in both directions at
    /// the same moment.
    ///
    /// # Errors
    /// Say what is missing: privileges, the kernel's support, or the link type.
    pub fn open(options: &Options<'_>) -> Result<Self> {
        Self::try_open(options)
            .map_err(|error| explain::advise(error, privileges::counting(options.promiscuous)))
    }

    fn try_open(options: &Options<'_>) -> Result<Self> {
        let interface = options.interface;
        let promiscuous =
            options.promiscuous.then(|| promiscuous::join(interface.index)).transpose()?;
        let table = match options.table {
            Some(table) => table,
            None if realtime::is_preempt_rt() => Table::Hash,
            None => Table::Flat,
        };
        let cpus = cpus::possible().context("ask for the number of CPUs")?;
        let shards = u32::try_from(cpus::online().len()).unwrap_or(cpus);
        let wanted = Size::new(table, options.max_flows, cpus, shards);
        let plan = Plan {
            hook: options.hook,
            wanted,
            bytes: options.bytes,
            log_refused: options.log_refused,
        };
        let (mut attached, maps, shape) = Attached::load(plan, interface, promiscuous)?;
        let halves = Halves::map(maps, shape.size, &shape.online)?;
        let logger = attached.logger()?;
        let grace = GracePeriod::new()?;
        attached.attach()?;
        let facts = Facts {
            kind: Kind::Ebpf,
            hooks: attached.describe(),
            table,
            lines: shape.size.lines(),
            refused_lines: wanted.lines() - shape.size.lines(),
            kernel_bytes: shape.size.kernel_bytes(),
            reason: None,
        };
        let at_xdp = attached.hook() == XDP;
        let hook = attached.hook();
        let (hands, halves) = Hands::leave(attached, halves, options.sandbox)?;
        let mut source = Self {
            hook,
            hands,
            interface: interface.clone(),
            facts,
            over: None,
            wait: options.wait,
            gone: false,
            filter: None,
            grace,
            epoch: 0,
            swapped_at: Instant::now(),
            around: Around::new(interface.index, at_xdp),
            at_start: Surroundings::default(),
            logger,
            halves: Some(halves),
        };
        if let Some(filter) = options.filter {
            source.set_filter(Some(filter))?;
        }
        // The hooks were attached one after the other, milliseconds apart. What they counted so far
        // belongs to no time that was measured.
        let mut sample = Sample::default();
        source.sample(&mut sample)?;
        source.at_start = sample.surroundings;
        Ok(source)
    }

    /// Swaps the halves. When it returns, no run of the program can still be using the half that it
    /// names; the other value is how long that half was counted into.
    fn retire_half(&mut self) -> Result<(usize, Duration)> {
        let retired = (self.epoch & 1) as usize;
        self.epoch = self.epoch.wrapping_add(1);
        if let Some(halves) = &self.halves {
            halves.store_epoch(self.epoch);
        }
        let now = Instant::now();
        let elapsed = now - self.swapped_at;
        self.swapped_at = now;
        // Without this a packet that is being counted right now would be read half or not at all.
        self.grace.wait().context("wait for the kernel program to leave the old half")?;
        Ok((retired, elapsed))
    }

    /// Moves what a half holds into a sample.
    fn take(&mut self, half: usize, sample: &mut Sample) -> Result<()> {
        if let Some(halves) = &mut self.halves {
            return halves.take_into(half, sample);
        }
        sample.flows.clear();
        (sample.totals, sample.table) = Default::default();
        Ok(())
    }

    /// What was read beside the hooks when counting began.
    pub fn at_start(&self) -> Surroundings {
        self.at_start
    }

    /// Which kind of hook it is attached to: `tcx`, `clsact` or `xdp`.
    pub fn hook(&self) -> &'static str {
        self.hook
    }

    /// What reading the counters takes.
    pub fn duty(&self) -> Duty {
        match (self.facts.table, &self.grace) {
            (Table::Flat, GracePeriod::Membarrier) => Duty::Read,
            _ => Duty::UseMaps,
        }
    }

    /// What is true of it as long as it is open.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl Source for EbpfSource {
    fn sample(&mut self, sample: &mut Sample) -> Result<()> {
        if let Some(reason) = self.over {
            bail!("{} {reason}", self.interface.shown_name());
        }
        if self.hands.are_missed() {
            self.over =
                Some("is not counted any more: the helper process has ended, or does not answer");
        } else if self.gone {
            self.come_back()?;
        }
        sample.renamed = self.look_for_interface();
        let before = self.around.counters();
        let (quiet, elapsed) = self.retire_half()?;
        if let Some(logger) = &mut self.logger {
            logger.flush();
        }
        let began = Instant::now();
        self.take(quiet, sample)?;
        if self.gone {
            self.free();
        }
        sample.elapsed = elapsed;
        sample.dropped_packets = 0;
        let hands = &mut self.hands;
        sample.surroundings = self.around.read(before, began.elapsed(), || hands.look());
        if self.wait && is_taken_away(&sample.surroundings.look.places) {
            // As by a visit to another namespace, of which nobody heard.
            self.gone = true;
            self.free();
        }
        sample.surroundings.gone = self.gone;
        Ok(())
    }

    fn set_filter(&mut self, filter: Option<&PacketFilter>) -> Result<()> {
        if self.gone {
            // It is set once there is something to be counted again.
            self.filter = filter.cloned();
            return Ok(());
        }
        let outcome = self.hands.set_filter(filter);
        if outcome.as_ref().is_err_and(|not_set| not_set.hook_lost) {
            self.over = Some("has lost a hook of ours");
        }
        // Other programs may stand at the hooks from now on.
        self.around.forget();
        outcome?;
        self.filter = filter.cloned();
        Ok(())
    }
}
