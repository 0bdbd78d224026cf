//! The network namespace that is watched, where it is not the one that iftop runs in.
//!
//! It owns finding it, running something inside, and noticing that it is gone. It must never move a
//! thread that was there before: names are asked for by the resolver of who runs iftop, so the thread
//! that runs the loop, and every thread that it starts, stays outside.
//!
//! Source: setns(2), ip-netns(8), `net/core/net_namespace.c`.

#[cfg(target_os = "linux")]
mod entrance;
mod target;

#[cfg(target_os = "linux")]
pub use entrance::{Entrance, Netns};
pub use target::Target;
