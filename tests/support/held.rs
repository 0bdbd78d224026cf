//! What a process holds of the kernel's BPF objects, by their identifiers, which the kernel does not give
//! again: so it can be asked later whether they are still there, whatever else is loaded meanwhile.

#![expect(unsafe_code, reason = "bpf(2)")]

use std::{collections::BTreeSet, fs, thread};

/// Commands of bpf(2), `enum bpf_cmd` of `linux/bpf.h`: `BPF_PROG_GET_NEXT_ID` and the same of maps and links.
const NEXT_PROGRAM: libc::c_int = 11;
const NEXT_MAP: libc::c_int = 12;
const NEXT_LINK: libc::c_int = 31;

/// Looks that the kernel is given to free what nobody holds any more.
const PATIENCE: usize = 200_000;

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
        Self {
            programs: identifiers(NEXT_PROGRAM),
            maps: identifiers(NEXT_MAP),
            links: identifiers(NEXT_LINK),
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

    /// Programs and maps are freed after an RCU grace period.
    pub fn assert_freed(&self, case: &str) {
        let mut left = self.left();
        for _ in 0..PATIENCE {
            if left == Self::default() {
                break;
            }
            thread::yield_now();
            left = self.left();
        }
        assert_eq!(left, Self::default(), "{case}");
    }
}

/// Asked for without opening any of them. Whoever opens an array of programs while its last user closes it has
/// Linux clear it twice, and where the first time has not run yet, a reference to it is lost for ever
/// (`prog_array_map_clear` of kernel/bpf/arraymap.c, seen on 6.18).
fn identifiers(command: libc::c_int) -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    // The one to start behind, the next one, flags for opening it.
    let mut attributes = [0_u32; 3];
    loop {
        // SAFETY: the kernel reads and writes the array, whose size it is told.
        let result = unsafe {
            libc::syscall(libc::SYS_bpf, command, &raw mut attributes, size_of_val(&attributes))
        };
        if result != 0 {
            return all;
        }
        all.insert(attributes[1]);
        attributes[0] = attributes[1];
    }
}
