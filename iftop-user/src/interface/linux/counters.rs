//! Asks the kernel for an interface's counters.
//!
//! Source: rtnetlink(7), `struct rtnl_link_stats64` of `linux/if_link.h`.

use anyhow::{Context as _, Result};
use iftop_common::Count;
use netlink_packet_route::{
    RouteNetlinkMessage,
    link::{LinkFlags, LinkHeader, LinkMessage},
};

use super::{LINK_HEADER_BYTES, xdp};
use crate::{
    interface::{InterfaceCounters, InterfaceLosses},
    netlink::{self, Reply},
};

/// The counters of the interface of this index in the calling thread's network namespace.
pub fn counters(index: u32) -> Result<InterfaceCounters> {
    let mut request = LinkMessage::default();
    request.header.index = index;
    let read =
        || netlink::get(RouteNetlinkMessage::GetLink(request), parse)?.context("no counters");
    read().with_context(|| format!("read the counters of interface {index}"))
}

fn parse(reply: Reply<'_>) -> Option<InterfaceCounters> {
    let header = LinkHeader::parse(reply.payload).ok()?;
    let is_wanted = |(kind, _): &(u16, _)| *kind == libc::IFLA_STATS64;
    let (_, value) = reply.attributes(LINK_HEADER_BYTES).find(is_wanted)?;
    let number = |place: usize| {
        let bytes = value.get(place * 8..)?.first_chunk()?;
        Some(u64::from_ne_bytes(*bytes))
    };
    // By their places in the structure. The last is newer (Linux 4.6).
    Some(InterfaceCounters {
        up: header.flags.contains(LinkFlags::Up),
        received: Count { packets: number(0)?, bytes: number(2)? },
        sent: Count { packets: number(1)?, bytes: number(3)? },
        losses: InterfaceLosses {
            errors: number(4)?,
            send_errors: number(5)?,
            dropped: number(6)?,
            send_dropped: number(7)?,
            over_errors: number(11)?,
            fifo_errors: number(14)?,
            missed: number(15)?,
            no_handler: number(23).unwrap_or(0),
        },
        xdp: xdp::parse(reply),
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
        payload.extend(0_u16.to_ne_bytes());
        payload.extend(libc::IFLA_STATS64.to_ne_bytes());
        for number in 1_u64..=24 {
            payload.extend((number << 33).to_ne_bytes());
        }
        let length = u16::try_from(payload.len() - LINK_HEADER_BYTES).unwrap();
        payload[LINK_HEADER_BYTES..][..2].copy_from_slice(&length.to_ne_bytes());
        let at = |place: u64| place << 33;
        let expected = InterfaceCounters {
            up: false,
            received: Count { packets: at(1), bytes: at(3) },
            sent: Count { packets: at(2), bytes: at(4) },
            losses: InterfaceLosses {
                errors: at(5),
                send_errors: at(6),
                dropped: at(7),
                send_dropped: at(8),
                over_errors: at(12),
                fifo_errors: at(15),
                missed: at(16),
                no_handler: at(24),
            },
            xdp: None,
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
            let fresh = InterfaceCounters { up: true, ..InterfaceCounters::default() };
            assert_eq!(counters(va).unwrap(), fresh);
            let socket = std::net::UdpSocket::bind("10.9.0.1:0").unwrap();
            for bytes in [100, 200] {
                socket.send_to(&vec![0; bytes], "10.9.0.2:9").unwrap();
            }
            // With headers of UDP, IPv4 and Ethernet.
            let count = Count { packets: 2, bytes: 300 + 2 * (8 + 20 + 14) };
            let sent = InterfaceCounters { sent: count, ..fresh };
            assert_eq!(counters(va).unwrap(), sent);
            let received = InterfaceCounters { received: count, ..fresh };
            assert_eq!(counters(vb).unwrap(), received);
            run("ip link set vb down");
            assert!(!counters(vb).unwrap().up);
            let error = format!("{:#}", counters(4711).unwrap_err());
            assert!(error.starts_with("read the counters of interface 4711: No such"), "{error}");
        });
    }

    /// An ifb device drops what is sent to it and was not redirected there.
    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn known_drops() {
        alone(|| {
            run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
            run("ip link add i0 type ifb; ip address add 10.9.0.1/24 dev i0; ip link set i0 up");
            run("ip neighbour add 10.9.0.2 lladdr 02:00:00:00:00:0b dev i0 nud permanent");
            let index = interface::find("i0").unwrap().index;
            let before = counters(index).unwrap().losses;
            let socket = std::net::UdpSocket::bind("10.9.0.1:0").unwrap();
            for _ in 0..3 {
                socket.send_to(&[0; 100], "10.9.0.2:9").unwrap();
            }
            let expected = InterfaceLosses { dropped: before.dropped + 3, ..before };
            assert_eq!(counters(index).unwrap().losses, expected);
        });
    }
}
