//! Options of how packets are counted.

use clap::Args;
use iftop_common::{Bytes, Table};

use super::values;
use crate::{
    options::Counting,
    source::{Choice, hook::HookChoice},
};

/// What only the command line says of it.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "How to count")]
pub struct CountingArgs {
    /// What counts: ebpf (in the kernel), pcap (libpcap hands each packet over, also those of -i any);
    /// auto takes pcap where the kernel or the rights do not allow ebpf, and says why
    #[arg(long, value_name = "SOURCE", default_value = "auto", value_parser = values::source)]
    source: Choice,

    /// Where to attach in the kernel: auto, tcx (Linux 6.6), clsact; or for received packets xdp, with
    /// tc for those sent (xdp=native: run by the driver, which may reset the device for it)
    #[arg(long, value_name = "HOOK", default_value = "auto", value_parser = values::hook)]
    hook: HookChoice,

    #[arg(long, value_name = "TABLE", value_parser = values::table)]
    #[arg(help = "The table in the kernel: flat or hash [default: flat, but hash on PREEMPT_RT]")]
    table: Option<Table>,

    /// What a byte is: ip (as iftop), or wire, with all headers, gaps and padding
    #[arg(long, value_name = "WHICH", default_value = "ip", value_parser = values::bytes)]
    bytes: Bytes,

    /// Memory that may be used, in the kernel and here: 256M, 1G [default: 128M, or what --max-flows needs]
    #[arg(long, value_name = "BYTES", value_parser = values::memory)]
    #[arg(allow_negative_numbers = true)]
    max_memory: Option<u64>,

    /// Flows that can be remembered at a time [default: as many as the memory has room for]; alone it
    /// sets the memory too, 1.6 KiB a flow, and with --max-memory the smaller one counts
    #[arg(long, value_name = "NUMBER", value_parser = values::flows)]
    #[arg(allow_negative_numbers = true)]
    max_flows: Option<u32>,
}

impl From<CountingArgs> for Counting {
    fn from(args: CountingArgs) -> Self {
        let mut counting =
            Self::new(args.hook, args.table, args.bytes, args.max_flows, args.max_memory);
        counting.source = args.source;
        counting
    }
}
