//! Capture files: what is read of them, whatever they hold, and what the reports say then.
//!
//! Most files are written here; those of `foreign` and `captured` are not. None of it needs a network or
//! root but the terminal and what tcpdump captures.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::{
    capture::Packet,
    frame::{self, UDP, V4},
    iftop::checked,
    scratch::Scratch,
};

mod broken;
mod captured;
#[cfg(feature = "pcap")]
mod filter;
pub mod foreign;
mod formats;
mod grouped;
mod options;
mod screen;
mod time;
mod way;

const OURS: [u8; 6] = [2, 0, 0, 0, 0, 1];
const THEIRS: [u8; 6] = [2, 0, 0, 0, 0, 2];
const SECOND: u64 = 1_000_000_000;
/// When captures begin: 2023-11-14T22:13:20Z.
const START: u64 = 1_700_000_000 * SECOND;
const ETHERNET: u16 = 1;

/// How a run ended.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    out: String,
    errors: String,
}

impl Run {
    /// Its reports, each checked for what holds in all of them.
    fn reports(&self) -> Vec<Value> {
        self.out.lines().map(checked).collect()
    }

    /// The last one of a run without a mistake.
    fn last(&self) -> Value {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.reports().pop().unwrap()
    }
}

/// The program, reading these bytes from a file.
fn read(bytes: &[u8], options: &str) -> Run {
    let file = Scratch::new(bytes);
    run(program(file.0.to_str().unwrap(), options), &[])
}

fn program(file: &str, options: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
    command.args(["-r", file]).args(options.split_whitespace());
    command.env("HOME", "/nonexistent");
    command
}

/// To its end, with this on its input.
fn run(mut command: Command, input: &[u8]) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // Whoever reads no input closes it.
        scope.spawn(move || pipe.write_all(input));
        child.wait_with_output().unwrap()
    });
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code(), out: text(output.stdout), errors: text(output.stderr) }
}

/// An IPv4 packet of so many bytes, UDP between 10.0.0.1 and a host of 10.1.0.0/24.
fn packet_to(host: u8, bytes: usize) -> Vec<u8> {
    between([10, 0, 0, 1], [10, 1, 0, host], bytes)
}

fn packet_from(host: u8, bytes: usize) -> Vec<u8> {
    between([10, 1, 0, host], [10, 0, 0, 1], bytes)
}

fn between(source: [u8; 4], destination: [u8; 4], bytes: usize) -> Vec<u8> {
    let (source, destination) = (source.into(), destination.into());
    V4 { source, destination, protocol: UDP, options: &[], fragment: 0 }.packet(&frame::udp(
        4000,
        53,
        bytes - 28,
    ))
}

fn ethernet(packet: &[u8]) -> Vec<u8> {
    frame::ethernet(THEIRS, OURS, &[], 0x0800, packet)
}

/// Ethernet frames to one host, at these tenths of a second after the start, of 100 bytes of IP.
fn frames_at(tenths: &[u64]) -> Vec<Packet> {
    let frame = ethernet(&packet_to(1, 100));
    tenths.iter().map(|tenths| Packet::new(START + tenths * SECOND / 10, &frame)).collect()
}

fn packets(report: &Value, name: &str) -> u64 {
    report["account"][name]["packets"].as_u64().unwrap()
}

fn bytes(report: &Value, name: &str) -> u64 {
    report["account"][name]["bytes"].as_u64().unwrap()
}
