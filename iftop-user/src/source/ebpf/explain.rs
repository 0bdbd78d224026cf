//! What to do about it: advice added to an error of loading or attaching; and whether it says that
//! counting in the kernel is not to be had here at all.

use std::io;

use anyhow::Error;
use aya::util::KernelVersion;
use rustix::process::{Resource, getrlimit};

use crate::{
    netlink::Refusal,
    privileges::{self, Capability},
    source::unavailable::Unavailable,
};

/// The first one that can run our programs.
const OLDEST_KERNEL: KernelVersion = KernelVersion::new(5, 10, 0);

/// The first one in which maps are no locked memory.
const NO_LOCKED_MEMORY: KernelVersion = KernelVersion::new(5, 11, 0);

const TOO_OLD: &str = "kernel before 5.10";

/// Whether the kernel had no memory for a table of that size.
pub(super) fn is_out_of_memory(error: &Error) -> bool {
    matches!(code(error), Some(libc::ENOMEM | libc::E2BIG))
}

/// What the kernel said, where that is what went wrong.
pub(super) fn code(error: &Error) -> Option<i32> {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return Some(refusal.errno);
    }
    let cause = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    cause.and_then(io::Error::raw_os_error)
}

/// Adds what the user can do, where the cause is one that he can mend; `needed` is for all that he asked for.
pub(super) fn advise(error: Error, needed: &[Capability]) -> Error {
    advise_on(error, needed, KernelVersion::current().ok())
}

fn advise_on(error: Error, needed: &[Capability], kernel: Option<KernelVersion>) -> Error {
    if error.is::<Unavailable>() {
        return error;
    }
    let code = code(&error);
    let reason = reason(code, kernel);
    let error = match code {
        Some(libc::ENOSYS) => error
            .context("this kernel has no BPF: it needs CONFIG_BPF_SYSCALL, Linux 5.10 or later"),
        Some(libc::ENODEV) => error.context("the interface is gone"),
        _ if reason.as_deref() == Some(TOO_OLD) => {
            error.context("iftop counts in the kernel from Linux 5.10 on, and this one is older")
        }
        Some(libc::EPERM) if error.is::<Refusal>() => privileges::with_advice(error, needed),
        _ => privileges::explain(error, needed),
    };
    match reason {
        Some(reason) => Unavailable::because(reason, error),
        None => error,
    }
}

/// Why it is not to be had, where that is what the kernel's refusal means.
fn reason(code: Option<i32>, kernel: Option<KernelVersion>) -> Option<String> {
    let missing = || privileges::missing(&privileges::COUNTING);
    match code {
        Some(libc::ENOSYS) => Some("no BPF in this kernel".to_owned()),
        Some(libc::EPERM | libc::EACCES) if !missing().is_empty() => {
            Some(format!("no {}", missing().join(", ")))
        }
        // Before, a table is memory that is locked; to raise the limit takes `cap_sys_resource`.
        Some(libc::EPERM)
            if kernel.is_some_and(|kernel| kernel < NO_LOCKED_MEMORY)
                && getrlimit(Resource::Memlock).current.is_some() =>
        {
            Some("too little memory may be locked (ulimit -l), kernel before 5.11".to_owned())
        }
        // As in a container, whatever capabilities there are.
        Some(libc::EPERM) => Some("BPF is not permitted".to_owned()),
        Some(libc::ENODEV) => None,
        _ => kernel.filter(|kernel| *kernel < OLDEST_KERNEL).map(|_| TOO_OLD.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn what_another_source_mends_is_told_from_what_the_user_must() {
        let (old, new) = (KernelVersion::new(4, 19, 0), KernelVersion::new(6, 1, 0));
        let cases = [
            (Some(libc::ENOSYS), new, Some("no BPF in this kernel")),
            (Some(libc::EINVAL), old, Some("kernel before 5.10")),
            (None, old, Some("kernel before 5.10")),
            (Some(libc::EINVAL), new, None),
            (Some(libc::EBUSY), new, None),
            (Some(libc::ENODEV), old, None),
            (Some(libc::ENOMEM), new, None),
            (None, new, None),
        ];
        for (code, kernel, expected) in cases {
            assert_eq!(reason(code, Some(kernel)).as_deref(), expected, "{code:?} {kernel:?}");
        }
    }

    #[test]
    fn it_is_told_as_the_error_that_it_is() {
        let error = io::Error::from_raw_os_error(libc::ENOSYS);
        let error = advise(Error::from(error).context("load"), &privileges::COUNTING);
        let told = "this kernel has no BPF: it needs CONFIG_BPF_SYSCALL, Linux 5.10 or later: load: \
                    Function not implemented (os error 38)";
        assert_eq!(format!("{error:#}"), told);
        let error = Err::<(), _>(error).context("outside").unwrap_err();
        assert!(error.downcast_ref::<Unavailable>().is_some());
        let error = Error::from(io::Error::from_raw_os_error(libc::EINVAL)).context("load");
        let error = advise_on(error, &privileges::COUNTING, Some(KernelVersion::new(4, 19, 0)));
        let told = "iftop counts in the kernel from Linux 5.10 on, and this one is older: load: \
                    Invalid argument (os error 22)";
        assert_eq!(format!("{error:#}"), told);
    }
}
