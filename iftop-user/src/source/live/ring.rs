//! What the kernel captured and nobody has read yet, as libpcap shows it.
//!
//! It owns asking for them and reading them, and how much of each is captured. Which packets that are is for
//! [`Part`].
//!
//! Source: `pcap(3PCAP)`, packet(7).

use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context as _, Result, anyhow};
use pcap::{Active, Capture, Error, Linktype};

#[cfg(target_os = "linux")]
use super::direction::restrict;
use super::part::Part;
use crate::{
    interface::{ANY, Interface},
    packet_filter::PacketFilter,
    source::frames::{Frame, Frames, LinkLayer},
};

/// As much of a frame as has all headers; of the rest only the length counts, but for a filter that reads
/// more.
pub(super) const LEAST_CAPTURED: u16 = 256;
/// What the kernel takes for a packet in such a ring: that, and its own header.
const SLOT_BYTES: u64 = 352;
/// `DLT_LINUX_SLL2`.
const COOKED2: Linktype = Linktype(276);

/// How much of each frame has to be captured for a filter: without that it would reject packets that it
/// should accept. So much room every packet takes in the ring, whatever its length.
///
/// # Errors
/// Say that it is more than a ring has room for.
pub(super) fn reach(filter: Option<&PacketFilter>) -> Result<u16> {
    let Some(filter) = filter else { return Ok(0) };
    u16::try_from(filter.reach()).ok().with_context(|| {
        format!(
            "the filter \"{filter}\" may read more than the first {} bytes of a packet, which is all \
             that can be captured by libpcap here",
            u16::MAX
        )
    })
}

/// How much may be asked of libpcap, so that it takes no more than this.
fn asked(buffer_bytes: u64, captured: u16) -> u64 {
    // Slots do not lie across the ends of its blocks, which are as small as they can be: small slots waste
    // next to nothing there, others half of it at most.
    if captured == LEAST_CAPTURED { buffer_bytes } else { buffer_bytes / 2 }
}

/// See the module's description.
pub(super) struct Ring {
    capture: Capture<Active>,
    part: Part,
    link: LinkLayer,
    /// The interface's address, where frames for others have another one.
    mac: Option<[u8; 6]>,
    packets: usize,
    /// How much of a frame the filter may read.
    reach: u16,
    /// As libpcap said it last; it wraps.
    dropped: u32,
}

impl Ring {
    /// All that there are for an interface, or for all of them at once, with so much memory together, and
    /// so much of each frame.
    pub fn open(
        interface: Option<&Interface>,
        promiscuous: bool,
        buffer_bytes: u64,
        captured: u16,
    ) -> Result<Vec<Self>> {
        let parts = Part::of(interface);
        let bytes = asked(buffer_bytes, captured) / parts.len() as u64;
        let open = |part: &Part| Self::open_part(interface, *part, promiscuous, bytes, captured);
        parts.iter().map(open).collect()
    }

    fn open_part(
        interface: Option<&Interface>,
        part: Part,
        promiscuous: bool,
        buffer_bytes: u64,
        captured: u16,
    ) -> Result<Self> {
        let name = interface.map_or(ANY, |interface| &*interface.name);
        let shown = interface.map_or(ANY.to_owned(), Interface::shown_name);
        let mut capture = Capture::from_device(name)
            .map(|capture| {
                capture
                    .promisc(promiscuous)
                    .snaplen(captured.into())
                    .buffer_size(i32::try_from(buffer_bytes).unwrap_or(i32::MAX))
                    // What has passed is there to be read: a sample lacks nothing of its time.
                    .immediate_mode(true)
            })
            .and_then(Capture::open)
            .and_then(Capture::setnonblock)
            .map_err(told)
            .with_context(|| format!("capture packets of {shown}"))?;
        if part == Part::All {
            // An old libpcap has only the first version, which says enough.
            let _ = capture.set_datalink(COOKED2);
        }
        let link = u32::try_from(capture.get_datalink().0).context("a link type is a number")?;
        let link = LinkLayer::of(link).with_context(|| format!("packets of {shown}"))?;
        #[cfg(target_os = "linux")]
        restrict(&mut capture, part, captured)?;
        Ok(Self {
            capture,
            part,
            link,
            mac: interface.and_then(|interface| interface.mac),
            // Also where more is to be captured: where the interface has no packets so long, libpcap makes
            // slots smaller.
            packets: usize::try_from(buffer_bytes / SLOT_BYTES).unwrap_or(usize::MAX),
            reach: 0,
            dropped: 0,
        })
    }

    /// What its frames begin with.
    pub fn link(&self) -> LinkLayer {
        self.link
    }

    /// From now on the filter may read so much of a frame.
    pub fn set_reach(&mut self, reach: u16) {
        self.reach = reach;
    }

    /// There is room for hardly more packets than these.
    pub fn packets(&self) -> usize {
        self.packets
    }

    /// Throws away what has gathered, and begins to count what is dropped.
    pub fn forget(&mut self) -> Result<()> {
        self.capture.dispatch(Some(self.packets), |_| {}).map_err(told).context("read packets")?;
        self.newly_dropped();
        Ok(())
    }

    /// Counts what has gathered, so many packets at most. How many there were.
    pub fn count(&mut self, frames: &mut Frames, most: usize) -> Result<usize> {
        let Self { capture, part, link, mac, reach, .. } = self;
        let (part, link, reach) = (*part, *link, usize::from(*reach));
        let mut counted = Ok(());
        let read = capture.dispatch(Some(most), |packet| {
            let frame = Frame {
                link,
                bytes: packet.data,
                original_bytes: packet.header.len.into(),
                way: part.way(link, packet.data, *mac),
            };
            // libpcap has room for the MTU alone where the interface's own offloads are off, and others may
            // send it aggregates nonetheless.
            let long = packet.header.len as usize;
            if counted.is_ok() {
                counted = if packet.data.len() < long.min(reach) {
                    Err(anyhow!(
                        "the filter may read the first {reach} bytes of a packet, and libpcap captured {} \
                         of {long}: aggregates reach an interface whose offloads are off",
                        packet.data.len()
                    ))
                } else {
                    frames.count(&frame)
                };
            }
        });
        counted.and(read.map_err(told).context("read packets"))
    }

    /// Packets for which there was no room since the last time. Not `if_dropped`: that is the device's
    /// own count, which is read beside.
    pub fn newly_dropped(&mut self) -> u64 {
        // Where the kernel does not answer, the next answer has it.
        let Ok(stats) = self.capture.stats() else { return 0 };
        let newly = stats.dropped.wrapping_sub(self.dropped);
        self.dropped = stats.dropped;
        newly.into()
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.capture.as_fd()
    }
}

/// libpcap's words, without the crate's around them.
pub(super) fn told(error: Error) -> anyhow::Error {
    match error {
        Error::PcapError(message) => anyhow!("{message}"),
        error => error.into(),
    }
}
