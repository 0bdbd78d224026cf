//! Which aggregates (GSO) a device cuts up itself, and so which the kernel does in its place.
//!
//! It must never guess: where the device's features are not known, no kind is said to be cut up by the
//! kernel.
//!
//! Source: `netif_needs_gso()` and `harmonize_features()` of `net/core/dev.c`.

use iftop_common::aggregate::kind;

use super::features::active_features;

/// The kinds of aggregates ([`kind`]) that the kernel cuts up on their way to the interface of this
/// name in the calling thread's network namespace. 0 where its features cannot be known.
pub fn cut_by_kernel(name: &str) -> u8 {
    active_features(name).map_or(0, |active| kinds(|feature| active.contains(feature)))
}

/// A device that does not make checksums is given no aggregate, whatever else it says.
fn kinds(is_active: impl Fn(&str) -> bool) -> u8 {
    let makes_checksums = |feature| is_active("tx-checksum-ip-generic") || is_active(feature);
    let [checksums4, checksums6] = ["tx-checksum-ipv4", "tx-checksum-ipv6"].map(makes_checksums);
    [
        (kind::TCP4, "tx-tcp-segmentation", checksums4),
        (kind::TCP6, "tx-tcp6-segmentation", checksums6),
        (kind::UDP4, "tx-udp-segmentation", checksums4),
        (kind::UDP6, "tx-udp-segmentation", checksums6),
    ]
    .into_iter()
    .filter(|(_, feature, checksums)| !(is_active(feature) && *checksums))
    .fold(0, |kinds, (kind, ..)| kinds | kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::namespace::{alone, run};

    const TCP: u8 = kind::TCP4 | kind::TCP6;
    const UDP: u8 = kind::UDP4 | kind::UDP6;

    #[test]
    fn the_kernel_cuts_what_the_device_does_not() {
        for (active, expected) in [
            ("", TCP | UDP),
            ("tx-checksum-ip-generic", TCP | UDP),
            ("tx-tcp-segmentation tx-tcp6-segmentation tx-udp-segmentation", TCP | UDP),
            ("tx-checksum-ip-generic tx-tcp-segmentation tx-tcp6-segmentation", UDP),
            ("tx-checksum-ipv4 tx-tcp-segmentation tx-tcp6-segmentation", kind::TCP6 | UDP),
            ("tx-checksum-ipv6 tx-tcp6-segmentation", kind::TCP4 | UDP),
            ("tx-checksum-ip-generic tx-udp-segmentation", TCP),
            ("tx-checksum-ipv4 tx-udp-segmentation", TCP | kind::UDP6),
        ] {
            let active: Vec<_> = active.split_whitespace().collect();
            assert_eq!(kinds(|feature| active.contains(&feature)), expected, "{active:?}");
        }
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn what_devices_say() {
        alone(|| {
            run("ip link add va type veth peer name vb");
            run("ip tuntap add t0 mode tun");
            for (change, name, expected) in [
                ("", "va", 0),
                ("tx-tcp-segmentation off", "va", kind::TCP4),
                ("tso off", "va", TCP),
                ("tso on tx-udp-segmentation off", "va", UDP),
                ("tso on tx-udp-segmentation on tx off", "va", TCP | UDP),
                ("", "vb", 0),
                ("", "lo", 0),
                ("", "t0", TCP | UDP),
                ("", "missing", 0),
            ] {
                if !change.is_empty() {
                    run(&format!("ethtool -K {name} {change}"));
                }
                assert_eq!(cut_by_kernel(name), expected, "{name}: {change}");
            }
        });
    }
}
