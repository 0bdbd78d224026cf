//! Whether an interface has an XDP program, whoever attached it.
//!
//! Source: rtnetlink(7), `IFLA_XDP_*` of `linux/if_link.h`.

use super::LINK_HEADER_BYTES;
use crate::{interface::Xdp, netlink::Reply};

/// Of `linux/if_link.h`: how it is attached, 0 for not at all.
const IFLA_XDP_ATTACHED: u16 = 2;
/// Of `linux/if_link.h`; missing where there are several.
const IFLA_XDP_PROG_ID: u16 = 4;
/// `NLA_F_NESTED` of `linux/netlink.h`.
const NESTED: u16 = 1 << 15;

/// What a description of an interface says of it. Interfaces before Linux 4.8 say nothing, and have none.
pub(super) fn parse(reply: Reply<'_>) -> Option<Xdp> {
    let mut attributes = reply.attributes(LINK_HEADER_BYTES);
    let (_, xdp) = attributes.find(|(kind, _)| kind & !NESTED == libc::IFLA_XDP)?;
    let nested = Reply { payload: xdp };
    let find = |wanted| nested.attributes(0).find(|(kind, _)| *kind == wanted);
    let program = find(IFLA_XDP_PROG_ID).and_then(|(_, value)| value.first_chunk());
    Some(Xdp {
        mode: match find(IFLA_XDP_ATTACHED)?.1.first()? {
            0 => return None,
            1 => "native",
            2 => "generic",
            3 => "offloaded",
            _ => "several",
        },
        program: program.map_or(0, |bytes| u32::from_ne_bytes(*bytes)),
    })
}
