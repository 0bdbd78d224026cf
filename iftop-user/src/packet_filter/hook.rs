//! Where a filter runs in the kernel: what it is given, and which verdict decides nothing.

use super::Tags;

/// Where a filter runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hook {
    /// What is there to read.
    pub context: Context,
    /// What becomes of tags; `None` where frames have no Ethernet header.
    pub tags: Option<Tags>,
}

/// What a program gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// A socket buffer, at a tc hook: `struct __sk_buff` of linux/bpf.h.
    Skb,
    /// The same of a received packet from its IP header on; the Ethernet header stands in front of that.
    BareSkb,
    /// A frame at the XDP hook: `struct xdp_md` of linux/bpf.h.
    Xdp {
        /// It may be in several pieces (Linux 5.18).
        frags: bool,
    },
}

impl Context {
    /// Whether there is what a socket buffer says of a packet.
    pub(super) const fn is_skb(self) -> bool {
        matches!(self, Self::Skb | Self::BareSkb)
    }
}

impl Hook {
    /// The verdict that decides nothing.
    pub const fn let_pass(self) -> i32 {
        match self.context {
            Context::Skb | Context::BareSkb => -1,
            Context::Xdp { .. } => 2,
        }
    }

    /// Where the context says from where to where the frame is linear.
    pub(super) const fn bounds(self) -> (i16, i16) {
        match self.context {
            Context::Skb | Context::BareSkb => (76, 80),
            Context::Xdp { .. } => (0, 4),
        }
    }
}
