//! Captured bytes as the parser reads them.
//!
//! A capture may hold less of a frame than there was: what is read ends with the captured bytes, what
//! is counted does not. Nothing here knows what the bytes mean.

use iftop_common::parse::Packet;

/// Two addresses and the ethertype.
pub(super) const HEADER_BYTES: usize = 14;

/// A frame, or the packet in it.
#[derive(Clone, Copy)]
pub(super) struct Captured<'a> {
    /// What was captured of it.
    pub bytes: &'a [u8],
    /// How long it was, never less than that.
    pub frame_bytes: u64,
}

impl Packet for Captured<'_> {
    fn frame_bytes(&self) -> u64 {
        self.frame_bytes
    }

    #[inline]
    fn read<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        self.bytes.read(offset, bytes)
    }
}

/// The packet of a frame that had another header, with an Ethernet header before it: so that tags and
/// protocol are read in one place, whatever they stood behind.
pub(super) struct Headed<'a> {
    header: [u8; HEADER_BYTES],
    packet: Captured<'a>,
}

impl<'a> Headed<'a> {
    pub fn new(ethertype: u16, packet: Captured<'a>) -> Self {
        let mut header = [0; HEADER_BYTES];
        header[12..].copy_from_slice(&ethertype.to_be_bytes());
        Self { header, packet }
    }
}

impl Packet for Headed<'_> {
    fn frame_bytes(&self) -> u64 {
        self.packet.frame_bytes + HEADER_BYTES as u64
    }

    #[inline]
    fn read<const N: usize>(&self, offset: u64, bytes: &mut [u8; N]) -> bool {
        match offset.checked_sub(HEADER_BYTES as u64) {
            Some(offset) => self.packet.read(offset, bytes),
            // Across the border nothing is ever read.
            None => self.header.read(offset, bytes),
        }
    }
}
