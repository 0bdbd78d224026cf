//! The source that needs no packets: counters kept by our program in the kernel.
//!
//! It owns the loaded program, its hooks and its maps. Each sample swaps the halves: the program
//! counts into the other one, and once no run of it can still be using the old one, that is read
//! and zeroed. So the kernel holds one interval only, and a sample is exact.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use aya::{Ebpf, util::KernelVersion};
use aya_log::EbpfLogger;
use iftop_common::{
    Bytes, Table,
    flat::Seed,
    names,
    parse::{LinkType, Mac},
};

use crate::{
    interface::{Interface, cut_by_kernel, is_present},
    packet_filter::{PacketFilter, Tags},
    promiscuous::{self, Promiscuous},
    source::{
        Facts, Kind, Sample, Source, around::Around, hook::HookChoice, surroundings::Surroundings,
        table_size::Size, unavailable::Unavailable,
    },
};

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
mod hooks;
mod instance;
mod mapped;
mod object;
mod position;
mod realtime;

use cost::PacketCost;
use gate::Gates;
pub use grace::GracePeriod;
pub use halves::Halves;
use hooks::Hooks;
pub use instance::Instance;
pub use object::Settings;
pub(super) use position::{Hook, place};

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
}

/// See the module's description. Dropping it detaches everything.
pub struct EbpfSource {
    // Before the instance: programs are detached first.
    hooks: Hooks,
    /// Where there is a packet filter, or was.
    gates: Option<Gates>,
    /// The programs that count.
    programs: [&'static str; 2],
    interface: Interface,
    facts: Facts,
    cost: PacketCost,
    /// Why there will be no further sample.
    over: Option<&'static str>,
    grace: GracePeriod,
    epoch: u32,
    swapped_at: Instant,
    around: Around,
    /// What was read when counting began.
    at_start: Surroundings,
    logger: Option<EbpfLogger<&'static dyn log::Log>>,
    instance: Instance,
    /// Last: it ends when nothing is counted any more.
    _promiscuous: Option<Promiscuous>,
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
        let index = options.interface.index;
        let promiscuous = options.promiscuous.then(|| promiscuous::join(index)).transpose()?;
        let settings = settings(options)?;
        let table = match options.table {
            Some(table) => table,
            None if realtime::is_preempt_rt() => Table::Hash,
            None => Table::Flat,
        };
        let cpus = cpus::possible().context("ask for the number of CPUs")?;
        let shards = u32::try_from(cpus::online().len()).unwrap_or(cpus);
        let wanted = Size::new(table, options.max_flows, cpus, shards);
        let programs = hooks::programs(options.hook)?;
        let mut instance = fitting::load(&settings, wanted, &programs)?;
        let logger = if options.log_refused {
            let object = &mut instance.object;
            Some(EbpfLogger::init(object).context("open the kernel program's log")?)
        } else {
            None
        };
        let grace = GracePeriod::new()?;
        let hooks = Hooks::attach(&mut instance.object, options.interface, options.hook)?;
        let around = Around::new(index, ids(&mut instance.object));
        let size = instance.size();
        let facts = Facts {
            kind: Kind::Ebpf,
            hooks: hooks.describe(options.interface),
            table,
            lines: size.lines(),
            refused_lines: wanted.lines() - size.lines(),
            kernel_bytes: size.kernel_bytes(),
            reason: None,
        };
        let mut source = Self {
            hooks,
            gates: None,
            programs,
            interface: options.interface.clone(),
            facts,
            cost: PacketCost::measure(settings, wanted),
            over: None,
            grace,
            epoch: 0,
            swapped_at: Instant::now(),
            around,
            at_start: Surroundings::default(),
            logger,
            instance,
            _promiscuous: promiscuous,
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
        self.instance.store_epoch(self.epoch);
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

    /// Which kind of hook it is attached to: `tcx`, `clsact` or `xdp`.
    pub fn hook(&self) -> &'static str {
        self.hooks.name()
    }

    /// What is true of it as long as it is open.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}

/// As things are now: the program takes them for constants.
fn settings(options: &Options<'_>) -> Result<Settings> {
    let interface = options.interface;
    let kernel = KernelVersion::current().context("ask for the kernel's version")?;
    if interface.receives_outer_headers(kernel) {
        let error = anyhow!(
            "packets that {} receives cannot be read before Linux 5.14: watch the interface below it",
            interface.shown_name()
        );
        return Err(Unavailable::because("tunnel, kernel before 5.14", error));
    }
    Ok(Settings {
        link_type: link_type(interface)?,
        mac: Mac::new(interface.mac.unwrap_or_default()),
        cut_by_kernel: cut_by_kernel(&interface.name),
        bytes: options.bytes,
        log_refused: options.log_refused,
        seed: random_seed()?,
    })
}

/// How packets of an interface start.
///
/// # Errors
/// Say that this is not known, which is [`Unavailable`].
pub fn link_type(interface: &Interface) -> Result<LinkType> {
    let reason = || format!("link type {}", interface.link_layer);
    interface.link_type().map_err(|error| Unavailable::because(reason(), error))
}

/// The kernel's numbers for the programs that count: ingress, egress.
fn ids(object: &mut Ebpf) -> [Option<u32>; 2] {
    [names::INGRESS, names::EGRESS]
        .map(|name| Some(object::program(object, name).ok()?.info().ok()?.id()))
}

fn random_seed() -> Result<Seed> {
    let mut bytes = [[0; 8]; 11];
    getrandom::fill(bytes.as_flattened_mut()).context("ask for random numbers")?;
    let [numbers @ .., mix] = bytes.map(u64::from_ne_bytes);
    let keys = std::array::from_fn(|word| [numbers[2 * word], numbers[2 * word + 1]]);
    Ok(Seed { keys, mix: mix | 1 })
}

impl Source for EbpfSource {
    fn sample(&mut self, sample: &mut Sample) -> Result<()> {
        if let Some(reason) = self.over {
            bail!("{} {reason}", self.interface.shown_name());
        }
        // Its hooks are gone with it, and the counters would stand still for ever. What they counted
        // before is still there: this sample brings it, the next one says so.
        self.over = (!is_present(self.interface.index)).then_some("is gone");
        let before = self.around.counters();
        let (quiet, elapsed) = self.retire_half()?;
        if let Some(logger) = &mut self.logger {
            logger.flush();
        }
        let began = Instant::now();
        self.instance.take(quiet, sample)?;
        sample.elapsed = elapsed;
        sample.dropped_packets = 0;
        sample.surroundings = self.around.read(before, began.elapsed());
        sample.surroundings.packet_cost = self.cost.known();
        Ok(())
    }

    fn set_filter(&mut self, filter: Option<&PacketFilter>) -> Result<()> {
        if filter.is_none() && self.gates.is_none() {
            return Ok(());
        }
        let reads_tags = filter.is_some_and(|filter| filter.tags() == Some(Tags::Seen));
        if reads_tags && self.hooks.see_frames_first() && self.interface.may_take_tags_out() {
            let name = self.interface.shown_name();
            let instead = match self.interface.kind {
                None => {
                    format!(", or have the device leave them in (ethtool -K {name} rxvlan off)")
                }
                Some(_) => String::new(),
            };
            bail!(
                "the filter asks for VLAN tags, which may be taken out of what {name} receives before XDP \
                 sees it: leave --hook out{instead}"
            );
        }
        let object = &mut self.instance.object;
        let gates = match &mut self.gates {
            Some(gates) => gates,
            none => none.insert(Gates::load(object, self.programs)?),
        };
        gates.set(filter)?;
        if gates.put_in_place() {
            if let Err(error) = self.hooks.put_gates(object) {
                self.over = Some("has lost a hook of ours");
                return Err(error);
            }
            self.around.programs_are(Gates::programs(object));
        }
        Ok(())
    }
}
