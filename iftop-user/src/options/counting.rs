//! How packets are counted: where, in which table, and how much memory that may take.

use iftop_common::{Bytes, Table};

use crate::{
    flow,
    source::{Choice, hook::HookChoice, table_size},
};

/// Memory of the kernel's tables and of this program together, where nobody says otherwise.
pub const DEFAULT_MEMORY: u64 = 128 << 20;
/// The least that can be asked for. For a moment at the start so much is taken in any case: aya reads
/// the types of the whole kernel.
pub const LEAST_MEMORY: u64 = 40 << 20;
/// What the program takes without any flow: code, libraries, stacks, frames of a large terminal.
const MEMORY_WITHOUT_FLOWS: u64 = 16 << 20;
/// What a flow takes at worst, in the kernel and here.
const BYTES_PER_FLOW: u64 = table_size::BYTES_PER_FLOW + flow::BYTES_PER_FLOW as u64;

/// Of that memory libpcap's buffer takes this part,
const BUFFER_SHARE: u64 = 4;
/// and never more.
const MOST_BUFFER: u64 = 64 << 20;

/// See the module's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counting {
    /// By whom.
    pub source: Choice,
    /// Where to attach in the kernel.
    pub hook: HookChoice,
    /// Which table; `None`: the best that is exact on this kernel.
    pub table: Option<Table>,
    /// What the bytes of packets are.
    pub bytes: Bytes,
    /// Flows that are remembered at most, here and in each half of the kernel's table.
    pub max_flows: u32,
    /// What all of it may take, in bytes.
    pub max_memory: u64,
    /// Whether that is only what so many flows need.
    memory_follows: bool,
}

impl Counting {
    /// Of flows and memory each bounds the other where only one was asked for, and the smaller one
    /// counts where both were.
    pub fn new(
        hook: HookChoice,
        table: Option<Table>,
        bytes: Bytes,
        max_flows: Option<u32>,
        max_memory: Option<u64>,
    ) -> Self {
        let memory_follows = max_flows.is_some() && max_memory.is_none();
        let (max_flows, max_memory) = match (max_flows, max_memory) {
            (Some(flows), Some(memory)) => (flows.min(flows_in(memory)), memory),
            (Some(flows), None) => (flows, memory_of(flows).max(LEAST_MEMORY)),
            (None, memory) => {
                let memory = memory.unwrap_or(DEFAULT_MEMORY);
                (flows_in(memory), memory)
            }
        };
        let source = Choice::Auto;
        Self { source, hook, table, bytes, max_flows, max_memory, memory_follows }
    }

    /// The same beside a buffer for packets, and how large that can be, in bytes.
    #[must_use]
    pub fn beside_buffer(mut self) -> (Self, u64) {
        let buffer = (self.max_memory / BUFFER_SHARE).min(MOST_BUFFER);
        if self.memory_follows {
            self.max_memory += buffer;
        } else {
            self.max_flows = self.max_flows.min(flows_in(self.max_memory - buffer));
        }
        (self, buffer)
    }

    /// Whether something was asked for that only the kernel's counting has.
    pub fn is_for_kernel(&self) -> bool {
        self.hook != HookChoice::Auto || self.table.is_some()
    }
}

fn memory_of(flows: u32) -> u64 {
    MEMORY_WITHOUT_FLOWS + u64::from(flows) * BYTES_PER_FLOW
}

fn flows_in(memory: u64) -> u32 {
    let flows = memory.saturating_sub(MEMORY_WITHOUT_FLOWS) / BYTES_PER_FLOW;
    u32::try_from(flows).unwrap_or(u32::MAX).max(1)
}

impl Default for Counting {
    fn default() -> Self {
        Self::new(HookChoice::Auto, None, Bytes::Ip, None, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_and_memory_bound_each_other() {
        const MIB: u64 = 1 << 20;
        // (flows, memory) asked for → (flows, MiB), the same beside a buffer of so many MiB
        let cases = [
            ((None, None), (67_417, 128), (48_155, 128, 32)),
            ((None, Some(40 * MIB)), (14_446, 40), (8427, 40, 10)),
            ((Some(1000), None), (1000, 40), (1000, 50, 10)),
            ((Some(40_000), None), (40_000, 82), (40_000, 103, 20)),
            ((Some(1 << 20), None), (1 << 20, 1758), (1 << 20, 1822, 64)),
            ((Some(1000), Some(64 * MIB)), (1000, 64), (1000, 64, 16)),
            ((Some(1 << 20), Some(64 * MIB)), (28_893, 64), (19_262, 64, 16)),
        ];
        for ((flows, memory), expected, with_buffer) in cases {
            let counting = Counting::new(HookChoice::Auto, None, Bytes::Ip, flows, memory);
            assert_eq!((counting.max_flows, counting.max_memory >> 20), expected);
            let (counting, buffer) = counting.beside_buffer();
            let beside = (counting.max_flows, counting.max_memory >> 20, buffer >> 20);
            assert_eq!(beside, with_buffer);
        }
    }
}
