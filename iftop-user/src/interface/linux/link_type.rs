//! What stands before the IP header in the packets of an interface.
//!
//! It owns the list of link layers that can be read. It must never guess: a packet parsed at the
//! wrong offset would be counted as traffic that never was.
//!
//! At the tc hooks a packet starts where the kernel says that its link header does. Read in the
//! kernel sources, where `net/ipv4/ip_gre.c` and `net/xfrm/xfrm_input.c` are the surprises.

use anyhow::{Result, bail};
use aya::util::KernelVersion;
use iftop_common::parse::LinkType;

use crate::interface::Interface;

/// Of `linux/if_arp.h`; missing in the libc crate.
const ARPHRD_RAWIP: u16 = 519;
/// Of `linux/if_arp.h`; missing in the libc crate.
const ARPHRD_IP6GRE: u16 = 823;
/// `IPsec` interfaces: what they receive still has a link header, what they send has none.
const WITH_HEADER_ONE_WAY: [&str; 3] = ["xfrm", "vti", "vti6"];

impl Interface {
    /// How its packets start; an error that names the number where that is not known.
    pub fn link_type(&self) -> Result<LinkType> {
        let kind = self.kind.as_deref().unwrap_or_default();
        match self.link_layer {
            _ if WITH_HEADER_ONE_WAY.contains(&kind) => bail!(
                "{} interface {}: only one direction of it has a link header; watch the interface \
                 below it",
                kind,
                self.shown_name()
            ),
            libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => Ok(LinkType::Ethernet),
            libc::ARPHRD_NONE
            | libc::ARPHRD_PPP
            | libc::ARPHRD_TUNNEL
            | libc::ARPHRD_TUNNEL6
            | libc::ARPHRD_SIT
            | ARPHRD_RAWIP => Ok(LinkType::RawIp),
            // With many peers, or a group of them, the outer IP header serves as link header.
            libc::ARPHRD_IPGRE | ARPHRD_IP6GRE if self.tunnel_peer.is_some() => Ok(LinkType::RawIp),
            number => bail!(
                "unknown link type {number} on {}: iftop reads Ethernet and header-less \
                 interfaces (tun, WireGuard, ipip, PPP)",
                self.shown_name()
            ),
        }
    }
}

impl Interface {
    /// Whether a kernel hands received packets of this interface to tc with the outer headers still
    /// before them: tunnels did until "reset MAC header consistently across L3 virtual devices".
    pub fn receives_outer_headers(&self, kernel: KernelVersion) -> bool {
        let is_tunnel = matches!(
            self.link_layer,
            libc::ARPHRD_TUNNEL
                | libc::ARPHRD_TUNNEL6
                | libc::ARPHRD_SIT
                | libc::ARPHRD_IPGRE
                | ARPHRD_IP6GRE
        );
        is_tunnel && kernel < KernelVersion::new(5, 14, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(link_layer: u16, kind: &str, peer: Option<&str>) -> Interface {
        Interface {
            name: "wlan0mon".to_owned(),
            link_layer,
            kind: Some(kind.to_owned()),
            tunnel_peer: peer.map(|peer| peer.parse().unwrap()),
            ..Interface::default()
        }
    }

    #[test]
    fn link_layers() {
        let cases = [
            (1, "veth", None, Some(LinkType::Ethernet)),
            (1, "gretap", Some("10.0.0.2"), Some(LinkType::Ethernet)),
            (772, "", None, Some(LinkType::Ethernet)),
            (0xfffe, "tun", None, Some(LinkType::RawIp)),
            (0xfffe, "wireguard", None, Some(LinkType::RawIp)),
            (512, "ppp", None, Some(LinkType::RawIp)),
            (519, "rmnet", None, Some(LinkType::RawIp)),
            (768, "ipip", None, Some(LinkType::RawIp)),
            (769, "ip6tnl", None, Some(LinkType::RawIp)),
            (776, "sit", None, Some(LinkType::RawIp)),
            (778, "gre", Some("10.0.0.2"), Some(LinkType::RawIp)),
            (823, "ip6gre", Some("fd00::2"), Some(LinkType::RawIp)),
            (778, "gre", None, None),
            (823, "ip6gre", None, None),
            (0xfffe, "xfrm", None, None),
            (768, "vti", Some("10.0.0.2"), None),
            (769, "vti6", Some("fd00::2"), None),
            (32, "", None, None),
            (803, "", None, None),
            (824, "nlmon", None, None),
        ];
        for (link_layer, kind, peer, expected) in cases {
            let found = interface(link_layer, kind, peer).link_type().ok();
            assert_eq!(found, expected, "{link_layer} {kind} {peer:?}");
        }
    }

    #[test]
    fn tunnels_of_old_kernels_cannot_be_read() {
        let (old, new) = (KernelVersion::new(5, 10, 262), KernelVersion::new(5, 14, 0));
        for (link_layer, kind, unreadable) in [
            (768, "ipip", true),
            (776, "sit", true),
            (0xfffe, "wireguard", false),
            (1, "veth", false),
        ] {
            let interface = interface(link_layer, kind, None);
            assert_eq!(interface.receives_outer_headers(old), unreadable, "{kind}");
            assert!(!interface.receives_outer_headers(new), "{kind}");
        }
    }

    #[test]
    fn a_refusal_says_what_can_be_read() {
        let error = interface(801, "", None).link_type().unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown link type 801 on wlan0mon: iftop reads Ethernet and header-less interfaces \
             (tun, WireGuard, ipip, PPP)"
        );
    }
}
