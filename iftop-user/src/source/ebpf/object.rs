//! The kernel program as it is committed beside this crate, and how it is loaded.

use anyhow::{Context as _, Result, anyhow, bail};
use aya::{
    Ebpf, EbpfLoader, include_bytes_aligned,
    maps::{Map, MapData},
    programs::SchedClassifier,
    util::KernelVersion,
};
use iftop_common::names;

use crate::source::ebpf::Options;

/// Built by `cargo xtask build-ebpf` from the crate iftop-ebpf.
static OBJECT: &[u8] = include_bytes_aligned!("../../../ebpf/iftop.bpf.o");

/// The log's ring buffer when nothing is logged: one page, the least that there is.
const UNUSED_LOG_BYTES: u32 = 4096;

/// Loads the maps, with totals for so many CPUs, and both programs; attaches nothing. The kernel
/// cuts up aggregates of these [kinds](iftop_common::aggregate::kind) on their way to the device.
pub(super) fn load(options: &Options<'_>, cpus: u32, cut_by_kernel: u8) -> Result<Ebpf> {
    let link_type = options.interface.link_type()? as u8;
    let kernel = KernelVersion::current().context("ask for the kernel's version")?;
    if options.interface.receives_outer_headers(kernel) {
        bail!(
            "packets that {} receives cannot be read before Linux 5.14: watch the interface below it",
            options.interface.shown_name()
        );
    }
    let log_refused = u8::from(options.log_refused);
    let mac = options.interface.mac.unwrap_or_default();
    let mut loader = EbpfLoader::new();
    loader
        // Only stable structs are used: the kernel's own types need not be read.
        .btf(None)
        .override_global(names::CPUS, &cpus, true)
        .override_global(names::LINK_TYPE, &link_type, true)
        .override_global(names::MAC, &mac, true)
        .override_global(names::CUT_BY_KERNEL, &cut_by_kernel, true)
        .override_global(names::LOG_REFUSED, &log_refused, true)
        .map_max_entries(names::TOTALS, 2 * cpus)
        .map_max_entries(names::FLOWS[0], options.max_flows)
        .map_max_entries(names::FLOWS[1], options.max_flows);
    if !options.log_refused {
        loader.map_max_entries("AYA_LOGS", UNUSED_LOG_BYTES);
    }
    let mut object = loader.load(OBJECT).context("load the kernel program's maps")?;
    for name in [names::INGRESS, names::EGRESS] {
        program(&mut object, name)?
            .load()
            .with_context(|| format!("load the kernel program `{name}`"))?;
    }
    Ok(object)
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
