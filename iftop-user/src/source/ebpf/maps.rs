//! The maps that user space reads, as descriptors: what one process loads, another can map.
//!
//! It must never be asked twice of one object: the maps leave it.

use std::os::fd::{AsFd as _, OwnedFd};

use anyhow::{Context as _, Result, bail};
use aya::{Ebpf, maps::MapData};
use iftop_common::{Table, names};

use super::object;

/// See the module's description.
#[derive(Debug)]
pub(super) enum Maps {
    /// What each CPU counts with, and memory that is the table.
    Flat { cpus: OwnedFd, lines: OwnedFd, spill: OwnedFd },
    /// The same with tables of the kernel, by half.
    Hash { cpus: OwnedFd, flows: [OwnedFd; 2], spill: [OwnedFd; 2] },
}

impl Maps {
    /// Those of an object, and the map of what each CPU counts with: programs that are loaded later, for a
    /// filter, ask for it by its descriptor there.
    pub fn take(object: &mut Ebpf, table: Table) -> Result<(Self, MapData)> {
        let cpus_map = object::take_map(object, names::PER_CPU)?;
        let cpus = copy(&cpus_map)?;
        let mut take = |name| copy(&object::take_map(object, name)?);
        let maps = match table {
            Table::Flat => {
                Self::Flat { cpus, lines: take(names::FLAT)?, spill: take(names::SPILL)? }
            }
            Table::Hash => {
                let [even, odd] = names::FLOWS;
                let [even_spill, odd_spill] = names::FLOWS_SPILL;
                Self::Hash {
                    cpus,
                    flows: [take(even)?, take(odd)?],
                    spill: [take(even_spill)?, take(odd_spill)?],
                }
            }
        };
        Ok((maps, cpus_map))
    }

    /// All of them, in the order that [`from_descriptors`](Self::from_descriptors) expects.
    pub fn descriptors(self) -> Vec<OwnedFd> {
        match self {
            Self::Flat { cpus, lines, spill } => vec![cpus, lines, spill],
            Self::Hash { cpus, flows: [even, odd], spill: [even_spill, odd_spill] } => {
                vec![cpus, even, odd, even_spill, odd_spill]
            }
        }
    }

    /// The same again, as another process has received them.
    pub fn from_descriptors(descriptors: Vec<OwnedFd>) -> Result<Self> {
        Ok(match descriptors.len() {
            3 => {
                let [cpus, lines, spill] = exactly(descriptors)?;
                Self::Flat { cpus, lines, spill }
            }
            5 => {
                let [cpus, even, odd, even_spill, odd_spill] = exactly(descriptors)?;
                Self::Hash { cpus, flows: [even, odd], spill: [even_spill, odd_spill] }
            }
            other => bail!("{other} maps are those of no table"),
        })
    }
}

fn exactly<const N: usize>(descriptors: Vec<OwnedFd>) -> Result<[OwnedFd; N]> {
    descriptors.try_into().ok().context("another number of maps")
}

fn copy(map: &MapData) -> Result<OwnedFd> {
    map.fd().as_fd().try_clone_to_owned().context("copy a map's descriptor")
}
