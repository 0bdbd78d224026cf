//! A frame as the parser reads it before there is a socket buffer.
//!
//! `FRAGS`: the frame may be in several pieces, which kernels since 5.18 let a program see. Without it
//! nothing is called that older kernels do not have.

use core::mem::MaybeUninit;

use aya_ebpf::{
    helpers::{bpf_xdp_get_buff_len, bpf_xdp_load_bytes},
    programs::XdpContext,
};
use iftop_common::parse::{Direction, Hook, Packet, Vlan};

use crate::{
    direct::{Aligned, bounded, load, peek},
    globals,
};

/// View of the frame at an XDP hook.
pub struct Frame<'a, const FRAGS: bool> {
    ctx: &'a XdpContext,
}

impl<'a, const FRAGS: bool> Frame<'a, FRAGS> {
    /// Wraps the hook's context.
    #[inline(always)]
    pub fn new(ctx: &'a XdpContext) -> Self {
        Self { ctx }
    }

    /// Only received frames come here. Of a tag that the hardware took out nothing is known.
    #[inline(always)]
    pub fn hook(&self) -> Hook {
        Hook {
            direction: Direction::Ingress,
            link_type: globals::link_type(),
            mac: globals::mac(),
            interface: 0,
            stripped_vlan: Vlan::NONE,
        }
    }
}

impl<const FRAGS: bool> Packet for Frame<'_, FRAGS> {
    #[inline(always)]
    fn frame_bytes(&self) -> u64 {
        if FRAGS {
            // SAFETY: the context is live for the whole run.
            unsafe { bpf_xdp_get_buff_len(self.ctx.ctx) }
        } else {
            (self.ctx.data_end() - self.ctx.data()) as u64
        }
    }

    #[inline(always)]
    fn settle(offset: u64) -> u64 {
        bounded(offset) as u64
    }

    #[inline(always)]
    fn peek<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        // SAFETY: what the kernel says of the first piece.
        unsafe { peek(self.ctx.data(), self.ctx.data_end(), offset, bytes) }
    }

    #[inline(always)]
    fn read<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        if self.peek(offset, bytes) {
            return true;
        }
        if !FRAGS {
            return false;
        }
        let mut buffer = Aligned(MaybeUninit::<[u8; N]>::zeroed());
        let start = buffer.0.as_mut_ptr();
        // SAFETY: the buffer is `N` bytes long and the helper checks the offset.
        unsafe {
            let result = bpf_xdp_load_bytes(self.ctx.ctx, offset as u32, start.cast(), N as u32);
            if result == 0 {
                *bytes = load(start as usize);
            }
            result == 0
        }
    }
}
