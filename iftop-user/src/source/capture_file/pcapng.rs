//! The new format: blocks, of which some hold packets (`draft-ietf-opsawg-pcapng`).
//!
//! It owns sections, interfaces, what they lost, and what a packet's block says of time and direction.
//! Blocks that it does not know are passed over.

use std::mem;

use anyhow::{Context as _, Result};

use super::{
    input::Input,
    order::{Order, part},
    reader::{MOST_BYTES, Record, cut_off, damaged},
};
use crate::source::frames::{Frame, LinkLayer, Way};

#[cfg(test)]
mod allocations;
mod interface;
mod options;

use interface::Interface;
use options::Options;

/// Types of blocks.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
/// Obsolete since 2009.
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;
/// What each of them always has, with type and length, in bytes.
const INTERFACE_BYTES: usize = 16;
const SIMPLE_PACKET_BYTES: usize = 12;
const STATISTICS_BYTES: usize = 20;
const PACKET_BYTES: usize = 28;
/// Type and length, and the length again at the end.
const LEAST_BYTES: u32 = 12;
const END_BYTES: usize = 4;
/// With the magic number behind type and length, by which a section says its byte order.
const SECTION_START: usize = 12;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// More is no capture.
const MOST_INTERFACES: usize = 1 << 16;
/// A file that says to have lost more packets is wrong; with these, all sums of what it says fit.
const MOST_DROPPED: u64 = u64::MAX >> 8;

/// See the module's description.
pub(super) struct PcapNg {
    order: Order,
    /// Of this section.
    interfaces: Vec<Interface>,
    /// Packets that whoever captured says to have lost.
    dropped: u64,
    /// Of those, what was asked for.
    told: u64,
}

/// A block that is there as a whole.
#[derive(Clone, Copy)]
struct Block {
    kind: u32,
    bytes: usize,
}

impl PcapNg {
    /// At the first section.
    pub fn begin(input: &mut Input) -> Result<Self> {
        let mut file = Self { order: Order::Little, interfaces: Vec::new(), dropped: 0, told: 0 };
        // So that a file which is none says so at once.
        file.block(input)?;
        Ok(file)
    }

    /// The next packet.
    #[inline]
    pub fn peek<'a>(&mut self, input: &'a mut Input) -> Result<Option<Record<'a>>> {
        let Block { kind, bytes } = loop {
            let Some(block) = self.block(input)? else { return Ok(None) };
            match block.kind {
                PACKET | SIMPLE_PACKET | OLD_PACKET => break block,
                SECTION => self.interfaces.clear(),
                INTERFACE => self.take_interface(input, block)?,
                STATISTICS => self.take_statistics(input, block)?,
                _ => {}
            }
            input.consume(block.bytes);
        };
        let offset = input.offset();
        let block = &input.peek(bytes)?[..bytes];
        match kind {
            SIMPLE_PACKET => self.simple_packet(block, offset),
            _ => self.packet(kind, block, offset),
        }
        .map(Some)
    }

    /// The next block, not consumed yet. A section's says in which byte order all that follows is.
    fn block(&mut self, input: &mut Input) -> Result<Option<Block>> {
        let offset = input.offset();
        let start = input.peek(SECTION_START)?;
        if start.is_empty() {
            return Ok(None);
        }
        let left = start.len();
        let Some(start) = start.first_chunk::<SECTION_START>() else {
            return cut_off("a block", offset, left);
        };
        let [kind, length, order] = [0, 4, 8].map(|place| part(start, place));
        // The same in both orders.
        if self.order.u32(kind) == SECTION {
            let said = Order::BOTH.into_iter().find(|said| said.u32(order) == BYTE_ORDER);
            let Some(said) = said else {
                return damaged(offset, "a section without its magic number");
            };
            self.order = said;
        }
        let (kind, length) = (self.order.u32(kind), self.order.u32(length));
        if length < LEAST_BYTES || length % 4 != 0 || length > MOST_BYTES {
            return damaged(offset, &format!("a block of {length} bytes"));
        }
        let bytes = length as usize;
        let all = input.peek(bytes)?;
        let Some(all) = all.get(..bytes) else {
            return cut_off("a block", offset, all.len());
        };
        if self.order.u32(part(all, bytes - END_BYTES)) != length {
            return damaged(offset, "a block whose two lengths are not the same");
        }
        Ok(Some(Block { kind, bytes }))
    }

    fn take_interface(&mut self, input: &mut Input, Block { bytes, .. }: Block) -> Result<()> {
        let offset = input.offset();
        let Some((header, options)) = split::<INTERFACE_BYTES>(&input.peek(bytes)?[..bytes]) else {
            return damaged(offset, "a description of an interface that is none");
        };
        if self.interfaces.len() >= MOST_INTERFACES {
            return damaged(offset, "too many interfaces");
        }
        let link_type = self.order.u16(part(header, 8));
        let snap_bytes = self.order.u32(part(header, 12));
        let options = Options::new(options, self.order);
        self.interfaces.push(Interface::new(link_type, snap_bytes, &options));
        Ok(())
    }

    fn take_statistics(&mut self, input: &mut Input, Block { bytes, .. }: Block) -> Result<()> {
        let offset = input.offset();
        let Some((header, options)) = split::<STATISTICS_BYTES>(&input.peek(bytes)?[..bytes])
        else {
            return damaged(offset, "statistics of an interface that are none");
        };
        let number = self.order.u32(part(header, 8));
        let Some(interface) = self.interfaces.get_mut(number as usize) else {
            return damaged(offset, "statistics of an interface that there is not");
        };
        let newly = interface.newly_dropped(Options::new(options, self.order));
        self.dropped = self.dropped.saturating_add(newly).min(MOST_DROPPED);
        Ok(())
    }

    /// Packets that were lost while capturing, as far as was read; each is told once.
    pub fn take_dropped(&mut self) -> u64 {
        self.dropped - mem::replace(&mut self.told, self.dropped)
    }

    fn interface(&self, number: u32, offset: u64) -> Result<(&Interface, LinkLayer)> {
        let interface = usize::try_from(number).ok().and_then(|number| self.interfaces.get(number));
        let Some(interface) = interface else {
            return damaged(offset, &format!("a packet of interface {number}, which there is not"));
        };
        let link = match interface.link {
            Some(link) => link,
            None => LinkLayer::of(interface.link_type)
                .with_context(|| format!("at byte {offset}, a packet of interface {number}"))?,
        };
        Ok((interface, link))
    }

    /// An enhanced packet, or an obsolete one, which has 16 bits for the interface, and 16 for what was
    /// dropped.
    #[inline]
    fn packet<'a>(&self, kind: u32, block: &'a [u8], offset: u64) -> Result<Record<'a>> {
        let Some((header, rest)) = split::<PACKET_BYTES>(block) else {
            return damaged(offset, NO_FIT);
        };
        let number = match kind {
            OLD_PACKET => self.order.u16(part(header, 8)).into(),
            _ => self.order.u32(part(header, 8)),
        };
        let [high, low, captured, original] =
            [12, 16, 20, 24].map(|place| self.order.u32(part(header, place)));
        let (interface, link) = self.interface(number, offset)?;
        let captured = captured as usize;
        let Some(bytes) = rest.get(..captured) else {
            return damaged(offset, NO_FIT);
        };
        let options = rest.get(captured.next_multiple_of(4)..).unwrap_or_default();
        let way = way(&Options::new(options, self.order));
        Ok(Record {
            frame: Frame { link, bytes, original_bytes: original.into(), way },
            interface: Some(number),
            time: Some(interface.time(high, low)),
            bytes: block.len(),
        })
    }

    fn simple_packet<'a>(&self, block: &'a [u8], offset: u64) -> Result<Record<'a>> {
        let Some((header, rest)) = split::<SIMPLE_PACKET_BYTES>(block) else {
            return damaged(offset, NO_FIT);
        };
        let original = self.order.u32(part(header, 8));
        let (interface, link) = self.interface(0, offset)?;
        let captured = interface.captured(original).min(rest.len());
        Ok(Record {
            frame: Frame {
                link,
                bytes: &rest[..captured],
                original_bytes: original.into(),
                way: None,
            },
            interface: Some(0),
            time: None,
            bytes: block.len(),
        })
    }
}

const NO_FIT: &str = "a packet that does not fit into its block";

/// What a block always has, type and length included, and what comes then, without the length at its end.
#[inline]
fn split<const BYTES: usize>(block: &[u8]) -> Option<(&[u8; BYTES], &[u8])> {
    block.get(..block.len().checked_sub(END_BYTES)?)?.split_first_chunk()
}

/// Which way a packet went, as its flags say: their lowest two bits, and how it was received, in the
/// three above.
#[inline]
fn way(options: &Options<'_>) -> Option<Way> {
    const FLAGS: u16 = 2;
    const PROMISCUOUS: u32 = 4;
    let flags = options.order.u32(*options.value(FLAGS)?.first_chunk()?);
    match (flags & 3, flags >> 2 & 7) {
        (1, PROMISCUOUS) => Some(Way::By),
        (1, _) => Some(Way::In),
        (2, _) => Some(Way::Out),
        _ => None,
    }
}
