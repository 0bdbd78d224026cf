//! The package for Fedora, RHEL, openSUSE and their like, by `rpmbuild`.
//!
//! It owns the spec file. What the package requires rpmbuild finds in the program: a glibc that is old enough.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::{
    DESCRIPTION, EXPLANATION, VERSION, alternative,
    contents::{RPM, Sources},
};
use crate::cmd;

/// Makes the package.
pub fn make(sources: &Sources, stage: &Path, into: &Path) -> Result<PathBuf> {
    RPM.write(sources, stage)?;
    let top = stage.with_extension("rpmbuild");
    fs::create_dir_all(&top).context("make a folder for rpmbuild")?;
    let file = top.join("iftop-ebpf.spec");
    fs::write(&file, spec(stage)).context("write the spec file")?;
    let define = |name: &str, value: &Path| format!("{name} {}", value.display());
    let mut build = Command::new("rpmbuild");
    build.args(["--quiet", "-bb", "--target", "x86_64-linux"]);
    build.args(["--define", &define("_topdir", &top), "--define", &define("_rpmdir", into)]);
    cmd::run(
        build
            .args(["--define", "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm"])
            .arg(file),
    )?;
    Ok(into.join(format!("{}-{VERSION}-1.x86_64.rpm", alternative::NAME)))
}

fn spec(stage: &Path) -> String {
    let (install, remove) = (alternative::INSTALL, alternative::REMOVE);
    let stage = stage.display();
    let mut files = String::new();
    for (_, path) in RPM.files() {
        let kind = match path.split('/').nth(if path.starts_with("usr/share/") { 2 } else { 0 }) {
            Some("etc") => "%config(noreplace) ",
            Some("doc" | "man") => "%doc ",
            Some("licenses") => "%license ",
            _ => "",
        };
        // Nothing can go wrong in memory.
        let _ = writeln!(files, "{kind}/{path}");
    }
    // A package without the link is better than none: it has another name too.
    format!(
        "Name: {}
Version: {VERSION}
Release: 1
Summary: {DESCRIPTION}
License: (MIT OR Apache-2.0) AND BSD-3-Clause
Group: Applications/Internet

# The program is as it was built, and is to be read by old versions of rpm.
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%global _build_id_links none
%global _binary_payload w6.xzdio

%description
{EXPLANATION}
%install
cp -a '{stage}/.' %{{buildroot}}

%post
if command -v update-alternatives >/dev/null; then
    {install} || :
fi

%preun
if [ \"$1\" = 0 ] && command -v update-alternatives >/dev/null; then
    {remove} || :
fi

%files
%defattr(-,root,root,-)
%dir /usr/share/doc/iftop-ebpf
%dir /usr/share/doc/iftop-ebpf/docs
%dir /usr/share/doc/iftop-ebpf/examples
%dir /usr/share/licenses/iftop-ebpf
{files}",
        alternative::NAME
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_in_it_and_every_folder_of_ours() {
        let spec = spec(Path::new("/stage"));
        let (_, list) = spec.split_once("%files\n").unwrap();
        for (_, path) in RPM.files() {
            assert!(
                list.lines().any(|line| line.split(' ').next_back() == Some(&format!("/{path}")))
            );
            let folder = Path::new(&path).parent().unwrap().to_str().unwrap();
            if folder.contains("iftop-ebpf") {
                assert!(list.contains(&format!("%dir /{folder}\n")), "{folder}");
            }
        }
        assert!(list.contains("%config(noreplace) /etc/bash_completion.d/iftop-ebpf\n"));
        assert!(list.contains("%license /usr/share/licenses/iftop-ebpf/LICENSE-MIT\n"));
        assert!(list.contains("%doc /usr/share/man/man8/iftop-ebpf.8.gz\n"));
    }
}
