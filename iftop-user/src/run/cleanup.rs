//! `--cleanup`: removes what iftops that were killed have left at clsact hooks, and nothing else.
//!
//! It owns what is said of it. It must never touch a filter whose run goes on, nor a qdisc that such a run
//! did not make.

use std::io::{self, Write as _};

use anyhow::{Context as _, Error, Result};

use crate::{
    interface::{self, Interface},
    netlink::Refusal,
    netns::Netns,
    options::Options,
    privileges::BE_ROOT,
    qdisc::{self, left::filters},
};

/// At the interface that was asked for, or at all of them.
pub(super) fn clean_up(options: &Options) -> Result<()> {
    let lines = match options.netns.as_ref().map(Netns::open).transpose()? {
        Some(netns) => netns.inside(|| everywhere(options)),
        None => everywhere(options),
    };
    let lines = lines.map_err(advise)?;
    let nothing = ["nothing of an iftop that was killed is left".to_owned()];
    let lines = if lines.is_empty() { &nothing[..] } else { &lines };
    let mut stdout = io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(stdout, "{line}")).context("write to stdout")
}

fn everywhere(options: &Options) -> Result<Vec<String>> {
    let interfaces = match &options.interface {
        Some(name) => vec![interface::find(name)?],
        None => interface::all()?,
    };
    let mut lines = Vec::new();
    for interface in &interfaces {
        at(interface, &mut lines)
            .with_context(|| format!("clean up {}", interface.shown_name()))?;
    }
    Ok(lines)
}

fn at(interface: &Interface, lines: &mut Vec<String>) -> Result<()> {
    let name = interface.shown_name();
    let mut made_clsact = false;
    for filter in filters(interface.index)? {
        if filter.has_owner()? {
            lines.push(format!("{name}: left {filter}: its iftop is running"));
        } else if filter.remove()? {
            made_clsact |= filter.made_clsact();
            lines.push(format!("{name}: removed {filter}"));
        }
    }
    if made_clsact
        && qdisc::clsact_is_empty(interface.index)?
        && qdisc::remove_clsact(interface.index)?
    {
        lines.push(format!("{name}: removed the clsact qdisc, which that iftop had made"));
    }
    Ok(())
}

fn advise(error: Error) -> Error {
    match error.downcast_ref() {
        Some(Refusal { errno: libc::EPERM, .. }) => error.context(BE_ROOT),
        _ => error,
    }
}
