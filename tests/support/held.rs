//! What a process holds of the kernel's BPF objects, by their identifiers, which the kernel does not give
//! again: so it can be asked later whether they are still there, whatever else is loaded meanwhile.

use std::{collections::BTreeSet, fs};

use aya::{
    maps::loaded_maps,
    programs::{loaded_links, loaded_programs},
};

/// Identifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub programs: BTreeSet<u32>,
    pub maps: BTreeSet<u32>,
    pub links: BTreeSet<u32>,
}

impl Held {
    /// By the descriptors of a process.
    pub fn by(process: u32) -> Self {
        let mut held = Self::default();
        for entry in fs::read_dir(format!("/proc/{process}/fdinfo")).unwrap() {
            // A descriptor may be closed while they are read.
            let text = fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
            for (name, id) in text.lines().filter_map(|line| line.split_once(":\t")) {
                let kind = match name {
                    "prog_id" => &mut held.programs,
                    "map_id" => &mut held.maps,
                    "link_id" => &mut held.links,
                    _ => continue,
                };
                kind.insert(id.trim().parse().unwrap());
            }
        }
        held
    }

    /// All that the kernel has.
    pub fn by_anybody() -> Self {
        // What goes while they are listed is an error.
        Self {
            programs: loaded_programs().filter_map(Result::ok).map(|it| it.id()).collect(),
            maps: loaded_maps().filter_map(Result::ok).map(|it| it.id()).collect(),
            links: loaded_links().filter_map(Result::ok).map(|it| it.id()).collect(),
        }
    }

    /// What of it the kernel still has.
    pub fn left(&self) -> Self {
        let all = Self::by_anybody();
        Self {
            programs: &self.programs & &all.programs,
            maps: &self.maps & &all.maps,
            links: &self.links & &all.links,
        }
    }
}
