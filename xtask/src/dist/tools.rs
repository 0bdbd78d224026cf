//! Zig as a C compiler for other systems, and what has cargo link by it, from Python's package index.
//!
//! It owns their versions. They are kept in the target folder, and so is what they keep for themselves.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{cmd, setup, setup::python};

/// What runs on x86-64, where packages are made.
const REQUIREMENTS: &str = "\
cargo-zigbuild==0.24.1 --hash=sha256:238a1ab54a95053a4eadc34775c81f795a8ad75f80bfed63f3f445f518102375
ziglang==0.17.1 --hash=sha256:ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54
";
const VERSIONS: [(&[&str], &str); 2] = [
    (&["cargo-zigbuild", "--version"], "cargo-zigbuild 0.24.1"),
    (&["python-zig", "version"], "0.17.1"),
];

/// The compilers.
pub struct Tools {
    environment: PathBuf,
    caches: PathBuf,
}

impl Tools {
    /// Installs them where they are not there.
    pub fn install(folder: &Path) -> Result<Self> {
        let tools = Self { environment: folder.join("tools"), caches: folder.join("caches") };
        if !tools.are_there() {
            setup::install(&python::missing_package().into_iter().collect::<Vec<_>>())?;
            println!("installing compilers in {}", tools.environment.display());
            python::make(&tools.environment, REQUIREMENTS)?;
        }
        Ok(tools)
    }

    /// Has a command find them.
    pub fn lend(&self, command: &mut Command) -> Result<()> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [self.environment.join("bin")].into_iter().chain(env::split_paths(&path));
        command.env("PATH", env::join_paths(folders).context("a PATH with the compilers")?);
        for cache in ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR", "CARGO_ZIGBUILD_CACHE_DIR"] {
            command.env(cache, &self.caches);
        }
        Ok(())
    }

    /// The licence of the C library that is linked into static programs.
    pub fn musl_licence(&self) -> Result<PathBuf> {
        let mut python = Command::new(self.environment.join("bin/python"));
        python.args(["-c", "import ziglang, os; print(os.path.dirname(ziglang.__file__))"]);
        let folder = cmd::output(&mut python)?;
        Ok(Path::new(folder.trim_end()).join("lib/libc/musl/COPYRIGHT"))
    }

    fn are_there(&self) -> bool {
        VERSIONS.iter().all(|(words, version)| {
            let mut command = Command::new(self.environment.join("bin").join(words[0]));
            cmd::ask(command.args(&words[1..])).as_deref() == Some(*version)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_what_is_asked_for() {
        assert_eq!(REQUIREMENTS.lines().count(), VERSIONS.len());
        for (line, (_, version)) in REQUIREMENTS.lines().zip(VERSIONS) {
            let version = version.rsplit(' ').next().unwrap();
            assert!(line.contains(&format!("=={version} --hash=sha256:")), "{line}");
        }
    }
}
