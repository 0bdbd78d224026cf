//! An own network namespace for one test, so that tests never touch the machine's interfaces.
#![expect(unsafe_code, reason = "unshare(2) has no safe wrapper here")]

use std::{io, process::Command, thread};

/// Runs the test on a thread that is alone in a new network namespace; needs root.
///
/// # Panics
/// When the namespace cannot be made, and with the test's own panic.
pub(crate) fn alone(test: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: takes no pointers; moves this thread alone into a new network namespace.
            let result = unsafe { libc::unshare(libc::CLONE_NEWNET) };
            assert_eq!(result, 0, "unshare: {}", io::Error::last_os_error());
            test();
        });
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Runs a shell command such as `ip link add ..`; a child belongs to the namespace of its thread.
///
/// # Panics
/// When it fails.
pub(crate) fn run(command: &str) {
    let output = Command::new("sh").args(["-c", command]).output().expect("start a shell");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}
