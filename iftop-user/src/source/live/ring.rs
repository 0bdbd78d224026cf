//! What the kernel captured and nobody has read yet, as libpcap shows it.
//!
//! It owns asking for them and reading them. Which packets that are is for [`Part`].
//!
//! Source: `pcap(3PCAP)`, packet(7).

use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context as _, Result, anyhow, ensure};
use pcap::{Active, Capture, Error, Linktype};

#[cfg(target_os = "linux")]
use super::direction::restrict;
use super::part::Part;
use crate::{
    interface::{ANY, Interface},
    packet_filter::PacketFilter,
    source::frames::{Frame, Frames, LinkLayer},
};

/// As much of a frame as has all headers; of the rest only the length counts.
pub(super) const CAPTURED_BYTES: u16 = 256;
/// What the kernel takes for a packet in such a ring: that, and its own header.
const SLOT_BYTES: u64 = 352;
/// `DLT_LINUX_SLL2`.
const COOKED2: Linktype = Linktype(276);

/// Refuses a filter that may read what is not captured: it would reject packets that it should accept.
///
/// # Errors
/// Say so.
pub(super) fn check(filter: &PacketFilter) -> Result<()> {
    let reads_headers = filter.reach().is_some_and(|reach| reach <= CAPTURED_BYTES.into());
    ensure!(
        reads_headers,
        "the filter \"{filter}\" may read more than the first {CAPTURED_BYTES} bytes of a packet, which \
         is all that is captured by libpcap here"
    );
    Ok(())
}

/// See the module's description.
pub(super) struct Ring {
    capture: Capture<Active>,
    part: Part,
    link: LinkLayer,
    /// The interface's address, where frames for others have another one.
    mac: Option<[u8; 6]>,
    packets: usize,
    /// As libpcap said it last; it wraps.
    dropped: u32,
}

impl Ring {
    /// All that there are for an interface, or for all of them at once, with so much memory together.
    pub fn open(
        interface: Option<&Interface>,
        promiscuous: bool,
        buffer_bytes: u64,
    ) -> Result<Vec<Self>> {
        let parts = Part::of(interface);
        let bytes = buffer_bytes / parts.len() as u64;
        parts.iter().map(|part| Self::open_part(interface, *part, promiscuous, bytes)).collect()
    }

    fn open_part(
        interface: Option<&Interface>,
        part: Part,
        promiscuous: bool,
        buffer_bytes: u64,
    ) -> Result<Self> {
        let name = interface.map_or(ANY, |interface| &*interface.name);
        let shown = interface.map_or(ANY.to_owned(), Interface::shown_name);
        let mut capture = Capture::from_device(name)
            .map(|capture| {
                capture
                    .promisc(promiscuous)
                    .snaplen(CAPTURED_BYTES.into())
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
        restrict(&mut capture, part)?;
        Ok(Self {
            capture,
            part,
            link,
            mac: interface.and_then(|interface| interface.mac),
            packets: usize::try_from(buffer_bytes / SLOT_BYTES).unwrap_or(usize::MAX),
            dropped: 0,
        })
    }

    /// What its frames begin with.
    pub fn link(&self) -> LinkLayer {
        self.link
    }

    /// About as many packets as there is room for.
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
        let Self { capture, part, link, mac, .. } = self;
        let (part, link) = (*part, *link);
        let mut counted = Ok(());
        let read = capture.dispatch(Some(most), |packet| {
            let frame = Frame {
                link,
                bytes: packet.data,
                original_bytes: packet.header.len.into(),
                way: part.way(link, packet.data, *mac),
            };
            if counted.is_ok() {
                counted = frames.count(&frame);
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
