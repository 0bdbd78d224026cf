//! A new file in a folder: never one that is there already, nor what a link names.

use std::{
    fs::File,
    io::{self, Write as _},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    time::SystemTime,
};

use rustix::fs::{Mode, OFlags, open, openat};

use super::Form;

/// The longest text of all rows that a screen has is far below.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// Files of one second.
const MOST_OF_A_NAME: u32 = 99;

/// Where files go.
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// With the rights that there are now.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(open(path, flags, Mode::empty())?))
    }

    /// Makes a file with a name of this moment, which is UTC, for its owner alone.
    pub fn write(&self, form: Form, bytes: &[u8]) -> io::Result<String> {
        self.write_as(&stem(SystemTime::now()), form, bytes)
    }

    fn write_as(&self, stem: &str, form: Form, bytes: &[u8]) -> io::Result<String> {
        let extension = form.extension();
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for number in 1..=MOST_OF_A_NAME {
            let name = match number {
                1 => format!("{stem}.{extension}"),
                _ => format!("{stem}-{number}.{extension}"),
            };
            match openat(&self.0, &name, flags, Mode::RUSR | Mode::WUSR) {
                Ok(file) => {
                    let written = File::from(file).write_all(bytes);
                    // It may take no file away again.
                    return written.map(|()| name.clone()).map_err(|error| {
                        io::Error::other(format!("{name} is cut short: {error}"))
                    });
                }
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn stem(time: SystemTime) -> String {
    let time = humantime::format_rfc3339_seconds(time).to_string();
    let time: String = time.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("iftop-{}", time.replace('T', "-").replace('Z', ""))
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
        time::Duration,
    };

    use super::*;

    #[test]
    fn a_file_is_new_whatever_is_there() {
        let path = tempfile::tempdir().unwrap();
        let folder = Folder::open(path.path()).unwrap();
        let victim = path.path().join("victim");
        fs::write(&victim, "as it was").unwrap();
        symlink(&victim, path.path().join("iftop-1.txt")).unwrap();
        symlink(path.path().join("nothing"), path.path().join("iftop-1-2.txt")).unwrap();
        for expected in ["iftop-1-3.txt", "iftop-1-4.txt"] {
            assert_eq!(folder.write_as("iftop-1", Form::Text, b"new").unwrap(), expected);
            let file = path.path().join(expected);
            assert_eq!(fs::read(&file).unwrap(), b"new");
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(folder.write_as("iftop-1", Form::Json, b"{}").unwrap(), "iftop-1.json");
        assert_eq!(fs::read(&victim).unwrap(), b"as it was");
        assert!(!path.path().join("nothing").exists());
        for number in 5..=MOST_OF_A_NAME {
            fs::write(path.path().join(format!("iftop-1-{number}.txt")), "").unwrap();
        }
        let error = folder.write_as("iftop-1", Form::Text, b"").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(Folder::open(&victim).is_err(), "no folder");
    }

    #[test]
    fn a_name_is_of_its_time() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        assert_eq!(stem(time), "iftop-20231114-221320");
    }
}
