//! A process that is a copy of this one.
//!
//! It owns fork(2) and what the copy must not share with us: signals and standard streams. It must never run
//! anything of ours.
//!
//! Source: fork(2), signal-safety(7). Other threads that there may be wait for the one that forks, or hold
//! no lock that the copy needs; the C library sees to its own.
#![expect(unsafe_code, reason = "fork(2), _exit(2) and what concerns the copy alone")]

use std::{fs::File, io, os::fd::AsRawFd as _};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, waitpid},
    thread::set_name,
};

/// Which of the two somebody is.
pub(super) enum Forked {
    /// The copy.
    Helper,
    /// Who was there before, and the copy.
    Us(Process),
}

/// A copy of ours.
#[derive(Debug)]
pub(super) struct Process(Pid);

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

/// Makes one.
pub(super) fn fork() -> io::Result<Forked> {
    // SAFETY: the copy has this thread alone. See the module's description.
    match unsafe { libc::fork() } {
        0 => {
            become_quiet();
            Ok(Forked::Helper)
        }
        child => match Pid::from_raw(child).filter(|_| child > 0) {
            Some(pid) => Ok(Forked::Us(Process(pid))),
            None => Err(io::Error::last_os_error()),
        },
    }
}

fn become_quiet() {
    for signal in FOR_US {
        // SAFETY: takes numbers; no code of ours runs on these any more.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    // Whoever waits for the end of our output must not wait for the copy.
    let null = File::options().read(true).write(true).open("/dev/null").ok();
    for stream in 0..3 {
        // SAFETY: these belong to the copy, in which nothing else refers to them.
        unsafe {
            match &null {
                Some(null) => libc::dup2(null.as_raw_fd(), stream),
                None => libc::close(stream),
            };
        }
    }
    let _ = set_name(c"iftop-helper");
}

/// Ends the copy: nothing of ours is flushed, and no lock is waited for.
pub(super) fn end(status: i32) -> ! {
    // SAFETY: returns to nobody.
    unsafe { libc::_exit(status) }
}

impl Process {
    /// Returns when it has ended; what does not end by itself is killed.
    pub fn wait(&self) {
        if let Ok(pidfd) = pidfd_open(self.0, PidfdFlags::empty()) {
            let ended = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&FAREWELL));
            if !matches!(ended, Ok(1)) {
                let _ = kill_process(self.0, Signal::KILL);
            }
        }
        // It may be nobody's to wait for, where children are ignored.
        let _ = waitpid(Some(self.0), WaitOptions::empty());
    }
}
