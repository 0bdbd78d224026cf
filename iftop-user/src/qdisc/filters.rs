//! The tc filters that hang on a hook of clsact, in the order in which they run.
//!
//! It owns reading that list. It must never open a program of somebody else: to list them takes no
//! privilege.
//!
//! Source: rtnetlink(7), `linux/pkt_cls.h`; `tc_dump_tfilter` in `net/sched/cls_api.c`.

use anyhow::{Context as _, Result};
use netlink_packet_route::{
    RouteNetlinkMessage,
    tc::{TcHeader, TcMessage},
};

use super::{HOOKS, TC_HEADER_BYTES, signed};
use crate::netlink::{self, Reply};

/// `TCA_CHAIN` of `linux/rtnetlink.h`.
const TCA_CHAIN: u16 = 11;
/// `TCA_BPF_ID` of `linux/pkt_cls.h`.
const TCA_BPF_ID: u16 = 11;

/// A filter: the kernel's number for its program, where it is one.
pub type Filter = Option<u32>;

/// Those that packets meet by themselves: received ones, sent ones. Other chains than the first run where a
/// filter says so.
pub fn filters(index: u32, egress: bool) -> Result<Vec<Filter>> {
    let mut request = TcMessage::with_index(signed(index)?);
    request.header.parent = HOOKS[usize::from(egress)];
    netlink::dump(&RouteNetlinkMessage::GetTrafficFilter(request), parse)
        .with_context(|| format!("list the tc filters of interface {index}"))
}

fn parse(reply: Reply<'_>) -> Option<Filter> {
    let header = TcHeader::parse(reply.payload).ok()?;
    let find = |wanted| reply.attributes(TC_HEADER_BYTES).find(|(kind, _)| *kind == wanted);
    let chain = find(TCA_CHAIN).and_then(|(_, value)| netlink::number(value)).unwrap_or(0);
    // Each priority is listed by itself too, without a handle.
    if chain != 0 || u32::from(header.handle) == 0 {
        return None;
    }
    let is_bpf = find(libc::TCA_KIND).is_some_and(|(_, kind)| netlink::text(kind) == "bpf");
    let (_, options) = find(libc::TCA_OPTIONS)?;
    let program = netlink::attributes(options).find(|(kind, _)| is_bpf && *kind == TCA_BPF_ID);
    Some(program.and_then(|(_, value)| netlink::number(value)))
}
