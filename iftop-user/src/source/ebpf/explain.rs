//! What to do about it: advice added to an error of loading or attaching.

use std::io;

use anyhow::Error;

use crate::privileges;

/// Adds what the user can do, where the cause is one that he can mend.
pub(super) fn advise(error: Error) -> Error {
    let cause = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    match cause.and_then(io::Error::raw_os_error) {
        Some(libc::ENOSYS) => error
            .context("this kernel has no BPF: it needs CONFIG_BPF_SYSCALL, Linux 5.10 or later"),
        Some(libc::ENODEV) => error.context("the interface is gone"),
        _ => privileges::explain(error, &privileges::COUNTING),
    }
}
