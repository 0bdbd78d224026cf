//! What the kernel has that the tests run on. What is missing in an older one is left out there, and
//! nothing else.

use std::env;

use aya::util::KernelVersion;

fn is_at_least(major: u8, minor: u8) -> bool {
    KernelVersion::current().unwrap() >= KernelVersion::new(major, minor, 0)
}

/// The hook.
pub fn has_tcx() -> bool {
    is_at_least(6, 6)
}

/// Packets that a tunnel received, without the headers around them.
pub fn reads_tunnels() -> bool {
    is_at_least(5, 14)
}

/// Reading a map without a capability.
pub fn gives_maps_to_who_holds_them() -> bool {
    is_at_least(5, 19)
}

/// XDP programs that see a frame in several pieces; a veth needs one for the MTU that ours has.
pub fn has_frames_in_pieces() -> bool {
    is_at_least(5, 18)
}

/// Whether it is a virtual machine of `cargo xtask vm`: it has all modules, and nobody else needs it.
pub fn is_in_vm() -> bool {
    env::var_os("IFTOP_IN_VM").is_some()
}
