//! Where the programs are attached: at the head of both tc hooks, by a TCX link where the kernel
//! has them (6.6), else as a filter of the clsact qdisc; or where it was asked for, at the XDP hook and
//! at the egress hook of tc.
//!
//! At the head, so that nobody who ends the chain hides traffic from us. A TCX link vanishes with
//! its descriptor, however the process ends. What stands at clsact is taken away on drop, and the
//! qdisc with it where it was made here and nobody else uses it; what a killed run has left there is told,
//! and never touched.

use std::{io, mem};

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    programs::{
        LinkOrder, ProgramError, TcAttachType,
        tc::{NlOptions, SchedClassifierLink, TcAttachOptions},
        xdp::XdpLink,
    },
    sys::SyscallError,
};
use iftop_common::names;

mod xdp;

use crate::{
    interface::Interface,
    qdisc::{
        self,
        left::{self, Mark},
    },
    source::{
        ebpf::{explain, object, places::AtTc},
        hook::{HookChoice, HookKind, XdpBy},
    },
    stderr::tell,
};

/// Filters run in the order of their priority; this is the first.
const FIRST_PRIORITY: u16 = 1;
/// The last that is tried, where others have filters at the first ones which ours cannot stand beside.
const LAST_PRIORITY: u16 = 32;

/// The attached programs; dropping it detaches them.
pub(super) struct Hooks {
    kind: HookKind,
    xdp: Option<(XdpLink, XdpBy)>,
    /// What the names of the programs at tc end in.
    end: &'static str,
    // In this order: the links first, then the qdisc they hang on.
    links: Vec<(&'static str, SchedClassifierLink)>,
    qdisc: Option<OwnClsact>,
    // Last: as long as there is a filter, it has an owner.
    mark: Option<Mark>,
}

impl Drop for Hooks {
    fn drop(&mut self) {
        if let (Some(qdisc), Some(mark)) = (&self.qdisc, &self.mark)
            && !mark.is_at(qdisc.interface_index)
        {
            // Somebody has taken our filters away, perhaps with the qdisc: whose the one is that is there now,
            // nobody knows.
            mem::forget(self.qdisc.take());
        }
    }
}

impl Hooks {
    pub(super) fn attach(
        object: &mut Ebpf,
        interface: &Interface,
        choice: HookChoice,
    ) -> Result<Self> {
        // On a loopback interface each packet passes both.
        let directions: &[_] = match choice {
            HookChoice::Xdp(_) => &[EGRESS],
            _ if interface.loopback => &[EGRESS],
            _ => &[INGRESS, EGRESS],
        };
        let mut hooks = match choice {
            HookChoice::Auto | HookChoice::Xdp(_) => match tcx(object, interface, directions) {
                Err(error) if lacks_tcx(&error) => clsact(object, interface, directions),
                result => result,
            },
            HookChoice::Only(HookKind::Tcx) => {
                tcx(object, interface, directions).map_err(|error| {
                    if lacks_tcx(&error) {
                        error.context("TCX hooks came with Linux 6.6: leave --hook out")
                    } else {
                        error
                    }
                })
            }
            HookChoice::Only(HookKind::Clsact) => clsact(object, interface, directions),
        }?;
        if let HookChoice::Xdp(by) = choice {
            hooks.xdp = Some((xdp::attach(object, interface, by)?, by));
        }
        Ok(hooks)
    }

    /// Puts the gates, which are loaded, in place of the programs that count. Each hook has the one or
    /// the other at any time.
    ///
    /// # Errors
    /// Say which hook is lost.
    pub(super) fn put_gates(&mut self, object: &mut Ebpf) -> Result<()> {
        for (name, link) in mem::take(&mut self.links) {
            let gate = format!("{name}{}", names::GATE);
            let program = object::program(object, &gate)?;
            let link = program
                .attach_to_link(link)
                .and_then(|id| program.take_link(id))
                .with_context(|| format!("put `{gate}` in place of `{name}`"))?;
            self.links.push((name, link));
        }
        self.end = names::GATE;
        if let Some((link, by)) = self.xdp.take() {
            self.xdp = Some((xdp::put_gate(object, link)?, by));
        }
        Ok(())
    }

    /// Whether received frames come before the kernel knows them, and what was taken out of them.
    pub(super) fn see_frames_first(&self) -> bool {
        self.xdp.is_some()
    }

    /// Whether each of them is gone once nobody holds it open, and not before.
    pub(super) fn are_links(&self) -> bool {
        self.kind == HookKind::Tcx
    }

    /// What stands at tc, of this object.
    pub(super) fn at_tc(&self, object: &Ebpf) -> AtTc {
        let id = |name: &str| {
            self.links.iter().find(|(linked, _)| *linked == name)?;
            Some(object.program(&format!("{name}{}", self.end))?.info().ok()?.id())
        };
        AtTc { kind: self.kind, programs: [names::INGRESS, names::EGRESS].map(id) }
    }

    /// As it stands in the status rule and in JSON.
    pub(super) fn name(&self) -> &'static str {
        if self.xdp.is_some() { "xdp" } else { self.kind.name() }
    }

    /// As the status page has it.
    pub(super) fn describe(&self, interface: &Interface) -> String {
        let tc = self.kind.name();
        match &self.xdp {
            Some((_, by)) => format!("{} xdp ingress, {tc} egress", by.name()),
            None if interface.loopback => format!("{tc} egress"),
            None => format!("{tc} ingress + egress"),
        }
    }
}

/// A direction of tc: its program, and where it goes.
type Direction = (&'static str, TcAttachType);

const INGRESS: Direction = (names::INGRESS, TcAttachType::Ingress);
const EGRESS: Direction = (names::EGRESS, TcAttachType::Egress);

/// The programs that a choice attaches.
pub(super) fn programs(choice: HookChoice) -> Result<[&'static str; 2]> {
    let ingress = match choice {
        HookChoice::Xdp(_) => xdp::program_name()?,
        HookChoice::Auto | HookChoice::Only(_) => names::INGRESS,
    };
    Ok([ingress, names::EGRESS])
}

fn tcx(object: &mut Ebpf, interface: &Interface, directions: &[Direction]) -> Result<Hooks> {
    let options = || TcAttachOptions::TcxOrder(LinkOrder::first());
    let links = attach_all(object, interface, directions, HookKind::Tcx, options)?;
    Ok(Hooks { kind: HookKind::Tcx, xdp: None, end: "", links, qdisc: None, mark: None })
}

fn clsact(object: &mut Ebpf, interface: &Interface, directions: &[Direction]) -> Result<Hooks> {
    tell_of_left_filters(interface);
    let qdisc = OwnClsact::add_or_inherit(interface)?;
    let mark = Mark::new(interface.index, qdisc.is_some())?;
    let mut priority = FIRST_PRIORITY;
    let links = loop {
        let options = || {
            let handle = mark.handle().into();
            TcAttachOptions::Netlink(NlOptions { priority, handle, ..NlOptions::default() })
        };
        match attach_all(object, interface, directions, HookKind::Clsact, options) {
            // Filters of one priority are of one kind and for one protocol: somebody has another there.
            Err(error)
                if explain::code(&error) == Some(libc::EINVAL) && priority < LAST_PRIORITY =>
            {
                priority += 1;
            }
            links => break links?,
        }
    };
    Ok(Hooks { kind: HookKind::Clsact, xdp: None, end: "", links, qdisc, mark: Some(mark) })
}

/// They cost each packet what ours cost, and count for nobody.
fn tell_of_left_filters(interface: &Interface) {
    let name = interface.shown_name();
    // To count, none of this need be known.
    for filter in left::filters(interface.index).unwrap_or_default() {
        if !filter.has_owner().unwrap_or(true) {
            tell(&format!(
                "iftop: {name} has {filter} of an iftop that was killed: iftop --cleanup removes it"
            ));
        }
    }
}

fn attach_all(
    object: &mut Ebpf,
    interface: &Interface,
    directions: &[Direction],
    hook: HookKind,
    options: impl Fn() -> TcAttachOptions,
) -> Result<Vec<(&'static str, SchedClassifierLink)>> {
    let mut links = Vec::new();
    for &(name, direction) in directions {
        let program = object::program(object, name)?;
        let link = program
            .attach_with_options(&interface.name, direction, options())
            .and_then(|id| program.take_link(id))
            .with_context(|| {
                format!("attach `{name}` to {} by {}", interface.shown_name(), hook.name())
            })?;
        links.push((name, link));
    }
    Ok(links)
}

/// Kernels before 6.6 do not know this kind of link.
fn lacks_tcx(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(ProgramError::SyscallError(SyscallError { io_error, .. }))
            if io_error.kind() == io::ErrorKind::InvalidInput
    )
}

/// A clsact qdisc that was made here, or by an iftop that may end before us.
struct OwnClsact {
    interface_index: u32,
}

impl OwnClsact {
    fn add_or_inherit(interface: &Interface) -> Result<Option<Self>> {
        let added = qdisc::add_clsact(interface.index)
            .with_context(|| format!("make {} ready for tc filters", interface.shown_name()))?;
        let ours = || left::filters(interface.index).unwrap_or_default();
        let owned = added || ours().iter().any(left::Filter::made_clsact);
        // Not `then_some`: a value that is made and dropped would remove the qdisc of others.
        Ok(owned.then(|| Self { interface_index: interface.index }))
    }
}

impl Drop for OwnClsact {
    fn drop(&mut self) {
        // Nothing can be done about a failure here: the interface may be gone, and the qdisc with it.
        if qdisc::clsact_is_empty(self.interface_index).unwrap_or(false) {
            let _ = qdisc::remove_clsact(self.interface_index);
        }
    }
}
