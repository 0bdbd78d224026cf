//! The process that writes files, when we have given up the right to: it belongs to whoever called us, has no
//! capability, and can do nothing but make files in one folder.
//!
//! It owns both ends of the socket between us. It must never take a name or a path from us: whoever takes us
//! over can have it make new files, with names that it chooses, and no more of them than it allows.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use anyhow::{Context as _, Result};
use rustix::net::{Shutdown, shutdown};

use super::{
    Form, Outcome,
    file::{Folder, MAX_BYTES},
};
use crate::{
    forked::{self, Forked, Process},
    sandbox,
};

/// Files that are asked for in one run.
const MOST_FILES: u32 = 1000;

const GONE: &str = "the process that writes files is gone: start iftop again";

/// See the module's description. Dropping it ends the process.
pub(super) struct Exporter {
    socket: UnixStream,
    process: Process,
}

impl Exporter {
    pub fn start(folder: &Path) -> Result<Self> {
        let (socket, theirs) = UnixStream::pair().context("open a socket for the exporter")?;
        match forked::fork(c"iftop-export").context("start the process that writes files")? {
            Forked::Copy => {
                drop(socket);
                serve(folder, theirs)
            }
            Forked::Us(process) => Ok(Self { socket, process }),
        }
    }

    pub fn write(&mut self, form: Form, bytes: &[u8]) -> Outcome {
        self.ask(form, bytes).unwrap_or_else(|_| Err(GONE.to_owned()))
    }

    fn ask(&mut self, form: Form, bytes: &[u8]) -> io::Result<Outcome> {
        send(&mut self.socket, form as u8, bytes)?;
        let (status, text) = receive(&mut self.socket)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(if status == OK { Ok(text) } else { Err(text) })
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // Also for the other helper, which has a copy of our end.
        let _ = shutdown(&self.socket, Shutdown::Both);
        self.process.wait();
    }
}

const OK: u8 = 0;
const FAILED: u8 = 1;

/// A number, the length, and so many bytes.
fn send(socket: &mut UnixStream, number: u8, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    socket.write_all(&[number])?;
    socket.write_all(&length.to_ne_bytes())?;
    socket.write_all(bytes)
}

/// `None` at the end.
fn receive(socket: &mut UnixStream) -> io::Result<Option<(u8, Vec<u8>)>> {
    let (mut number, mut length) = ([0], [0; 4]);
    if socket.read(&mut number)? == 0 {
        return Ok(None);
    }
    socket.read_exact(&mut length)?;
    let length = u32::from_ne_bytes(length) as usize;
    if length > MAX_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    socket.read_exact(&mut bytes)?;
    Ok(Some((number[0], bytes)))
}

fn serve(folder: &Path, mut socket: UnixStream) -> ! {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let folder = sandbox::enter_to_export(|| Folder::open(folder).context("open the folder"));
        answer_all(folder.as_ref(), &mut socket)
    }));
    forked::end(i32::from(!matches!(outcome, Ok(Ok(())))))
}

fn answer_all(folder: Result<&Folder, &anyhow::Error>, socket: &mut UnixStream) -> io::Result<()> {
    let mut files = 0;
    while let Some((form, bytes)) = receive(socket)? {
        let form = if form == Form::Text as u8 { Form::Text } else { Form::Json };
        let outcome = match folder {
            Ok(_) if files >= MOST_FILES => Err("enough files were asked for".to_owned()),
            Ok(folder) => folder.write(form, &bytes).map_err(|error| error.to_string()),
            Err(error) => Err(format!("{error:#}")),
        };
        files += 1;
        match outcome {
            Ok(name) => send(socket, OK, name.as_bytes())?,
            Err(reason) => send(socket, FAILED, reason.as_bytes())?,
        }
    }
    Ok(())
}
