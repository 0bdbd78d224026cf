//! Capabilities of the calling thread.
//!
//! Source: capabilities(7).

use anyhow::{Context as _, Result};
use aya::util::KernelVersion;
use rustix::{
    io::Errno,
    thread::{
        CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
        remove_capability_from_bounding_set, set_capabilities, set_keep_capabilities,
    },
};

use super::Duty;

/// From here on nobody needs a capability to read a map that he holds, whatever
/// `kernel.unprivileged_bpf_disabled` says (c8644cd0efe7 of Linux).
const MAPS_ARE_FREE: KernelVersion = KernelVersion::new(5, 19, 0);

/// What such a duty takes.
pub(super) fn needed(duty: Duty) -> CapabilitySet {
    match duty {
        Duty::Read | Duty::Export => CapabilitySet::empty(),
        Duty::UseMaps => match KernelVersion::current() {
            Ok(kernel) if kernel >= MAPS_ARE_FREE => CapabilitySet::empty(),
            _ => CapabilitySet::BPF,
        },
        Duty::Attach => CapabilitySet::BPF | CapabilitySet::NET_ADMIN | CapabilitySet::PERFMON,
    }
}

/// Whether those that are permitted outlive another user.
pub(super) fn keep_over_change_of_user(keep: bool) -> Result<()> {
    set_keep_capabilities(keep).context("keep capabilities when the user changes")
}

/// Has no program that is ever started have any capability. It takes one itself, so this comes first.
pub(super) fn leave_bounding_set() -> Result<()> {
    for capability in CapabilitySet::all() {
        match remove_capability_from_bounding_set(capability) {
            // Whoever may not do this starts no program that has more than himself, later on.
            Ok(()) | Err(Errno::PERM | Errno::INVAL) => {}
            Err(error) => return Err(error).context("leave the bounding set"),
        }
    }
    match clear_ambient_capability_set() {
        Ok(()) | Err(Errno::PERM | Errno::INVAL) => Ok(()),
        Err(error) => Err(error).context("clear the ambient set"),
    }
}

/// Leaves those of them that there are, and no others.
pub(super) fn keep_only(needed: CapabilitySet) -> Result<()> {
    let permitted = capabilities(None).context("ask for the capabilities")?.permitted;
    let of_bpf = needed & (CapabilitySet::BPF | CapabilitySet::PERFMON);
    // Before there were these two, there was one for both and much else; some have only that.
    let instead =
        if permitted.contains(of_bpf) { needed } else { needed | CapabilitySet::SYS_ADMIN };
    let kept = permitted & instead;
    let inheritable = CapabilitySet::empty();
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable };
    set_capabilities(None, sets).context("set the capabilities")
}
