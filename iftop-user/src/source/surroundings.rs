//! What is read beside a sample: the interface's own counters, its queue, our place at the hooks and
//! what we cost. Plain values, none of which a sample needs to be true.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::interface::{InterfaceCounters, Xdp};

/// See the module's description. What could not be read is `None`, and nothing fails for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The interface is gone, and its return is waited for.
    pub gone: bool,
    /// Of the interface, just before the interval ended.
    pub before: Option<InterfaceCounters>,
    /// The same after the sample was taken. What was counted between the two, nobody can say on which
    /// side of the interval's end it belongs.
    pub after: Option<InterfaceCounters>,
    /// What the interface sends from, as it was when it was last asked for.
    pub queue: Option<Queue>,
    /// What takes privileges to ask for.
    pub look: Look,
    /// The XDP program of somebody else, which received frames come to before us.
    pub xdp: Option<Xdp>,
    /// What this process used since it began.
    pub usage: Usage,
    /// How long it took to read the counters, by the clock on the wall, without the wait for the
    /// kernel program to leave them.
    pub poll: Duration,
}

/// The root qdisc of an interface. Its counters are of 32 bits and wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Which qdisc, as the kernel writes it; another one counts from 0. A default has 0.
    pub handle: u32,
    /// Bytes that wait to be sent. They passed the egress hook, not yet the interface.
    pub backlog: u32,
    /// Packets that it dropped, behind the egress hook.
    pub drops: u32,
    /// How often it was over its limit, which delays packets and need not drop them.
    pub overlimits: u32,
}

/// What only whoever attached our programs may ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Our places at the hooks of tc: ingress, egress. What is not there by our own choice is unknown.
    pub places: [Option<Place>; 2],
    /// What counting a packet costs, once that was measured.
    pub packet_cost: Option<Duration>,
}

/// Where our program stands among those of its kind at one hook of tc.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// From 1; `None` where it is not there any more.
    pub position: Option<usize>,
    /// How many there are.
    pub of: usize,
    /// TCX programs at the same hook, where ours is a filter: all of them run before any filter.
    pub behind_tcx: usize,
    /// The kernel's number for what runs first, where that is a program and not ours.
    pub first: Option<u32>,
}

impl Place {
    /// Whether anything runs before us, and may end the chain.
    pub fn is_behind_others(&self) -> bool {
        self.behind_tcx > 0 || self.position.is_some_and(|position| position > 1)
    }
}

/// What a process has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time on a CPU, of all threads, in user space and in the kernel.
    pub cpu: Duration,
    /// Memory that is its own now: neither that of files nor the kernel's tables, which it maps. Where
    /// that is not to be had, the most that it ever held of all.
    pub own_bytes: u64,
}
