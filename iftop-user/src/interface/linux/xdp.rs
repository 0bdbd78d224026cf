//! Whether an interface has an XDP program, whoever attached it.
//!
//! Source: rtnetlink(7), `IFLA_XDP_*` of `linux/if_link.h`.

use anyhow::{Context as _, Result};
use netlink_packet_route::{RouteNetlinkMessage, link::LinkMessage};

use super::LINK_HEADER_BYTES;
use crate::netlink::{self, Reply};

/// Of `linux/if_link.h`: how it is attached, 0 for not at all.
const IFLA_XDP_ATTACHED: u16 = 2;
/// Of `linux/if_link.h`; missing where there are several.
const IFLA_XDP_PROG_ID: u16 = 4;

/// The identifier of the XDP program at the interface of this index, in the calling thread's network
/// namespace; 0 where there are several.
pub fn xdp_program(index: u32) -> Result<Option<u32>> {
    let mut request = LinkMessage::default();
    request.header.index = index;
    let read = || {
        let attached = netlink::get(RouteNetlinkMessage::GetLink(request), parse)?;
        let Attached { how, identifier } = attached.context("no answer")?;
        Ok::<_, anyhow::Error>((how != 0).then_some(identifier))
    };
    read().with_context(|| format!("ask for XDP programs of interface {index}"))
}

struct Attached {
    how: u8,
    identifier: u32,
}

/// Interfaces before Linux 4.8 say nothing of it, and have none.
#[expect(clippy::unnecessary_wraps, reason = "as replies are parsed")]
fn parse(reply: Reply<'_>) -> Option<Attached> {
    let mut attributes = reply.attributes(LINK_HEADER_BYTES);
    let xdp = attributes.find(|(kind, _)| kind & !NESTED == libc::IFLA_XDP);
    let nested = Reply { payload: xdp.map_or(&[], |(_, value)| value) };
    let find = |wanted| nested.attributes(0).find(|(kind, _)| *kind == wanted);
    let how = find(IFLA_XDP_ATTACHED).and_then(|(_, value)| value.first().copied());
    let identifier = find(IFLA_XDP_PROG_ID).and_then(|(_, value)| value.first_chunk());
    Some(Attached {
        how: how.unwrap_or(0),
        identifier: identifier.map_or(0, |bytes| u32::from_ne_bytes(*bytes)),
    })
}

/// `NLA_F_NESTED` of `linux/netlink.h`.
const NESTED: u16 = 1 << 15;
