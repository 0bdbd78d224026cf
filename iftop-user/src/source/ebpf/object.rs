//! The kernel program as it is committed beside this crate, and how it is loaded.

use anyhow::{Context as _, Result, anyhow};
use aya::{
    Ebpf, EbpfLoader, VerifierLogLevel, include_bytes_aligned,
    maps::{Map, MapData, ProgramArray},
    programs::{Program, SchedClassifier},
};
use iftop_common::{
    Bytes,
    flat::Seed,
    gate, names,
    parse::{LinkType, Mac},
};

use crate::source::table_size::Size;

/// Built by `cargo xtask build-ebpf` from the crate iftop-ebpf.
static OBJECT: &[u8] = include_bytes_aligned!("../../../ebpf/iftop.bpf.o");

/// The log's ring buffer when nothing is logged: one page, the least that there is.
const UNUSED_LOG_BYTES: u32 = 4096;

/// What the program is told when it is loaded: constants to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What frames start with.
    pub link_type: LinkType,
    /// The interface's hardware address, zero where it has none.
    pub mac: Mac,
    /// Kinds of aggregates that the kernel cuts up on their way to the device:
    /// [`iftop_common::aggregate::kind`].
    pub cut_by_kernel: u8,
    /// What the bytes of flows are.
    pub bytes: Bytes,
    /// Report refused packets through the log.
    pub log_refused: bool,
    /// Makes the flat table's hash that of this run.
    pub seed: Seed,
}

/// Loads the maps and these programs; attaches nothing.
pub(super) fn load(settings: &Settings, size: Size, programs: &[&str]) -> Result<Ebpf> {
    let mut object = load_other(OBJECT, settings, size, &[])?;
    load_programs(&mut object, settings, programs)?;
    Ok(object)
}

/// Loads these programs, and what one of them may jump to.
pub(super) fn load_programs(
    object: &mut Ebpf,
    settings: &Settings,
    programs: &[&str],
) -> Result<()> {
    for name in programs {
        load_program(object, name)?;
    }
    if programs.contains(&names::INGRESS) && settings.link_type == LinkType::Ethernet {
        load_bare(object)?;
    }
    Ok(())
}

/// Loads what counts received packets without their link header, and puts it where it is looked for.
fn load_bare(object: &mut Ebpf) -> Result<()> {
    load_program(object, names::INGRESS_BARE)?;
    let program = program(object, names::INGRESS_BARE)?.fd()?.try_clone()?;
    let map = object.map_mut(names::GATE_BARE).context("no map for packets without link header")?;
    let mut programs = ProgramArray::try_from(map)?;
    programs
        .set(gate::COUNT, &program, 0)
        .context("put the program for packets without link header in place")
}

/// The same of another object that has the same maps and globals.
pub(super) fn load_other(
    object: &[u8],
    settings: &Settings,
    size: Size,
    programs: &[&str],
) -> Result<Ebpf> {
    load_with_log(object, settings, size, programs, VerifierLogLevel::default())
}

/// The maps alone; of a program that is then refused the verifier's log says no more than that.
#[cfg(test)]
pub(super) fn load_maps(settings: &Settings, size: Size, log: VerifierLogLevel) -> Result<Ebpf> {
    load_with_log(OBJECT, settings, size, &[], log)
}

fn load_with_log(
    object: &[u8],
    settings: &Settings,
    size: Size,
    programs: &[&str],
    log: VerifierLogLevel,
) -> Result<Ebpf> {
    let (link_type, log_refused) = (settings.link_type as u8, u8::from(settings.log_refused));
    let (table, bytes) = (size.table as u8, settings.bytes as u8);
    let mut loader = EbpfLoader::new();
    loader
        // Only stable structs are used: the kernel's own types need not be read.
        .btf(None)
        .verifier_log_level(log)
        .override_global(names::TABLE, &table, true)
        .override_global(names::BYTES, &bytes, true)
        .override_global(names::CPUS, &size.cpus, true)
        .override_global(names::BUCKET_BITS, &size.bucket_bits, true)
        .override_global(names::SPILL_BITS, &size.spill_bits, true)
        .override_global(names::SEED_KEYS, settings.seed.keys.as_flattened(), true)
        .override_global(names::SEED_MIX, &settings.seed.mix, true)
        .override_global(names::LINK_TYPE, &link_type, true)
        .override_global(names::MAC, &settings.mac.0, true)
        .override_global(names::CUT_BY_KERNEL, &settings.cut_by_kernel, true)
        .override_global(names::LOG_REFUSED, &log_refused, true)
        .map_max_entries(names::PER_CPU, size.cpus)
        .map_max_entries(names::FLAT, size.flat_buckets())
        .map_max_entries(names::SPILL, size.spill_buckets());
    for (flows, spill) in names::FLOWS.into_iter().zip(names::FLOWS_SPILL) {
        loader
            .map_max_entries(flows, size.hash_entries())
            .map_max_entries(spill, size.hash_spill_entries());
    }
    if !settings.log_refused {
        loader.map_max_entries("AYA_LOGS", UNUSED_LOG_BYTES);
    }
    let mut object = loader.load(object).context("load the kernel program's maps")?;
    for name in programs {
        load_program(&mut object, name)?;
    }
    Ok(object)
}

/// Loads one of the programs.
pub(super) fn load_program(object: &mut Ebpf, name: &str) -> Result<()> {
    match object.program_mut(name) {
        // One that is loaded already, as another filter was in use before.
        Some(program) if program.fd().is_ok() => Ok(()),
        Some(Program::SchedClassifier(program)) => program.load(),
        Some(Program::Xdp(program)) => program.load(),
        _ => return Err(anyhow!("no program `{name}` in the object")),
    }
    .with_context(|| format!("load the kernel program `{name}`"))
}

/// One of the programs in the object.
pub(super) fn program<'a>(object: &'a mut Ebpf, name: &str) -> Result<&'a mut SchedClassifier> {
    let program = object
        .program_mut(name)
        .ok_or_else(|| anyhow!("no program `{name}` in the embedded object"))?;
    program.try_into().with_context(|| format!("program `{name}` is not a tc classifier"))
}

/// One of the maps in the object.
pub(super) fn take_map(object: &mut Ebpf, name: &str) -> Result<MapData> {
    match object.take_map(name) {
        Some(Map::Array(map) | Map::HashMap(map)) => Ok(map),
        _ => Err(anyhow!("no map `{name}` in the embedded object")),
    }
}
