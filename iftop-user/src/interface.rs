//! The interfaces of the calling thread's network namespace, as the kernel lists them.
//!
//! It owns finding and choosing an interface. It must never read `/sys`, which may show another
//! namespace, and never change an interface.
//!
//! Source: rtnetlink(7), `linux/if_link.h`, `linux/if_addr.h`.

use std::{net::IpAddr, path::Path};

use anyhow::{Context as _, Result, bail};
use netlink_packet_route::{
    RouteNetlinkMessage,
    address::{AddressHeader, AddressMessage},
    link::{LinkFlags, LinkHeader, LinkMessage},
};

use crate::{
    names::printable,
    netlink::{self, Reply},
};

mod counters;
mod default_route;
mod ethtool;
mod link_type;
mod present;
mod segmentation;
mod speed;
mod xdp;

pub use counters::{InterfaceCounters, InterfaceLosses, counters};
pub use present::is_present;
pub use segmentation::cut_by_kernel;
pub use speed::link_speed;
pub use xdp::xdp_program;

/// Bytes of `struct ifinfomsg`.
const LINK_HEADER_BYTES: usize = 16;
/// Bytes of `struct ifaddrmsg`.
const ADDRESS_HEADER_BYTES: usize = 8;
/// Interfaces that are not chosen unless asked for; classic iftop's list.
const NEVER_DEFAULT: [&str; 6] = ["lo", "stf", "gif", "dummy", "vmnet", "wmaster"];

/// One network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number for it in this namespace, from 1.
    pub index: u32,
    /// Its name, as given to `-i`. Any byte but `/` and white space may be in it: what is shown is
    /// [`shown_name`](Self::shown_name).
    pub name: String,
    /// Switched on (`IFF_UP`).
    pub up: bool,
    /// Able to carry packets, as far as the driver knows (`IFF_RUNNING`).
    pub running: bool,
    /// A loopback (`IFF_LOOPBACK`).
    pub loopback: bool,
    /// `ARPHRD_*` of `linux/if_arp.h`.
    pub link_layer: u16,
    /// Hardware address, where it has one of six bytes; all zero on `lo`.
    pub mac: Option<[u8; 6]>,
    /// Its own IP addresses in the kernel's order: IPv4 first, primary before secondary.
    pub addresses: Vec<IpAddr>,
    /// What kind of virtual interface it is, such as `wireguard`; hardware has none.
    pub kind: Option<String>,
    /// The one far end of a tunnel that has exactly one (GRE, ipip, sit, ..).
    pub tunnel_peer: Option<IpAddr>,
}

impl Interface {
    /// Its name as it can be shown.
    pub fn shown_name(&self) -> String {
        printable(self.name.as_bytes())
    }

    /// Whether its counters are those of a device, which sends and receives the segments of what is an
    /// aggregate to the kernel. Most virtual interfaces count what the kernel hands them; those that
    /// bundle devices add up theirs.
    pub fn counts_segments(&self) -> bool {
        match &self.kind {
            Some(kind) => ["bond", "team"].contains(&kind.as_str()),
            None => !self.loopback,
        }
    }
}

/// Whether the kernel takes IPv6 at all (`ipv6.disable=1`): then there is a list of addresses.
pub fn takes_ipv6() -> bool {
    // Not `self`: that is the process's first thread, which may be in another namespace.
    Path::new("/proc/thread-self/net/if_inet6").exists()
}

/// All interfaces, in index order, with their addresses.
pub fn all() -> Result<Vec<Interface>> {
    let links = RouteNetlinkMessage::GetLink(LinkMessage::default());
    let mut interfaces = netlink::dump(&links, interface).context("list the interfaces")?;
    let addresses = RouteNetlinkMessage::GetAddress(AddressMessage::default());
    for (index, address) in netlink::dump(&addresses, address).context("list their addresses")? {
        // An interface that came between the two lists is left out.
        if let Some(interface) = interfaces.iter_mut().find(|interface| interface.index == index) {
            interface.addresses.push(address);
        }
    }
    interfaces.sort_by_key(|interface| interface.index);
    Ok(interfaces)
}

/// The addresses of this host: those of all its interfaces.
pub fn own_addresses() -> Result<Vec<IpAddr>> {
    Ok(all()?.into_iter().flat_map(|interface| interface.addresses).collect())
}

/// The interface of this name; the error names those there are.
pub fn find(name: &str) -> Result<Interface> {
    named(all()?, name)
}

/// The interface of the default route (IPv4 before IPv6, lowest metric first), else the first that
/// is up, no loopback and can be read.
pub fn default_interface() -> Result<Interface> {
    let interfaces = all()?;
    let default_route = default_route::interface_index().context("list the routes")?;
    match choose(&interfaces, default_route) {
        Some(interface) => Ok(interface.clone()),
        None => bail!(
            "no default route, and no interface is up that iftop can read: choose one with -i; \
             there are: {}",
            names(&interfaces)
        ),
    }
}

fn choose(interfaces: &[Interface], default_route: Option<u32>) -> Option<&Interface> {
    let of_route = interfaces.iter().find(|interface| Some(interface.index) == default_route);
    of_route.or_else(|| {
        interfaces.iter().find(|interface| {
            let skipped = NEVER_DEFAULT.iter().any(|prefix| interface.name.starts_with(prefix));
            interface.up && !interface.loopback && !skipped && interface.link_type().is_ok()
        })
    })
}

fn named(interfaces: Vec<Interface>, name: &str) -> Result<Interface> {
    let there_are = names(&interfaces);
    // libpcap's word, which is no interface of the kernel.
    let hint = if name == "any" { " (all of them at once: by --source pcap)" } else { "" };
    interfaces.into_iter().find(|interface| interface.name == name).with_context(|| {
        format!("no interface `{}`{hint}; there are: {there_are}", printable(name.as_bytes()))
    })
}

fn names(interfaces: &[Interface]) -> String {
    let names = interfaces.iter().map(Interface::shown_name);
    names.collect::<Vec<_>>().join(", ")
}

fn interface(reply: Reply<'_>) -> Option<Interface> {
    let header = LinkHeader::parse(reply.payload).ok()?;
    let mut interface = Interface {
        index: header.index,
        up: header.flags.contains(LinkFlags::Up),
        running: header.flags.contains(LinkFlags::Running),
        loopback: header.flags.contains(LinkFlags::Loopback),
        link_layer: header.link_layer_type.into(),
        ..Interface::default()
    };
    let mut broadcast = None;
    for (kind, value) in reply.attributes(LINK_HEADER_BYTES) {
        match kind {
            libc::IFLA_IFNAME => interface.name = netlink::text(value),
            libc::IFLA_ADDRESS => interface.mac = value.try_into().ok(),
            libc::IFLA_BROADCAST => broadcast = ip(value),
            libc::IFLA_LINKINFO => {
                interface.kind = netlink::attributes(value)
                    .find(|(kind, _)| *kind == libc::IFLA_INFO_KIND)
                    .map(|(_, value)| netlink::text(value));
            }
            _ => (),
        }
    }
    // The kernel's tunnels keep their far end where other interfaces have a broadcast address.
    interface.tunnel_peer = broadcast.filter(|peer| !peer.is_unspecified() && !peer.is_multicast());
    Some(interface)
}

fn address(reply: Reply<'_>) -> Option<(u32, IpAddr)> {
    let header = AddressHeader::parse(reply.payload).ok()?;
    let value = |wanted| {
        reply.attributes(ADDRESS_HEADER_BYTES).find(|(kind, _)| *kind == wanted).map(|(_, v)| v)
    };
    // On a point-to-point link IFA_ADDRESS is the other end; elsewhere both are the same, and IPv6
    // has only IFA_ADDRESS.
    let address = value(libc::IFA_LOCAL).or_else(|| value(libc::IFA_ADDRESS)).and_then(ip)?;
    Some((header.index, address))
}

fn ip(value: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(value).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::namespace::{alone, run};

    /// Name and whether it is up.
    fn interfaces(list: &[(&str, bool)]) -> Vec<Interface> {
        (1..)
            .zip(list)
            .map(|(index, (name, up))| Interface {
                index,
                name: (*name).to_owned(),
                up: *up,
                loopback: *name == "lo",
                link_layer: if name.starts_with("can") { 280 } else { libc::ARPHRD_ETHER },
                ..Interface::default()
            })
            .collect()
    }

    #[test]
    fn the_default_route_wins_then_the_first_usable() {
        let list = [
            ("lo", true),
            ("eth0", false),
            ("dummy0", true),
            ("lowpan0", true),
            ("can0", true),
            ("eth1", true),
            ("eth2", true),
        ];
        let list = interfaces(&list);
        let chosen = |route| choose(&list, route).map(|interface| interface.name.as_str());
        assert_eq!(chosen(Some(7)), Some("eth2"));
        assert_eq!(chosen(Some(3)), Some("dummy0"), "a route says more than a name");
        assert_eq!(chosen(None), Some("eth1"));
        assert_eq!(chosen(Some(99)), Some("eth1"), "gone meanwhile");
        assert_eq!(choose(&list[..5], None), None);
    }

    #[test]
    fn a_missing_interface_is_told_with_those_there_are() {
        let list = interfaces(&[("lo", true), ("eth0", true)]);
        assert_eq!(named(list.clone(), "eth0").unwrap().index, 2);
        let error = |name| named(list.clone(), name).unwrap_err().to_string();
        assert_eq!(error("eth9\x1b"), r"no interface `eth9\x1b`; there are: lo, eth0");
        let any = "no interface `any` (all of them at once: by --source pcap); there are: lo, eth0";
        assert_eq!(error("any"), any);
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn the_kernels_list() {
        alone(|| {
            assert!(default_interface().unwrap_err().to_string().ends_with("there are: lo"));
            run("ip link add va address 02:00:00:00:00:01 type veth peer name vb");
            run("ip tuntap add t0 mode tun");
            run("ip link set va up");
            assert_eq!(default_interface().unwrap().name, "va", "the first that is up");
            run("ip addr add 10.9.0.1/24 dev va");
            run("ip addr add 10.9.0.2 peer 10.9.9.9 dev va");
            run("ip addr add fd00:9::1/64 dev va nodad");

            let list = all().unwrap();
            assert!(list.is_sorted_by_key(|interface| interface.index));
            assert_eq!(list[0].name, "lo");
            assert!(list[0].loopback && !list[0].up);
            let va = find("va").unwrap();
            assert_eq!(va.mac, Some([2, 0, 0, 0, 0, 1]));
            assert_eq!(va.kind.as_deref(), Some("veth"));
            assert!(va.up && !va.running, "its peer is down");
            for address in ["10.9.0.1", "10.9.0.2", "fd00:9::1"] {
                assert!(va.addresses.contains(&address.parse().unwrap()), "{address}");
            }
            assert_eq!(find("t0").unwrap().mac, None);
            assert_eq!(find("t0").unwrap().link_layer, libc::ARPHRD_NONE);
        });
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn the_default_routes_interface() {
        alone(|| {
            run("ip link add va type veth peer name vb");
            run("ip link add vc type veth peer name vd");
            for interface in ["va", "vb", "vc", "vd"] {
                run(&format!("ip link set {interface} up"));
            }
            run("ip -6 route add default dev vd");
            assert_eq!(default_interface().unwrap().name, "vd");
            run("ip route add 10.0.0.0/8 dev va");
            run("ip route add default dev va table 7");
            run("ip route add default dev vb metric 20");
            assert_eq!(default_interface().unwrap().name, "vb", "IPv4 comes first");
            run("ip route add default nexthop dev vc nexthop dev va");
            assert_eq!(default_interface().unwrap().name, "vc", "the lower metric");
        });
    }
}
