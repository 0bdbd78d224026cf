//! The features of a device that are on, such as `tx-tcp-segmentation`.
//!
//! It owns reading them, by the names that ethtool(8) shows. It must never say what they mean.
//!
//! Source: `linux/ethtool.h`.
#![expect(unsafe_code, reason = "structures of linux/ethtool.h that the kernel writes to")]

use std::{collections::HashSet, io};

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

/// The names of those of the interface of this name in the calling thread's network namespace.
pub(super) fn active_features(interface: &str) -> io::Result<HashSet<String>> {
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
