//! Where our programs stand among those of others at the hooks of tc.
//!
//! It owns what the two ways of attaching have in common. It must never change an order.

use super::position::{Hook, TcxPrograms, tcx_programs};
use crate::{
    qdisc::filters,
    source::{hook::HookKind, surroundings::Place},
};

/// What stands there for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AtTc {
    /// How.
    pub kind: HookKind,
    /// The kernel's numbers for our programs: ingress, egress; `None` where none of ours is.
    pub programs: [Option<u32>; 2],
}

/// Where it stands at the interface of this index: ingress, egress.
pub(super) fn places(index: u32, at_tc: AtTc) -> [Option<Place>; 2] {
    let [ingress, egress] = at_tc.programs;
    [(Hook::TcxIngress, ingress), (Hook::TcxEgress, egress)].map(|(hook, program)| {
        let program = program?;
        let TcxPrograms { count, ours, first } = tcx_programs(index, hook, Some(program))?;
        if at_tc.kind == HookKind::Tcx {
            let first = first.filter(|_| ours != Some(1));
            return Some(Place { position: ours, of: count, behind_tcx: 0, first });
        }
        let filters = filters(index, hook == Hook::TcxEgress).ok()?;
        let position = filters.iter().position(|found| *found == Some(program));
        let first = first.or(filters.first().copied().flatten().filter(|_| position != Some(0)));
        let position = position.map(|place| place + 1);
        Some(Place { position, of: filters.len(), behind_tcx: count, first })
    })
}
