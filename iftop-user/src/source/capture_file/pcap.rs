//! The old format: a header, and then packets (`draft-ietf-opsawg-pcap`).
//!
//! It owns the times and lengths of packets in such a file.

use anyhow::Result;

use super::{
    input::Input,
    order::{Order, part},
    reader::{MOST_BYTES, Record, cut_off, damaged},
};
use crate::source::frames::{Frame, LinkLayer};

/// What a file begins with: times in microseconds, in nanoseconds, and as Linux once wrote it.
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const MODIFIED: u32 = 0xa1b2_cd34;
const HEADER_BYTES: usize = 24;
/// Time, captured length, original length.
const RECORD_BYTES: usize = 16;
/// What Linux once had behind that: interface, protocol, type of packet.
const MODIFIED_BYTES: usize = 8;

const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// The upper half of a link type says how long the checksum is that frames may end with.
const LINK_TYPE: u32 = 0xffff;

/// See the module's description.
pub(super) struct Pcap {
    link: LinkLayer,
    order: Order,
    /// Of a unit of the smaller part of a time.
    nanoseconds: u64,
    record_bytes: usize,
}

impl Pcap {
    /// Whether a file of this format begins so.
    pub fn is_magic(bytes: [u8; 4]) -> bool {
        magic(bytes).is_some()
    }

    /// Reads the header.
    pub fn begin(input: &mut Input) -> Result<Self> {
        let bytes = input.peek(HEADER_BYTES)?;
        let header: Option<&[u8; HEADER_BYTES]> = bytes.first_chunk();
        let (Some(header), Some((order, magic))) = (header, magic(part(bytes, 0))) else {
            return cut_off("the header", 0, bytes.len());
        };
        let pcap = Self {
            link: LinkLayer::of(order.u32(part(header, 20)) & LINK_TYPE)?,
            order,
            nanoseconds: if magic == NANOSECONDS { 1 } else { 1000 },
            record_bytes: RECORD_BYTES + if magic == MODIFIED { MODIFIED_BYTES } else { 0 },
        };
        input.consume(HEADER_BYTES);
        Ok(pcap)
    }

    pub fn link(&self) -> LinkLayer {
        self.link
    }

    /// The next packet.
    #[inline]
    pub fn peek<'a>(&self, input: &'a mut Input) -> Result<Option<Record<'a>>> {
        let offset = input.offset();
        let header = input.peek(self.record_bytes)?;
        if header.is_empty() {
            return Ok(None);
        }
        if header.len() < self.record_bytes {
            return cut_off("a packet", offset, header.len());
        }
        let [seconds, rest, captured, original] =
            [0, 4, 8, 12].map(|place| self.order.u32(part(header, place)));
        if captured > MOST_BYTES {
            return damaged(offset, &format!("a packet of {captured} bytes"));
        }
        let length = self.record_bytes + captured as usize;
        let bytes = input.peek(length)?;
        let Some(frame) = bytes.get(self.record_bytes..length) else {
            return cut_off("a packet", offset, bytes.len());
        };
        Ok(Some(Record {
            frame: Frame {
                link: self.link,
                bytes: frame,
                original_bytes: original.into(),
                way: None,
            },
            interface: None,
            time: Some(u64::from(seconds) * NANOS_PER_SECOND + u64::from(rest) * self.nanoseconds),
            bytes: length,
        }))
    }
}

/// What the first bytes say, and in which order.
fn magic(bytes: [u8; 4]) -> Option<(Order, u32)> {
    let numbers = Order::BOTH.map(|order| (order, order.u32(bytes)));
    numbers.into_iter().find(|(_, number)| [MICROSECONDS, NANOSECONDS, MODIFIED].contains(number))
}
