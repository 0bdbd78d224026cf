//! Processes, paths and privileges, as all tasks need them.
//!
//! It owns how a command is started and how its failure reads. It decides nothing about tasks.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{IsTerminal as _, stdin},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// Runs a command with our own standard streams; a failure names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", show(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", show(command));
    }
    Ok(())
}

/// Runs a command and returns what it printed; its stderr is ours.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", show(command)))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", show(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of `{}`", show(command)))
}

/// What a command printed, or nothing when it cannot be started or fails. For questions.
pub fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as one would type it.
pub fn show(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Whether nobody will read a warning.
pub fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty())
}

/// Where a tool is. The folders of administration are searched as well: users of Debian do not have
/// them on their `PATH`.
pub fn find(tool: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(tool))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// The repository's root folder.
pub fn root() -> Result<PathBuf> {
    // Asked at run time, so that a copied or moved checkout never works on the old one.
    let xtask = env::var_os("CARGO_MANIFEST_DIR").context("to be run as `cargo xtask`")?;
    let root = Path::new(&xtask).parent().context("the xtask crate has no parent folder")?;
    Ok(root.to_owned())
}

/// Where cargo puts what it builds for the workspace.
pub fn target_dir() -> Result<PathBuf> {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(&folder).context("CARGO_TARGET_DIR"),
        None => Ok(root()?.join("target")),
    }
}

/// The cargo that started us, working in the repository's root folder.
pub fn cargo() -> Result<Command> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()?);
    Ok(cargo)
}

/// Has cargo start the programs that it builds through `runner`, where there is one, and with a path on
/// which they find the system's tools. Cargo itself still builds as the user.
pub fn run_programs_through(cargo: &mut Command, runner: Option<&str>) -> Result<()> {
    // An ordinary user's path lacks the folders where Debian has `ip`, `tc` and `ethtool`.
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    cargo.env("PATH", path);
    if let Some(runner) = runner {
        cargo.env(format!("CARGO_TARGET_{}_RUNNER", variable_name(&host()?)), runner);
    }
    Ok(())
}

fn host() -> Result<String> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

fn variable_name(triple: &str) -> String {
    triple.to_uppercase().replace(['-', '.'], "_")
}

/// How a command gets root's rights.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Privilege {
    /// We are root.
    Root,
    /// `sudo -n` works: it needs no password, or has just been given it.
    Sudo,
    /// Not at all.
    None,
}

impl Privilege {
    /// Finds out; asks for the password when somebody is there to give it.
    pub fn find() -> Self {
        if is_root() {
            return Self::Root;
        }
        if find("sudo").is_none() {
            return Self::None;
        }
        let free = ask(Command::new("sudo").args(["-n", "true"])).is_some();
        if free || (stdin().is_terminal() && run(Command::new("sudo").arg("-v")).is_ok()) {
            Self::Sudo
        } else {
            Self::None
        }
    }
}

/// Whether we are root.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|data| data.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed: exit status: 3");
    }

    #[test]
    fn only_executables_are_found() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-tool"), None);
        assert!(!is_executable(Path::new("/etc/passwd")));
        assert!(!is_executable(Path::new("/")));
    }

    #[test]
    fn a_triple_becomes_the_name_of_a_variable() {
        assert_eq!(variable_name("x86_64-unknown-linux-gnu"), "X86_64_UNKNOWN_LINUX_GNU");
    }
}
