//! What systems other than Linux are asked for of an interface: what it is and its addresses.

use std::{thread, time::Duration};

use anyhow::Result;

use super::{Interface, getifaddrs, index_of};

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

/// Returns when there is an interface of this name, or soon after: it is asked for again and again.
#[expect(clippy::unnecessary_wraps, reason = "as on Linux")]
pub fn wait_for(name: &str) -> Result<()> {
    while index_of(name).is_none() {
        thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}
