//! The new format: blocks, of which some hold packets (`draft-ietf-opsawg-pcapng`).
//!
//! It owns sections, interfaces, what they lost, and what a packet's block says of time and direction. Blocks that it
//! does not know are passed over.

use std::mem;

use anyhow::{Context as _, Result};
use pcap_parser::{
    PcapNGOption,
    pcapng::{
        parse_enhancedpacketblock_be, parse_enhancedpacketblock_le,
        parse_interfacedescriptionblock_be, parse_interfacedescriptionblock_le,
        parse_interfacestatisticsblock_be, parse_interfacestatisticsblock_le,
        parse_simplepacketblock_be, parse_simplepacketblock_le,
    },
};

use super::{
    input::Input,
    reader::{MOST_BYTES, Record, cut_off, damaged},
};
use crate::source::frames::{Frame, LinkLayer, Way};

mod interface;

use interface::Interface;

/// Types of blocks.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
/// Obsolete since 2009.
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;
/// Type and length, and the length again at the end.
const LEAST_BYTES: u32 = 12;
/// With the magic number behind type and length, by which a section says its byte order.
const SECTION_START: usize = 12;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// More is no capture.
const MOST_INTERFACES: usize = 1 << 16;

/// See the module's description.
pub(super) struct PcapNg {
    big_endian: bool,
    /// Of this section.
    interfaces: Vec<Interface>,
    /// Packets that whoever captured says to have lost, and nobody has asked for yet.
    dropped: u64,
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
        let mut file = Self { big_endian: false, interfaces: Vec::new(), dropped: 0 };
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
            PACKET => self.packet(block, offset),
            SIMPLE_PACKET => self.simple_packet(block, offset),
            _ => self.old_packet(block, offset),
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
        if u32::from_le_bytes(kind) == SECTION {
            self.big_endian = u32::from_be_bytes(order) == BYTE_ORDER;
            if !self.big_endian && u32::from_le_bytes(order) != BYTE_ORDER {
                return damaged(offset, "a section without its magic number");
            }
        }
        let (kind, length) = (self.number(kind), self.number(length));
        if length < LEAST_BYTES || length % 4 != 0 || length > MOST_BYTES {
            return damaged(offset, &format!("a block of {length} bytes"));
        }
        let bytes = length as usize;
        let all = input.peek(bytes)?;
        let Some(all) = all.get(..bytes) else {
            return cut_off("a block", offset, all.len());
        };
        if self.number(part(all, bytes - 4)) != length {
            return damaged(offset, "a block whose two lengths are not the same");
        }
        Ok(Some(Block { kind, bytes }))
    }

    fn number(&self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    fn take_interface(&mut self, input: &mut Input, Block { bytes, .. }: Block) -> Result<()> {
        let offset = input.offset();
        let block = &input.peek(bytes)?[..bytes];
        let parsed = if self.big_endian {
            parse_interfacedescriptionblock_be(block)
        } else {
            parse_interfacedescriptionblock_le(block)
        };
        let Ok((_, block)) = parsed else {
            return damaged(offset, "a description of an interface that is none");
        };
        if self.interfaces.len() >= MOST_INTERFACES {
            return damaged(offset, "too many interfaces");
        }
        self.interfaces.push(Interface::new(&block, self.big_endian));
        Ok(())
    }

    fn take_statistics(&mut self, input: &mut Input, Block { bytes, .. }: Block) -> Result<()> {
        let offset = input.offset();
        let block = &input.peek(bytes)?[..bytes];
        let parsed = if self.big_endian {
            parse_interfacestatisticsblock_be(block)
        } else {
            parse_interfacestatisticsblock_le(block)
        };
        let Ok((_, block)) = parsed else {
            return damaged(offset, "statistics of an interface that are none");
        };
        let Some(interface) = self.interfaces.get_mut(block.if_id as usize) else {
            return damaged(offset, "statistics of an interface that there is not");
        };
        self.dropped += interface.newly_dropped(&block, self.big_endian);
        Ok(())
    }

    /// Packets that were lost while capturing, as far as was read; each is told once.
    pub fn take_dropped(&mut self) -> u64 {
        mem::take(&mut self.dropped)
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

    fn packet<'a>(&self, block: &'a [u8], offset: u64) -> Result<Record<'a>> {
        let parsed = if self.big_endian {
            parse_enhancedpacketblock_be(block)
        } else {
            parse_enhancedpacketblock_le(block)
        };
        let Ok((_, packet)) = parsed else {
            return damaged(offset, "a packet that does not fit into its block");
        };
        let (interface, link) = self.interface(packet.if_id, offset)?;
        let data: &'a [u8] = packet.data;
        let captured = data.len().min(packet.caplen as usize);
        Ok(Record {
            frame: Frame {
                link,
                bytes: &data[..captured],
                original_bytes: packet.origlen.into(),
                way: self.way(&packet.options),
            },
            interface: Some(packet.if_id),
            time: Some(interface.time(packet.ts_high, packet.ts_low)),
            bytes: block.len(),
        })
    }

    fn simple_packet<'a>(&self, block: &'a [u8], offset: u64) -> Result<Record<'a>> {
        let parsed = if self.big_endian {
            parse_simplepacketblock_be(block)
        } else {
            parse_simplepacketblock_le(block)
        };
        let Ok((_, packet)) = parsed else {
            return damaged(offset, "a packet that does not fit into its block");
        };
        let (interface, link) = self.interface(0, offset)?;
        let data: &'a [u8] = packet.data;
        let captured = interface.captured(packet.origlen).min(data.len());
        Ok(Record {
            frame: Frame {
                link,
                bytes: &data[..captured],
                original_bytes: packet.origlen.into(),
                way: None,
            },
            interface: Some(0),
            time: None,
            bytes: block.len(),
        })
    }

    /// As an enhanced one, but with 16 bits for the interface, and 16 for what was dropped.
    fn old_packet<'a>(&self, block: &'a [u8], offset: u64) -> Result<Record<'a>> {
        const HEADER_BYTES: usize = 28;
        let Some(header) = block.first_chunk::<HEADER_BYTES>() else {
            return damaged(offset, "a packet that does not fit into its block");
        };
        let [high, low, captured, original] =
            [12, 16, 20, 24].map(|place| self.number(part(header, place)));
        let number = [header[8], header[9]];
        let number =
            if self.big_endian { u16::from_be_bytes(number) } else { u16::from_le_bytes(number) };
        let number = number.into();
        let (interface, link) = self.interface(number, offset)?;
        let data = &block[HEADER_BYTES..block.len() - 4];
        let Some(bytes) = data.get(..captured as usize) else {
            return damaged(offset, "a packet that does not fit into its block");
        };
        Ok(Record {
            frame: Frame { link, bytes, original_bytes: original.into(), way: None },
            interface: Some(number),
            time: Some(interface.time(high, low)),
            bytes: block.len(),
        })
    }

    /// Which way a packet went, as its flags say: their lowest two bits, and how it was received, in the
    /// three above.
    fn way(&self, options: &[PcapNGOption<'_>]) -> Option<Way> {
        const FLAGS: u16 = 2;
        const PROMISCUOUS: u32 = 4;
        let flags = options.iter().find(|option| option.code.0 == FLAGS)?;
        let flags = self.number(*flags.value().first_chunk()?);
        match (flags & 3, flags >> 2 & 7) {
            (1, PROMISCUOUS) => Some(Way::By),
            (1, _) => Some(Way::In),
            (2, _) => Some(Way::Out),
            _ => None,
        }
    }
}

/// Four bytes, which are there.
fn part(bytes: &[u8], place: usize) -> [u8; 4] {
    bytes.get(place..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default()
}
