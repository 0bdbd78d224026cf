//! What a CPU counts with: which half is counted into, where its shard is, its totals.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE, helpers::bpf_get_smp_processor_id, macros::map, maps::Array,
};
use iftop_common::{HalfOfCpu, PerCpu};

use crate::totals::Totals;

/// User space sets the true length when it loads the program.
#[map]
static PER_CPU: Array<PerCpu> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// One half of what the CPU counts with.
pub struct Here {
    pub cpu: u32,
    /// 0 or 1.
    pub half: u32,
    value: *mut HalfOfCpu,
}

impl Here {
    /// The half to count into now. Ask once per packet. `None` only for the verifier: the map has a
    /// value for every CPU.
    #[inline(always)]
    pub fn now() -> Option<Self> {
        // SAFETY: the helper has no precondition.
        let cpu = unsafe { bpf_get_smp_processor_id() } as u32;
        let value = PER_CPU.get_ptr_mut(cpu)?;
        // SAFETY: a live map value; user space stores to the epoch, hence volatile. A half is 0 or 1.
        unsafe {
            let half = (&raw const (*value).epoch).read_volatile() & 1;
            let halves = (&raw mut (*value).halves).cast::<HalfOfCpu>();
            Some(Self { cpu, half: half as u32, value: halves.add(half as usize) })
        }
    }

    /// The totals of the half.
    #[inline(always)]
    pub fn totals<const ATOMIC: bool>(&self) -> Totals<ATOMIC> {
        // SAFETY: inside the live map value.
        Totals(unsafe { &raw mut (*self.value).totals })
    }

    /// Where the CPU's shard of the flat table begins.
    #[inline(always)]
    pub fn first_bucket(&self) -> u32 {
        // SAFETY: as above. User space writes to it only before the programs run.
        unsafe { (*self.value).first_bucket as u32 }
    }
}
