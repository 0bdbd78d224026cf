//! What the kernel says of the packet socket of another program, which does not say it itself.
#![expect(unsafe_code, reason = "getsockopt(2) with a structure of packet(7)")]

use std::{fs, os::fd::AsRawFd as _};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

/// `struct tpacket_stats_v3` of `linux/if_packet.h`; older versions have less.
#[repr(C)]
#[derive(Default)]
struct Statistics {
    packets: u32,
    drops: u32,
    freezes: u32,
}

/// Packets for a process's first packet socket, and those of them for which there was no room. It is told
/// once: the kernel begins anew.
pub fn statistics(process: Pid) -> Result<[u64; 2]> {
    const PACKET_STATISTICS: libc::c_int = 6;
    let handle = pidfd_open(process, PidfdFlags::empty()).context("open a process")?;
    let folder = format!("/proc/{}/fd", process.as_raw_nonzero());
    for entry in fs::read_dir(&folder).with_context(|| format!("read {folder}"))? {
        let number = entry?.file_name().to_string_lossy().parse().context("an odd descriptor")?;
        let copy = pidfd_getfd(&handle, number, PidfdGetfdFlags::empty());
        let copy = copy.context("copy a descriptor")?;
        let mut statistics = Statistics::default();
        let mut length = libc::socklen_t::try_from(size_of::<Statistics>())?;
        // SAFETY: the structure lives, and is as long as stated.
        let result = unsafe {
            libc::getsockopt(
                copy.as_raw_fd(),
                libc::SOL_PACKET,
                PACKET_STATISTICS,
                (&raw mut statistics).cast(),
                &raw mut length,
            )
        };
        // Of anything else there are none.
        if result == 0 {
            return Ok([statistics.packets.into(), statistics.drops.into()]);
        }
    }
    anyhow::bail!("no packet socket in process {}", process.as_raw_nonzero())
}
