//! Which aggregates (GSO) a device cuts up itself, and so which the kernel does in its place.
//!
//! It owns reading the device's features. It must never guess: where they are not known, no kind is
//! said to be cut up by the kernel.
//!
//! Source: `linux/ethtool.h`; `netif_needs_gso()` and `harmonize_features()` of `net/core/dev.c`.
#![expect(unsafe_code, reason = "structures of linux/ethtool.h that the kernel writes to")]

use std::{collections::HashSet, io};

use iftop_common::aggregate::kind;

use super::ethtool::{ask, socket};

/// Of `linux/ethtool.h`.
const ETHTOOL_GSTRINGS: u32 = 0x1b;
/// Of `linux/ethtool.h`.
const ETHTOOL_GSSET_INFO: u32 = 0x37;
/// Of `linux/ethtool.h`.
const ETHTOOL_GFEATURES: u32 = 0x3a;
/// Of `linux/ethtool.h`.
const ETH_SS_FEATURES: u32 = 4;
/// `ETH_GSTRING_LEN`.
const NAME_BYTES: usize = 32;
/// Of 32 features each; several times as many as there are.
const MOST_BLOCKS: u32 = 16;
const MOST_FEATURES: usize = 32 * MOST_BLOCKS as usize;

/// `struct ethtool_sset_info`, asked for one set.
#[repr(C)]
struct SetInfo {
    command: u32,
    reserved: u32,
    sets: u64,
    length: u32,
    padding: u32,
}

/// `struct ethtool_gstrings`, with room for its names.
#[repr(C)]
struct Names {
    command: u32,
    set: u32,
    length: u32,
    text: [[u8; NAME_BYTES]; MOST_FEATURES],
}

/// `struct ethtool_gfeatures`, with room for its blocks.
#[repr(C)]
struct Features {
    command: u32,
    blocks: u32,
    /// Available, requested, active, never changed.
    block: [[u32; 4]; MOST_BLOCKS as usize],
}

const _: () = {
    assert!(size_of::<SetInfo>() == 24);
    assert!(size_of::<Names>() == 12 + NAME_BYTES * MOST_FEATURES);
    assert!(size_of::<Features>() == 8 + MOST_FEATURES / 2);
};

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

/// The names of the features that are on.
fn active_features(interface: &str) -> io::Result<HashSet<String>> {
    let socket = socket()?;
    let mut info = SetInfo {
        command: ETHTOOL_GSSET_INFO,
        reserved: 0,
        sets: 1 << ETH_SS_FEATURES,
        length: 0,
        padding: 0,
    };
    // SAFETY: the whole structure, with room for the length of the one set that is asked for.
    unsafe { ask(&socket, interface, &mut info)? };
    let there_are = info.length as usize;
    if info.sets == 0 || there_are > MOST_FEATURES {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let text = [[0; NAME_BYTES]; MOST_FEATURES];
    let mut names = Names { command: ETHTOOL_GSTRINGS, set: ETH_SS_FEATURES, length: 0, text };
    // SAFETY: the kernel writes all names that it has, a constant number; there is room for them.
    unsafe { ask(&socket, interface, &mut names)? };
    let block = [[0; 4]; MOST_BLOCKS as usize];
    let mut features = Features { command: ETHTOOL_GFEATURES, blocks: MOST_BLOCKS, block };
    // SAFETY: the kernel writes no more blocks than it is told there is room for.
    unsafe { ask(&socket, interface, &mut features)? };
    let is_active = |place: usize| {
        let [_, _, active, _] = features.block[place / 32];
        active >> (place % 32) & 1 != 0
    };
    let active = (0..there_are).filter(|&place| is_active(place));
    Ok(active.map(|place| text_of(&names.text[place])).collect())
}

/// Up to the first zero.
fn text_of(name: &[u8]) -> String {
    let text = name.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
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
