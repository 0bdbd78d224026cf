//! Where the traffic is: here, or in another network namespace, which only Linux has.

use anyhow::Result;

#[cfg(target_os = "linux")]
use crate::{netns::Netns, source::inside::Inside};
use crate::{netns::Target, poller::Poller, source::Source};

/// See the module's description.
pub(super) struct Place {
    #[cfg(target_os = "linux")]
    netns: Option<Netns>,
}

#[cfg(target_os = "linux")]
impl Place {
    /// The namespace that was asked for, or where we are.
    pub fn open(target: Option<&Target>) -> Result<Self> {
        Ok(Self { netns: target.map(Netns::open).transpose()? })
    }

    /// Runs a function there.
    pub fn inside<T: Send>(&self, function: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        match &self.netns {
            None => function(),
            Some(netns) => netns.inside(function),
        }
    }

    /// Has a thread ask a source that was opened there; to be called there.
    pub fn start(&self, source: Box<dyn Source>) -> Result<Poller> {
        match &self.netns {
            None => Poller::start(source),
            Some(netns) => Poller::start(Inside::new(source, netns.entrance().clone())),
        }
    }
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unused_self, reason = "as on Linux")]
impl Place {
    pub fn open(target: Option<&Target>) -> Result<Self> {
        anyhow::ensure!(target.is_none(), "--netns: only Linux has network namespaces");
        Ok(Self {})
    }

    pub fn inside<T>(&self, function: impl FnOnce() -> Result<T>) -> Result<T> {
        function()
    }

    pub fn start(&self, source: Box<dyn Source>) -> Result<Poller> {
        Poller::start(source)
    }
}
