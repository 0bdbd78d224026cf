//! The same on Linux: user, capabilities, Landlock, seccomp, in this order, as each takes what the next
//! leaves.

use std::os::fd::AsFd;

use anyhow::{Context as _, Result, bail};
use rustix::thread::set_no_new_privs;

use super::{Duty, Sandboxed};
use crate::stderr;

mod capabilities;
mod identity;
mod landlock;
mod seccomp;

use identity::Identity;

/// Whom to become and whether at all, found out while names of users can be looked up.
#[derive(Clone, Debug)]
pub struct Sandbox {
    on: bool,
    /// `None`: who we are.
    identity: Option<Identity>,
}

impl Sandbox {
    /// As was asked for: a user by name or number, else whoever called sudo, else nobody.
    ///
    /// # Errors
    /// Say that there is no such user, or that only root can become one.
    pub fn new(user: Option<&str>, on: bool) -> Result<Self> {
        if !on {
            return match user {
                Some(_) => bail!("--user is for what --no-sandbox turns off"),
                None => Ok(Self { on, identity: None }),
            };
        }
        Ok(Self { on, identity: Identity::choose(user)? })
    }

    /// Gives up what a process with such a duty does not need; for the calling thread, and those that it
    /// starts.
    ///
    /// # Errors
    /// Say what the kernel refused that it never should.
    pub fn enter(&self, duty: Duty) -> Result<Sandboxed> {
        if !self.on {
            return Ok(Sandboxed { off: true, ..Sandboxed::default() });
        }
        let needed = capabilities::needed(duty);
        let mut sandboxed = Sandboxed::default();
        capabilities::leave_bounding_set()?;
        capabilities::keep_over_change_of_user(!needed.is_empty())?;
        if let Some(identity) = &self.identity {
            match identity.assume() {
                Ok(()) => sandboxed.user = Some(identity.name.clone()),
                // As in a container that has just what counting needs.
                Err(error) if !identity.asked_for => {
                    sandboxed.kept = Some(format!("user as at the start ({error:#})"));
                }
                Err(error) => return Err(error),
            }
        }
        capabilities::keep_only(needed).context("give up the capabilities")?;
        sandboxed.no_capabilities = needed.is_empty();
        set_no_new_privs(true).context("give up new privileges")?;
        sandboxed.landlock = landlock::enter().context("enter Landlock")?;
        sandboxed.seccomp = seccomp::enter(duty).context("enter seccomp")?;
        if stderr::is_held() {
            let thread = "a thread that waits for stderr";
            sandboxed.kept = Some(match sandboxed.kept {
                Some(kept) => format!("{kept}, {thread}"),
                None => thread.to_owned(),
            });
        }
        Ok(sandboxed)
    }
}

/// Becomes whoever called us, gives up all but to make files in a folder, and says which. It is opened by him,
/// with his rights.
///
/// # Errors
/// Say what the kernel refused, or what is wrong with the folder.
pub fn enter_to_export<F: AsFd>(open: impl FnOnce() -> Result<F>) -> Result<F> {
    capabilities::leave_bounding_set()?;
    capabilities::keep_over_change_of_user(false)?;
    if let Some(caller) = Identity::caller() {
        caller.assume()?;
    }
    capabilities::keep_only(capabilities::needed(Duty::Export))
        .context("give up the capabilities")?;
    set_no_new_privs(true).context("give up new privileges")?;
    let folder = open()?;
    landlock::enter_with(folder.as_fd()).context("enter Landlock")?;
    seccomp::enter(Duty::Export).context("enter seccomp")?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        io::{Error, ErrorKind},
        net::UdpSocket,
        os::unix::{
            fs::{PermissionsExt as _, symlink},
            net::UnixStream,
        },
        process::Command,
        thread,
    };

    use aya::util::KernelVersion;

    use super::*;

    /// Rights are a thread's, so that a test may give them up and nobody else misses them.
    fn with_duty(duty: Duty, test: impl FnOnce(&Sandboxed) + Send) {
        let sandbox = Sandbox::new(Some("nobody"), true).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| test(&sandbox.enter(duty).unwrap()));
        });
    }

    /// Why the kernel refuses a command of bpf(2) that says nothing else.
    fn bpf(command: i32) -> Option<i32> {
        refusal(libc::SYS_bpf, command)
    }

    #[expect(unsafe_code, reason = "bpf(2)")]
    fn refusal(number: libc::c_long, command: i32) -> Option<i32> {
        let nothing = [0_u64; 16];
        // SAFETY: the kernel reads the array, which is as long as it is told.
        let result =
            unsafe { libc::syscall(number, command, nothing.as_ptr(), size_of_val(&nothing)) };
        assert_eq!(result, -1);
        Error::last_os_error().raw_os_error()
    }

    fn has_landlock() -> bool {
        KernelVersion::current().unwrap() >= KernelVersion::new(5, 13, 0)
    }

    fn status() -> String {
        fs::read_to_string("/proc/thread-self/status").unwrap()
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn what_reads_can_do_nothing_else() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let everybodys = fs::Permissions::from_mode(0o666);
        fs::set_permissions(file.path(), everybodys).unwrap();
        with_duty(Duty::Read, |sandboxed| {
            let landlock = if sandboxed.landlock { ", Landlock" } else { "" };
            let described = format!("user nobody, no capabilities, seccomp{landlock}");
            assert_eq!(sandboxed.describe(), described);
            assert_eq!(sandboxed.landlock, has_landlock());
            let status = status();
            for line in ["CapEff:\t0000000000000000", "CapPrm:\t0000000000000000"] {
                assert!(status.contains(line), "{status}");
            }
            assert!(status.contains("NoNewPrivs:\t1") && status.contains("Seccomp:\t2"));
            assert!(!status.contains("Uid:\t0"), "{status}");

            File::open(file.path()).unwrap();
            let opened = File::options().write(true).open(file.path());
            if sandboxed.landlock {
                assert_eq!(opened.unwrap_err().kind(), ErrorKind::PermissionDenied);
            }
            let changed = fs::set_permissions(file.path(), fs::Permissions::from_mode(0o777));
            assert_eq!(changed.unwrap_err().kind(), ErrorKind::PermissionDenied);
            File::options().write(true).open("/dev/null").unwrap();
            assert!(Command::new("true").status().is_err(), "no program starts");
            assert_eq!(bpf(1), Some(libc::EPERM));
            #[cfg(target_arch = "x86_64")]
            for number in [libc::SYS_bpf, libc::SYS_clone] {
                assert_eq!(refusal(number | 0x4000_0000, 1), Some(libc::EPERM), "{number} of x32");
            }
            for number in seccomp::NEVER_BY_NUMBER {
                assert_eq!(refusal(number, 1), Some(libc::EPERM), "{number}");
            }
            thread::spawn(|| ()).join().unwrap();
            // Names are still found.
            let found = dns_lookup::lookup_host("localhost").unwrap();
            assert!(found.into_iter().all(|address| address.is_loopback()));
        });
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn who_exports_makes_files_in_one_folder_alone() {
        let [folder, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [folder, other] = [folder.path(), other.path()];
        fs::write(folder.join("there"), "as it was").unwrap();
        symlink(other.join("there"), folder.join("link")).unwrap();
        fs::write(other.join("there"), "as it was").unwrap();
        let export = || {
            enter_to_export(|| Ok(File::open(folder)?)).unwrap();
            let status = status();
            for line in ["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
                assert!(status.contains(line), "{status}");
            }
            fs::write(folder.join("new"), "new").unwrap();
            let refused = |result: std::io::Result<()>| {
                assert_eq!(result.unwrap_err().kind(), ErrorKind::PermissionDenied);
            };
            if has_landlock() {
                refused(fs::write(other.join("new"), "new"));
                refused(fs::write(folder.join("link"), "new"));
                refused(File::options().write(true).open("/dev/null").map(drop));
            }
            refused(fs::rename(folder.join("new"), folder.join("newer")));
            refused(fs::remove_file(folder.join("there")));
            refused(fs::create_dir(folder.join("folder")));
            refused(symlink("there", folder.join("link to it")));
            refused(UnixStream::pair().map(drop));
            refused(UdpSocket::bind("127.0.0.1:0").map(drop));
            assert!(thread::Builder::new().spawn(|| ()).is_err(), "no thread starts");
            assert!(Command::new("true").status().is_err(), "no program starts");
            assert_eq!(bpf(1), Some(libc::EPERM));
        };
        thread::scope(|scope| {
            scope.spawn(export);
        });
        for path in [folder.join("there"), other.join("there")] {
            assert_eq!(fs::read_to_string(path).unwrap(), "as it was");
        }
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn who_attaches_has_the_right_to_that_alone() {
        with_duty(Duty::Attach, |sandboxed| {
            assert!(sandboxed.describe().starts_with("user nobody, seccomp"));
            // CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF.
            let expected = 1_u64 << 12 | 1 << 38 | 1 << 39;
            assert!(status().contains(&format!("CapEff:\t{expected:016x}")), "{}", status());
            assert!(Command::new("true").status().is_err());
        });
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn who_uses_maps_may_ask_for_no_more() {
        with_duty(Duty::UseMaps, |_| {
            // Of what is allowed the kernel itself says what is wrong with it.
            assert_eq!(bpf(25), Some(libc::EINVAL));
            for refused in [0, 1, 5, 8, 16] {
                assert_eq!(bpf(refused), Some(libc::EPERM), "{refused}");
            }
        });
    }
}
