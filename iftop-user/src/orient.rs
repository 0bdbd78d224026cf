//! Whose side is whose: which flows count at all, and which of the two ends stands on the left.
//!
//! Pure rules over a flow's key; fixed for the whole run.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use iftop_common::FlowKey;

/// `-F`, `-G`, the link-local rule, and who we are.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// `-F`: show IPv4 flows in and out of this network only.
    pub net4: Option<Net4>,
    /// `-G`: the same for IPv6.
    pub net6: Option<Net6>,
    /// `-l`: count IPv6 from or to link-local addresses too.
    pub link_local: bool,
    /// The host's own addresses.
    pub own: Vec<IpAddr>,
}

/// An IPv4 network; the mask need not be contiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net4 {
    /// Address, already masked.
    pub address: Ipv4Addr,
    /// Mask.
    pub mask: Ipv4Addr,
}

/// An IPv6 network; the mask need not be contiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net6 {
    /// Address, already masked.
    pub address: Ipv6Addr,
    /// Mask.
    pub mask: Ipv6Addr,
}

/// How a flow is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orientation {
    /// Left is the far end: the row's "sent" is what the hook received.
    pub swapped: bool,
    /// The totals follow the swap too. Not so between third parties, which were received, both of them.
    pub totals_swapped: bool,
}

const AS_THE_HOOK_SAW: Orientation = Orientation { swapped: false, totals_swapped: false };

/// How a flow is shown, or `None` where it is left out, or where it [cannot be
/// known](is_undecidable) whether it is.
pub fn orient(key: &FlowKey, rules: &Rules) -> Option<Orientation> {
    if key.has(FlowKey::FAR_UNKNOWN) {
        return orient_near(key, rules);
    }
    let (near, far) = (address(key, &key.near), address(key, &key.far));
    if !rules.link_local && (is_link_local(near) || is_link_local(far)) {
        return None;
    }
    // Both are of one family.
    match inside(near, rules).zip(inside(far, rules)) {
        Some((true, false)) => Some(AS_THE_HOOK_SAW),
        Some((false, true)) => Some(Orientation { swapped: true, totals_swapped: true }),
        Some(_) => None,
        None if key.has(FlowKey::THIRD_PARTY) => Some(third_party(key, rules)),
        None => Some(AS_THE_HOOK_SAW),
    }
}

/// Of a flow without a far side. A near end inside the network is shown: that the far end is inside too,
/// so that the flow should be left out, is the rare case, and whoever floods a host of ours must not be
/// overlooked for it.
fn orient_near(key: &FlowKey, rules: &Rules) -> Option<Orientation> {
    let near = address(key, &key.near);
    let shown = inside(near, rules).unwrap_or(true) && (rules.link_local || !is_link_local(near));
    shown.then_some(AS_THE_HOOK_SAW)
}

/// Whether it cannot be known if the rules leave a flow out: its near end is outside the network and
/// its far end was left out. It may be one of ours that sends to somewhere, or traffic that passes by. It
/// is in no row then, but it is not gone on purpose either: it is part of the totals, and of what the
/// table was too full for.
pub fn is_undecidable(key: &FlowKey, rules: &Rules) -> bool {
    let near = address(key, &key.near);
    key.has(FlowKey::FAR_UNKNOWN)
        && inside(near, rules) == Some(false)
        && (rules.link_local || !is_link_local(near))
}

/// Whether an address is inside the network of its family, where there is one.
fn inside(address: IpAddr, rules: &Rules) -> Option<bool> {
    match address {
        IpAddr::V4(address) => rules.net4.map(|net| net.contains(address)),
        IpAddr::V6(address) => rules.net6.map(|net| net.contains(address)),
    }
}

/// An end that is ours stands left: a frame can be for our address and for another's hardware (a
/// container's, a mirror's). Of two strangers iftop puts that one left whose address is greater,
/// compared from its last byte on. Arbitrary, but the same for both directions, so that they meet in
/// one row.
fn third_party(key: &FlowKey, rules: &Rules) -> Orientation {
    let is_own = |bytes| rules.own.contains(&address(key, bytes));
    let swapped = match (is_own(&key.near), is_own(&key.far)) {
        (true, false) => false,
        (false, true) => true,
        _ => (key.far.iter().rev()).gt(key.near.iter().rev()),
    };
    Orientation { swapped, totals_swapped: false }
}

/// One address of a key as the family flag says.
pub fn address(key: &FlowKey, bytes: &[u8; 16]) -> IpAddr {
    if key.has(FlowKey::IPV6) {
        Ipv6Addr::from(*bytes).into()
    } else {
        let [.., a, b, c, d] = *bytes;
        Ipv4Addr::new(a, b, c, d).into()
    }
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

impl Net4 {
    pub(crate) fn contains(self, address: Ipv4Addr) -> bool {
        address & self.mask == self.address
    }
}

impl Net6 {
    pub(crate) fn contains(self, address: Ipv6Addr) -> bool {
        address & self.mask == self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(near: &str, far: &str, flags: u16) -> FlowKey {
        let mut vlan_and_flags = flags;
        let mut bytes = |text: &str| match text.parse().unwrap() {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => {
                vlan_and_flags |= FlowKey::IPV6;
                address.octets()
            }
        };
        let (near, far) = (bytes(near), bytes(far));
        FlowKey { near, far, vlan_and_flags, ..FlowKey::default() }
    }

    const PLAIN: Option<Orientation> = Some(AS_THE_HOOK_SAW);
    const FLIPPED: Option<Orientation> = Some(Orientation { swapped: true, totals_swapped: true });
    const TURNED: Option<Orientation> = Some(Orientation { swapped: true, totals_swapped: false });
    const OUT: Option<Orientation> = None;

    #[test]
    fn without_nets_the_hook_decides() {
        let rules = Rules::default();
        let cases = [
            (key("10.0.0.1", "10.0.0.2", 0), PLAIN),
            (key("10.0.0.2", "10.0.0.1", 0), PLAIN),
            (key("224.0.0.1", "10.0.0.2", 0), PLAIN),
            (key("ff02::fb", "fd00:9::2", 0), PLAIN),
            (key("fd00:9::1", "fe80::1", 0), OUT),
            (key("fe80::1", "fd00:9::1", 0), OUT),
            (key("169.254.0.1", "10.0.0.1", 0), PLAIN),
            (key("10.0.0.1", "0.0.0.0", FlowKey::FAR_UNKNOWN), PLAIN),
            (key("fe80::1", "::", FlowKey::FAR_UNKNOWN), OUT),
            (key("10.0.0.1", "0.0.0.0", FlowKey::FAR_UNKNOWN | FlowKey::THIRD_PARTY), PLAIN),
        ];
        for (key, expected) in cases {
            assert_eq!(orient(&key, &rules), expected, "{key:?}");
        }
    }

    #[test]
    fn both_directions_of_third_parties_meet() {
        let (low, high) = ("192.0.2.1", "192.0.2.9");
        let rules = Rules::default();
        assert_eq!(orient(&key(low, high, FlowKey::THIRD_PARTY), &rules), TURNED);
        assert_eq!(orient(&key(high, low, FlowKey::THIRD_PARTY), &rules), PLAIN);
        // From the last byte on: 10.2.0.1 > 10.1.0.1, but 10.1.0.2 > 10.2.0.1.
        assert_eq!(orient(&key("10.2.0.1", "10.1.0.2", FlowKey::THIRD_PARTY), &rules), TURNED);
        let (low6, high6) = ("2001:db8::1", "2001:db8::9");
        assert_eq!(orient(&key(low6, high6, FlowKey::THIRD_PARTY), &rules), TURNED);
        assert_eq!(orient(&key(high6, low6, FlowKey::THIRD_PARTY), &rules), PLAIN);
    }

    #[test]
    fn an_own_address_stands_left_whatever_the_hardware_addresses_say() {
        let own = vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        let rules = Rules { own, ..Rules::default() };
        let cases = [
            ("192.0.2.1", "192.0.2.9", PLAIN),
            ("192.0.2.9", "192.0.2.1", TURNED),
            ("2001:db8::9", "2001:db8::1", TURNED),
            ("192.0.2.5", "192.0.2.9", TURNED),
        ];
        for (near, far, expected) in cases {
            let key = key(near, far, FlowKey::THIRD_PARTY);
            assert_eq!(orient(&key, &rules), expected, "{near} {far}");
        }
    }

    #[test]
    fn nets_decide_for_their_family_alone() {
        let net4 = Net4 { address: [10, 9, 0, 0].into(), mask: [255, 255, 255, 0].into() };
        let net6 = Net6 { address: "2000::".parse().unwrap(), mask: "e000::".parse().unwrap() };
        let rules = Rules { net4: Some(net4), net6: Some(net6), ..Rules::default() };
        let cases = [
            (key("10.9.0.1", "192.0.2.1", 0), PLAIN),
            (key("192.0.2.1", "10.9.0.1", 0), FLIPPED),
            (key("10.9.0.1", "10.9.0.2", 0), OUT),
            (key("192.0.2.1", "192.0.2.2", 0), OUT),
            (key("192.0.2.1", "10.9.0.1", FlowKey::THIRD_PARTY), FLIPPED),
            (key("fd00::1", "2001:db8::1", 0), FLIPPED),
            (key("fd00::1", "fd00::2", 0), OUT),
        ];
        for (key, expected) in cases {
            assert_eq!(orient(&key, &rules), expected, "{key:?}");
        }
        let unknown = |near| FlowKey { far: [0; 16], ..key(near, near, FlowKey::FAR_UNKNOWN) };
        // (near end of a flow without a far side, how it is shown, whether that cannot be known)
        let cases = [
            ("10.9.0.1", PLAIN, false),
            ("192.0.2.1", OUT, true),
            ("2001:db8::1", PLAIN, false),
            ("fd00::1", OUT, true),
            ("fe80::1", OUT, false),
        ];
        for (near, expected, undecidable) in cases {
            assert_eq!(orient(&unknown(near), &rules), expected, "{near}");
            assert_eq!(is_undecidable(&unknown(near), &rules), undecidable, "{near}");
        }
        let only4 = Rules { net4: Some(net4), ..Rules::default() };
        assert_eq!(orient(&unknown("fd00::1"), &only4), PLAIN);
        assert_eq!(orient(&key("fd00::1", "fd00::2", 0), &only4), PLAIN);
    }
}
