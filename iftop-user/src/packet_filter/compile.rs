//! Expressions to classic BPF, by libpcap.

use anyhow::Result;
#[cfg(feature = "pcap")]
use anyhow::{Context as _, anyhow};
#[cfg(feature = "pcap")]
use pcap::{Capture, Error, Linktype};

#[cfg(feature = "pcap")]
use super::decode::decode;
use super::{Dlt, classic::Program};
#[cfg(feature = "pcap")]
use crate::names::printable_words;

/// Compiles an expression as `tcpdump -d` shows it. Like iftop it knows no netmask: `ip broadcast` is
/// 0.0.0.0 and 255.255.255.255.
pub(super) fn optimized(expression: &str, dlt: Dlt) -> Result<Program> {
    compile(expression, dlt, true)
}

/// The same, with everything that was written (`tcpdump -O`).
pub(super) fn literal(expression: &str, dlt: Dlt) -> Result<Program> {
    compile(expression, dlt, false)
}

#[cfg(not(feature = "pcap"))]
fn compile(_: &str, _: Dlt, _: bool) -> Result<Program> {
    anyhow::bail!("this iftop was built without libpcap, which reads packet filters")
}

#[cfg(feature = "pcap")]
fn compile(expression: &str, dlt: Dlt, optimize: bool) -> Result<Program> {
    let program = Capture::dead(Linktype(dlt.0))
        .and_then(|capture| capture.compile(expression, optimize))
        .map_err(|error| match error {
            Error::PcapError(message) => anyhow!("{}", printable_words(&message)),
            error => error.into(),
        })
        .with_context(|| format!("the filter \"{}\"", printable_words(expression)))?;
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
        .with_context(|| format!("the filter \"{}\"", printable_words(expression)))
}
