//! Runs a virtual machine and judges what it said.
//!
//! It must never take qemu's word for it: only what the tests say counts, up to the last line.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::cmd;

/// A machine that says nothing more is ended after this.
const PATIENCE: Duration = Duration::from_mins(4);
const LOOK: Duration = Duration::from_millis(200);

/// qemu: the machine's own, or one that was unpacked in a folder.
pub enum Qemu {
    Installed(PathBuf),
    Unpacked(PathBuf),
}

/// What the tests of one kernel said.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    pub kernel: String,
    pub passed: usize,
    pub failed: Vec<String>,
    /// Programs, and how many instructions of each the verifier followed.
    pub verified: Vec<(String, u64)>,
}

impl Qemu {
    fn command(&self) -> Command {
        match self {
            Self::Installed(path) => Command::new(path),
            Self::Unpacked(folder) => {
                let share = |part: &str| folder.join("usr/share").join(part);
                let mut command = Command::new(folder.join("usr/bin/qemu-system-x86_64"));
                command.env("LD_LIBRARY_PATH", folder.join("usr/lib/x86_64-linux-gnu"));
                command.arg("-L").arg(share("qemu")).arg("-L").arg(share("seabios"));
                command
            }
        }
    }

    /// Boots a kernel with an image; what it writes goes to a file.
    ///
    /// # Errors
    /// It could not be started, or fell silent. How it ended says nothing.
    pub fn run(&self, kernel: &Path, image: &Path, log: &Path) -> Result<()> {
        let mut command = self.command();
        // `/dev/kvm` may be there and still not boot every kernel. A plain CPU is the quickest to emulate.
        // With a thread for each CPU one can run into a breakpoint that another has taken away again: the
        // kernel patches itself by those, and panics (seen in 6.18). As many machines as CPUs run anyway.
        command.args("-accel tcg,thread=single -cpu qemu64 -M q35 -m 2048".split(' '));
        // Most CPUs that the kernel has to reckon with stay off; they cost nothing.
        command.args(["-smp", "8"]);
        command.args("-nodefaults -display none -serial stdio -no-reboot".split(' '));
        command.arg("-kernel").arg(kernel).arg("-initrd").arg(image);
        command.args(["-append", "console=ttyS0 quiet panic=-1 oops=panic maxcpus=2"]);
        let output = File::create(log).with_context(|| log.display().to_string())?;
        command.stdin(Stdio::null()).stdout(output);
        let mut child =
            command.spawn().with_context(|| format!("start {}", cmd::show(&command)))?;
        let (mut said, mut said_at) = (0, Instant::now());
        while child.try_wait()?.is_none() {
            let bytes = fs::metadata(log).map_or(said, |log| log.len());
            if bytes != said {
                (said, said_at) = (bytes, Instant::now());
            }
            if said_at.elapsed() > PATIENCE {
                child.kill().and_then(|()| child.wait()).context("end the virtual machine")?;
                bail!("nothing more was heard of it: see {}", log.display());
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }
}

/// Reads what it wrote.
pub fn judge(log: &Path, programs: usize) -> Result<Verdict> {
    let text = fs::read(log).with_context(|| log.display().to_string())?;
    let verdict = judged(&String::from_utf8_lossy(&text), programs);
    verdict.with_context(|| format!("see {}", log.display()))
}

fn judged(log: &str, programs: usize) -> Result<Verdict> {
    let lines: Vec<_> = log.lines().map(str::trim_end).collect();
    let after = |start| lines.iter().filter_map(move |line| line.strip_prefix(start));
    let kernel = after("== kernel ").next().context("it did not boot")?.to_owned();
    ensure!(lines.contains(&"== all"), "it did not come to the end of the tests");
    ensure!(after("== ended ").count() == programs, "not every test program was run");
    let tests = || after("test ");
    let passed = tests().filter(|line| line.ends_with(" ... ok")).count();
    let failed: Vec<_> =
        tests().filter_map(|line| line.strip_suffix(" ... FAILED")).map(str::to_owned).collect();
    if failed.is_empty() && after("== ended ").any(|code| code != "0") {
        bail!("a test program ended badly");
    }
    let verified = after("verified ").filter_map(|line| {
        let (name, count) = line.rsplit_once(": ")?;
        Some((name.to_owned(), count.parse().ok()?))
    });
    let verified = verified.collect();
    Ok(Verdict { kernel, passed, failed, verified })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tests_words_count() {
        let boot = "[    0.1] Linux\r\n== kernel 5.10.0-46\r\n";
        let good =
            "test a ... ok\r\nverified iftop_ingress: 1234\r\ntest b ... ok\r\n== ended 0\r\n";
        let bad = "test c ... FAILED\r\n== ended 101\r\n";
        let all = "== all\r\n";
        let verdict = judged(&[boot, good, bad, all].concat(), 2).unwrap();
        assert_eq!(verdict.kernel, "5.10.0-46");
        assert_eq!((verdict.passed, &*verdict.failed), (2, &["c".to_owned()][..]));
        assert_eq!(verdict.verified, [("iftop_ingress".to_owned(), 1234)]);
        let cases = [
            (String::new(), "it did not boot"),
            ([boot, good].concat(), "it did not come to the end of the tests"),
            ([boot, good, all].concat(), "not every test program was run"),
            ([boot, good, "== ended 139\r\n", all].concat(), "a test program ended badly"),
        ];
        for (log, error) in cases {
            assert_eq!(judged(&log, 2).unwrap_err().to_string(), error);
        }
    }
}
