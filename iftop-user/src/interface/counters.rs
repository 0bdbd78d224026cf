//! What an interface itself counts, beside us.
//!
//! It owns reading those numbers. It must never compare them with anything: what a frame is to the
//! interface and to us differs.
//!
//! Source: rtnetlink(7), `struct rtnl_link_stats64` of `linux/if_link.h`.

use anyhow::{Context as _, Result};
use iftop_common::Count;
use netlink_packet_route::{RouteNetlinkMessage, link::LinkMessage};

use super::LINK_HEADER_BYTES;
use crate::netlink::{self, Reply};

/// Since the interface exists, in bytes of its frames, without their checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfaceCounters {
    /// Received by this interface.
    pub received: Count,
    /// Sent by this interface.
    pub sent: Count,
}

/// The counters of the interface of this index in the calling thread's network namespace.
pub fn counters(index: u32) -> Result<InterfaceCounters> {
    let mut request = LinkMessage::default();
    request.header.index = index;
    let read =
        || netlink::get(RouteNetlinkMessage::GetLink(request), parse)?.context("no counters");
    read().with_context(|| format!("read the counters of interface {index}"))
}

fn parse(reply: Reply<'_>) -> Option<InterfaceCounters> {
    let is_wanted = |(kind, _): &(u16, _)| *kind == libc::IFLA_STATS64;
    let (_, value) = reply.attributes(LINK_HEADER_BYTES).find(is_wanted)?;
    let number = |place: usize| {
        let bytes = value.get(place * 8..)?.first_chunk()?;
        Some(u64::from_ne_bytes(*bytes))
    };
    // Packets received and sent, then bytes received and sent; errors and more follow.
    Some(InterfaceCounters {
        received: Count { packets: number(0)?, bytes: number(2)? },
        sent: Count { packets: number(1)?, bytes: number(3)? },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        interface,
        netlink::namespace::{alone, run},
    };

    #[test]
    fn numbers_are_found_by_their_place() {
        let mut payload = vec![0; LINK_HEADER_BYTES];
        payload.extend(36_u16.to_ne_bytes());
        payload.extend(libc::IFLA_STATS64.to_ne_bytes());
        for number in [1_u64, 2, 1 << 40, 4] {
            payload.extend(number.to_ne_bytes());
        }
        let expected = InterfaceCounters {
            received: Count { packets: 1, bytes: 1 << 40 },
            sent: Count { packets: 2, bytes: 4 },
        };
        assert_eq!(parse(Reply { payload: &payload }), Some(expected));
        payload.truncate(payload.len() - 1);
        assert_eq!(parse(Reply { payload: &payload }), None);
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn known_traffic() {
        alone(|| {
            run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
            run("ip link add va type veth peer name vb");
            run("ip address add 10.9.0.1/24 dev va");
            // Nobody has to be asked, and nobody answers.
            run("ip neighbour add 10.9.0.2 lladdr 02:00:00:00:00:0b dev va nud permanent");
            run("ip link set va up; ip link set vb up");
            let index = |name| interface::find(name).unwrap().index;
            let (va, vb) = (index("va"), index("vb"));
            assert_eq!(counters(va).unwrap(), InterfaceCounters::default());
            let socket = std::net::UdpSocket::bind("10.9.0.1:0").unwrap();
            for bytes in [100, 200] {
                socket.send_to(&vec![0; bytes], "10.9.0.2:9").unwrap();
            }
            // With headers of UDP, IPv4 and Ethernet.
            let count = Count { packets: 2, bytes: 300 + 2 * (8 + 20 + 14) };
            let sent = InterfaceCounters { sent: count, ..InterfaceCounters::default() };
            assert_eq!(counters(va).unwrap(), sent);
            let received = InterfaceCounters { received: count, ..InterfaceCounters::default() };
            assert_eq!(counters(vb).unwrap(), received);
            let error = format!("{:#}", counters(4711).unwrap_err());
            assert!(error.starts_with("read the counters of interface 4711: No such"), "{error}");
        });
    }
}
