//! What is read around the counters where the system is asked for nothing but them: what this process
//! uses. Elsewhere than on Linux it stands in for `around`.

use std::time::Duration;

use super::surroundings::{Look, Surroundings};
use crate::{interface::InterfaceCounters, usage::usage};

/// See the module's description.
pub(super) struct Around;

impl Around {
    pub(super) fn new(_interface_index: u32, _at_xdp: bool) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "as on Linux")]
    pub(super) fn counters(&self) -> Option<InterfaceCounters> {
        None
    }

    #[expect(clippy::unused_self, reason = "as on Linux")]
    pub(super) fn read(
        &mut self,
        before: Option<InterfaceCounters>,
        poll: Duration,
        _look: impl FnOnce() -> Look,
    ) -> Surroundings {
        Surroundings { before, usage: usage(), poll, ..Surroundings::default() }
    }
}
