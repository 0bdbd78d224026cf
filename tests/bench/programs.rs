//! Part `programs`: what the verifier and the compiler of the kernel make of each program. Counts, which
//! are the same in every run on one kernel.

use anyhow::{Context as _, Result};
use aya::{
    Ebpf, EbpfLoader, include_bytes_aligned,
    programs::{Program, SchedClassifier},
};
use iftop_common::names;

use crate::{
    Effort,
    kernel::OBJECT,
    outcome::{
        figure::Figure,
        report::{Cell, Part, Table},
    },
};

/// The one that is installed.
static IFTOP: &[u8] = include_bytes_aligned!("../../iftop-user/ebpf/iftop.bpf.o");

pub fn measure(_: &Effort) -> Result<(Part, Vec<Figure>)> {
    let mut table = Table::new(
        "kernel programs",
        &["instructions verified", "instructions", "machine code, bytes", "load, ms"],
    );
    let own = [names::INGRESS, names::EGRESS].map(|name| (IFTOP, name));
    let others = ["bench_hash", "bench_percpu_hash", "bench_lru_percpu_hash", "bench_empty"];
    for (object, name) in own.into_iter().chain(others.map(|name| (OBJECT, name))) {
        let mut object = EbpfLoader::new().btf(None).load(object).context("load the maps")?;
        table.row(name, cells(&mut object, name).with_context(|| format!("load `{name}`"))?);
    }
    Ok((Part { name: "programs", tables: vec![table] }, Vec::new()))
}

fn cells(object: &mut Ebpf, name: &str) -> Result<Vec<Cell>> {
    let program: &mut Program = object.program_mut(name).context("no such program")?;
    let program: &mut SchedClassifier = program.try_into()?;
    let started = std::time::Instant::now();
    program.load()?;
    let took = started.elapsed();
    let info = program.info()?;
    // An instruction is 8 bytes.
    let instructions = info.size_translated().map(|bytes| f64::from(bytes) / 8.0);
    Ok(vec![
        info.verified_instruction_count().map(f64::from).into(),
        instructions.into(),
        f64::from(info.size_jitted()).into(),
        (took.as_secs_f64() * 1e3).into(),
    ])
}
