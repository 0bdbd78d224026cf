//! `cargo xtask demo`: iftop on traffic that is made up, between two network namespaces of its own.
//!
//! It owns the namespaces: they have no names, and are gone with the processes in them, however these end.
//! It must never touch an interface, an address or a file of the host.

use std::{
    convert::Infallible,
    env,
    ffi::OsString,
    io::{BufRead as _, BufReader, Read as _, Write as _, stdin},
    net::IpAddr,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{self, Child, Command, ExitCode, ExitStatus, Stdio},
};

use anyhow::{Context as _, Result, bail};

mod hosts;
mod traffic;

use crate::{
    cmd::{self, Privilege},
    run,
    setup::{self, Purpose},
};

/// What one end says to the other.
const READY: &str = "ready\n";

/// Builds iftop, unless one is named, and goes on as root inside of the first namespace.
pub fn demo(program: Option<PathBuf>, options: &[OsString]) -> Result<Infallible> {
    let program = if let Some(program) = program {
        std::path::absolute(program).context("the program to show")?
    } else {
        setup::setup(Purpose::Demo)?;
        run::build()?
    };
    let mut command = match Privilege::find() {
        Privilege::Root => Command::new("unshare"),
        Privilege::Sudo => {
            let mut sudo = Command::new("sudo");
            sudo.args(["--", "unshare"]);
            sudo
        }
        Privilege::None => bail!("it makes network namespaces: run it as root"),
    };
    // Mounts of its own too: the names of hosts are made up.
    command.args(["--net", "--mount", "--"]).arg(env::current_exe()?);
    command.args(["demo", "--near", "--program"]).arg(program).arg("--").args(options);
    Err(command.exec()).with_context(|| format!("cannot start `{}`", cmd::show(&command)))
}

/// Inside, where iftop runs: makes the other end, lets traffic flow, and ends when iftop does.
pub fn near(program: &Path, options: &[OsString]) -> Result<ExitCode> {
    hosts::put_in_place()?;
    let mut far = Far::start()?;
    ip("link set lo up")?;
    ip(&format!(
        "link add eth0 mtu 1500 type veth peer name eth0 mtu 1500 netns {}",
        far.process.id()
    ))?;
    configure(true)?;
    far.configured()?;
    traffic::begin_near()?;
    let status = Command::new(program)
        .args(["-i", "eth0"])
        .args(options)
        .status()
        .with_context(|| format!("cannot start `{}`", program.display()))?;
    Ok(exit_code(status))
}

/// Inside of the second namespace: answers, and ends when nobody can ask any more.
pub fn far() -> Result<ExitCode> {
    say_ready()?;
    // The cable is there once a line comes.
    stdin().lock().read_line(&mut String::new()).context("wait for the cable")?;
    ip("link set lo up")?;
    configure(false)?;
    traffic::begin_far()?;
    say_ready()?;
    let _ = stdin().lock().read_to_end(&mut Vec::new());
    Ok(ExitCode::SUCCESS)
}

/// The process at the other end. It ends when its input does, which is with us.
struct Far {
    process: Child,
    says: BufReader<process::ChildStdout>,
}

impl Far {
    fn start() -> Result<Self> {
        let mut command = Command::new("unshare");
        command.args(["--net", "--"]).arg(env::current_exe()?).args(["demo", "--far"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().context("start the other end")?;
        let says = process.stdout.take().context("the other end says something")?;
        let mut far = Self { process, says: BufReader::new(says) };
        far.wait_until_ready()?;
        Ok(far)
    }

    /// Has it take its end of the cable, and waits for that.
    fn configured(&mut self) -> Result<()> {
        let input = self.process.stdin.as_mut().context("the other end listens")?;
        input.write_all(b"\n").context("tell the other end")?;
        self.wait_until_ready()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let mut line = String::new();
        self.says.read_line(&mut line).context("listen to the other end")?;
        if line != READY {
            bail!("the other end of the cable has failed");
        }
        Ok(())
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn say_ready() -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(READY.as_bytes()).and_then(|()| out.flush()).context("say that it is ready")
}

/// Gives the end of the cable in this namespace its addresses. Nobody else can have them.
fn configure(is_near: bool) -> Result<()> {
    for address in traffic::addresses(is_near) {
        ip(&match address {
            IpAddr::V4(_) => format!("address add {address}/24 dev eth0"),
            IpAddr::V6(_) => format!("address add {address}/64 dev eth0 nodad"),
        })?;
    }
    ip("link set eth0 up")
}

fn ip(arguments: &str) -> Result<()> {
    cmd::run(Command::new("ip").args(arguments.split(' ')))
}

/// Its own where it has one.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
