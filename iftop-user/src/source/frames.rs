//! Captured frames, from wherever they come, counted in user space: one frame in, and it is in the
//! sums of the next sample.
//!
//! It owns the way from a [`Frame`] to its flow: which part is the packet ([`LinkLayer`]), which way it
//! went ([`Way`], [`Local`]), and the table that it counts in. IP is read by the one parser in
//! `iftop-common` alone. It must never read a file, a socket or a clock, and never allocate for a
//! packet of a flow that it knows.

use anyhow::Result;
use iftop_common::{
    Bytes, FlowKey,
    aggregate::wire_bytes,
    parse::{Direction, Hook, LinkType, Mac, Parsed, Refused, Vlan, parse},
};

use crate::{options::Counting, packet_filter::PacketFilter, source::Sample};

mod filter;
mod link;
mod local;
mod packet;
mod tally;
#[cfg(test)]
mod tests;

use filter::FrameFilter;
use link::Inside;
pub use link::LinkLayer;
pub use local::{Local, LocalPart};
use packet::{Captured, Headed};
use tally::Tally;

/// A frame as a capture has it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// What it starts with.
    pub link: LinkLayer,
    /// As much of it as was captured.
    pub bytes: &'a [u8],
    /// As long as it was, in bytes; what was captured counts where that is more.
    pub original_bytes: u64,
    /// Which way it went, where the capture says so beside the frame.
    pub way: Option<Way>,
}

/// Which way a frame went, as seen from the host that is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Received.
    In,
    /// Sent.
    Out,
    /// From one host that is not ours to another. The kernel program says so of frames that are for
    /// somebody else's hardware; like there, they count as received.
    By,
}

impl Way {
    /// Which of the two counters it is for.
    fn direction(self) -> Direction {
        match self {
            Self::In | Self::By => Direction::Ingress,
            Self::Out => Direction::Egress,
        }
    }

    /// A key of which the near end is the sender, as it is seen from our end.
    fn seen_from(self, as_sent: FlowKey) -> FlowKey {
        let flag = match self {
            Self::Out => return as_sent,
            Self::In => 0,
            Self::By => FlowKey::THIRD_PARTY,
        };
        FlowKey {
            near: as_sent.far,
            far: as_sent.near,
            near_port: as_sent.far_port,
            far_port: as_sent.near_port,
            vlan_and_flags: as_sent.vlan_and_flags | flag,
            ..as_sent
        }
    }
}

/// How frames are to be counted.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is ours, for frames of which the capture does not say which way they went.
    pub local: Local,
    /// What the bytes of flows are.
    pub bytes: Bytes,
    /// Flows that user space is going to remember; here there is room for a few times as many.
    pub max_flows: u32,
}

impl Default for Options {
    /// As iftop counts where nobody says otherwise.
    fn default() -> Self {
        let Counting { bytes, max_flows, .. } = Counting::default();
        Self { local: Local::default(), bytes, max_flows }
    }
}

/// See the module's description.
pub struct Frames {
    local: Local,
    bytes: Bytes,
    filter: Option<FrameFilter>,
    tally: Tally,
}

/// Read as sent, so that a key has the sender first; which end is ours is decided then.
const AS_SENT: Hook = Hook {
    direction: Direction::Egress,
    link_type: LinkType::Ethernet,
    mac: Mac::new([0; 6]),
    interface: 0,
    stripped_vlan: Vlan::NONE,
};
/// 802.1Q and 802.1ad: the tags that the kernel takes out of received frames.
const STRIPPED_TAGS: [u16; 2] = [0x8100, 0x88a8];
/// Addresses, tag and ethertype.
const TAGGED_HEADER_BYTES: usize = 18;
const WITHOUT_LINK: Hook = Hook { link_type: LinkType::RawIp, ..AS_SENT };

/// A received frame as the kernel has it, which takes out the outermost tag, so that one more of them
/// can be read.
fn parse_untagged(frame: &Captured<'_>) -> Result<Parsed, Refused> {
    let header: &[u8; TAGGED_HEADER_BYTES] = frame.bytes.first_chunk().ok_or(Refused::NotIp)?;
    let number = |place: usize| u16::from_be_bytes([header[place], header[place + 1]]);
    if !STRIPPED_TAGS.contains(&number(12)) {
        return Err(Refused::NotIp);
    }
    let packet = Captured {
        bytes: &frame.bytes[TAGGED_HEADER_BYTES..],
        frame_bytes: frame.frame_bytes - TAGGED_HEADER_BYTES as u64,
    };
    let hook = Hook { stripped_vlan: Vlan::new(number(14)), ..AS_SENT };
    parse(&Headed::new(number(16), packet), &hook)
}

impl Frames {
    /// Nothing is counted yet.
    pub fn new(options: Options) -> Self {
        let Options { local, bytes, max_flows } = options;
        Self { local, bytes, filter: None, tally: Tally::new(max_flows) }
    }

    /// Lines that its table has.
    pub fn lines(&self) -> u64 {
        self.tally.lines()
    }

    /// Counts only what a filter accepts from now on, or everything again.
    pub fn set_filter(&mut self, expression: Option<&str>) {
        self.filter = expression.map(FrameFilter::new);
    }

    /// The same of a filter that is compiled, at least for some frames. It is made ready for these: counting
    /// them compiles nothing.
    ///
    /// # Errors
    /// It cannot be compiled for one of them; then everything is as before.
    pub fn set_compiled_filter(
        &mut self,
        links: &[LinkLayer],
        filter: Option<PacketFilter>,
    ) -> Result<()> {
        let mut filter = filter.map(FrameFilter::compiled);
        if let Some(filter) = &mut filter {
            links.iter().try_for_each(|link| filter.compile(*link).map(drop))?;
        }
        self.filter = filter;
        Ok(())
    }

    /// Compiles the filter for such frames already, where there is one.
    ///
    /// # Errors
    /// Have libpcap's words.
    pub fn compile_filter(&mut self, link: LinkLayer) -> Result<()> {
        match &mut self.filter {
            Some(filter) => filter.compile(link).map(drop),
            None => Ok(()),
        }
    }

    /// Counts a frame.
    ///
    /// # Errors
    /// The filter cannot be compiled for such frames.
    pub fn count(&mut self, frame: &Frame<'_>) -> Result<()> {
        let frame_bytes = frame.original_bytes.max(frame.bytes.len() as u64);
        if let Some(filter) = &mut self.filter
            && !filter.accepts(frame)?
        {
            let direction = frame.way.map_or(Direction::Ingress, Way::direction);
            self.tally.filtered(direction, frame_bytes);
            return Ok(());
        }
        let opened = frame.link.open(frame.bytes);
        let packet_bytes = frame_bytes - opened.offset as u64;
        let packet = Captured { bytes: &frame.bytes[opened.offset..], frame_bytes: packet_bytes };
        let parsed = match opened.inside {
            Inside::Frame => match (parse(&packet, &AS_SENT), frame.way) {
                (Err(Refused::NotIp), Some(Way::In | Way::By)) => parse_untagged(&packet),
                (parsed, _) => parsed,
            },
            Inside::Ip => parse(&packet, &WITHOUT_LINK),
            Inside::Typed { ethertype, .. } => parse(&Headed::new(ethertype, packet), &AS_SENT),
            Inside::Other => Err(Refused::NotIp),
        };
        let wire_bytes = match opened.inside {
            Inside::Frame => wire_bytes(packet_bytes, &AS_SENT),
            Inside::Typed { cable: true, .. } => {
                wire_bytes(packet_bytes + packet::HEADER_BYTES as u64, &AS_SENT)
            }
            _ => packet_bytes,
        };
        let known = frame.way.or(opened.way);
        let (way, flow) = match parsed {
            Ok(parsed) => {
                let as_sent = parsed.key();
                let local = || self.local.way(&as_sent, || frame.link.hardware(frame.bytes));
                let way = known.or_else(local).unwrap_or(Way::By);
                let bytes = match self.bytes {
                    Bytes::Ip => parsed.ip_bytes,
                    Bytes::Wire => wire_bytes,
                };
                (way, Ok((way.seen_from(as_sent), bytes)))
            }
            Err(refused) => (known.unwrap_or(Way::In), Err(refused)),
        };
        let direction = way.direction();
        self.tally.frame(direction, frame_bytes, wire_bytes);
        match flow {
            Ok((key, bytes)) => self.tally.flow(&key, direction, bytes),
            Err(refused) => self.tally.refused(refused, frame_bytes),
        }
        Ok(())
    }

    /// Hands over what was counted since the last time, and begins anew. Time, and what is beside the
    /// counters, is for the caller to fill in.
    pub fn take(&mut self, sample: &mut Sample) {
        self.tally.take(sample);
    }
}
