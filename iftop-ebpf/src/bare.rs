//! Received packets whose link header the kernel left where it does not belong to the frame: behind a
//! generic XDP program that had it copied, Linux (6.9 and later) forgets how long that header is, and hands
//! tc hooks what begins with the IP header. The link header stands in front of that all the same.

use core::mem::MaybeUninit;

use aya_ebpf::{
    EbpfContext as _, bindings::bpf_hdr_start_off::BPF_HDR_START_MAC,
    helpers::bpf_skb_load_bytes_relative, macros::map, maps::ProgramArray, programs::TcContext,
};
use iftop_common::{
    aggregate::Gso,
    gate::{COUNT, FILTER, PROGRAMS},
    parse::{Direction, Hook, LinkType, Packet},
};

use crate::{
    direct::{Aligned, load},
    globals,
    skb::Skb,
};

/// What an Ethernet header has.
const LINK_BYTES: u64 = 14;

#[map]
static GATE_BARE: ProgramArray = ProgramArray::with_max_entries(PROGRAMS, 0);

/// Jumps to the program that counts packets without their link header, if this is one. (A program of its
/// own: the verifier would go through the parser twice.)
#[inline(always)]
pub fn count(ctx: &TcContext, skb: &Skb<'_>) {
    if is_bare(ctx, skb) {
        // SAFETY: programs of one hook, as the kernel makes sure. It comes back where there is none.
        unsafe { GATE_BARE.tail_call(ctx, COUNT) };
    }
}

/// The same to the filter for them.
#[inline(always)]
pub fn filter(ctx: &TcContext, skb: &Skb<'_>) {
    if is_bare(ctx, skb) {
        // SAFETY: as above.
        unsafe {
            GATE_BARE.tail_call(ctx, FILTER);
            GATE_BARE.tail_call(ctx, COUNT);
        }
    }
}

#[inline(always)]
fn is_bare(ctx: &TcContext, skb: &Skb<'_>) -> bool {
    if !matches!(globals::link_type(), LinkType::Ethernet) || skb.has_pushed_header() {
        return false;
    }
    // Else the link header is where the packet begins.
    let (mut begin, mut link) = ([0; 8], [0; 8]);
    let is_there = skb.read(0, &mut begin);
    read_link(ctx, 0, &mut link)
        && !(is_there && u64::from_ne_bytes(begin) == u64::from_ne_bytes(link))
}

/// Reads from the link header on, as far as the packet is linear.
#[inline(always)]
fn read_link<const N: usize>(ctx: &TcContext, offset: u64, bytes: &mut [u8; N]) -> bool {
    let mut buffer = Aligned(MaybeUninit::<[u8; N]>::uninit());
    let start = buffer.0.as_mut_ptr();
    // SAFETY: the buffer is `N` bytes long and the helper checks the offset; it fills the buffer in any
    // case, with zeroes where it fails.
    unsafe {
        let context = ctx.as_ptr().cast_const();
        let (length, from) = (N as u32, BPF_HDR_START_MAC);
        let result =
            bpf_skb_load_bytes_relative(context, offset as u32, start.cast(), length, from);
        if result == 0 {
            *bytes = load(start as usize);
        }
        result == 0
    }
}

/// View of such a packet as the frame that it was.
pub struct Bare<'a> {
    ctx: &'a TcContext,
    skb: Skb<'a>,
}

impl<'a> Bare<'a> {
    /// Wraps the hook's context.
    #[inline(always)]
    pub fn new(ctx: &'a TcContext) -> Self {
        Self { ctx, skb: Skb::new(ctx) }
    }

    /// See [`Skb::hook`].
    #[inline(always)]
    pub fn hook(&self) -> Hook {
        self.skb.hook(Direction::Ingress)
    }
}

impl Packet for Bare<'_> {
    #[inline(always)]
    fn frame_bytes(&self) -> u64 {
        self.skb.frame_bytes() + LINK_BYTES
    }

    #[inline(always)]
    fn gso(&self) -> Gso {
        self.skb.gso()
    }

    #[inline(always)]
    fn settle(offset: u64) -> u64 {
        Skb::settle(offset)
    }

    #[inline(always)]
    fn peek<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        offset >= LINK_BYTES && self.skb.peek(offset - LINK_BYTES, bytes)
    }

    #[inline(always)]
    fn read<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        if offset < LINK_BYTES {
            return read_link(self.ctx, offset, bytes);
        }
        self.skb.read(offset - LINK_BYTES, bytes)
    }
}
