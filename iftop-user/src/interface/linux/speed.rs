//! How fast a link is, as its driver says.
//!
//! It owns one question to the driver. It must never guess: a speed that nobody knows is none.
//!
//! Source: `linux/ethtool.h`.
#![expect(unsafe_code, reason = "structures of linux/ethtool.h that the kernel writes to")]

use super::ethtool::{ask, socket};

/// Of `linux/ethtool.h`.
const ETHTOOL_GDRVINFO: u32 = 0x03;
/// Of `linux/ethtool.h`.
const ETHTOOL_GLINKSETTINGS: u32 = 0x4c;
/// `SPEED_UNKNOWN`, -1.
const SPEED_UNKNOWN: u32 = u32::MAX;
/// Three masks of at most as many words as an `i8` can say.
const MASK_WORDS: usize = 3 * 127;

/// `struct ethtool_link_settings`, with room for its masks.
#[repr(C)]
struct LinkSettings {
    command: u32,
    /// Mbit/s.
    speed: u32,
    /// Duplex, port, address, autonegotiation, MDIO, MDI-X.
    unused: [u8; 7],
    /// Words of each mask; the kernel answers a wrong number with the negative of the right one.
    mask_words: i8,
    reserved: [u32; 8],
    masks: [u32; MASK_WORDS],
}

/// `struct ethtool_drvinfo`.
#[repr(C)]
struct DriverInfo {
    command: u32,
    driver: [u8; 32],
    /// Version, firmware, bus, EROM, reserved, and five lengths.
    unused: [u8; 160],
}

const _: () = {
    assert!(size_of::<LinkSettings>() == 48 + 4 * MASK_WORDS);
    assert!(size_of::<DriverInfo>() == 196);
};

/// Bits per second of the interface of this name in the calling thread's network namespace.
///
/// `None` where there is none, where the driver does not know (no cable, loopback, tunnels), and
/// for tun and tap, whose driver says a number that means nothing: 10 Mbit/s before Linux 5.17.
pub fn link_speed(name: &str) -> Option<u64> {
    let socket = socket().ok()?;
    let mut driver = DriverInfo { command: ETHTOOL_GDRVINFO, driver: [0; 32], unused: [0; 160] };
    // SAFETY: the whole `struct ethtool_drvinfo`, which is all that this command writes.
    let known = unsafe { ask(&socket, name, &mut driver) };
    if known.is_ok() && driver.driver.starts_with(b"tun\0") {
        return None;
    }
    let mut settings = LinkSettings {
        command: ETHTOOL_GLINKSETTINGS,
        speed: SPEED_UNKNOWN,
        unused: [0; 7],
        mask_words: 0,
        reserved: [0; 8],
        masks: [0; MASK_WORDS],
    };
    // SAFETY: asked with no words for its masks, the kernel writes the fixed part only.
    unsafe { ask(&socket, name, &mut settings) }.ok()?;
    if settings.mask_words >= 0 {
        return None;
    }
    settings.command = ETHTOOL_GLINKSETTINGS;
    settings.mask_words = settings.mask_words.checked_neg()?;
    // SAFETY: there is room for masks of as many words as can be asked for.
    unsafe { ask(&socket, name, &mut settings) }.ok()?;
    bits_per_second(settings.speed)
}

fn bits_per_second(megabits: u32) -> Option<u64> {
    // Some drivers say 0 while there is no cable.
    (megabits != 0 && megabits != SPEED_UNKNOWN).then(|| u64::from(megabits) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::namespace::{alone, run};

    #[test]
    fn what_drivers_say() {
        for (megabits, expected) in [
            (10, Some(10_000_000)),
            (2500, Some(2_500_000_000)),
            (800_000, Some(800_000_000_000)),
            (0, None),
            (SPEED_UNKNOWN, None),
        ] {
            assert_eq!(bits_per_second(megabits), expected, "{megabits}");
        }
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn only_who_knows_a_speed_has_one() {
        alone(|| {
            run("ip link add va type veth peer name vb");
            run("ip link add br0 type bridge");
            run("ip tuntap add t0 mode tun");
            run("ip tuntap add t1 mode tap");
            for (name, expected) in [
                ("va", Some(10_000_000_000)),
                ("br0", None),
                ("lo", None),
                ("t0", None),
                ("t1", None),
                ("missing", None),
                ("a-name-that-is-too-long", None),
                ("fifteen-letters", None),
                ("sixteen-letters.", None),
            ] {
                assert_eq!(link_speed(name), expected, "{name}");
            }
        });
    }
}
