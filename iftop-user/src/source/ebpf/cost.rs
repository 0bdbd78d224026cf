//! What counting a packet costs on this machine, measured once on tables of its own.
//!
//! `BPF_PROG_TEST_RUN` runs the program again and again on the same frame, and an empty program
//! beside it for what the runs cost by themselves. It is the program for what is sent, which is there
//! whatever the hook. An XDP program must never be run so: for each run the kernel changes code
//! that all XDP programs of the host pass (`bpf_prog_change_xdp()` of net/core/filter.c). BPF's run
//! statistics would slow down every program of the host.

use std::{
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use anyhow::Result;
use iftop_common::{names, parse::LinkType};

use super::{cpus, instance::Instance, object::Settings};
use crate::source::table_size::Size;

/// Runs in a round. The kernel tells the mean in whole nanoseconds.
const REPEAT: u32 = 100_000;
/// Runs by which to see how long one takes.
const FEW: u32 = 1000;
/// Where one takes long, as in an emulated machine, a round has fewer and takes no longer than this.
const LONGEST_ROUND: Duration = Duration::from_millis(20);
/// The quickest counts: what disturbs a round only ever makes it slower.
const ROUNDS: usize = 3;

const ETHERNET_HEADER_BYTES: usize = 14;
/// TCP over IPv4 over Ethernet, 64 bytes with its checksum.
const FRAME: [u8; 60] = {
    let mut frame = [0; 60];
    let header: [u8; 38] = [
        2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, // Ethernet
        0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, // IPv4
        0x9c, 0x40, 0x01, 0xbb, // ports
    ];
    let mut place = 0;
    while place < header.len() {
        frame[place] = header[place];
        place += 1;
    }
    frame[ETHERNET_HEADER_BYTES + 20 + 12] = 5 << 4;
    frame
};

/// What a packet costs, known a moment after the start. (To load the programs once more takes longer
/// than anybody wants to wait for the first row.)
pub(super) struct PacketCost(Arc<OnceLock<Duration>>);

impl PacketCost {
    /// Begins to measure it.
    pub fn measure(settings: Settings, size: Size) -> Self {
        let cost = Arc::new(OnceLock::new());
        let measured = Arc::clone(&cost);
        let measure = move || {
            // Where this fails nothing is missing but the figure.
            if let Ok(cost) = packet_cost(&settings, size) {
                measured.get_or_init(|| cost);
            }
        };
        // It is let go of: it ends by itself, and takes what it loaded with it.
        let _ = thread::Builder::new().name("cost".to_owned()).spawn(measure);
        Self(cost)
    }

    /// `None` while it is not known.
    pub fn known(&self) -> Option<Duration> {
        self.0.get().copied()
    }
}

fn packet_cost(settings: &Settings, size: Size) -> Result<Duration> {
    let frame = match settings.link_type {
        LinkType::Ethernet => &FRAME[..],
        LinkType::RawIp => &FRAME[ETHERNET_HEADER_BYTES..],
    };
    let size = Size { bucket_bits: 4, spill_bits: 1, hash_entries: 64, ..size };
    let programs = [names::NOTHING, names::EGRESS];
    let mut instance = Instance::load_for(settings, size, &programs, &cpus::online())?;
    let mut quickest = |name: &str| -> Result<Duration> {
        let mut quickest = instance.run_program(name, frame, FEW)?;
        let repeat = runs(quickest);
        for _ in 0..ROUNDS {
            quickest = quickest.min(instance.run_program(name, frame, repeat)?);
        }
        Ok(quickest)
    };
    let (nothing, counting) = (quickest(names::NOTHING)?, quickest(names::EGRESS)?);
    Ok(counting.saturating_sub(nothing))
}

/// How many make a round, where one takes so long.
fn runs(one: Duration) -> u32 {
    let fit = LONGEST_ROUND.as_nanos() / one.as_nanos().max(1);
    u32::try_from(fit).unwrap_or(REPEAT).clamp(FEW, REPEAT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_takes_no_longer_where_a_run_does() {
        for (nanoseconds, expected) in
            [(0, REPEAT), (60, REPEAT), (200, REPEAT), (2000, 10_000), (1_000_000, FEW)]
        {
            assert_eq!(runs(Duration::from_nanos(nanoseconds)), expected, "{nanoseconds}");
        }
    }
}
