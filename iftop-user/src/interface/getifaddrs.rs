//! Interfaces and addresses as BSD and macOS list them; Linux can too, which is how this is tested.
//!
//! Source: getifaddrs(3), udp(4).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket},
};

use anyhow::{Context as _, Result};
use nix::{
    ifaddrs::{InterfaceAddress, getifaddrs},
    net::if_::{InterfaceFlags, if_nametoindex},
    sys::socket::SockaddrStorage,
};

use super::Interface;

/// Nobody's addresses (RFC 5737, RFC 3849): whatever leads there is a default route.
const FAR: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// All interfaces, in index order, with their addresses.
pub fn all() -> Result<Vec<Interface>> {
    let mut interfaces: Vec<Interface> = Vec::new();
    for entry in getifaddrs().context("list the interfaces")? {
        let place = interfaces.iter().position(|it| it.name == entry.interface_name);
        let place = match (place, if_nametoindex(entry.interface_name.as_str())) {
            (Some(place), _) => place,
            (None, Ok(index)) => {
                interfaces.push(interface(index, &entry));
                interfaces.len() - 1
            }
            // It went while it was listed.
            (None, Err(_)) => continue,
        };
        let interface = &mut interfaces[place];
        let Some(address) = entry.address else { continue };
        interface.mac = interface.mac.or_else(|| address.as_link_addr()?.addr());
        interface.addresses.extend(ip(&address));
    }
    for interface in &mut interfaces {
        interface.addresses.sort_by_key(IpAddr::is_ipv6);
    }
    interfaces.sort_by_key(|interface| interface.index);
    Ok(interfaces)
}

fn interface(index: u32, entry: &InterfaceAddress) -> Interface {
    Interface {
        index,
        name: entry.interface_name.clone(),
        up: entry.flags.contains(InterfaceFlags::IFF_UP),
        running: entry.flags.contains(InterfaceFlags::IFF_RUNNING),
        loopback: entry.flags.contains(InterfaceFlags::IFF_LOOPBACK),
        ..Interface::default()
    }
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| address.ip().into());
    v4.or_else(|| {
        let mut octets = address.as_sockaddr_in6()?.ip().octets();
        // BSD's kernels keep the scope of a link-local address inside it.
        if octets[..2] == [0xfe, 0x80] {
            octets[2..4].fill(0);
        }
        Some(Ipv6Addr::from(octets).into())
    })
}

/// Index of the interface that the default route leads through: the one with the address that packets
/// for the world would be sent from. None is sent.
pub(super) fn default_route(interfaces: &[Interface]) -> Option<u32> {
    FAR.into_iter().find_map(|far| {
        let near = source_of(far).ok()?;
        let interface = interfaces.iter().find(|it| it.addresses.contains(&near))?;
        Some(interface.index)
    })
}

fn source_of(far: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match far {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((far, 9))?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::{
        interface,
        netlink::namespace::{alone, run},
    };

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn the_list_is_that_of_netlink() {
        alone(|| {
            run("ip link set lo up");
            run("ip link add va address 02:00:00:00:00:01 type veth peer name vb");
            run("ip tuntap add t0 mode tun");
            run("ip link set va up; ip link set vb up");
            run("ip addr add fd00:9::1/64 dev va nodad; ip addr add 10.9.0.1/24 dev va");
            run("ip addr add 10.9.0.2/24 dev va; ip addr add 10.9.1.1 peer 10.9.9.9 dev vb");
            let known = |list: Vec<Interface>| -> Vec<_> {
                let plain = |it: Interface| {
                    (it.index, it.name, it.up, it.running, it.loopback, it.mac, it.addresses)
                };
                list.into_iter().map(plain).collect()
            };
            assert_eq!(known(all().unwrap()), known(interface::all().unwrap()));
        });
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn the_default_route_is_found_by_its_address() {
        alone(|| {
            let route = || default_route(&all().unwrap());
            assert_eq!(route(), None);
            run("ip link add va type veth peer name vb");
            run("ip addr add 10.9.0.1/24 dev va; ip addr add fd00:9::1/64 dev vb nodad");
            run("ip link set va up; ip link set vb up");
            assert_eq!(route(), None, "none leads there");
            let index = |name| Some(interface::find(name).unwrap().index);
            run("ip -6 route add default dev vb");
            assert_eq!(route(), index("vb"));
            run("ip route add default via 10.9.0.2");
            assert_eq!(route(), index("va"), "IPv4 comes first");
        });
    }
}
