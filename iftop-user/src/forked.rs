//! A process that is a copy of this one.
//!
//! It owns fork(2) and what the copy must not share with us: signals and standard streams. It must never run
//! anything of ours.
//!
//! Source: fork(2), signal-safety(7). Other threads that there may be wait for the one that forks, or hold
//! no lock that the copy needs; the C library sees to its own.
#![expect(unsafe_code, reason = "fork(2), _exit(2) and what concerns the copy alone")]

use std::{
    ffi::CStr,
    fs::File,
    io,
    os::fd::{AsRawFd as _, OwnedFd},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::retry_on_intr,
    process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, waitpid},
    thread::set_name,
};

/// Which of the two somebody is.
pub(crate) enum Forked {
    /// The copy.
    Copy,
    /// Who was there before, and the copy.
    Us(Process),
}

/// A copy of ours.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    /// By its number another may be meant later; `None` where the kernel gives none.
    descriptor: Option<OwnedFd>,
}

/// What ends by itself has ended after this time.
const FAREWELL: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// What somebody sends to all of a terminal's foreground, or to all processes of a name, is for us. The copy
/// goes when we do.
const FOR_US: [libc::c_int; 9] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGPIPE,
    libc::SIGTSTP,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
];

/// Makes one, of this name.
pub(crate) fn fork(name: &CStr) -> io::Result<Forked> {
    // Whoever waits for the end of our output must not wait for the copy.
    let nowhere = File::options().read(true).write(true).open("/dev/null").ok();
    // SAFETY: the copy has this thread alone. See the module's description.
    match unsafe { libc::fork() } {
        0 => {
            become_quiet(nowhere.as_ref(), name);
            Ok(Forked::Copy)
        }
        // Of a negative number rustix makes no error.
        child => match Pid::from_raw(child.max(0)) {
            Some(pid) => {
                let descriptor = pidfd_open(pid, PidfdFlags::empty()).ok();
                Ok(Forked::Us(Process { pid, descriptor }))
            }
            None => Err(io::Error::last_os_error()),
        },
    }
}

fn become_quiet(nowhere: Option<&File>, name: &CStr) {
    for signal in FOR_US {
        // SAFETY: takes numbers; no code of ours runs on these any more.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    // They stay open, so that no other file takes their numbers.
    for stream in 0..3 {
        if let Some(nowhere) = nowhere {
            // SAFETY: these belong to the copy, in which nothing else refers to them.
            unsafe { libc::dup2(nowhere.as_raw_fd(), stream) };
        }
    }
    let _ = set_name(name);
}

/// Ends the copy: nothing of ours is flushed, and no lock is waited for.
pub(crate) fn end(status: i32) -> ! {
    // SAFETY: returns to nobody.
    unsafe { libc::_exit(status) }
}

impl Process {
    /// Returns when it has ended; what does not end by itself is killed.
    pub fn wait(&self) {
        if let Some(pidfd) = &self.descriptor {
            let ended =
                retry_on_intr(|| poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&FAREWELL)));
            if ended != Ok(1) {
                let _ = pidfd_send_signal(pidfd, Signal::KILL);
            }
        }
        // It may be nobody's to wait for, where children are ignored.
        let _ = waitpid(Some(self.pid), WaitOptions::empty());
    }
}
