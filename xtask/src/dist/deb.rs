//! The package for Debian and what comes of it, by `dpkg-deb`.
//!
//! It owns the control files. Nothing in the package is setuid or has file capabilities.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::{
    DESCRIPTION, EXPLANATION, VERSION, alternative,
    build::GLIBC,
    contents::{DEB, Sources},
};
use crate::cmd;

/// Makes the package.
pub fn make(sources: &Sources, stage: &Path, into: &Path) -> Result<PathBuf> {
    DEB.write(sources, stage)?;
    let control = stage.join("DEBIAN");
    fs::create_dir(&control).context("make the folder of control files")?;
    for (name, text, mode) in [
        ("control", fields(), 0o644),
        ("conffiles", configuration(), 0o644),
        (
            "postinst",
            script("configure|abort-remove|abort-deconfigure", alternative::INSTALL),
            0o755,
        ),
        ("prerm", script("remove|deconfigure", alternative::REMOVE), 0o755),
    ] {
        let file = control.join(name);
        fs::write(&file, text).with_context(|| format!("write {name}"))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(mode))?;
    }
    let package = into.join(format!("{}_{VERSION}_amd64.deb", alternative::NAME));
    let mut build = Command::new("dpkg-deb");
    // As old versions can read it.
    build.args(["--root-owner-group", "-Zxz", "--build"]).args([stage, &package]);
    cmd::run(&mut build)?;
    Ok(package)
}

fn fields() -> String {
    let explanation = EXPLANATION.trim_end().replace('\n', "\n ");
    format!(
        "Package: {}\nVersion: {VERSION}\nArchitecture: amd64\nSection: net\nPriority: optional\n\
         Maintainer: The iftop-on-eBPF authors <iftop-ebpf@localhost>\nDepends: libc6 (>= {GLIBC})\n\
         Description: {DESCRIPTION}\n {explanation}\n",
        alternative::NAME
    )
}

/// What is in `/etc` is the administrator's to change.
fn configuration() -> String {
    let files = DEB.files().filter(|(_, path)| path.starts_with("etc/"));
    files.flat_map(|(_, path)| ["/".to_owned(), path, "\n".to_owned()]).collect()
}

fn script(when: &str, what: &str) -> String {
    format!("#!/bin/sh\nset -e\ncase \"$1\" in\n{when})\n    {what}\n    ;;\nesac\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_one_a_line_and_no_paragraph_is_empty() {
        let fields = fields();
        for line in fields.lines() {
            assert!(line.starts_with(' ') || line.contains(": "), "{line}");
            assert!(!line.trim().is_empty() && line.len() <= 80, "{line}");
        }
    }

    #[test]
    fn configuration_files_are_named() {
        assert_eq!(configuration(), "/etc/bash_completion.d/iftop-ebpf\n");
    }

    #[test]
    fn scripts_do_nothing_else() {
        assert_eq!(
            script("remove|deconfigure", "x"),
            "#!/bin/sh\nset -e\ncase \"$1\" in\nremove|deconfigure)\n    x\n    ;;\nesac\n"
        );
    }
}
