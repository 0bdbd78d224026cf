//! The packet filter of captured frames, which may have several kinds of link headers: an expression
//! means another program for each.

use anyhow::{Context as _, Result};

use super::{Frame, LinkLayer};
use crate::packet_filter::PacketFilter;

/// Address families of this system.
const INET: u32 = libc::AF_INET.cast_unsigned();
const INET6: u32 = libc::AF_INET6.cast_unsigned();

/// See the module's description.
pub(super) struct FrameFilter {
    expression: String,
    /// Those that were needed so far.
    compiled: Vec<PacketFilter>,
}

impl FrameFilter {
    /// Nothing is compiled yet.
    pub fn new(expression: &str) -> Self {
        Self { expression: expression.to_owned(), compiled: Vec::new() }
    }

    /// For one kind of frames it is compiled already.
    pub fn compiled(filter: PacketFilter) -> Self {
        Self { expression: filter.expression().to_owned(), compiled: vec![filter] }
    }

    /// Compiles it for frames with such a header.
    ///
    /// # Errors
    /// Have libpcap's words.
    pub fn compile(&mut self, link: LinkLayer) -> Result<&PacketFilter> {
        let dlt = link.dlt();
        let known = self.compiled.iter().position(|known| known.dlt() == dlt);
        let place = if let Some(place) = known {
            place
        } else {
            let filter = PacketFilter::compile(&self.expression, dlt)
                .with_context(|| format!("for {} frames", link.name()))?;
            self.compiled.push(filter);
            self.compiled.len() - 1
        };
        Ok(&self.compiled[place])
    }

    /// Whether a frame passes.
    ///
    /// # Errors
    /// As above.
    pub fn accepts(&mut self, frame: &Frame<'_>) -> Result<bool> {
        let filter = self.compile(frame.link)?;
        let length = u32::try_from(frame.original_bytes).unwrap_or(u32::MAX);
        let here = frame.link.family_here(frame.bytes, INET, INET6);
        Ok(match here {
            // libpcap's program is for the numbers that address families have on this machine, in its order.
            // (What asks for these bytes by their number sees them so.)
            Some(family) if !frame.bytes.starts_with(&family) => {
                let rest = frame.bytes.get(family.len()..).unwrap_or_default();
                filter.accepts(&[&family, rest].concat(), length)
            }
            _ => filter.accepts(frame.bytes, length),
        })
    }
}
