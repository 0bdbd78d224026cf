//! What to do about it: advice added to an error of loading or attaching.

use std::io;

use anyhow::Error;

use crate::privileges;

/// Whether the kernel had no memory for a table of that size.
pub(super) fn is_out_of_memory(error: &Error) -> bool {
    matches!(code(error), Some(libc::ENOMEM | libc::E2BIG))
}

fn code(error: &Error) -> Option<i32> {
    let cause = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    cause.and_then(io::Error::raw_os_error)
}

/// Adds what the user can do, where the cause is one that he can mend.
pub(super) fn advise(error: Error) -> Error {
    match code(&error) {
        Some(libc::ENOSYS) => error
            .context("this kernel has no BPF: it needs CONFIG_BPF_SYSCALL, Linux 5.10 or later"),
        Some(libc::ENODEV) => error.context("the interface is gone"),
        _ => privileges::explain(error, &privileges::COUNTING),
    }
}
