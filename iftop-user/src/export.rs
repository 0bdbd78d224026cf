//! Writing the rows on the screen to a file that was not there before.
//!
//! It owns who writes: a process that was forked before rights were given up, and has the right to that
//! alone; where rights are kept, a thread. The loop must never wait for either.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context as _, Result};
use tokio::sync::mpsc;

mod file;
#[cfg(target_os = "linux")]
mod process;

use file::{Folder, MAX_BYTES};

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a text report.
    Text,
    /// As a JSON report.
    Json,
}

impl Form {
    fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Json => "json",
        }
    }
}

/// What became of one: the name of the file, or why there is none.
pub type Outcome = Result<String, String>;

enum Writer {
    /// This process, with its own rights.
    Us(PathBuf),
    #[cfg(target_os = "linux")]
    Other(process::Exporter),
    /// There could be no such process, and this is why.
    #[cfg(target_os = "linux")]
    Nobody(String),
}

/// See the module's description.
pub struct Export {
    writer: Arc<Mutex<Writer>>,
    is_busy: bool,
    sender: mpsc::UnboundedSender<Outcome>,
    receiver: mpsc::UnboundedReceiver<Outcome>,
}

impl Export {
    /// Into a folder. To be called before any thread is started where rights are given up later. Where there
    /// is no room for another process, that is told to who wants a file.
    pub fn new(folder: PathBuf, gives_up_rights: bool) -> Self {
        #[cfg(target_os = "linux")]
        let writer = if gives_up_rights {
            let exporter = process::Exporter::start(&folder).map(Writer::Other);
            exporter.unwrap_or_else(|error| Writer::Nobody(format!("{error:#}")))
        } else {
            Writer::Us(folder)
        };
        // Elsewhere no rights are given up.
        #[cfg(not(target_os = "linux"))]
        let (writer, _) = (Writer::Us(folder), gives_up_rights);
        let (sender, receiver) = mpsc::unbounded_channel();
        let writer = Arc::new(Mutex::new(writer));
        Self { writer, is_busy: false, sender, receiver }
    }

    /// Begins to write; `false` while one is being written.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(&mut self, form: Form, bytes: Vec<u8>) -> Result<bool> {
        if self.is_busy {
            return Ok(false);
        }
        let (writer, sender) = (Arc::clone(&self.writer), self.sender.clone());
        let write = move || {
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody listens any more when the program ends.
            let _ = sender.send(writer.write(form, &bytes));
        };
        let thread = thread::Builder::new().name("export".to_owned());
        thread.spawn(write).context("start the thread that exports")?;
        self.is_busy = true;
        Ok(true)
    }

    /// What has become of the last one. Can be dropped and called again without losing anything.
    pub async fn done(&mut self) -> Outcome {
        // There is a sender here, so it never ends.
        let outcome = self.receiver.recv().await.unwrap_or_else(|| Err(String::new()));
        self.is_busy = false;
        outcome
    }
}

impl Writer {
    fn write(&mut self, form: Form, bytes: &[u8]) -> Outcome {
        if bytes.len() > MAX_BYTES {
            return Err("more than a file may have".to_owned());
        }
        match self {
            Self::Us(folder) => Folder::open(folder)
                .and_then(|folder| folder.write(form, bytes))
                .map_err(|error| error.to_string()),
            #[cfg(target_os = "linux")]
            Self::Other(exporter) => exporter.write(form, bytes),
            #[cfg(target_os = "linux")]
            Self::Nobody(reason) => Err(reason.clone()),
        }
    }
}
