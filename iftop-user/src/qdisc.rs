//! The queueing discipline `clsact`, which classic tc programs hang on.
//!
//! It owns asking for it, adding it and removing it. It must never remove anything else, such as
//! an `ingress` qdisc in its place. Between asking and removing another process may add a filter,
//! which then goes too: the kernel has no "remove if empty".
//!
//! Source: tc(8), `linux/pkt_sched.h`.

use anyhow::{Context as _, Result};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::{
    RouteNetlinkMessage,
    tc::{TcAttribute, TcHandle, TcHeader, TcMessage},
};

use crate::netlink::{self, Refusal};

mod filters;
pub mod left;
mod queue;

pub use filters::filters;
pub use queue::root_queue;

const CLSACT: &str = "clsact";
/// Bytes of `struct tcmsg`.
const TC_HEADER_BYTES: usize = 20;
/// `ffff:`, the handle of clsact and of ingress, of which an interface can have one.
const HANDLE: TcHandle = TcHandle { major: u16::MAX, minor: 0 };
/// The parents of clsact's filters: `ffff:fff2` for received packets, `ffff:fff3` for sent ones.
const HOOKS: [TcHandle; 2] = [
    TcHandle { major: u16::MAX, minor: TcHandle::MIN_INGRESS },
    TcHandle { major: u16::MAX, minor: TcHandle::MIN_EGRESS },
];

/// Whether the interface has a clsact.
pub fn has_clsact(index: u32) -> Result<bool> {
    let index = signed(index)?;
    let request = RouteNetlinkMessage::GetQueueDiscipline(TcMessage::with_index(index));
    let kinds = netlink::dump(&request, |reply| {
        let header = TcHeader::parse(reply.payload).ok().filter(|header| header.index == index)?;
        let kind = libc::TCA_KIND;
        let (_, value) = reply.attributes(TC_HEADER_BYTES).find(|(found, _)| *found == kind)?;
        Some((header.handle, netlink::text(value)))
    });
    let kinds = kinds.with_context(|| format!("list the qdiscs of interface {index}"))?;
    Ok(kinds.iter().any(|(handle, kind)| *handle == HANDLE && kind == CLSACT))
}

/// Adds a clsact; `false` when there was one already, so that it is not ours to remove.
///
/// An `ingress` qdisc in its place is an error.
pub fn add_clsact(index: u32) -> Result<bool> {
    let request = RouteNetlinkMessage::NewQueueDiscipline(clsact(index)?);
    match netlink::change(request, NLM_F_CREATE | NLM_F_EXCL) {
        Ok(()) => Ok(true),
        Err(error) if is(&error, libc::EEXIST) && has_clsact(index)? => Ok(false),
        Err(error) => Err(error).with_context(|| format!("add clsact to interface {index}")),
    }
}

/// Removes the clsact with all its filters; `false` when there was none, or no interface any more.
pub fn remove_clsact(index: u32) -> Result<bool> {
    let request = RouteNetlinkMessage::DelQueueDiscipline(clsact(index)?);
    match netlink::change(request, 0) {
        Ok(()) => Ok(true),
        Err(error) if is(&error, libc::ENOENT) || is(&error, libc::ENODEV) => Ok(false),
        // An ingress qdisc in its place is refused as invalid.
        Err(error) if is(&error, libc::EINVAL) && !has_clsact(index)? => Ok(false),
        Err(error) => Err(error).with_context(|| format!("remove clsact of interface {index}")),
    }
}

/// Whether no tc filter hangs on either hook; also true where there is no clsact.
///
/// Programs attached by TCX do not count: they stay when clsact goes.
pub fn clsact_is_empty(index: u32) -> Result<bool> {
    for parent in HOOKS {
        let mut request = TcMessage::with_index(signed(index)?);
        request.header.parent = parent;
        let filters = netlink::dump(&RouteNetlinkMessage::GetTrafficFilter(request), |_| Some(()))
            .with_context(|| format!("list the tc filters of interface {index}"))?;
        if !filters.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The message that adds or removes it; the kind keeps the kernel from taking another qdisc.
fn clsact(index: u32) -> Result<TcMessage> {
    let mut message = TcMessage::with_index(signed(index)?);
    message.header.handle = HANDLE;
    message.header.parent = TcHandle::CLSACT;
    message.attributes.push(TcAttribute::Kind(CLSACT.to_owned()));
    Ok(message)
}

fn signed(index: u32) -> Result<i32> {
    i32::try_from(index).with_context(|| format!("interface index {index}"))
}

fn is(error: &anyhow::Error, errno: i32) -> bool {
    error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.errno == errno)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        interface,
        netlink::namespace::{alone, run},
    };

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn clsact_comes_and_goes() {
        alone(|| {
            run("ip link add va type veth peer name vb");
            let index = interface::find("va").unwrap().index;
            assert!(!has_clsact(index).unwrap());
            assert!(clsact_is_empty(index).unwrap(), "no clsact has no filter");
            assert!(!remove_clsact(index).unwrap(), "nothing to remove");

            assert!(add_clsact(index).unwrap());
            assert!(has_clsact(index).unwrap());
            assert!(!has_clsact(index + 1).unwrap(), "the peer has none");
            assert!(!add_clsact(index).unwrap(), "there is one already");
            assert!(clsact_is_empty(index).unwrap());

            assert!(remove_clsact(index).unwrap());
            assert!(!has_clsact(index).unwrap());
        });
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn a_filter_on_either_hook_is_seen() {
        alone(|| {
            run("ip link add va type veth peer name vb");
            let index = interface::find("va").unwrap().index;
            for hook in ["ingress", "egress"] {
                run("tc qdisc add dev va clsact");
                // One classic BPF instruction: return 0, which matches nothing.
                run(&format!("tc filter add dev va {hook} bpf bytecode '1,6 0 0 0'"));
                assert!(!clsact_is_empty(index).unwrap(), "{hook}");
                run(&format!("tc filter del dev va {hook}"));
                assert!(clsact_is_empty(index).unwrap(), "{hook}");
                run("tc qdisc del dev va clsact");
            }
        });
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn an_ingress_qdisc_is_left_alone() {
        alone(|| {
            run("ip link add va type veth peer name vb");
            run("tc qdisc add dev va ingress");
            let index = interface::find("va").unwrap().index;
            assert!(!has_clsact(index).unwrap());
            assert!(add_clsact(index).is_err());
            assert!(!remove_clsact(index).unwrap());
            run("tc qdisc del dev va ingress");
        });
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn a_missing_interface_is_an_error() {
        alone(|| {
            let error = format!("{:#}", add_clsact(4711).unwrap_err());
            assert!(error.starts_with("add clsact to interface 4711: No such device"), "{error}");
            assert!(!remove_clsact(4711).unwrap());
        });
    }
}
