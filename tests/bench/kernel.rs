//! The benchmark's kernel programs, loaded and run without being attached (`BPF_PROG_TEST_RUN`).

use std::{
    os::fd::{AsFd as _, BorrowedFd},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Context as _, Result, anyhow};
use aya::{
    Ebpf, EbpfLoader, include_bytes_aligned,
    maps::Map,
    programs::{SchedClassifier, TestRun as _, TestRunOptions},
    util::{nr_cpus, online_cpus},
};
use iftop_common::{
    Bytes, Table,
    flat::Seed,
    names,
    parse::{LinkType, Mac},
};
use iftop_user::source::{
    ebpf::{Instance, Settings},
    table_size::Size,
};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::packet::{Packet, TO};

/// Built by `cargo xtask build-ebpf` from `tests/bench/ebpf/src`.
pub static OBJECT: &[u8] = include_bytes_aligned!("ebpf/bench.bpf.o");

/// iftop's own code behind nothing, and before a packet of another flow.
pub const IFTOP: &str = "bench_iftop";

/// Any numbers; the same in each run.
const SEED: Seed = Seed {
    keys: [
        [0x9e37_79b9_85eb_ca6b, 0x2545_f491_4f6c_dd1d],
        [0xc2b2_ae35_27d4_eb2f, 0xd6e8_feb8_6659_fd93],
        [0x1656_67b1_d35a_2d97, 0xa076_1d64_78bd_642f],
        [0xed55_8ccd_ff51_afd7, 0xe703_7ed1_a0b4_28db],
        [0xb1fe_1a85_4cf5_ad43, 0x8ebc_6af0_9c88_c6e3],
    ],
    mix: 0xc2b2_ae3d_27d4_eb4f,
};

/// iftop's tables, filled by its own code in [the benchmark's program](OBJECT).
pub fn iftop(table: Table, entries: u32) -> Result<Instance> {
    Instance::load_other(OBJECT, &settings(), size(table, entries)?, &[IFTOP])
}

/// A table with so many lines for each CPU; the hash table's entries are for all CPUs.
fn size(table: Table, entries: u32) -> Result<Size> {
    let cpus = u32::try_from(nr_cpus().map_err(|(_, error)| error)?)?;
    let shards = u32::try_from(online_cpus().map_err(|(_, error)| error)?.len())?;
    let like = Size::new(table, entries, cpus, shards);
    Ok(Size { bucket_bits: (entries / 4).ilog2(), hash_entries: entries, ..like })
}

/// The program that is installed, with both kinds of table.
pub fn installed(table: Table, entries: u32) -> Result<Instance> {
    Instance::load(&settings(), size(table, entries)?)
}

fn settings() -> Settings {
    Settings {
        link_type: LinkType::Ethernet,
        mac: Mac::new(TO),
        cut_by_kernel: 0,
        bytes: Bytes::Ip,
        log_refused: false,
        seed: SEED,
    }
}

/// A program in an instance of its own: its maps are nobody else's.
pub struct Kernel {
    name: &'static str,
    loaded: Loaded,
}

enum Loaded {
    Iftop(Box<Instance>),
    Other(Box<Ebpf>),
}

impl Kernel {
    /// iftop's own code, counting into this table.
    pub fn iftop(table: Table, entries: u32) -> Result<Self> {
        Ok(Self { name: IFTOP, loaded: Loaded::Iftop(Box::new(iftop(table, entries)?)) })
    }

    /// One of the others. Its map gets so many entries; all other maps have next to none.
    pub fn other(name: &'static str, map: Option<&str>, entries: u32) -> Result<Self> {
        let mac = Mac::new(TO);
        let mut loader = EbpfLoader::new();
        loader.btf(None).override_global(names::MAC, &mac.0, true);
        loader.map_max_entries("AYA_LOGS", 4096);
        if let Some(map) = map {
            loader.map_max_entries(map, entries);
        }
        let mut object = loader.load(OBJECT).context("load the benchmark's maps")?;
        let classifier: &mut SchedClassifier =
            object.program_mut(name).ok_or_else(|| anyhow!("no program `{name}`"))?.try_into()?;
        classifier.load().with_context(|| format!("load `{name}`"))?;
        Ok(Self { name, loaded: Loaded::Other(Box::new(object)) })
    }

    /// One of the hash maps of another's.
    pub fn map(&self, name: &str) -> Result<BorrowedFd<'_>> {
        match &self.loaded {
            Loaded::Other(object) => match object.map(name) {
                Some(Map::HashMap(map) | Map::PerCpuHashMap(map)) => Ok(map.fd().as_fd()),
                _ => Err(anyhow!("no hash map `{name}`")),
            },
            Loaded::Iftop(_) => Err(anyhow!("its maps are its own")),
        }
    }

    /// The program.
    pub fn program(&self) -> Result<&SchedClassifier> {
        match &self.loaded {
            Loaded::Iftop(instance) => instance.program(self.name),
            Loaded::Other(object) => {
                Ok(object.program(self.name).context("no program")?.try_into()?)
            }
        }
    }

    /// Runs it once for every flow of a packet whose flows come one after the other.
    pub fn fill(&self, packet: &Packet) -> Result<()> {
        fill(self.program()?, packet)
    }

    /// Runs it on so many CPUs at once; the mean.
    pub fn run_on(&self, cpus: usize, packet: &Packet, seed: u64, repeat: u32) -> Result<f64> {
        let program = self.program()?;
        let each = on_cpus(cpus, |cpu| {
            // Whose random numbers begin elsewhere.
            run(program, &packet.bytes(seed ^ (cpu as u64) << 32), repeat)
        })?;
        Ok(each.iter().sum::<f64>() / cpus as f64)
    }
}

/// Runs a program so many times; nanoseconds for each, which the kernel gives as a whole number.
pub fn run(program: &SchedClassifier, packet: &[u8], repeat: u32) -> Result<f64> {
    let options = TestRunOptions { data_in: Some(packet), repeat, ..TestRunOptions::new() };
    let result = program.test_run(options).context("run a program")?;
    Ok(result.duration.as_nanos() as f64)
}

/// Runs it once for every flow of a packet whose flows come one after the other.
pub fn fill(program: &SchedClassifier, packet: &Packet) -> Result<()> {
    // The first run sees the packet as it is; it is varied for the next.
    run(program, &packet.bytes(0), (1 << packet.bits) + 1).map(drop)
}

/// Does something on so many CPUs at once, in a thread on each, begun in the same moment.
pub fn on_cpus<T: Send>(cpus: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let (started, work) = (AtomicUsize::new(0), &work);
    thread::scope(|scope| {
        let begin = |cpu: usize| {
            let started = &started;
            move || {
                let pinned = pin_to(cpu);
                started.fetch_add(1, Ordering::SeqCst);
                while started.load(Ordering::SeqCst) < cpus {
                    thread::yield_now();
                }
                pinned.and_then(|()| work(cpu))
            }
        };
        let threads: Vec<_> = (0..cpus).map(|cpu| scope.spawn(begin(cpu))).collect();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        joined.map(|ended| ended.unwrap_or_else(|_| Err(anyhow!("a thread panicked")))).collect()
    })
}

/// Keeps the calling thread on one CPU.
pub fn pin_to(cpu: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None, &set).with_context(|| format!("stay on CPU {cpu}"))
}
