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
    direct::{Aligned, bounded, load, peek},
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

    /// Whether the kernel has put the link header of a received packet before it for this hook, as far as
    /// the lengths tell: the one of the queue (`qdisc_skb_cb(skb)->pkt_len`) is from before that.
    #[inline(always)]
    pub fn has_pushed_header(&self) -> bool {
        // SAFETY: as in `hook`.
        unsafe { (*self.raw()).wire_len < (*self.raw()).len }
    }

    /// What is known beside the bytes: a VLAN tag that the hardware took out stands in the metadata.
    #[inline(always)]
    pub fn hook(&self, direction: Direction) -> Hook {
        // SAFETY: the context is live for the whole run; the verifier checks each field access.
        let stripped_vlan =
            unsafe { Vlan::if_there((*self.raw()).vlan_present, (*self.raw()).vlan_tci) };
        Hook {
            direction,
            link_type: globals::link_type(),
            mac: globals::mac(),
            interface: 0,
            stripped_vlan,
        }
    }
}

impl Packet for Skb<'_> {
    #[inline(always)]
    fn frame_bytes(&self) -> u64 {
        u64::from(self.ctx.len())
    }

    #[inline(always)]
    fn gso(&self) -> Gso {
        // SAFETY: as in `hook`.
        unsafe {
            // What the kernel itself goes by (`skb_is_gso()`).
            if (*self.raw()).gso_size == 0 {
                return Gso::default();
            }
            let segments = u64::from((*self.raw()).gso_segs);
            Gso { segments, segment_bytes: u64::from((*self.raw()).gso_size) }
        }
    }

    #[inline(always)]
    fn settle(offset: u64) -> u64 {
        bounded(offset) as u64
    }

    #[inline(always)]
    fn peek<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        // SAFETY: what the kernel says of the linear part.
        unsafe { peek(self.ctx.data(), self.ctx.data_end(), offset, bytes) }
    }

    #[inline(always)]
    fn read<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        if self.peek(offset, bytes) {
            return true;
        }
        let mut buffer = Aligned(MaybeUninit::<[u8; N]>::uninit());
        let start = buffer.0.as_mut_ptr();
        // SAFETY: the buffer is `N` bytes long and the helper checks the offset; it fills the buffer
        // in any case, with zeroes where it fails.
        unsafe {
            let context = self.ctx.as_ptr().cast_const();
            let result = bpf_skb_load_bytes(context, offset as u32, start.cast(), N as u32);
            if result == 0 {
                *bytes = load(start as usize);
            }
            result == 0
        }
    }
}
