//! Waiting until no run of the kernel program can still be using what was just retired.
//!
//! Programs at a network hook run inside an RCU read-side section, so one RCU grace period after
//! the epoch changed every run has seen it. User space can ask for one in two ways. Either takes
//! 5 to 50 ms of waiting and no CPU.
//!
//! With one CPU online membarrier(2) returns at once. That is right where hooks run with bottom halves
//! disabled, as user space then runs only when no hook does; so it is not asked on `PREEMPT_RT`.
#![expect(unsafe_code, reason = "membarrier(2) and bpf(2)")]

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

use anyhow::{Context as _, Result};

use super::realtime::is_preempt_rt;

/// How to wait for a grace period.
pub enum GracePeriod {
    /// `membarrier(MEMBARRIER_CMD_GLOBAL)`: `synchronize_rcu()` where there is more than one CPU.
    Membarrier,
    /// The kernel refuses that on machines with `nohz_full`, and see above. Changing a map of maps from user space
    /// waits for all running programs too (`maybe_wait_bpf_programs` in kernel/bpf/syscall.c).
    MapInMap {
        /// The map that is changed.
        outer: OwnedFd,
        /// What is put into it, again and again.
        inner: OwnedFd,
    },
}

impl GracePeriod {
    /// Finds out which way is open.
    pub fn new() -> Result<Self> {
        let has_global = membarrier(libc::MEMBARRIER_CMD_QUERY)
            .is_ok_and(|commands| commands & libc::MEMBARRIER_CMD_GLOBAL != 0);
        if has_global && !is_preempt_rt() {
            Ok(Self::Membarrier)
        } else {
            Self::map_in_map().context("create a map of maps, as membarrier(2) will not do")
        }
    }

    fn map_in_map() -> io::Result<Self> {
        let inner = create_map(BPF_MAP_TYPE_ARRAY, None)?;
        let outer = create_map(BPF_MAP_TYPE_ARRAY_OF_MAPS, Some(&inner))?;
        Ok(Self::MapInMap { outer, inner })
    }

    /// Returns when every run of any program that had begun before has ended.
    pub fn wait(&self) -> io::Result<()> {
        match self {
            Self::Membarrier => membarrier(libc::MEMBARRIER_CMD_GLOBAL).map(drop),
            Self::MapInMap { outer, inner } => update(outer, 0, inner),
        }
    }
}

fn membarrier(command: libc::c_int) -> io::Result<libc::c_int> {
    // SAFETY: the call takes numbers only.
    let result = unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) };
    libc::c_int::try_from(result)
        .ok()
        .filter(|&result| result >= 0)
        .ok_or_else(io::Error::last_os_error)
}

const BPF_MAP_CREATE: libc::c_long = 0;
const BPF_MAP_UPDATE_ELEM: libc::c_long = 2;
const BPF_MAP_TYPE_ARRAY: u32 = 2;
const BPF_MAP_TYPE_ARRAY_OF_MAPS: u32 = 12;

/// The first members of `union bpf_attr` for `BPF_MAP_CREATE`.
#[repr(C)]
struct CreateAttr {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    inner_map_fd: u32,
}

/// The members of `union bpf_attr` for `BPF_MAP_UPDATE_ELEM`.
#[repr(C)]
struct UpdateAttr {
    map_fd: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// An array of one u32; with `inner`, an array of one map like it.
fn create_map(map_type: u32, inner: Option<&OwnedFd>) -> io::Result<OwnedFd> {
    let attr = CreateAttr {
        map_type,
        key_size: 4,
        value_size: 4,
        max_entries: 1,
        map_flags: 0,
        inner_map_fd: inner.map_or(0, |inner| inner.as_raw_fd().cast_unsigned()),
    };
    // SAFETY: `attr` is as long as stated, and the kernel only reads it.
    let fd = unsafe {
        libc::syscall(libc::SYS_bpf, BPF_MAP_CREATE, &raw const attr, size_of::<CreateAttr>())
    };
    let fd = i32::try_from(fd).ok().filter(|&fd| fd >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn update(map: &OwnedFd, key: u32, value: &OwnedFd) -> io::Result<()> {
    let value = value.as_raw_fd();
    let attr = UpdateAttr {
        map_fd: map.as_raw_fd().cast_unsigned(),
        padding: 0,
        key: &raw const key as u64,
        value: &raw const value as u64,
        flags: 0,
    };
    // SAFETY: key and value are 4 bytes each, as the map was made, and live through the call.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, BPF_MAP_UPDATE_ELEM, &raw const attr, size_of::<UpdateAttr>())
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn both_ways_are_open_here() {
        GracePeriod::Membarrier.wait().unwrap();
        let map_in_map = GracePeriod::map_in_map().unwrap();
        map_in_map.wait().unwrap();
        map_in_map.wait().unwrap();
    }
}
