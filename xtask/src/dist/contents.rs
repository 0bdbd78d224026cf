//! What is in the archive and in the packages, and where.
//!
//! It owns the tables of files. Nothing in them may be a file of another package, and nothing is written by hand
//! that the program prints itself.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::Command,
};

use anyhow::{Context as _, Result};

use super::alternative;
use crate::cmd;

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    /// The program itself.
    Program,
    /// What it prints when asked to generate this.
    Generated(&'static str),
    /// A file of the repository.
    File(&'static str),
    /// What others want to be said of the code that is linked in.
    Licences,
}

use Content::{File, Generated, Licences, Program};

/// Contents, and where they are.
type Files = &'static [(Content, &'static str)];

/// A name for what is installed, and files by their paths. Those that end in `.gz` are compressed.
pub struct Layout {
    pub name: &'static str,
    files: [Files; 2],
    /// The folder of what there is to read.
    documents: &'static str,
}

/// Paths as in the repository, so that they lead from one to the other.
const DOCUMENTS: [&str; 17] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "README.md",
    "docs/benchmark.md",
    "docs/detail.svg",
    "docs/differences.md",
    "docs/disturbance.svg",
    "docs/faults.md",
    "docs/first-minutes.md",
    "docs/fuzzing.md",
    "docs/guide.md",
    "docs/install.md",
    "docs/json.md",
    "docs/json.schema.json",
    "docs/soak.md",
    "docs/table.svg",
    "docs/verifier.md",
];

pub const ARCHIVE: Layout = Layout {
    name: "iftop",
    files: [
        &[
            (Program, "iftop"),
            (Generated("man"), "iftop.8"),
            (Generated("bash"), "completions/iftop.bash"),
            (Generated("zsh"), "completions/_iftop"),
            (Generated("fish"), "completions/iftop.fish"),
        ],
        &[
            (File("iftop-user/iftoprc.sample"), "iftoprc.sample"),
            (File("CHANGELOG.md"), "CHANGELOG.md"),
            (File("LICENSE-MIT"), "LICENSE-MIT"),
            (File("LICENSE-APACHE"), "LICENSE-APACHE"),
            (Licences, "LICENSES-OF-OTHERS"),
        ],
    ],
    documents: "",
};

/// What `.deb` and `.rpm` have at the same place.
const PACKAGE: Files = &[
    (Program, "usr/bin/iftop-ebpf"),
    (Generated("man"), "usr/share/man/man8/iftop-ebpf.8.gz"),
    (Generated("bash"), "usr/share/bash-completion/completions/iftop-ebpf"),
    (Generated("fish"), "usr/share/fish/vendor_completions.d/iftop-ebpf.fish"),
    // bash-completion has a file for classic iftop.
    (File("xtask/src/dist/package/iftop.bash"), "etc/bash_completion.d/iftop-ebpf"),
    (File("xtask/src/dist/package/iftop.fish"), "usr/share/fish/vendor_completions.d/iftop.fish"),
    (File("iftop-user/iftoprc.sample"), "usr/share/doc/iftop-ebpf/examples/iftoprc.sample"),
];

pub const DEB: Layout = Layout {
    name: alternative::NAME,
    files: [
        PACKAGE,
        &[
            (Generated("zsh"), "usr/share/zsh/vendor-completions/_iftop-ebpf"),
            (File("CHANGELOG.md"), "usr/share/doc/iftop-ebpf/changelog.gz"),
            (File("LICENSE-MIT"), "usr/share/doc/iftop-ebpf/copyright"),
            (File("LICENSE-APACHE"), "usr/share/doc/iftop-ebpf/LICENSE-APACHE"),
            (Licences, "usr/share/doc/iftop-ebpf/LICENSES-OF-OTHERS.gz"),
        ],
    ],
    documents: "usr/share/doc/iftop-ebpf/",
};

pub const RPM: Layout = Layout {
    name: alternative::NAME,
    files: [
        PACKAGE,
        &[
            (Generated("zsh"), "usr/share/zsh/site-functions/_iftop-ebpf"),
            (File("CHANGELOG.md"), "usr/share/doc/iftop-ebpf/CHANGELOG.md"),
            (File("LICENSE-MIT"), "usr/share/licenses/iftop-ebpf/LICENSE-MIT"),
            (File("LICENSE-APACHE"), "usr/share/licenses/iftop-ebpf/LICENSE-APACHE"),
            (Licences, "usr/share/licenses/iftop-ebpf/LICENSES-OF-OTHERS"),
        ],
    ],
    documents: "usr/share/doc/iftop-ebpf/",
};

/// Where the contents come from.
pub struct Sources<'a> {
    pub program: &'a Path,
    pub licences: &'a str,
}

impl Layout {
    /// What it has, and at which paths.
    pub fn files(&self) -> impl Iterator<Item = (Content, String)> {
        let files = self.files.into_iter().flatten();
        let files = files.map(|&(content, path)| (content, path.to_owned()));
        let document = |path| (File(path), format!("{}{path}", self.documents));
        files.chain(DOCUMENTS.map(document))
    }

    /// Puts all files into a folder, which is made anew.
    pub fn write(&self, sources: &Sources, folder: &Path) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder).context("remove an older package")?;
        }
        for (content, path) in self.files() {
            self.put(content, &folder.join(&path), sources)
                .with_context(|| format!("make {path}"))?;
        }
        Ok(())
    }

    fn put(&self, content: Content, path: &Path, sources: &Sources) -> Result<()> {
        fs::create_dir_all(path.parent().context("a file in a folder")?)?;
        let is_compressed = path.extension().is_some_and(|end| end == "gz");
        let file = if is_compressed { path.with_extension("") } else { path.to_owned() };
        fs::write(&file, self.bytes(content, sources)?)?;
        let mode = if content == Program { 0o755 } else { 0o644 };
        fs::set_permissions(&file, fs::Permissions::from_mode(mode))?;
        if is_compressed {
            cmd::run(Command::new("gzip").args(["-9", "--no-name"]).arg(file))?;
        }
        Ok(())
    }

    fn bytes(&self, content: Content, sources: &Sources) -> Result<Vec<u8>> {
        Ok(match content {
            Program => fs::read(sources.program)?,
            Generated(what) => {
                let mut program = Command::new(sources.program);
                let text = cmd::output(program.arg0(self.name).args(["--generate", what]))?;
                if what == "zsh" { for_both_names(&text) } else { text }.into_bytes()
            }
            File(path) => fs::read(cmd::root()?.join(path))?,
            Licences => sources.licences.into(),
        })
    }
}

/// zsh takes what comes before its own completions, by the names in the first line.
fn for_both_names(zsh: &str) -> String {
    zsh.replacen("#compdef iftop-ebpf\n", "#compdef iftop-ebpf iftop\n", 1)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const PACKAGES: [&Layout; 2] = [&DEB, &RPM];

    #[test]
    fn files_of_the_repository_are_there() {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        for (content, path) in [ARCHIVE, DEB, RPM].iter().flat_map(Layout::files) {
            if let File(file) = content {
                assert!(root.join(file).is_file(), "{path}: {file}");
            }
        }
    }

    #[test]
    fn each_has_all_that_a_package_is_to_have() {
        let all = [
            Program,
            Generated("man"),
            Generated("bash"),
            Generated("zsh"),
            Generated("fish"),
            File("iftop-user/iftoprc.sample"),
            File("LICENSE-MIT"),
            File("LICENSE-APACHE"),
            Licences,
        ];
        for layout in [ARCHIVE, DEB, RPM] {
            for content in all {
                assert!(layout.files().any(|(has, _)| has == content), "{content:?}");
            }
        }
    }

    #[test]
    fn what_readme_leads_to_is_there_too() {
        let text = include_str!("../../../README.md");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let links: Vec<_> = links.filter(|link| !link.contains("://")).collect();
        assert!(links.len() > 10, "{links:?}");
        for link in links {
            assert!(DOCUMENTS.contains(&link), "{link}");
        }
    }

    #[test]
    fn no_file_is_one_of_another_package() {
        // Of Debian's iftop, bash-completion and zsh, and the name that is a link.
        let others = [
            "usr/sbin/iftop",
            "usr/bin/iftop",
            "usr/share/man/man8/iftop.8.gz",
            "usr/share/man/man1/iftop.1.gz",
            "usr/share/bash-completion/completions/iftop",
            "usr/share/zsh/functions/Completion/Unix/_iftop",
        ];
        for (_, path) in PACKAGES.iter().flat_map(|layout| layout.files()) {
            assert!(!others.contains(&&*path), "{path}");
        }
    }

    #[test]
    fn what_the_links_lead_to_is_installed() {
        let words = alternative::INSTALL.split(' ').filter_map(|word| word.strip_prefix('/'));
        let targets: Vec<_> = words.filter(|path| path.contains(alternative::NAME)).collect();
        assert_eq!(targets.len(), 2, "{targets:?}");
        for layout in PACKAGES {
            for target in &targets {
                assert!(layout.files().any(|(_, path)| path == *target), "{target}");
            }
        }
        assert!(alternative::REMOVE.ends_with(&format!("/{}", targets[0])));
    }

    #[test]
    fn zsh_completes_both_names() {
        assert_eq!(for_both_names("#compdef iftop-ebpf\nx"), "#compdef iftop-ebpf iftop\nx");
        assert_eq!(for_both_names("#compdef iftop\n"), "#compdef iftop\n");
    }
}
