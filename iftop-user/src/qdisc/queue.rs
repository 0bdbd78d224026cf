//! The queue that an interface sends from: what waits in it and what it dropped.
//!
//! It owns reading those numbers of the root queueing discipline. It must never add its children: the
//! root counts what they drop too, be it `mq`, which sums them up when asked (`mq_dump` in
//! `net/sched/sch_mq.c`), or one with classes (`qdisc_tree_reduce_backlog`).
//!
//! Asked by a dump of all interfaces: the kernel tells of one alone only aloud, to everybody who
//! listens for changes.
//!
//! Source: `linux/gen_stats.h`, `linux/rtnetlink.h`, `linux/pkt_sched.h`.

use anyhow::{Context as _, Result};
use netlink_packet_route::{
    RouteNetlinkMessage,
    tc::{TcHandle, TcHeader, TcMessage},
};

use super::{TC_HEADER_BYTES, signed};
use crate::{
    netlink::{self, Reply},
    source::surroundings::Queue,
};

/// `TCA_STATS_QUEUE`: `struct gnet_stats_queue`, in [`libc::TCA_STATS2`].
const TCA_STATS_QUEUE: u16 = 3;

/// The root qdisc of the interface of this index in the calling thread's network namespace; `None`
/// where it has none that queues anything worth listing.
pub fn root_queue(index: u32) -> Result<Option<Queue>> {
    let signed = signed(index)?;
    let request = RouteNetlinkMessage::GetQueueDiscipline(TcMessage::with_index(signed));
    let found = netlink::dump(&request, |reply| parse(reply, signed));
    let found = found.with_context(|| format!("read the queue of interface {index}"))?;
    Ok(found.into_iter().next())
}

fn parse(reply: Reply<'_>, index: i32) -> Option<Queue> {
    let header = TcHeader::parse(reply.payload).ok()?;
    if header.index != index || header.parent != TcHandle::ROOT {
        return None;
    }
    let find = |kind: u16| move |attribute: &(u16, &[u8])| attribute.0 == kind;
    let (_, stats) = reply.attributes(TC_HEADER_BYTES).find(find(libc::TCA_STATS2))?;
    let (_, queue) = netlink::attributes(stats).find(find(TCA_STATS_QUEUE))?;
    let number = |place: usize| queue.get(place * 4..)?.first_chunk().copied();
    let number = |place: usize| number(place).map(u32::from_ne_bytes);
    // Length, backlog, drops, requeues, overlimits.
    Some(Queue {
        handle: header.handle.into(),
        backlog: number(1)?,
        drops: number(2)?,
        overlimits: number(4)?,
    })
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;
    use crate::{
        interface,
        netlink::namespace::{alone, run},
    };

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn drops_are_those_of_the_root_and_counted_once() {
        alone(|| {
            run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
            run("ip link add va numtxqueues 2 type veth peer name vb");
            run("ip address add 10.9.0.1/24 dev va; ip link set va up; ip link set vb up");
            run("ip neighbour add 10.9.0.2 lladdr 02:00:00:00:00:0b dev va nud permanent");
            let index = interface::find("va").unwrap().index;
            let socket = UdpSocket::bind("10.9.0.1:0").unwrap();
            // Each lets one packet of 142 bytes out, and has room for one more.
            let slow = "tbf rate 1kbit burst 200 limit 200";
            let cases: &[&[&str]] = &[
                &[&format!("root handle 7: {slow}")],
                &[
                    "root handle 7: mq",
                    &format!("parent 7:1 handle 8: {slow}"),
                    &format!("parent 7:2 handle 9: {slow}"),
                ],
                &[
                    "clsact",
                    &format!("root handle 7: {slow}"),
                    "parent 7:1 handle 8: pfifo limit 1",
                ],
            ];
            for case in cases {
                for qdisc in *case {
                    run(&format!("tc qdisc add dev va {qdisc}"));
                }
                let fresh = Queue { handle: 7 << 16, ..Queue::default() };
                assert_eq!(root_queue(index).unwrap(), Some(fresh), "{case:?}");
                for _ in 0..5 {
                    // A queue that is full may say so.
                    let _ = socket.send_to(&[0; 100], "10.9.0.2:9");
                }
                let queue = root_queue(index).unwrap().unwrap();
                assert_eq!((queue.backlog, queue.drops), (142, 3), "{case:?} {queue:?}");
                run("tc qdisc del dev va root");
            }
            assert_eq!(root_queue(4711).unwrap(), None);
        });
    }
}
