//! Interfaces and addresses as Linux lists them, and what else it tells of an interface.
//!
//! Source: rtnetlink(7), `linux/if_link.h`, `linux/if_addr.h`.

use std::{net::IpAddr, path::Path};

use anyhow::{Context as _, Result};
use netlink_packet_route::{
    RouteNetlinkMessage,
    address::{AddressHeader, AddressMessage},
    link::{LinkFlags, LinkHeader, LinkMessage},
};

use super::{Interface, index_of};
use crate::netlink::{self, Changes, Reply};

mod counters;
mod default_route;
mod ethtool;
mod features;
mod link_type;
mod segmentation;
mod speed;
mod tags;
mod xdp;

pub use counters::counters;
pub use segmentation::cut_by_kernel;
pub use speed::link_speed;

/// Bytes of `struct ifinfomsg`.
const LINK_HEADER_BYTES: usize = 16;
/// Bytes of `struct ifaddrmsg`.
const ADDRESS_HEADER_BYTES: usize = 8;

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

/// Returns when there is an interface of this name, at once where there is.
pub fn wait_for(name: &str) -> Result<()> {
    let changes = Changes::of_links().context("listen for new interfaces")?;
    while index_of(name).is_none() {
        changes.wait().context("wait for an interface")?;
    }
    Ok(())
}

/// Index of the interface that the default route leads through.
pub(super) fn default_route(_: &[Interface]) -> Result<Option<u32>> {
    default_route::interface_index().context("list the routes")
}

/// Whether its packets can be counted in the kernel.
pub(super) fn can_be_read(interface: &Interface) -> bool {
    interface.link_type().is_ok()
}

/// Whether the kernel takes IPv6 at all (`ipv6.disable=1`): then there is a list of addresses.
pub fn takes_ipv6() -> bool {
    // Not `self`: that is the process's first thread, which may be in another namespace.
    Path::new("/proc/thread-self/net/if_inet6").exists()
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
    use crate::{
        interface::{all, default_interface, find},
        netlink::{
            Changes,
            namespace::{alone, run},
        },
    };

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
            assert!(va.up);
            for address in ["10.9.0.1", "10.9.0.2", "fd00:9::1"] {
                assert!(va.addresses.contains(&address.parse().unwrap()), "{address}");
            }
            // Nobody holds the one, and the other has its peer. (With that one down, a veth of 5.10 runs.)
            assert!(!find("t0").unwrap().running);
            run("ip link set vb up");
            // The kernel tells it in its own time (net/core/link_watch.c).
            let changes = Changes::of_links().unwrap();
            while !find("va").unwrap().running {
                changes.wait().unwrap();
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
