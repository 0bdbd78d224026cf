//! A socket buffer as the parser reads it: directly where its bytes are linear, by helper elsewhere.

use core::mem::MaybeUninit;

use aya_ebpf::{
    EbpfContext as _, bindings::__sk_buff, helpers::bpf_skb_load_bytes, programs::TcContext,
};
use iftop_common::{
    aggregate::Gso,
    parse::{Direction, Hook, Packet, Vlan},
};

use crate::{
    direct::{Aligned, MAX_OFFSET, bounded, end_of, load},
    globals,
};

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
            if (*self.raw()).vlan_present == 0 {
                None
            } else {
                Some(Vlan::new((*self.raw()).vlan_tci as u16))
            }
        };
        Hook {
            direction,
            link_type: globals::link_type(),
            mac: globals::mac(),
            interface: 0,
            stripped_vlan,
        }
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
    fn read<const N: usize>(&self, offset: u32, bytes: &mut [u8; N]) -> bool {
        if offset > MAX_OFFSET {
            return false;
        }
        let start = self.ctx.data() + bounded(offset);
        if end_of::<N>(start) <= self.ctx.data_end() {
            // SAFETY: `start..start + N` lies inside the linear part, as just checked.
            *bytes = unsafe { load(start) };
            return true;
        }
        let mut buffer = Aligned(MaybeUninit::<[u8; N]>::uninit());
        let start = buffer.0.as_mut_ptr();
        // SAFETY: the buffer is `N` bytes long and the helper checks the offset; it fills the buffer
        // in any case, with zeroes where it fails.
        unsafe {
            let context = self.ctx.as_ptr().cast_const();
            let result = bpf_skb_load_bytes(context, offset, start.cast(), N as u32);
            if result == 0 {
                *bytes = load(start as usize);
            }
            result == 0
        }
    }
}
