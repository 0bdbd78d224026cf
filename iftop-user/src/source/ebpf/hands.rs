//! Who does what takes privileges: this process, or the helper that kept them.

use anyhow::Result;

use super::{
    attached::{Attached, NotSet, Shape},
    halves::Halves,
    helper::Helper,
    maps::Maps,
};
use crate::{packet_filter::PacketFilter, sandbox::Sandbox, source::surroundings::Look};

/// See the module's description. Dropping it detaches everything.
pub(super) enum Hands {
    /// This process, which keeps its rights.
    Own(Box<Attached>),
    /// A process that does nothing else.
    Helper(Box<Helper>),
}

impl Hands {
    /// Leaves it to a helper, as far as rights are to be given up. The counters are for this process.
    pub fn leave(
        attached: Attached,
        halves: Halves,
        sandbox: Option<&Sandbox>,
    ) -> Result<(Self, Halves)> {
        Ok(match sandbox {
            Some(sandbox) => {
                let (helper, halves) = Helper::start(attached, halves, sandbox)?;
                (Self::Helper(Box::new(helper)), halves)
            }
            None => (Self::Own(Box::new(attached)), halves),
        })
    }

    /// See [`Attached::set_filter`].
    pub fn set_filter(&mut self, filter: Option<&PacketFilter>) -> Result<(), NotSet> {
        match self {
            Self::Own(attached) => attached.set_filter(filter),
            Self::Helper(helper) => helper.set_filter(filter),
        }
    }

    /// See [`Attached::look`]. Nothing is known where the helper has gone.
    pub fn look(&mut self) -> Look {
        match self {
            Self::Own(attached) => attached.look(),
            Self::Helper(helper) => helper.look().unwrap_or_default(),
        }
    }

    /// Whether nobody counts any more, as the helper has ended.
    pub fn are_missed(&self) -> bool {
        match self {
            Self::Own(_) => false,
            Self::Helper(helper) => helper.is_missed(),
        }
    }

    /// See [`Attached::let_go`].
    pub fn let_go(&mut self) {
        match self {
            Self::Own(attached) => attached.let_go(),
            Self::Helper(helper) => helper.let_go(),
        }
    }

    /// See [`Attached::load_again`].
    pub fn load_again(&mut self, index: u32) -> Result<(Maps, Shape)> {
        match self {
            Self::Own(attached) => attached.load_again(index),
            Self::Helper(helper) => helper.load_again(index),
        }
    }

    /// See [`Attached::attach`].
    pub fn attach(&mut self) -> Result<()> {
        match self {
            Self::Own(attached) => attached.attach(),
            Self::Helper(helper) => helper.attach(),
        }
    }
}
