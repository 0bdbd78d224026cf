//! What to do about it: advice added to an error of loading or attaching.

use std::{env, io};

use anyhow::Error;

/// Adds a line of advice where the cause is one that the user can mend.
pub(super) fn advise(error: Error) -> Error {
    let errno = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .find_map(io::Error::raw_os_error);
    match errno.and_then(advice) {
        Some(advice) => error.context(advice),
        None => error,
    }
}

fn advice(errno: i32) -> Option<String> {
    match errno {
        libc::EPERM | libc::EACCES => {
            let program = env::current_exe()
                .map_or_else(|_| "iftop".to_owned(), |path| path.display().to_string());
            Some(format!(
                "missing privileges: counting in the kernel needs CAP_BPF, CAP_NET_ADMIN and \
                 CAP_PERFMON (or root).\n\
                 Run it with sudo, or once:\n    \
                 sudo setcap cap_bpf,cap_net_admin,cap_perfmon+ep {program}"
            ))
        }
        libc::ENOSYS => Some(
            "this kernel has no BPF: it must be built with CONFIG_BPF_SYSCALL (Linux 5.10 or later)"
                .to_owned(),
        ),
        libc::ENODEV => Some("the interface is gone".to_owned()),
        _ => None,
    }
}
