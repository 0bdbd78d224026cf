//! A network namespace with a way out: `eth0`, whose packets slirp4netns turns into connections of its own.
//!
//! It must never touch an interface, a route or a rule of the host.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};

/// It is gone with this.
pub struct Network {
    /// Waits inside, so that there is an inside.
    holder: Child,
    slirp: Child,
}

impl Network {
    pub fn new() -> Result<Self> {
        let mut hold = Command::new("unshare");
        hold.args(["--net", "--", "sh", "-c", "ip link set lo up && echo && exec cat"]);
        hold.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = hold.spawn().context("make a network namespace")?;
        let said = holder.stdout.as_mut().context("who holds it says something")?;
        BufReader::new(said).read_line(&mut String::new()).context("wait for the namespace")?;
        let mut way_out = Command::new("slirp4netns");
        way_out.args(["--configure", "--ready-fd=1", "--netns-type=path"]);
        way_out.args([&namespace(&holder), "eth0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let slirp = way_out.spawn().context("start slirp4netns")?;
        let mut network = Self { holder, slirp };
        let ready = network.slirp.stdout.as_mut().context("slirp4netns says something")?;
        ready.read_exact(&mut [0]).context("wait for slirp4netns")?;
        Ok(network)
    }

    /// What begins a command that is to run inside.
    pub fn enter(&self) -> Command {
        let mut enter = Command::new("nsenter");
        enter.args([&format!("--net={}", namespace(&self.holder)), "--"]);
        enter
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for process in [&mut self.slirp, &mut self.holder] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn namespace(process: &Child) -> String {
    format!("/proc/{}/ns/net", process.id())
}
