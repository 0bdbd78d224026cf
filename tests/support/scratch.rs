//! Files that last as long as a test needs them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
};

/// A file that goes with the value.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(bytes: &[u8]) -> Self {
        let file = Self::named();
        fs::write(&file.0, bytes).unwrap();
        file
    }

    /// A pipe with a name.
    pub fn pipe() -> Self {
        let file = Self::named();
        assert!(Command::new("mkfifo").arg(&file.0).status().unwrap().success());
        file
    }

    fn named() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}-{}.cap", process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left lies in the target folder.
        let _ = fs::remove_file(&self.0);
    }
}
