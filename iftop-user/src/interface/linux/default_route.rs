//! Where packets for the world leave.
//!
//! It owns reading the main routing table. It must never decide which interface is watched.
//!
//! Source: rtnetlink(7), `linux/rtnetlink.h`.

use anyhow::Result;
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    route::{RouteFlags, RouteHeader, RouteMessage, RouteType},
};

use crate::netlink::{self, Reply};

/// Bytes of `struct rtmsg`.
const ROUTE_HEADER_BYTES: usize = 12;

/// A default route: metric and interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Route {
    metric: u32,
    interface: u32,
}

/// Index of the default route's interface: of IPv4 where there is one, else of IPv6.
pub(super) fn interface_index() -> Result<Option<u32>> {
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut request = RouteMessage::default();
        request.header.address_family = family;
        let routes = netlink::dump(&RouteNetlinkMessage::GetRoute(request), default_route)?;
        // Of equal metrics the first one wins, as in the kernel.
        if let Some(best) = routes.iter().min_by_key(|route| route.metric) {
            return Ok(Some(best.interface));
        }
    }
    Ok(None)
}

/// The route, if it is a default route of the main table that can be used.
fn default_route(reply: Reply<'_>) -> Option<Route> {
    let header = RouteHeader::parse(reply.payload).ok()?;
    let mut table = u32::from(header.table);
    let (mut metric, mut interface) = (0, None);
    for (kind, value) in reply.attributes(ROUTE_HEADER_BYTES) {
        match kind {
            // The header's field has no room for tables above 255.
            libc::RTA_TABLE => table = netlink::number(value)?,
            libc::RTA_PRIORITY => metric = netlink::number(value)?,
            libc::RTA_OIF => interface = netlink::number(value),
            // `struct rtnexthop`: length, flags, weight, interface; the first one stands for all.
            libc::RTA_MULTIPATH => interface = value.get(4..8).and_then(netlink::number),
            _ => (),
        }
    }
    let usable = header.destination_prefix_length == 0
        && header.kind == RouteType::Unicast
        && table == u32::from(RouteHeader::RT_TABLE_MAIN)
        && !header.flags.intersects(RouteFlags::Dead | RouteFlags::Linkdown | RouteFlags::Cloned);
    Some(Route { metric, interface: interface.filter(|_| usable)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: u8 = RouteHeader::RT_TABLE_MAIN;
    const UNICAST: u8 = libc::RTN_UNICAST;
    /// `RTN_UNREACHABLE`, the default route of an IPv6 stack without any.
    const UNREACHABLE: u8 = 7;
    const LINK_DOWN: u32 = 16;

    fn route(prefix: u8, table: u8, kind: u8, flags: u32, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![2, prefix, 0, 0, table, 0, 0, kind];
        bytes.extend(flags.to_ne_bytes());
        for (kind, value) in attributes {
            bytes.extend(u16::try_from(4 + value.len()).unwrap().to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(*value);
        }
        bytes
    }

    #[test]
    fn only_usable_default_routes_of_the_main_table_count() {
        let via = |interface: u32| interface.to_ne_bytes();
        let (three, ten, table) = (via(3), via(10), via(1000));
        let hops = [[8, 0, 0, 0, 5, 0, 0, 0], [8, 0, 0, 0, 6, 0, 0, 0]].concat();
        let oif = (libc::RTA_OIF, &three[..]);
        let found = |metric, interface| Some(Route { metric, interface });
        let cases = [
            ("plain", route(0, MAIN, UNICAST, 0, &[oif]), found(0, 3)),
            (
                "metric",
                route(0, MAIN, UNICAST, 0, &[(libc::RTA_PRIORITY, &ten), oif]),
                found(10, 3),
            ),
            ("two hops", route(0, MAIN, UNICAST, 0, &[(libc::RTA_MULTIPATH, &hops)]), found(0, 5)),
            ("not default", route(8, MAIN, UNICAST, 0, &[oif]), None),
            ("other table", route(0, 7, UNICAST, 0, &[oif]), None),
            (
                "big table number",
                route(0, MAIN, UNICAST, 0, &[(libc::RTA_TABLE, &table), oif]),
                None,
            ),
            ("unreachable", route(0, MAIN, UNREACHABLE, 0, &[oif]), None),
            ("link down", route(0, MAIN, UNICAST, LINK_DOWN, &[oif]), None),
            ("no interface", route(0, MAIN, UNICAST, 0, &[]), None),
            ("too short", vec![2, 0], None),
        ];
        for (name, payload, expected) in cases {
            assert_eq!(default_route(Reply { payload: &payload }), expected, "{name}");
        }
    }
}
