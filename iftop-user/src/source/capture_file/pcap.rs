//! The old format: a header, and then packets (`draft-ietf-opsawg-pcap`).
//!
//! It owns the times and lengths of packets in such a file.

use anyhow::Result;
use pcap_parser::{
    LegacyPcapBlock, PcapError, nom::IResult, parse_pcap_frame, parse_pcap_frame_be,
    parse_pcap_frame_modified, parse_pcap_header,
};

use super::{
    input::Input,
    reader::{MOST_BYTES, Record, cut_off, damaged},
};
use crate::source::frames::{Frame, LinkLayer};

const HEADER_BYTES: usize = 24;
/// Time, captured length, original length.
const RECORD_BYTES: usize = 16;
/// What Linux once wrote behind that: interface, protocol, type of packet.
const MODIFIED_BYTES: usize = 8;

const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// The upper half of a link type says how long the checksum is that frames may end with.
const LINK_TYPE: u32 = 0xffff;

type Parse = fn(&[u8]) -> IResult<&[u8], LegacyPcapBlock<'_>, PcapError<&[u8]>>;

/// See the module's description.
pub(super) struct Pcap {
    link: LinkLayer,
    parse: Parse,
    big_endian: bool,
    /// Of a unit of the smaller part of a time.
    nanoseconds: u64,
    record_bytes: usize,
}

impl Pcap {
    /// Whether a file of this format begins so.
    pub fn is_magic(bytes: [u8; 4]) -> bool {
        const MAGIC: [u32; 3] = [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34];
        MAGIC.contains(&u32::from_le_bytes(bytes))
            || MAGIC[..2].contains(&u32::from_be_bytes(bytes))
    }

    /// Reads the header.
    pub fn begin(input: &mut Input) -> Result<Self> {
        let bytes = input.peek(HEADER_BYTES)?;
        let left = bytes.len();
        let Ok((_, header)) = parse_pcap_header(bytes) else {
            return cut_off("the header", 0, left);
        };
        input.consume(HEADER_BYTES);
        let (parse, record_bytes): (Parse, _) = if header.is_modified_format() {
            (parse_pcap_frame_modified, RECORD_BYTES + MODIFIED_BYTES)
        } else if header.is_bigendian() {
            (parse_pcap_frame_be, RECORD_BYTES)
        } else {
            (parse_pcap_frame, RECORD_BYTES)
        };
        Ok(Self {
            link: LinkLayer::of(header.network.0.cast_unsigned() & LINK_TYPE)?,
            parse,
            big_endian: header.is_bigendian(),
            nanoseconds: if header.is_nanosecond_precision() { 1 } else { 1000 },
            record_bytes,
        })
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
        let captured = header[8..].first_chunk().copied().unwrap_or_default();
        let captured = if self.big_endian {
            u32::from_be_bytes(captured)
        } else {
            u32::from_le_bytes(captured)
        };
        if captured > MOST_BYTES {
            return damaged(offset, &format!("a packet of {captured} bytes"));
        }
        let length = self.record_bytes + captured as usize;
        let bytes = input.peek(length)?;
        let Some(bytes) = bytes.get(..length) else {
            return cut_off("a packet", offset, bytes.len());
        };
        let Ok((_, packet)) = (self.parse)(bytes) else {
            return damaged(offset, "no packet");
        };
        Ok(Some(Record {
            frame: Frame {
                link: self.link,
                bytes: packet.data,
                original_bytes: packet.origlen.into(),
                way: None,
            },
            interface: None,
            time: Some(
                u64::from(packet.ts_sec) * NANOS_PER_SECOND
                    + u64::from(packet.ts_usec) * self.nanoseconds,
            ),
            bytes: length,
        }))
    }
}
