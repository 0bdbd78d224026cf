//! What systems other than Linux are asked for of an interface: what it is and its addresses.

use anyhow::Result;

use super::{Interface, getifaddrs};

pub use super::getifaddrs::all;

/// Index of the interface that the default route leads through.
#[expect(clippy::unnecessary_wraps, reason = "as on Linux")]
pub(super) fn default_route(interfaces: &[Interface]) -> Result<Option<u32>> {
    Ok(getifaddrs::default_route(interfaces))
}

/// Whether libpcap reads its packets, it says when they are asked for.
pub(super) fn can_be_read(_: &Interface) -> bool {
    true
}

/// Nobody is asked here.
pub fn link_speed(_: &str) -> Option<u64> {
    None
}

/// It matters for what an interface counts itself, which nobody is asked for here.
pub fn takes_ipv6() -> bool {
    true
}
