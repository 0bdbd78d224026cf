//! Files of /etc as one program is to see them; everybody else goes on seeing the system's.
#![expect(unsafe_code, reason = "a mount namespace: unshare(2), mount(2)")]

use std::{
    ffi::CString,
    fs, io,
    os::unix::{ffi::OsStrExt as _, process::CommandExt as _},
    process::Command,
    ptr,
};

use tempfile::TempDir;

/// Files that stand in for others as long as this lives.
pub struct Etc {
    /// (the file, the one that it covers)
    files: Vec<[CString; 2]>,
    _folder: TempDir,
}

impl Etc {
    /// Each is (its name in /etc, where the system has such a file; its content).
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = files.iter().map(|(name, content)| {
            let file = folder.path().join(name);
            fs::write(&file, content).unwrap();
            // What the name may be a link to; a broken one cannot be covered.
            let covered = fs::canonicalize(format!("/etc/{name}")).unwrap();
            [file, covered].map(|path| CString::new(path.as_os_str().as_bytes()).unwrap())
        });
        Self { files: files.collect(), _folder: folder }
    }

    /// Makes a command, and what it starts, see them.
    pub fn enter(&self, command: &mut Command) {
        let files = self.files.clone();
        // SAFETY: between fork and exec only system calls are made, which are async-signal-safe;
        // the strings live in the closure.
        unsafe {
            command.pre_exec(move || {
                let none = ptr::null();
                let private = libc::MS_REC | libc::MS_PRIVATE;
                let mut done = libc::unshare(libc::CLONE_NEWNS) == 0
                    && libc::mount(none, c"/".as_ptr(), none, private, none.cast()) == 0;
                for [file, covered] in &files {
                    let (file, covered) = (file.as_ptr(), covered.as_ptr());
                    done =
                        done && libc::mount(file, covered, none, libc::MS_BIND, none.cast()) == 0;
                }
                if done { Ok(()) } else { Err(io::Error::last_os_error()) }
            });
        }
    }
}
