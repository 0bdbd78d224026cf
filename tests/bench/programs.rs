//! Part `programs`: what the verifier and the compiler of the kernel make of each program. Counts, which
//! are the same in every run on one kernel.

use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use aya::{EbpfLoader, include_bytes_aligned, programs::Program};
use iftop_common::{Table as Kind, names};

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
    for (kind, what) in [(Kind::Flat, ""), (Kind::Hash, ", hash")] {
        for name in [names::INGRESS, names::EGRESS, names::XDP, names::XDP_FRAGS] {
            let cells = load(IFTOP, kind, name).with_context(|| format!("load `{name}`"))?;
            table.row(format!("{name}{what}"), cells);
        }
    }
    for name in ["bench_hash", "bench_percpu_hash", "bench_lru_percpu_hash", "bench_empty"] {
        let cells = load(OBJECT, Kind::Flat, name).with_context(|| format!("load `{name}`"))?;
        table.row(name, cells);
    }
    Ok((Part { name: "programs", tables: vec![table] }, Vec::new()))
}

fn load(object: &[u8], kind: Kind, name: &str) -> Result<Vec<Cell>> {
    let mut object = EbpfLoader::new()
        .btf(None)
        .override_global(names::TABLE, &(kind as u8), true)
        .load(object)
        .context("load the maps")?;
    let started = Instant::now();
    let (info, took) = match object.program_mut(name).context("no such program")? {
        Program::SchedClassifier(program) => {
            program.load()?;
            (program.info()?, started.elapsed())
        }
        Program::Xdp(program) => {
            program.load()?;
            (program.info()?, started.elapsed())
        }
        _ => return Err(anyhow!("a program of another type")),
    };
    // An instruction is 8 bytes.
    let instructions = info.size_translated().map(|bytes| f64::from(bytes) / 8.0);
    Ok(vec![
        info.verified_instruction_count().map(f64::from).into(),
        instructions.into(),
        f64::from(info.size_jitted()).into(),
        (took.as_secs_f64() * 1e3).into(),
    ])
}
