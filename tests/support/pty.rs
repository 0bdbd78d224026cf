//! A terminal that nobody shows: a pseudo-terminal whose other end the test holds.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read as _, Write as _},
    os::{fd::OwnedFd, unix::fs::OpenOptionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcgetattr, tcsetwinsize},
};

use super::net::Namespace;

pub struct Pty {
    master: File,
    path: PathBuf,
    terminal: OwnedFd,
}

impl Pty {
    pub fn open(columns: u16, rows: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC);
        let master = master.unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path: PathBuf = ptsname(&master, Vec::new()).unwrap().into_string().unwrap().into();
        let terminal = open(&path, libc::O_NOCTTY).into();
        let pty = Self { master: master.into(), path, terminal };
        pty.resize(columns, rows);
        pty
    }

    /// Tells a program only that it controls.
    pub fn resize(&self, columns: u16, rows: u16) {
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.terminal, size).unwrap();
    }

    /// Starts the program on this terminal, which does not control it.
    pub fn start(&self, namespace: &Namespace, options: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
        command.args(options.split_whitespace());
        command.env("LC_ALL", "C.UTF-8").env("HOME", "/nonexistent");
        // With colours, which take more bytes.
        command.env("TERM", "xterm").env_remove("NO_COLOR");
        namespace.enter(&mut command, None);
        self.spawn(command)
    }

    /// Starts a command on this terminal.
    pub fn spawn(&self, mut command: Command) -> Child {
        let terminal = || self.terminal.try_clone().unwrap();
        command.stdin(terminal()).stdout(terminal()).stderr(terminal());
        command.spawn().unwrap()
    }

    /// Types on it.
    pub fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// What comes next; waits for it.
    pub fn read(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 65_536];
        let read = self.master.read(&mut bytes).unwrap();
        bytes.truncate(read);
        bytes
    }

    /// Reads until this has come; all that came by then.
    pub fn read_until(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        loop {
            seen.extend(self.read());
            let so_far = String::from_utf8_lossy(&seen);
            if so_far.contains(text) {
                return so_far.into_owned();
            }
        }
    }

    /// Reads until the program has given the terminal back, and waits for its end.
    pub fn read_to_end(&mut self, mut program: Child) -> ExitStatus {
        // It may have drawn for long: only the end is kept.
        let end = b"\x1b[?1049l\x1b[?25h";
        let mut seen = Vec::new();
        while !seen.windows(end.len()).any(|part| part == end) {
            seen.drain(..seen.len().saturating_sub(end.len()));
            seen.extend(self.read());
        }
        program.wait().unwrap()
    }

    /// Fills the terminal until the program hangs in a write. Unread, it will for ever.
    pub fn fill_until_it_hangs(&self, program: &Child) {
        // The kernel makes room now and then, until all its buffers are full.
        while !hangs_in_a_write(program) {
            self.fill();
        }
    }

    fn fill(&self) {
        let mut terminal = open(&self.path, libc::O_NOCTTY | libc::O_NONBLOCK);
        loop {
            match terminal.write(&[b'x'; 64]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// All modes, to be compared.
    pub fn modes(&self) -> String {
        format!("{:?}", tcgetattr(&self.terminal).unwrap())
    }
}

/// Whether a thread of it is inside of write(2) to stdout.
fn hangs_in_a_write(program: &Child) -> bool {
    let write = format!("{} 0x1 ", libc::SYS_write);
    fs::read_dir(format!("/proc/{}/task", program.id())).unwrap().any(|task| {
        // A thread may end while it is looked at.
        let call = fs::read_to_string(task.unwrap().path().join("syscall"));
        call.is_ok_and(|call| call.starts_with(&write))
    })
}

fn open(path: &Path, flags: i32) -> File {
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).unwrap()
}
