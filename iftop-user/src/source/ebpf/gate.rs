//! The packet filter in the kernel: a gate at the hook, and the filter behind it.
//!
//! Without a filter none of this is loaded and the programs that count stand at the hooks themselves.
//! It must never leave a hook without a program, or change one direction alone.

use std::os::fd::{AsFd as _, AsRawFd as _};

use anyhow::{Context as _, Result, bail};
use aya::{
    Ebpf, EbpfLoader,
    maps::{Map, ProgramArray},
    programs::{Program, ProgramFd},
};
use iftop_common::{gate, names};

use crate::packet_filter::{Context, Hook, PacketFilter, translate};

mod elf;
#[cfg(test)]
#[cfg(feature = "pcap")]
mod tests;

/// The gates of all hooks, and the one behind the hook for received packets without their link header.
pub(super) struct Gates {
    gates: Vec<Gate>,
    /// Whether they stand at the hooks.
    in_place: bool,
}

/// The gate of one hook.
struct Gate {
    context: Context,
    programs: ProgramArray<aya::maps::MapData>,
    descriptor: i32,
    /// The filter that is in use.
    filter: Option<Ebpf>,
}

/// A filter's program.
const FILTER: &str = "iftop_filter";

impl Gates {
    /// Loads what is needed beside the programs that count, which are named for ingress and egress.
    pub fn load(object: &mut Ebpf, programs: [&'static str; 2]) -> Result<Self> {
        // All that may fail first: a map can be taken once.
        for end in [names::GATE, names::REJECT] {
            for program in programs {
                super::object::load_program(object, &format!("{program}{end}"))?;
            }
        }
        let is_loaded =
            |name: &&str| object.program(name).is_some_and(|program| program.fd().is_ok());
        let bare = Some(names::INGRESS_BARE).filter(is_loaded);
        if let Some(program) = bare {
            super::object::load_program(object, &format!("{program}{}", names::REJECT))?;
        }
        let gates = names::GATES.into_iter().zip(programs);
        let gates = gates.chain(bare.map(|program| (names::GATE_BARE, program)));
        let gates = gates.map(|(map, program)| Gate::new(object, map, program));
        Ok(Self { gates: gates.collect::<Result<_>>()?, in_place: false })
    }

    /// Whether they were to be put at the hooks by now; asked once, and they are.
    pub fn put_in_place(&mut self) -> bool {
        !std::mem::replace(&mut self.in_place, true)
    }

    /// Puts a filter in place of the one that is there, or takes that away. Any packet meets the old one or
    /// the new one.
    ///
    /// # Errors
    /// Say why the kernel does not take it; the old one stays then.
    pub fn set(&mut self, filter: Option<&PacketFilter>) -> Result<()> {
        let loaded: Vec<_> = self
            .gates
            .iter()
            .map(|gate| filter.map(|filter| gate.load_filter(filter)).transpose())
            .collect::<Result<_>>()?;
        let mut old = Vec::new();
        for (gate, new) in self.gates.iter_mut().zip(loaded) {
            match gate.swap(new) {
                Ok(replaced) => old.push(replaced),
                Err(error) => {
                    // What was there fits again; where not even that can be done, the error says enough.
                    for (gate, filter) in self.gates.iter_mut().zip(old) {
                        let _ = gate.swap(filter);
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

impl Gate {
    fn new(object: &mut Ebpf, map: &str, count: &str) -> Result<Self> {
        let [gate, reject] = [names::GATE, names::REJECT].map(|end| format!("{count}{end}"));
        let Some(Map::ProgramArray(data)) = object.take_map(map) else {
            bail!("no map `{map}` in the embedded object");
        };
        let descriptor = data.fd().as_fd().as_raw_fd();
        let mut programs = ProgramArray::try_from(Map::ProgramArray(data))?;
        for (place, name) in [(gate::COUNT, count), (gate::REJECT, &reject)] {
            let program = descriptor_of(object, name)?;
            programs
                .set(place, program, 0)
                .with_context(|| format!("put `{name}` behind `{gate}`"))?;
        }
        let context = match count {
            names::XDP => Context::Xdp { frags: false },
            names::XDP_FRAGS => Context::Xdp { frags: true },
            names::INGRESS_BARE => Context::BareSkb,
            _ => Context::Skb,
        };
        Ok(Self { context, programs, descriptor, filter: None })
    }

    /// Puts a loaded filter in place, or takes away the one that is there, which is returned.
    fn swap(&mut self, new: Option<Ebpf>) -> Result<Option<Ebpf>> {
        match &new {
            Some(object) => {
                let program = descriptor_of(object, FILTER)?;
                self.programs.set(gate::FILTER, program, 0).context("put the filter in place")?;
            }
            None if self.filter.is_some() => {
                self.programs.clear_index(&gate::FILTER).context("take the filter away")?;
            }
            None => {}
        }
        Ok(std::mem::replace(&mut self.filter, new))
    }

    fn load_filter(&self, filter: &PacketFilter) -> Result<Ebpf> {
        let hook = Hook { context: self.context, tags: filter.tags() };
        let code = translate(filter.program(), hook, self.descriptor)?;
        let section = match self.context {
            Context::Skb | Context::BareSkb => "classifier",
            Context::Xdp { frags: false } => "xdp",
            Context::Xdp { frags: true } => "xdp.frags",
        };
        let file = elf::of_program(section, FILTER, &code)?;
        let mut object = EbpfLoader::new().btf(None).load(&file).context("read the filter")?;
        super::object::load_program(&mut object, FILTER)
            .with_context(|| format!("the kernel does not take the filter \"{filter}\""))?;
        Ok(object)
    }
}

fn descriptor_of<'a>(object: &'a Ebpf, name: &str) -> Result<&'a ProgramFd> {
    let program = match object.program(name) {
        Some(Program::SchedClassifier(program)) => program.fd(),
        Some(Program::Xdp(program)) => program.fd(),
        _ => bail!("no program `{name}` in the object"),
    };
    program.with_context(|| format!("program `{name}` is not loaded"))
}
