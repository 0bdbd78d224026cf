//! One packet after another, whatever the format of the file.
//!
//! It owns telling the formats apart and the words for what is wrong with a file, each with the place
//! where it is. It must never look into a packet.

use anyhow::{Result, bail};

use super::{input::Input, pcap::Pcap, pcapng::PcapNg};
use crate::source::frames::Frame;

/// No packet and no block is longer. Who writes so is broken, and memory is bounded.
pub(super) const MOST_BYTES: u32 = 16 << 20;

/// A packet, not consumed yet.
pub(super) struct Record<'a> {
    pub frame: Frame<'a>,
    /// The number of its interface, where the file tells several apart.
    pub interface: Option<u32>,
    /// When it was, in nanoseconds since 1970; `None` where it does not say.
    pub time: Option<u64>,
    /// What it takes in the file.
    pub bytes: usize,
}

/// See the module's description.
pub(super) struct Reader {
    input: Input,
    format: Option<Format>,
    /// What the packet takes that was seen last, until it is consumed.
    seen: usize,
}

enum Format {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

impl Reader {
    pub fn new(input: Input) -> Self {
        Self { input, format: None, seen: 0 }
    }

    /// Reads what stands before the first packet.
    pub fn begin(&mut self) -> Result<()> {
        self.format().map(drop)
    }

    /// The format, and what its packets are, as far as that is known.
    pub fn describe(&self) -> String {
        match &self.format {
            Some(Format::Pcap(pcap)) => format!("pcap, {}", pcap.link().name()),
            Some(Format::PcapNg(_)) => "pcapng".to_owned(),
            None => String::new(),
        }
    }

    /// The next packet, the same one until it is consumed; `None` at the end.
    #[inline]
    pub fn peek(&mut self) -> Result<Option<Record<'_>>> {
        self.format()?;
        let record = match &mut self.format {
            Some(Format::Pcap(pcap)) => pcap.peek(&mut self.input)?,
            Some(Format::PcapNg(pcapng)) => pcapng.peek(&mut self.input)?,
            None => None,
        };
        self.seen = record.as_ref().map_or(0, |record| record.bytes);
        Ok(record)
    }

    /// Goes on to the packet behind.
    #[inline]
    pub fn consume(&mut self) {
        self.input.consume(self.seen);
        self.seen = 0;
    }

    /// Packets that the file says were lost while capturing, as far as was read; each is told once.
    pub fn take_dropped(&mut self) -> u64 {
        match &mut self.format {
            Some(Format::PcapNg(pcapng)) => pcapng.take_dropped(),
            _ => 0,
        }
    }

    /// Where the next packet begins, or what is not one.
    pub fn offset(&self) -> u64 {
        self.input.offset()
    }

    fn format(&mut self) -> Result<()> {
        if self.format.is_none() {
            self.format = Some(format(&mut self.input)?);
        }
        Ok(())
    }
}

/// What the first bytes say.
fn format(input: &mut Input) -> Result<Format> {
    let bytes = input.peek(4)?;
    let Some(magic) = bytes.first_chunk::<4>() else {
        match bytes.len() {
            0 => bail!("it is empty"),
            length => bail!("it ends at byte {length}, before it says what it is"),
        }
    };
    let hint = match magic {
        // The magic number of a section, the same both ways.
        [0x0a, 0x0d, 0x0d, 0x0a] => return PcapNg::begin(input).map(Format::PcapNg),
        _ if Pcap::is_magic(*magic) => return Pcap::begin(input).map(Format::Pcap),
        [0x1f, 0x8b, ..] => ": it is compressed, try zcat FILE | iftop -r -",
        [0x28, 0xb5, 0x2f, 0xfd] => ": it is compressed, try zstdcat FILE | iftop -r -",
        [0xfd, 0x37, 0x7a, 0x58] => ": it is compressed, try xzcat FILE | iftop -r -",
        _ => "",
    };
    let [a, b, c, d] = magic;
    bail!("no pcap or pcapng: it begins with {a:02x} {b:02x} {c:02x} {d:02x}{hint}");
}

/// The file ends in the middle of something that began at an offset.
pub(super) fn cut_off<T>(what: &str, offset: u64, left: usize) -> Result<T> {
    bail!("cut off at byte {}, in {what} that begins at byte {offset}", offset + left as u64);
}

/// Something at an offset cannot be.
pub(super) fn damaged<T>(offset: u64, how: &str) -> Result<T> {
    bail!("damaged at byte {offset}: {how}");
}
