//! Giving up every right once all that needs one is open.
//!
//! It owns what a process may still do from then on. It must never fail half-way in silence: what could not
//! be given up is told. On Linux rights belong to threads: each that exists gives them up by itself, and
//! those that it starts later have none either.

use serde::Serialize;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::Sandbox;
#[cfg(target_os = "linux")]
pub use linux::{Sandbox, enter_to_export};

/// What a process still has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Reads memory, sockets and terminals that are open.
    Read,
    /// Besides, uses maps that are no memory (the hash table): a few commands of bpf(2).
    UseMaps,
    /// Makes files in one folder.
    Export,
    /// Attaches programs and asks for their places: bpf(2), and the capabilities for that.
    Attach,
}

/// What was given up, as it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that was done or not")]
pub struct Sandboxed {
    /// Nothing was, as somebody asked for.
    pub off: bool,
    /// Whom the process belongs to now; `None`: as before.
    pub user: Option<String>,
    /// It has no capability.
    pub no_capabilities: bool,
    /// It cannot ask the kernel for what it does not need.
    pub seccomp: bool,
    /// It cannot change a file or start a program.
    pub landlock: bool,
    /// What could not be given up, and why.
    pub kept: Option<String>,
}

impl Sandboxed {
    /// In words, for the status page.
    pub fn describe(&self) -> String {
        if self.off {
            return "kept (--no-sandbox)".to_owned();
        }
        let parts = [
            self.user.as_ref().map(|user| format!("user {user}")),
            self.no_capabilities.then(|| "no capabilities".to_owned()),
            self.seccomp.then(|| "seccomp".to_owned()),
            self.landlock.then(|| "Landlock".to_owned()),
            self.kept.clone(),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "as at the start".to_owned() } else { parts.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_up_in_words() {
        let all = Sandboxed {
            user: Some("nobody".to_owned()),
            no_capabilities: true,
            seccomp: true,
            landlock: true,
            ..Sandboxed::default()
        };
        let cases = [
            (all.clone(), "user nobody, no capabilities, seccomp, Landlock"),
            (Sandboxed { user: None, landlock: false, ..all }, "no capabilities, seccomp"),
            (Sandboxed { off: true, ..Sandboxed::default() }, "kept (--no-sandbox)"),
            (Sandboxed::default(), "as at the start"),
        ];
        for (sandboxed, expected) in cases {
            assert_eq!(sandboxed.describe(), expected);
        }
    }
}
