//! The way into a namespace: opening it, running something inside, and noticing that it is gone.

use std::{
    fs::{self, File, Metadata},
    io::{self, ErrorKind},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    },
    panic,
    path::PathBuf,
    sync::Arc,
    thread,
};

use anyhow::{Context as _, Error, Result, anyhow};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{AtFlags, CWD, Mode, OFlags, openat, statat},
    io::Errno,
    process::{Pid, PidfdFlags, pidfd_open},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use super::{Target, target::FORM};
use crate::{names::printable, privileges};

/// Where `ip netns` keeps the namespaces that have a name.
const FOLDER: &str = "/run/netns";
/// Of more names than this none is listed in an error.
const FEW: usize = 10;

/// An open namespace, which is kept alive by that.
#[derive(Debug)]
pub struct Netns {
    file: File,
    entrance: Entrance,
}

/// The way by which a namespace was found. It keeps nothing alive.
#[derive(Clone, Debug)]
pub struct Entrance {
    target: Target,
    identity: Identity,
    /// The folder that it is looked for in, for when nobody but root may go there; of a process that itself
    /// (a pidfd).
    held: Option<Arc<OwnedFd>>,
}

/// Device and inode: no two namespaces have both in common as long as they live.
type Identity = (u64, u64);

impl Target {
    fn path(&self) -> PathBuf {
        match self {
            Self::Name(name) => [FOLDER, name].iter().collect(),
            Self::Process(number) => format!("/proc/{number}/ns/net").into(),
            Self::Path(path) => path.into(),
        }
    }

    fn hold(&self) -> Option<OwnedFd> {
        if let Self::Process(number) = self {
            let process = Pid::from_raw(i32::try_from(*number).ok()?)?;
            return pidfd_open(process, PidfdFlags::empty()).ok();
        }
        let path = self.path();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(CWD, folder.unwrap_or(".".as_ref()), flags, Mode::empty()).ok()
    }

    /// Why it cannot be opened, and what to do about it.
    fn explain(&self, error: io::Error) -> Error {
        let shown = self.shown();
        match (self, error.kind()) {
            (Self::Name(_), ErrorKind::NotFound) => {
                anyhow!("no network namespace `{shown}` in {FOLDER}; {}", there_are())
            }
            (Self::Process(0), _) => anyhow!("no process 0: a container that is stopped has none"),
            (Self::Process(_), ErrorKind::NotFound) => {
                anyhow!("no process {shown}: has it ended?")
            }
            (_, kind) => {
                let error =
                    Error::new(error).context(format!("open the network namespace `{shown}`"));
                match kind {
                    ErrorKind::PermissionDenied if !rustix::process::geteuid().is_root() => {
                        anyhow!("{error:#}: {}", privileges::BE_ROOT)
                    }
                    _ => error,
                }
            }
        }
    }
}

/// The names that there are, where they are few.
fn there_are() -> String {
    let entries = fs::read_dir(FOLDER).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<_> =
        entries.map(|entry| printable(entry.file_name().as_encoded_bytes())).collect();
    names.sort_unstable();
    match names.len() {
        0 => "there are none with a name: give the number of a process, or a path".to_owned(),
        1..=FEW => format!("there are: {}", names.join(", ")),
        _ => "`ip netns` lists those there are".to_owned(),
    }
}

impl Netns {
    /// Opens it.
    ///
    /// # Errors
    /// Say in a line why not, and what to do about it.
    pub fn open(target: &Target) -> Result<Self> {
        let open = || {
            // Without it a pipe would hold us until somebody writes.
            let file =
                File::options().read(true).custom_flags(libc::O_NONBLOCK).open(target.path())?;
            let identity = identity(&file.metadata()?);
            let held = target.hold().map(Arc::new);
            Ok(Self { file, entrance: Entrance { target: target.clone(), identity, held } })
        };
        open().map_err(|error| target.explain(error))
    }

    /// Runs a function on a thread inside. The threads that it starts stay there.
    ///
    /// # Errors
    /// Those of the function; and why nobody could go inside.
    pub fn inside<T: Send>(&self, function: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        thread::scope(|scope| {
            let inside = || {
                self.enter()?;
                function()
            };
            let thread = thread::Builder::new()
                .name("netns".to_owned())
                .spawn_scoped(scope, inside)
                .context("start a thread for the network namespace")?;
            thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
        })
    }

    /// The way by which it was found.
    pub fn entrance(&self) -> &Entrance {
        &self.entrance
    }

    /// Moves the calling thread.
    fn enter(&self) -> Result<()> {
        let moved = move_into_link_name_space(self.file.as_fd(), Some(LinkNameSpaceType::Network));
        moved.map_err(|error| {
            let shown = self.entrance.target.shown();
            match error {
                Errno::INVAL => anyhow!("`{shown}` is no network namespace: {FORM}"),
                Errno::PERM => anyhow!(
                    "enter the network namespace `{shown}`: {error}: that takes CAP_SYS_ADMIN: {}",
                    privileges::BE_ROOT
                ),
                _ => Error::new(error).context(format!("enter the network namespace `{shown}`")),
            }
        })
    }
}

impl Entrance {
    /// Whether it leads to the same namespace as before. Where nobody can say, it does.
    pub fn is_there(&self) -> bool {
        let path = self.target.path();
        let found = match (&self.target, &self.held, path.file_name()) {
            (Target::Process(_), Some(process), _) => {
                let mut process = [PollFd::new(process, PollFlags::IN)];
                if poll(&mut process, Some(&Timespec::default())) == Ok(1) {
                    return false;
                }
                // Where processes of others cannot be seen, this one still runs.
                return fs::metadata(path).map_or(true, |found| identity(&found) == self.identity);
            }
            (_, Some(folder), Some(name)) => statat(folder, name, AtFlags::empty())
                .map(|found| (found.st_dev, found.st_ino))
                .map_err(io::Error::from),
            _ => fs::metadata(path).map(|metadata| identity(&metadata)),
        };
        match found {
            Ok(identity) => identity == self.identity,
            Err(error) => error.kind() != ErrorKind::NotFound,
        }
    }

    /// What happened where it does not.
    pub fn farewell(&self) -> String {
        let shown = self.target.shown();
        match self.target {
            Target::Process(_) => {
                format!("process {shown} has ended, or left its network namespace")
            }
            _ => format!("the network namespace {shown} is gone"),
        }
    }
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_they_are() {
        let cases = [
            ("web", "/run/netns/web"),
            ("4711x", "/run/netns/4711x"),
            ("4711", "/proc/4711/ns/net"),
            ("/run/docker/netns/x", "/run/docker/netns/x"),
            ("./4711", "./4711"),
        ];
        for (text, path) in cases {
            assert_eq!(Target::parse(text).unwrap().path(), PathBuf::from(path));
        }
    }

    #[test]
    fn an_entrance_leads_to_the_same_or_not() {
        let open = |path: &str| Netns::open(&Target::Path(path.to_owned())).unwrap();
        let own = open("/proc/self/ns/net");
        assert!(own.entrance().is_there());
        let entrance = |path: &str| {
            let target = Target::Path(path.to_owned());
            Entrance { held: target.hold().map(Arc::new), target, ..own.entrance().clone() }
        };
        assert!(!entrance("/proc/self/ns/mnt").is_there(), "another one");
        assert!(!entrance("/proc/self/ns/none").is_there());
        assert!(entrance(&format!("/proc/{}/ns/net", std::process::id())).is_there());
    }
}
