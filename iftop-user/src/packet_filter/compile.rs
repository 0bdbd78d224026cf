//! Expressions to classic BPF, by libpcap.

use anyhow::Result;
#[cfg(feature = "pcap")]
use anyhow::{Context as _, anyhow};
use iftop_common::parse::LinkType;
#[cfg(feature = "pcap")]
use pcap::{Capture, Error, Linktype};

use super::classic::Program;
#[cfg(feature = "pcap")]
use super::classic::decode;

/// Compiles an expression as `tcpdump -d` shows it. Like iftop it knows no netmask: `ip broadcast` is
/// 0.0.0.0 and 255.255.255.255.
pub(super) fn optimized(expression: &str, link_type: LinkType) -> Result<Program> {
    compile(expression, link_type, true)
}

/// The same, with everything that was written (`tcpdump -O`).
pub(super) fn literal(expression: &str, link_type: LinkType) -> Result<Program> {
    compile(expression, link_type, false)
}

#[cfg(not(feature = "pcap"))]
fn compile(_: &str, _: LinkType, _: bool) -> Result<Program> {
    anyhow::bail!("this iftop was built without libpcap, which reads packet filters")
}

#[cfg(feature = "pcap")]
fn compile(expression: &str, link_type: LinkType, optimize: bool) -> Result<Program> {
    let link_type = match link_type {
        LinkType::Ethernet => Linktype::ETHERNET,
        // DLT_RAW of pcap/dlt.h; the crate's constant is that of files.
        LinkType::RawIp => Linktype(12),
    };
    let program = Capture::dead(link_type)
        .and_then(|capture| capture.compile(expression, optimize))
        .map_err(|error| match error {
            Error::PcapError(message) => anyhow!("{message}"),
            error => error.into(),
        })
        .with_context(|| format!("the filter \"{expression}\""))?;
    let instructions = program.get_instructions().iter().map(|instruction| {
        // The crate tells an instruction in one way only: code, jt, jf, k.
        let text = instruction.to_string();
        let mut numbers = text.split(' ').map(str::parse::<u32>);
        let mut number =
            || numbers.next().context("an instruction has four numbers")?.context("a number");
        let [code, jt, jf, k] = [number()?, number()?, number()?, number()?];
        decode(u16::try_from(code)?, u8::try_from(jt)?, u8::try_from(jf)?, k)
    });
    instructions
        .collect::<Result<_>>()
        .and_then(Program::new)
        .with_context(|| format!("the filter \"{expression}\""))
}
