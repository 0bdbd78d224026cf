//! What the kernel has that the tests run on. What is missing in an older one is left out there, and
//! nothing else.

use std::env;

use aya::util::KernelVersion;

fn is_at_least(major: u8, minor: u8) -> bool {
    KernelVersion::current().unwrap() >= KernelVersion::new(major, minor, 0)
}

/// The hook. Where it is not there, the test that asks says that it leaves something out.
pub fn has_tcx() -> bool {
    let has_tcx = is_at_least(6, 6);
    if !has_tcx {
        println!("this kernel has no TCX (Linux 6.6): what needs it is left out");
    }
    has_tcx
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
