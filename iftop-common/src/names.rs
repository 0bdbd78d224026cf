//! Names of maps and load-time globals in the eBPF object, as both sides spell them.

/// [`PerCpu`](crate::PerCpu) × CPUs, mmapable.
pub const PER_CPU: &str = "PER_CPU";
/// [`Bucket`](crate::flat::Bucket) × 2 × shards × buckets, mmapable: the flat table. Index
/// `(half * shards + shard) * buckets + bucket`.
pub const FLAT: &str = "FLAT";
/// [`Bucket`](crate::flat::Bucket) × 2 × CPUs × buckets, mmapable: the spill table. Index
/// `(half * CPUS + cpu) * buckets + bucket`.
pub const SPILL: &str = "SPILL";
/// Two hash maps, one per half: [`Words`](crate::flat::Words) → [`Counters`](crate::Counters).
pub const FLOWS: [&str; 2] = ["FLOWS_0", "FLOWS_1"];
/// Two hash maps like them, for what found no room there: flows without their far side.
pub const FLOWS_SPILL: [&str; 2] = ["FLOWS_SPILL_0", "FLOWS_SPILL_1"];
/// Global `u8`: which table is counted into, a [`Table`](crate::Table) as a number.
pub const TABLE: &str = "TABLE";
/// Global `u8`: what a byte is, a [`Bytes`](crate::Bytes) as a number.
pub const BYTES: &str = "BYTES";
/// Global `u32`: buckets in a shard, as a power of two in
/// [`BUCKET_BITS`](crate::flat::BUCKET_BITS).
pub const BUCKET_BITS: &str = "BUCKET_BITS";
/// Global `u32`: the same for a CPU's part of the spill table.
pub const SPILL_BITS: &str = "SPILL_BITS";
/// Global `[u64; 10]`: of this run's [`Seed`](crate::flat::Seed).
pub const SEED_KEYS: &str = "SEED_KEYS";
/// Global `u64`: see [`SEED_KEYS`].
pub const SEED_MIX: &str = "SEED_MIX";
/// Global `u32`: how many CPUs there may ever be.
pub const CPUS: &str = "CPUS";
/// Global `u8`: the [`LinkType`](crate::parse::LinkType) as a number.
pub const LINK_TYPE: &str = "LINK_TYPE";
/// Global `u64`: the interface's own hardware address, a [`Mac`](crate::parse::Mac).
pub const MAC: &str = "MAC";
/// Global `u8`: the [kinds](crate::aggregate::kind) of aggregates that the kernel cuts up on their
/// way to the device.
pub const CUT_BY_KERNEL: &str = "CUT_BY_KERNEL";
/// Global `u8`: 1 to report refused packets through aya-log, 0 to compile that out.
pub const LOG_REFUSED: &str = "LOG_REFUSED";
/// Arrays of programs for received packets and for those to be sent: see [`gate`](crate::gate).
pub const GATES: [&str; 2] = ["GATE_INGRESS", "GATE_EGRESS"];
/// The same for received packets without their link header.
pub const GATE_BARE: &str = "GATE_BARE";
/// The programs that count at the two hooks. Of each of them, and of those for XDP, there is one that
/// is its [gate](GATE) and one that [counts what was turned away](REJECT).
pub const INGRESS: &str = "iftop_ingress";
/// See [`INGRESS`].
pub const EGRESS: &str = "iftop_egress";
/// Counts received packets without their link header: [`INGRESS`] jumps to it.
pub const INGRESS_BARE: &str = "iftop_ingress_bare";
/// A program that counts nothing.
pub const NOTHING: &str = "iftop_nothing";
/// The program at the XDP hook.
pub const XDP: &str = "iftop_xdp";
/// The same for frames in several pieces.
pub const XDP_FRAGS: &str = "iftop_xdp_frags";
/// End of the name of a program that stands at the hook in place of one that counts.
pub const GATE: &str = "_gate";
/// End of the name of the program that counts what is turned away there.
pub const REJECT: &str = "_reject";
