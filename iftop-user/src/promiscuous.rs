//! Promiscuous mode by reference: the interface leaves it when the last holder has gone.
//!
//! It owns one packet socket that never receives a packet. It must never set `IFF_PROMISC` itself:
//! that flag would stay behind when the process is killed.
//!
//! Source: packet(7), `PACKET_ADD_MEMBERSHIP`.
#![expect(unsafe_code, reason = "packet sockets have no safe wrapper in std")]

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

use anyhow::{Context as _, Result};

use crate::privileges;

/// Holds an interface in promiscuous mode until it is dropped or the process ends in any way.
#[derive(Debug)]
#[must_use = "promiscuous mode ends when this is dropped"]
pub struct Promiscuous(OwnedFd);

/// Switches promiscuous mode on; needs `CAP_NET_RAW`.
pub fn join(interface_index: u32) -> Result<Promiscuous> {
    try_join(interface_index)
        .map_err(|error| privileges::explain(error, &privileges::COUNTING_PROMISCUOUSLY))
}

impl Promiscuous {
    /// Holds another interface too, with the right that was needed for the first.
    pub fn join_too(&self, interface_index: u32) -> Result<()> {
        add(&self.0, interface_index)
    }
}

fn try_join(interface_index: u32) -> Result<Promiscuous> {
    let socket = packet_socket().context("open a packet socket for promiscuous mode")?;
    add(&socket, interface_index)?;
    Ok(Promiscuous(socket))
}

fn add(socket: &OwnedFd, interface_index: u32) -> Result<()> {
    let membership = libc::packet_mreq {
        mr_ifindex: i32::try_from(interface_index).context("interface index")?,
        mr_type: u16::try_from(libc::PACKET_MR_PROMISC).context("PACKET_MR_PROMISC")?,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    let bytes = libc::socklen_t::try_from(size_of_val(&membership)).context("packet_mreq")?;
    // SAFETY: the pointer and the length are those of one live `packet_mreq`, which is only read.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_ADD_MEMBERSHIP,
            (&raw const membership).cast(),
            bytes,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error())
            .with_context(|| format!("set interface {interface_index} to promiscuous mode"));
    }
    Ok(())
}

/// A packet socket bound to no protocol, so that no packet is ever queued for it.
fn packet_socket() -> io::Result<OwnedFd> {
    // SAFETY: takes no pointers.
    let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above has just opened it, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use netlink_packet_route::{RouteNetlinkMessage, link::LinkMessage};

    use super::*;
    use crate::netlink::{
        self,
        namespace::{alone, run},
    };

    /// How many holders keep the namespace's interfaces in promiscuous mode.
    fn holders() -> u32 {
        let request = RouteNetlinkMessage::GetLink(LinkMessage::default());
        let counts = netlink::dump(&request, |reply| {
            let count = reply.attributes(16).find(|(kind, _)| *kind == libc::IFLA_PROMISCUITY)?.1;
            netlink::number(count)
        });
        counts.unwrap().into_iter().sum()
    }

    /// A command that another test starts just then holds a copy of every socket until it runs.
    fn wait_for_holders(expected: u32) {
        for _ in 0..100_000 {
            if holders() == expected {
                return;
            }
            std::thread::yield_now();
        }
        panic!("{} holders, not {expected}", holders());
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn promiscuous_mode_is_counted_and_ends_with_its_holders() {
        alone(|| {
            run("ip link add va type veth peer name vb");
            let index = crate::interface::find("va").unwrap().index;
            assert_eq!(holders(), 0);
            let first = join(index).unwrap();
            assert_eq!(holders(), 1);
            let second = join(index).unwrap();
            assert_eq!(holders(), 2);
            drop(first);
            wait_for_holders(1);
            drop(second);
            wait_for_holders(0);
            assert!(join(4711).is_err());
        });
    }
}
