//! Packet filters: which packets are counted at all, in the language of pcap-filter(7).
//!
//! It owns what an expression means, whatever counts: libpcap compiles it, the kernel runs its
//! translation, and frames of a file are judged by the program as it is. It must never change an
//! expression: what cannot be run is refused.

use std::fmt;

use anyhow::Result;
use iftop_common::parse::{ETHERTYPES_VLAN, LinkType};
use serde::{Deserialize, Serialize};

mod assembler;
pub mod classic;
mod compile;
pub mod decode;
mod frame;
mod hook;
mod reach;
mod translate;

use classic::{Instruction, Operand, Program, Test};
pub use hook::{Context, Hook};
pub use translate::translate;

/// What the filter sees of the outermost VLAN tag.
///
/// An expression that says nothing of VLANs is meant for tagged packets as well: it sees the frame
/// without its outermost tag, as it does on Linux, where libpcap's filters run behind whoever takes
/// received tags out. One that does, like `vlan 5 and port 80`, or that reads bytes of the frame by their
/// number, like `ether[12:2] = 0x8100`, sees the frame as it was on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tags {
    /// As if it were not there.
    Skipped,
    /// Inside the frame, also where it was taken out (at XDP nobody knows of that).
    Seen,
}

/// What frames begin with, as libpcap numbers it (`pcap/dlt.h`, of Linux).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dlt(pub i32);

impl Dlt {
    const ETHERNET: Self = Self(1);
    const RAW: Self = Self(12);
}

impl From<LinkType> for Dlt {
    fn from(link_type: LinkType) -> Self {
        match link_type {
            LinkType::Ethernet => Self::ETHERNET,
            LinkType::RawIp => Self::RAW,
        }
    }
}

/// A filter that is ready to be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketFilter {
    expression: String,
    dlt: Dlt,
    program: Program,
    tags: Option<Tags>,
}

impl PacketFilter {
    /// Compiles an expression for frames that begin so. Names in it are looked up, which may take
    /// long.
    ///
    /// # Errors
    /// Have libpcap's words and the expression, or say what cannot be run.
    pub fn compile(expression: &str, dlt: impl Into<Dlt>) -> Result<Self> {
        let dlt = dlt.into();
        let program = compile::optimized(expression, dlt)?;
        let tags = match dlt {
            // Where another part of it decides, the question for tags is optimized away.
            Dlt::ETHERNET
                if reads_link_header(expression)
                    || asks_for_tags(&compile::literal(expression, dlt)?) =>
            {
                Some(Tags::Seen)
            }
            Dlt::ETHERNET => Some(Tags::Skipped),
            _ => None,
        };
        Ok(Self { expression: expression.to_owned(), dlt, program, tags })
    }

    /// As it was written.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// What the frames begin with that it is for.
    pub fn dlt(&self) -> Dlt {
        self.dlt
    }

    /// As libpcap compiled it.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// What it sees of VLAN tags; `None` where frames have no Ethernet header.
    pub fn tags(&self) -> Option<Tags> {
        self.tags
    }

    /// So many bytes of a frame, from its start, are all that it may read.
    pub fn reach(&self) -> u64 {
        let tag_bytes = if self.tags == Some(Tags::Skipped) { 4 } else { 0 };
        reach::reach(&self.program) + tag_bytes
    }

    /// Whether a frame passes, given as it was on the wire. Of its `length` bytes some may be missing.
    pub fn accepts(&self, frame: &[u8], length: u32) -> bool {
        let (tag, length) = match self.tags {
            Some(Tags::Skipped) if is_tagged(frame) => (4, length.saturating_sub(4)),
            _ => (0, length),
        };
        self.program.accepts(length, |at, bytes| {
            (at..at + u64::from(bytes)).try_fold(0, |number, at| {
                let at = if at >= 12 { at + tag } else { at };
                let byte = frame.get(usize::try_from(at).ok()?)?;
                Some(number << 8 | u32::from(*byte))
            })
        })
    }
}

impl fmt::Display for PacketFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.expression)
    }
}

fn is_tagged(frame: &[u8]) -> bool {
    frame.get(12..14).is_some_and(|ethertype| {
        ETHERTYPES_VLAN.iter().any(|vlan| vlan.to_be_bytes() == *ethertype)
    })
}

/// Whether an expression reads bytes of the frame by their number: `ether[…]`, by any of the names that
/// libpcap's grammar has for it. Its programs do not show that: those for `geneve` read in the same way.
fn reads_link_header(expression: &str) -> bool {
    const NAMES: [&str; 7] = ["ether", "link", "ppp", "slip", "fddi", "tr", "wlan"];
    expression.match_indices('[').any(|(place, _)| {
        let before = expression[..place].trim_end();
        let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
        name.is_some_and(|name| NAMES.contains(&name))
    })
}

/// Whether a program, with everything that was written, compares the ethertype with that of a VLAN.
fn asks_for_tags(program: &Program) -> bool {
    let instructions = program.instructions();
    // For each instruction: whether the accumulator may have been loaded with the ethertype. There are only
    // jumps forwards.
    let mut may_be_ethertype = vec![false; instructions.len()];
    for (place, instruction) in instructions.iter().enumerate() {
        let is_ethertype = match *instruction {
            Instruction::LoadFrame { bytes: 2, at: 12, indexed: false } => true,
            Instruction::JumpIf {
                test: Test::Equal, operand: Operand::Constant(number), ..
            } if may_be_ethertype[place]
                && ETHERTYPES_VLAN.iter().any(|&vlan| u32::from(vlan) == number) =>
            {
                return true;
            }
            Instruction::JumpIf { .. } | Instruction::Jump(_) | Instruction::Store(..) => {
                may_be_ethertype[place]
            }
            _ => false,
        };
        for next in classic::successors(place, *instruction) {
            may_be_ethertype[next] |= is_ethertype;
        }
    }
    false
}

#[cfg(test)]
#[cfg(feature = "pcap")]
pub(crate) mod tests;
