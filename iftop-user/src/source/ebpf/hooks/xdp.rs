//! The XDP hook of an interface, for received frames.
//!
//! It must never take another's program away, and never be where nobody asked for it: drivers may
//! reset a device for it.

use std::io;

use anyhow::{Context as _, Result, bail, ensure};
use aya::{
    Ebpf,
    programs::{
        ProgramError, Xdp,
        xdp::{XdpLink, XdpMode},
    },
    sys::SyscallError,
    util::KernelVersion,
};
use iftop_common::{names, parse::LinkType};

use crate::{
    interface::{Interface, counters},
    source::hook::XdpBy,
};

/// The program for this kernel: before 5.18 none may see a frame in several pieces.
pub(in super::super) fn program_name() -> Result<&'static str> {
    Ok(if has_frags()? { names::XDP_FRAGS } else { names::XDP })
}

fn has_frags() -> Result<bool> {
    let kernel = KernelVersion::current().context("ask for the kernel's version")?;
    Ok(kernel >= KernelVersion::new(5, 18, 0))
}

/// Attaches it, where that disturbs nobody.
pub(super) fn attach(object: &mut Ebpf, interface: &Interface, by: XdpBy) -> Result<XdpLink> {
    let shown = interface.shown_name();
    ensure!(!interface.loopback, "{shown} is a loopback interface: XDP is not for those");
    if interface.link_type()? != LinkType::Ethernet {
        bail!("packets of {shown} have no Ethernet header: XDP is not for those");
    }
    if let Some(other) = counters(interface.index)?.xdp {
        let other = other.program;
        bail!("{shown} has an XDP program already (id {other}), which stays: leave --hook out");
    }
    let name = program_name()?;
    let program = program(object, name)?;
    let mode = match by {
        XdpBy::Kernel => XdpMode::Skb,
        XdpBy::Driver => XdpMode::Driver,
    };
    program
        .attach_to_if_index(interface.index, mode)
        .and_then(|id| program.take_link(id))
        .map_err(|error| explain(error, by))
        .with_context(|| format!("attach `{name}` to {shown} by {} XDP", by.name()))
}

/// Puts the gate in place of the program that counts.
pub(super) fn put_gate(object: &mut Ebpf, link: XdpLink) -> Result<XdpLink> {
    let gate = format!("{}{}", program_name()?, names::GATE);
    let program = program(object, &gate)?;
    let link = program.attach_to_link(link).and_then(|id| program.take_link(id));
    link.with_context(|| format!("put `{gate}` in place"))
}

fn program<'a>(object: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp> {
    object
        .program_mut(name)
        .with_context(|| format!("no program `{name}` in the embedded object"))?
        .try_into()
        .with_context(|| format!("program `{name}` is not for XDP"))
}

fn explain(error: ProgramError, by: XdpBy) -> anyhow::Error {
    let code = match &error {
        ProgramError::SyscallError(SyscallError { io_error, .. }) => io_error.raw_os_error(),
        _ => None,
    };
    let reason = match (code, by) {
        (Some(libc::EBUSY | libc::EEXIST), _) => "another XDP program is there, which stays",
        // veth's, of an MTU that takes more than a page.
        (Some(libc::ERANGE), XdpBy::Driver) if !has_frags().unwrap_or(true) => {
            "with this MTU there are frames in several pieces, which XDP programs see since Linux 5.18: try \
             --hook xdp"
        }
        (Some(libc::EOPNOTSUPP | libc::ERANGE), XdpBy::Driver) => {
            "its driver has no XDP of its own, or not with this MTU: try --hook xdp"
        }
        _ => return error.into(),
    };
    anyhow::Error::from(io::Error::other(error)).context(reason)
}
