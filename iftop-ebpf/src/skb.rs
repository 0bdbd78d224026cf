//! A socket buffer as the parser reads it: directly where its bytes are linear, by helper elsewhere.

use aya_ebpf::{
    EbpfContext as _, bindings::__sk_buff, helpers::bpf_skb_load_bytes, programs::TcContext,
};
use iftop_common::{
    aggregate::Gso,
    parse::{Direction, Hook, Packet},
};

use crate::globals;

/// Offsets beyond this are not read; the longest chain that the parser follows ends far below.
/// The verifier needs a bound before it lets an offset be added to a packet pointer.
const MAX_OFFSET: u32 = 0x7fff;

/// View of the packet at a tc hook.
pub struct Skb<'a> {
    ctx: &'a TcContext,
}

impl<'a> Skb<'a> {
    /// Wraps the hook's context.
    #[inline(always)]
    pub fn new(ctx: &'a TcContext) -> Self {
        Self { ctx }
    }

    #[inline(always)]
    fn raw(&self) -> *const __sk_buff {
        self.ctx.as_ptr().cast()
    }

    /// What is known beside the bytes: a VLAN tag that the hardware took out stands in the metadata.
    #[inline(always)]
    pub fn hook(&self, direction: Direction) -> Hook {
        // SAFETY: the context is live for the whole run; the verifier checks each field access.
        let stripped_vlan = unsafe {
            if (*self.raw()).vlan_present == 0 { None } else { Some((*self.raw()).vlan_tci as u16) }
        };
        Hook {
            direction,
            link_type: globals::link_type(),
            mac: globals::mac(),
            interface: 0,
            stripped_vlan,
        }
    }

    /// The kernel's idea of the ethertype, in host order; for reports only.
    #[inline(always)]
    pub fn ethertype(&self) -> u16 {
        // SAFETY: as in `hook`.
        u16::from_be(unsafe { (*self.raw()).protocol } as u16)
    }

    /// Of how many segments this is made, where it is an aggregate.
    #[inline(always)]
    pub fn gso(&self) -> Gso {
        // SAFETY: as in `hook`.
        unsafe { Gso { segments: (*self.raw()).gso_segs, segment_bytes: (*self.raw()).gso_size } }
    }
}

impl Packet for Skb<'_> {
    #[inline(always)]
    fn frame_bytes(&self) -> u32 {
        self.ctx.len()
    }

    #[inline(always)]
    fn settle(offset: u32) -> u32 {
        bounded(offset) as u32
    }

    #[inline(always)]
    fn read<const N: usize>(&self, offset: u32) -> Option<[u8; N]> {
        if offset > MAX_OFFSET {
            return None;
        }
        let start = self.ctx.data() + bounded(offset);
        if end_of::<N>(start) <= self.ctx.data_end() {
            // SAFETY: `start..start + N` lies inside the linear part, as just checked.
            return Some(unsafe { (start as *const [u8; N]).read_unaligned() });
        }
        let mut bytes = [0; N];
        // SAFETY: the buffer is `N` bytes long and the helper checks the offset.
        let result = unsafe {
            bpf_skb_load_bytes(
                self.ctx.as_ptr().cast_const(),
                offset,
                bytes.as_mut_ptr().cast(),
                N as u32,
            )
        };
        if result == 0 { Some(bytes) } else { None }
    }
}

/// `start + N`, in a way that the compiler cannot see through.
///
/// It would turn `start + 1 <= end` into `start < end`, from which the verifier does not learn that
/// there is a byte at `start`: a strict comparison at offset 0 tells it nothing.
#[inline(always)]
fn end_of<const N: usize>(start: usize) -> usize {
    #[cfg(target_arch = "bpf")]
    {
        let end;
        // SAFETY: one addition to a register. (An empty `asm!` would do for the compiler, but leaves
        // a line in the debug information that has no instruction, and the kernel refuses that.)
        unsafe {
            core::arch::asm!(
                "{end} += {n}",
                end = inlateout(reg) start => end,
                n = const N,
                options(pure, nomem, nostack),
            );
        }
        end
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        start + N
    }
}

/// An offset that is at most [`MAX_OFFSET`], in a register of which the verifier knows it.
///
/// The compiler may compare one register, say the offset before an addition, and then use another;
/// the verifier would not connect the two.
#[inline(always)]
fn bounded(offset: u32) -> usize {
    #[cfg(target_arch = "bpf")]
    {
        let bounded: usize;
        // SAFETY: one operation on a register, without effect on an offset in bounds.
        unsafe {
            core::arch::asm!(
                "{offset} &= {mask}",
                offset = inlateout(reg) offset as usize => bounded,
                mask = const MAX_OFFSET,
                options(pure, nomem, nostack),
            );
        }
        bounded
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        offset as usize
    }
}
