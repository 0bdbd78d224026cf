//! Our filters at clsact, and which of them nobody owns any more.
//!
//! A filter outlives a process that is killed. So its handle is a number of the run, and as long as the run
//! lives, a socket has that number in its name: an abstract one (unix(7)), as these belong to a network
//! namespace just as interfaces do. Whoever sees the filter sees the socket, from any container, and the
//! kernel closes it however the process ends.
//!
//! It owns these numbers, and finding and removing filters that bear them. It must never remove a filter that
//! does not, nor one whose run is alive.
//!
//! Sources: tc-bpf(8), `linux/pkt_cls.h`, `cls_bpf_dump` in `net/sched/cls_bpf.c`.

use std::{
    fmt,
    io::{self, ErrorKind},
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixDatagram},
    },
};

use anyhow::{Context as _, Result};
use iftop_common::names;
use netlink_packet_route::{
    RouteNetlinkMessage,
    tc::{TcAttribute, TcHandle, TcHeader, TcMessage},
};

use super::{HOOKS, TC_HEADER_BYTES, is, signed};
use crate::netlink::{self, Reply, text};

/// The kind of filter that a program is.
const BPF: &str = "bpf";
/// `TCA_BPF_NAME` of `linux/pkt_cls.h`.
const ATTRIBUTE_NAME: u16 = 7;
/// In the handle of each of ours. Handles that the kernel chooses count from 1.
const OURS: u32 = 1 << 30;
/// In the handle where the run made the qdisc that the filter hangs on.
const MADE_CLSACT: u32 = 1;
/// Handles that are tried until one is free. They are random, so the first one is.
const ATTEMPTS: usize = 10;

/// The number of a run at one interface, which is its own until the value is dropped.
pub struct Mark {
    handle: u32,
    _socket: UnixDatagram,
}

impl Mark {
    /// A new one, for a run that has made the interface's clsact or has found it there.
    ///
    /// # Errors
    /// Say that there are no sockets or no random numbers to be had.
    pub fn new(index: u32, made_clsact: bool) -> Result<Self> {
        for _ in 0..ATTEMPTS {
            let random = getrandom::u32().context("ask for a random number")?;
            let handle = OURS | random & (OURS - 1) & !MADE_CLSACT | u32::from(made_clsact);
            match UnixDatagram::bind_addr(&address(index, handle)?) {
                Ok(socket) => return Ok(Self { handle, _socket: socket }),
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => {
                    return Err(error).context("open the socket that says whose a filter is");
                }
            }
        }
        anyhow::bail!("every number that a filter could have is taken")
    }

    /// Whether a filter of the run is at the interface; as far as anybody knows, there is.
    pub fn is_at(&self, index: u32) -> bool {
        filters(index).map_or(true, |filters| filters.iter().any(|it| it.handle == self.handle))
    }

    /// What the run's filters are to have.
    pub fn handle(&self) -> u32 {
        self.handle
    }
}

/// A filter of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    index: u32,
    parent: TcHandle,
    /// Priority and protocol.
    info: u32,
    handle: u32,
    name: String,
}

/// Those at an interface, in the order in which they run; ingress first.
pub fn filters(index: u32) -> Result<Vec<Filter>> {
    let mut filters = Vec::new();
    for parent in HOOKS {
        let mut request = TcMessage::with_index(signed(index)?);
        request.header.parent = parent;
        let request = RouteNetlinkMessage::GetTrafficFilter(request);
        filters.extend(
            netlink::dump(&request, |reply| filter(index, parent, reply))
                .with_context(|| format!("list the tc filters of interface {index}"))?,
        );
    }
    Ok(filters)
}

fn filter(index: u32, parent: TcHandle, reply: Reply<'_>) -> Option<Filter> {
    let header = TcHeader::parse(reply.payload).ok()?;
    let value = |wanted| {
        reply.attributes(TC_HEADER_BYTES).find(|(kind, _)| *kind == wanted).map(|(_, value)| value)
    };
    if u32::try_from(header.index).ok()? != index || text(value(libc::TCA_KIND)?) != BPF {
        return None;
    }
    let mut options = netlink::attributes(value(libc::TCA_OPTIONS)?);
    let name = text(options.find(|(kind, _)| *kind == ATTRIBUTE_NAME)?.1);
    let handle = u32::from(header.handle);
    let is_ours = handle & OURS != 0 && handle < OURS << 1 && is_name(&name);
    is_ours.then_some(Filter { index, parent, info: header.info, handle, name })
}

/// Whether a program of ours that stands at a hook has this name.
fn is_name(name: &str) -> bool {
    let program = name.strip_suffix(names::GATE).unwrap_or(name);
    [names::INGRESS, names::EGRESS].contains(&program)
}

impl Filter {
    /// Whether the run that attached it goes on.
    ///
    /// # Errors
    /// Say that this cannot be known; then it may.
    pub fn has_owner(&self) -> Result<bool> {
        let asked = address(self.index, self.handle).and_then(|address| {
            let socket = UnixDatagram::unbound()?;
            match socket.connect_addr(&address) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(false),
                Err(error) => Err(error),
            }
        });
        asked.context("ask whether a filter's iftop is running")
    }

    /// Whether the run that attached it also made the qdisc.
    pub fn made_clsact(&self) -> bool {
        self.handle & MADE_CLSACT != 0
    }

    /// Removes it; `false` where it has gone already.
    pub fn remove(&self) -> Result<bool> {
        let mut message = TcMessage::with_index(signed(self.index)?);
        message.header.parent = self.parent;
        message.header.info = self.info;
        message.header.handle = self.handle.into();
        message.attributes.push(TcAttribute::Kind(BPF.to_owned()));
        match netlink::change(RouteNetlinkMessage::DelTrafficFilter(message), 0) {
            Ok(()) => Ok(true),
            Err(error) if [libc::ENOENT, libc::ENODEV].iter().any(|code| is(&error, *code)) => {
                Ok(false)
            }
            Err(error) => Err(error).with_context(|| format!("remove {self}")),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hook = if self.parent == HOOKS[0] { "ingress" } else { "egress" };
        let (name, handle, priority) = (&self.name, self.handle, self.info >> 16);
        write!(formatter, "the {hook} filter {name} (pref {priority} handle {handle:#x})")
    }
}

fn address(index: u32, handle: u32) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("iftop/clsact/{index}/{handle:08x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_one_runs_own_and_says_who_made_the_qdisc() {
        for made in [false, true] {
            let marks = [(); 3].map(|()| Mark::new(u32::MAX, made).unwrap());
            for mark in &marks {
                let filter = |index| Filter {
                    index,
                    parent: HOOKS[0],
                    info: 0,
                    handle: mark.handle(),
                    name: names::INGRESS.to_owned(),
                };
                assert_eq!(filter(u32::MAX).made_clsact(), made);
                assert!(filter(u32::MAX).has_owner().unwrap());
                assert!(!filter(u32::MAX - 1).has_owner().unwrap(), "of another interface");
                assert_eq!(marks.iter().filter(|it| it.handle == mark.handle).count(), 1);
            }
            let handle = marks[0].handle;
            drop(marks);
            assert_eq!(
                UnixDatagram::unbound()
                    .unwrap()
                    .connect_addr(&address(u32::MAX, handle).unwrap())
                    .unwrap_err()
                    .kind(),
                ErrorKind::ConnectionRefused
            );
        }
    }

    #[test]
    fn only_what_stands_at_a_hook_has_such_a_name() {
        for name in ["iftop_ingress", "iftop_egress", "iftop_ingress_gate", "iftop_egress_gate"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "iftop", "iftop_ingress_reject", "iftop_ingress2", "x.o:[iftop_ingress]"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
