//! What takes privileges as long as packets are counted: the loaded programs, their places at the hooks and
//! the filter before them.
//!
//! It owns the object and the hooks. It must never read a counter: whoever does needs none of this.

use std::fmt;

use anyhow::{Context as _, Error, Result, anyhow, bail, ensure};
use aya::{Ebpf, maps::MapData, util::KernelVersion};
use aya_log::EbpfLogger;
use iftop_common::{
    Bytes,
    flat::Seed,
    parse::{LinkType, Mac},
};
use serde::{Deserialize, Serialize};

use super::{
    cost::PacketCost,
    cpus, fitting,
    gate::Gates,
    hooks::{self, Hooks},
    maps::Maps,
    object::Settings,
    places::places,
};
use crate::{
    interface::{self, Interface, cut_by_kernel, name_of},
    packet_filter::{PacketFilter, Tags},
    promiscuous::Promiscuous,
    source::{hook::HookChoice, surroundings::Look, table_size::Size, unavailable::Unavailable},
};

/// How to count, wherever that is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub hook: HookChoice,
    /// How large the tables are to be.
    pub wanted: Size,
    pub bytes: Bytes,
    pub log_refused: bool,
}

/// See the module's description. Dropping it detaches everything.
pub(super) struct Attached {
    /// `None`: the interface is gone, and nothing is kept for it.
    loaded: Option<Loaded>,
    plan: Plan,
    settings: Settings,
    interface: Interface,
    /// Measured once somebody asks.
    cost: Option<PacketCost>,
    /// Last: it ends when nothing is counted any more.
    promiscuous: Option<Promiscuous>,
}

/// Programs and tables for an interface.
struct Loaded {
    // Before the object: programs are detached first.
    hooks: Option<Hooks>,
    /// Where there is a packet filter, or was.
    gates: Option<Gates>,
    /// The programs that count.
    programs: [&'static str; 2],
    object: Ebpf,
    _cpus_map: MapData,
}

/// What is to be known of maps to use them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    pub size: Size,
    /// The CPUs that have a part of the flat table.
    pub online: Vec<u32>,
}

/// Why a filter was not set, and whether a hook of ours was lost over it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NotSet {
    pub reason: String,
    pub hook_lost: bool,
}

impl Attached {
    /// Loads programs and tables for an interface; attaches nothing yet.
    pub fn load(
        plan: Plan,
        interface: &Interface,
        promiscuous: Option<Promiscuous>,
    ) -> Result<(Self, Maps, Shape)> {
        let settings = settings(&plan, interface)?;
        let (loaded, maps, shape) = Loaded::new(&plan, &settings)?;
        let attached = Self {
            loaded: Some(loaded),
            plan,
            settings,
            interface: interface.clone(),
            cost: None,
            promiscuous,
        };
        Ok((attached, maps, shape))
    }

    /// Attaches; the maps are in order by now. Counting begins.
    pub fn attach(&mut self) -> Result<()> {
        let loaded = self.loaded.as_mut().context("nothing is loaded")?;
        ensure!(loaded.hooks.is_none(), "it is attached");
        let hooks = Hooks::attach(&mut loaded.object, &self.interface, self.plan.hook)?;
        loaded.hooks = Some(hooks);
        Ok(())
    }

    /// What the kernel program logs, where that was asked for.
    pub fn logger(&mut self) -> Result<Option<EbpfLogger<&'static dyn log::Log>>> {
        let loaded = self.loaded.as_mut().filter(|_| self.plan.log_refused);
        let logger = loaded.map(|loaded| EbpfLogger::init(&mut loaded.object)).transpose();
        logger.context("open the kernel program's log")
    }

    /// Frees what was for an interface that is gone.
    pub fn let_go(&mut self) {
        self.loaded = None;
    }

    /// The same at an interface that stands in for the one that is gone: loaded anew, as little of what was
    /// asked of the other need be true of this one.
    pub fn load_again(&mut self, index: u32) -> Result<(Maps, Shape)> {
        let shown = self.interface.shown_name();
        let interface = interface::all()?.into_iter().find(|interface| interface.index == index);
        let interface = interface.with_context(|| format!("{shown} is gone again"))?;
        ensure!(interface.name == self.interface.name, "{} is another", interface.shown_name());
        ensure!(
            link_type(&interface)? == self.settings.link_type,
            "{} has come back as another kind of interface",
            interface.shown_name()
        );
        if let Some(promiscuous) = &self.promiscuous {
            promiscuous.join_too(index)?;
        }
        self.let_go();
        let settings = settings(&self.plan, &interface)?;
        let (loaded, maps, shape) = Loaded::new(&self.plan, &settings)?;
        (self.loaded, self.settings, self.interface) = (Some(loaded), settings, interface);
        Ok((maps, shape))
    }

    /// Has only packets counted that a filter accepts, or all of them again.
    ///
    /// # Errors
    /// Say why not; then all is as it was, unless a hook was lost.
    pub fn set_filter(&mut self, filter: Option<&PacketFilter>) -> Result<(), NotSet> {
        let kept = |error: Error| NotSet { reason: format!("{error:#}"), hook_lost: false };
        let loaded = self.loaded.as_mut().context("nothing is loaded").map_err(kept)?;
        let Loaded { hooks, gates, programs, object, .. } = loaded;
        if filter.is_none() && gates.is_none() {
            return Ok(());
        }
        let hooks = hooks.as_mut().context("nothing is attached").map_err(kept)?;
        if filter.is_some_and(|filter| filter.tags() == Some(Tags::Seen))
            && hooks.see_frames_first()
        {
            sees_tags(&self.interface).map_err(kept)?;
        }
        if gates.is_none() {
            *gates = Some(Gates::load(object, *programs).map_err(kept)?);
        }
        let gates = gates.as_mut().context("there are gates").map_err(kept)?;
        gates.set(filter).map_err(kept)?;
        if gates.put_in_place() {
            hooks
                .put_gates(object)
                .map_err(|error| NotSet { reason: format!("{error:#}"), hook_lost: true })?;
        }
        Ok(())
    }

    /// Our places at the hooks, and what a packet costs, once that is known.
    pub fn look(&mut self) -> Look {
        // It has to be known by what it was called last when it is back.
        if let Some(name) = name_of(self.interface.index) {
            self.interface.name = name;
        }
        let (settings, size) = (self.settings, self.plan.wanted);
        let cost = self.cost.get_or_insert_with(|| PacketCost::measure(settings, size));
        let at_tc = self
            .loaded
            .as_ref()
            .and_then(|loaded| Some(loaded.hooks.as_ref()?.at_tc(&loaded.object)));
        let index = self.interface.index;
        Look {
            places: at_tc.map(|at_tc| places(index, at_tc)).unwrap_or_default(),
            packet_cost: cost.known(),
        }
    }

    /// Whether all hooks stay as long as somebody holds them open.
    pub fn is_held_by_links(&self) -> bool {
        self.hooks().is_some_and(Hooks::are_links)
    }

    /// Lets go of what gives its holder rights, where another one holds it; whether there was anything.
    pub fn let_go_of_rights(&mut self) -> bool {
        self.promiscuous.take().is_some()
    }

    /// Which kind of hook it is attached to: `tcx`, `clsact` or `xdp`.
    pub fn hook(&self) -> &'static str {
        self.hooks().map_or("", Hooks::name)
    }

    /// As the status page has it.
    pub fn describe(&self) -> String {
        self.hooks().map(|hooks| hooks.describe(&self.interface)).unwrap_or_default()
    }

    fn hooks(&self) -> Option<&Hooks> {
        self.loaded.as_ref()?.hooks.as_ref()
    }
}

impl Loaded {
    fn new(plan: &Plan, settings: &Settings) -> Result<(Self, Maps, Shape)> {
        let programs = hooks::programs(plan.hook)?;
        let online = cpus::online();
        let (mut object, size) = fitting::load(settings, plan.wanted, &programs)?;
        let (maps, cpus_map) = Maps::take(&mut object, size.table)?;
        let loaded = Self { hooks: None, gates: None, programs, object, _cpus_map: cpus_map };
        Ok((loaded, maps, Shape { size, online }))
    }
}

impl fmt::Display for NotSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for NotSet {}

/// Refuses a filter that asks for VLAN tags, where the hook may not see them.
fn sees_tags(interface: &Interface) -> Result<()> {
    if !interface.may_take_tags_out() {
        return Ok(());
    }
    let name = interface.shown_name();
    let instead = match interface.kind {
        None => format!(", or have the device leave them in (ethtool -K {name} rxvlan off)"),
        Some(_) => String::new(),
    };
    bail!(
        "the filter asks for VLAN tags, which may be taken out of what {name} receives before XDP sees it: \
         leave --hook out{instead}"
    )
}

/// As things are now: the program takes them for constants.
fn settings(plan: &Plan, interface: &Interface) -> Result<Settings> {
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
        bytes: plan.bytes,
        log_refused: plan.log_refused,
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

fn random_seed() -> Result<Seed> {
    let mut bytes = [[0; 8]; 11];
    getrandom::fill(bytes.as_flattened_mut()).context("ask for random numbers")?;
    let [numbers @ .., mix] = bytes.map(u64::from_ne_bytes);
    let keys = std::array::from_fn(|word| [numbers[2 * word], numbers[2 * word + 1]]);
    Ok(Seed { keys, mix: mix | 1 })
}
