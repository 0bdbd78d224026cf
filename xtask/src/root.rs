//! Root folders to try things in: a clean Debian 12 by debootstrap, or an empty one.
//!
//! It owns how a script gets in: with mounts and processes of its own, which end with it. The folders are removed
//! when they were used, but for the Debian that the others are copies of.

pub mod network;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use network::Network;

use crate::{cmd, vm::fetch};

const RELEASE: &str = "bookworm";
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a program expects of the kernel. `$1` is the root folder, `$2` the script, `$3` what it is given.
/// It is made a mount itself, as the root of a system is one.
const MOUNT: &str =
    "mount --bind \"$1\" \"$1\" && mount -t proc proc \"$1/proc\" && mount --rbind /sys \"$1/sys\"";
const INSIDE: &str = "mount --rbind /dev \"$1/dev\" && exec chroot \"$1\" bash -c \"$2\"";
const BESIDE: &str = "exec bash -c \"$2\" - \"$1\" \"$3\"";

/// A clean Debian, which nobody enters.
pub struct Base(PathBuf);

impl Base {
    /// Makes it where it is not there.
    pub fn make() -> Result<Self> {
        let work = work()?;
        let folder = work.join(RELEASE);
        if !folder.exists() {
            println!("making a clean Debian in {}", folder.display());
            let unfinished = Root::new(work.join("debootstrap"))?;
            let mut make = tool("debootstrap")?;
            make.args(["--variant=minbase", RELEASE]).arg(unfinished.folder());
            make.arg(format!("{}/debian", fetch::mirror())).stdout(Stdio::null());
            cmd::run(&mut make)?;
            fs::rename(unfinished.folder(), &folder).context("keep the clean Debian")?;
        }
        Ok(Self(folder))
    }

    /// One to be used.
    pub fn copy(&self) -> Result<Root> {
        let root = Root::new(self.0.with_file_name("root"))?;
        cmd::run(Command::new("cp").arg("-a").arg(self.0.join(".")).arg(root.folder()))?;
        Ok(root)
    }
}

/// A folder that goes when it was used.
pub struct Root(PathBuf);

impl Root {
    fn new(folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder).context("remove what an older run left")?;
        }
        fs::create_dir(&folder).context("make a root folder")?;
        Ok(Self(folder))
    }

    /// With nothing but where the kernel is to be seen.
    pub fn empty() -> Result<Self> {
        let root = Self::new(work()?.join("root"))?;
        for name in ["proc", "sys"] {
            fs::create_dir(root.0.join(name)).context("make a folder to mount at")?;
        }
        Ok(root)
    }

    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Puts a file into a folder of it.
    pub fn put(&self, file: &Path, folder: &str) -> Result<()> {
        let name = file.file_name().context("a file with a name")?;
        let folder = self.0.join(folder);
        fs::create_dir_all(&folder).context("make a folder in the root folder")?;
        fs::copy(file, folder.join(name)).with_context(|| format!("copy {}", file.display()))?;
        Ok(())
    }

    /// Runs a script of bash inside.
    pub fn run(&self, script: &str) -> Result<()> {
        self.start(Command::new("unshare"), INSIDE, script, "")
    }

    /// The same with a network of its own.
    pub fn run_in(&self, network: &Network, script: &str) -> Result<()> {
        let mut enter = network.enter();
        enter.arg("unshare");
        self.start(enter, INSIDE, script, "")
    }

    /// Runs one outside, which is given the folder and a word.
    pub fn run_beside(&self, script: &str, word: &str) -> Result<()> {
        self.start(Command::new("unshare"), BESIDE, script, word)
    }

    fn start(&self, mut command: Command, how: &str, script: &str, word: &str) -> Result<()> {
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--", "bash", "-euc"]);
        command.arg(format!("{MOUNT} && {how}")).arg("-").arg(&self.0).args([script, word]);
        command.env_clear().env("PATH", PATH).env("HOME", "/root").env("LC_ALL", "C.UTF-8");
        // The whole script would be in a message of `cmd::run`.
        let status = command.stdin(Stdio::null()).status().context("start unshare")?;
        anyhow::ensure!(status.success(), "see above: {status}");
        Ok(())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        if self.0.exists() {
            // The next run tries again, and says so.
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// Where they are.
fn work() -> Result<PathBuf> {
    let work = cmd::target_dir()?.join("roots");
    fs::create_dir_all(&work).context("make a folder for root folders")?;
    Ok(work)
}

fn tool(name: &str) -> Result<Command> {
    Ok(Command::new(cmd::find(name).with_context(|| format!("there is no {name}"))?))
}
