//! Whether VLAN tags are taken out of received frames before an XDP program sees them.
//!
//! Source: `NETIF_F_HW_VLAN_CTAG_RX`, `NETIF_F_HW_VLAN_STAG_RX` of `linux/netdev_features.h`.

use super::features::active_features;
use crate::interface::Interface;

/// As `net/ethtool/common.c` names them.
const TAKE_TAGS_OUT: [&str; 2] = ["rx-vlan-hw-parse", "rx-vlan-stag-hw-parse"];
/// The only virtual interface that is given frames as they are. All others hand on what the kernel has,
/// perhaps with the tag beside the frame.
const GIVEN_FRAMES: &str = "tun";

impl Interface {
    /// Whether a tag may be beside a received frame rather than in it. Where nobody knows, it may.
    pub fn may_take_tags_out(&self) -> bool {
        let hands_on = self.kind.as_deref().is_some_and(|kind| kind != GIVEN_FRAMES);
        let takes_out = || match active_features(&self.name) {
            Ok(active) => TAKE_TAGS_OUT.iter().any(|feature| active.contains(*feature)),
            Err(_) => true,
        };
        hands_on || takes_out()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        interface::find,
        netlink::namespace::{alone, run},
    };

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn only_who_is_given_frames_and_leaves_them_alone_has_all_tags() {
        alone(|| {
            run("ip link add va type veth peer name vb; ethtool -K va rxvlan off");
            run("ip tuntap add t0 mode tap");
            for (name, expected) in [("va", true), ("vb", true), ("t0", false)] {
                assert_eq!(find(name).unwrap().may_take_tags_out(), expected, "{name}");
            }
        });
    }
}
