//! From the sources to the bytes of the object.
//!
//! It owns the command line of the build. The bytes must never depend on where or by whom they were
//! built, nor on the environment.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use super::rustc;
use crate::{cmd, toolchain::Toolchain};

/// Builds all kernel programs.
pub fn compile(toolchain: &Toolchain) -> Result<()> {
    let target_dir = super::target_dir()?;
    // First, as the folders of the downloaded crates have to be known to the build.
    cmd::run(cargo(toolchain)?.args(["fetch", "--locked"]))?;
    let places = Places::find(toolchain)?;
    let mut build = cargo(toolchain)?;
    build
        .args(["build", "--release", "--locked", "-Z", "build-std=core", "--target", rustc::TARGET])
        .arg("--target-dir")
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain, &places));
    cmd::run(rustc::wrap(&mut build)?)
}

/// The bytes of one that was built.
pub fn object(binary: &str, toolchain: &Toolchain) -> Result<Vec<u8>> {
    let target_dir = super::target_dir()?;
    let object = target_dir.join(binary).with_extension("bpf.o");
    let mut strip = Command::new(Toolchain::objcopy());
    // DWARF is for debuggers; BTF is for the kernel and stays. Loaders ignore its relocations: the
    // offsets are already in place.
    strip.args(["--strip-debug", "--remove-section=.rel.BTF", "--remove-section=.rel.BTF.ext"]);
    strip.arg(target_dir.join(rustc::TARGET).join("release").join(binary)).arg(&object);
    cmd::run(&mut strip)?;

    let bytes = fs::read(&object).with_context(|| format!("cannot read {}", object.display()))?;
    Places::find(toolchain)?.must_not_occur_in(&bytes)?;
    Ok(bytes)
}

/// The recorded cargo in the kernel program's folder, free of what a user may have set.
fn cargo(toolchain: &Toolchain) -> Result<Command> {
    let mut cargo = Command::new(toolchain.rust_program("cargo"));
    cargo.current_dir(cmd::root()?.join("iftop-ebpf"));
    for (name, _) in env::vars_os() {
        let set_by_user = ["CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_", "RUST"];
        if set_by_user.iter().any(|start| name.as_bytes().starts_with(start.as_bytes())) {
            cargo.env_remove(name);
        }
    }
    cargo.env("RUSTC", toolchain.rust_program("rustc"));
    // The target is built from source, which is unstable.
    cargo.env("RUSTC_BOOTSTRAP", "1");
    Ok(cargo)
}

/// Flags for rustc, separated as cargo wants them: paths may have spaces.
fn flags(toolchain: &Toolchain, places: &Places) -> OsString {
    let mut linker = OsString::from("-Clinker=");
    linker.push(&toolchain.bpf_linker);
    // aya names a file after the machine that builds, unless it is told of one.
    let machine = "--cfg=bpf_target_arch=\"x86_64\"";
    let mut flags = vec!["-Clink-arg=--btf".into(), linker, machine.into()];
    flags.extend(places.remapped.iter().map(|(place, name)| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(place);
        flag.push("=");
        flag.push(name);
        flag
    }));
    flags.join(OsStr::new("\x1f"))
}

/// The folders of this machine, of which the object must know nothing.
struct Places {
    /// With the names they get; of several that match, rustc takes the last.
    remapped: Vec<(PathBuf, &'static str)>,
    home: Option<PathBuf>,
}

impl Places {
    fn find(toolchain: &Toolchain) -> Result<Self> {
        let home = env::home_dir();
        let cargo_home = match (env::var_os("CARGO_HOME"), &home) {
            (Some(folder), _) => PathBuf::from(folder),
            (None, Some(home)) => home.join(".cargo"),
            (None, None) => anyhow::bail!("neither CARGO_HOME nor HOME is set"),
        };
        let mut remapped = vec![
            (cmd::root()?, ""),
            (toolchain.sysroot.clone(), "rust"),
            (cargo_home.clone(), "cargo"),
        ];
        // One folder for each registry, named after where it was downloaded from.
        let registries = cargo_home.join("registry/src");
        let entries = fs::read_dir(&registries)
            .with_context(|| format!("cannot read {}", registries.display()))?;
        for entry in entries {
            remapped.push((entry?.path(), "crates"));
        }
        Ok(Self { remapped, home })
    }

    fn must_not_occur_in(&self, bytes: &[u8]) -> Result<()> {
        for place in self.remapped.iter().map(|(place, _)| place).chain(&self.home) {
            ensure!(!occurs(place, bytes), "the object holds the path {}", place.display());
        }
        Ok(())
    }
}

fn occurs(place: &Path, bytes: &[u8]) -> bool {
    let place = place.as_os_str().as_bytes();
    // The root folder is in every path, and says nothing.
    place.len() > 1 && bytes.windows(place.len()).any(|window| window == place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_in_an_object() {
        assert!(occurs(Path::new("/home/me"), b"\0/home/me/src/main.rs\0"));
        assert!(!occurs(Path::new("/home/me"), b"\0src/main.rs\0"));
        assert!(!occurs(Path::new("/"), b"\0src/main.rs\0"));
    }
}
