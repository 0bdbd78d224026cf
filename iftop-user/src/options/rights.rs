//! What the program may do once everything is open.

use std::path::PathBuf;

/// See the module's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Whom it is to belong to; `None`: who called sudo, else nobody.
    pub user: Option<String>,
    /// Whether rights are given up at all.
    pub sandbox: bool,
    /// Where files are written; `None`: where we were started.
    pub export_folder: Option<PathBuf>,
}

impl Default for Rights {
    fn default() -> Self {
        Self { user: None, sandbox: true, export_folder: None }
    }
}
