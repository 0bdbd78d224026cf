//! What there is to be watched, and the source that tells of it: an interface, with all that is asked of
//! the kernel beside it, or a capture file.
//!
//! It owns the order in which things are opened, and from when on signals are waited for. Whatever belongs
//! to an interface is opened by threads inside the network namespace that was asked for; sockets and the
//! poller's thread stay there. It must never start a loop, or look up a name inside.

use std::{net::IpAddr, ops::ControlFlow};

use anyhow::{Context as _, Result, bail};

use super::{Output, signals::Signals};
use crate::{
    health::About,
    interface::{self, ANY, Interface, link_speed, takes_ipv6},
    names::printable,
    options::{Counting, Options},
    orient::Rules,
    packet_filter::{Dlt, PacketFilter},
    patience::{self, COMPILING},
    poller::Poller,
    sandbox::{Duty, Sandbox},
    source::{Choice, Facts, capture_file::Playback, surroundings::Surroundings},
    stderr::tell,
};

mod counted;
pub(super) mod file;
mod place;

use counted::Counted;
use place::Place;

/// What is watched.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// Name of the interface, or of the file.
    pub name: String,
    /// Whether anything can come of it.
    pub up: bool,
}

impl Subject {
    /// Its name as it can be shown.
    pub fn shown_name(&self) -> String {
        printable(self.name.as_bytes())
    }
}

/// Counting has begun; and what belongs to it.
pub(super) struct Opened {
    pub poller: Poller,
    pub subject: Subject,
    pub about: About,
    /// What was read beside it when counting began.
    pub at_start: Surroundings,
    pub rules: Rules,
    /// Kind of hook, where the source has one.
    pub hook: Option<&'static str>,
    /// What frames start with, where filters are compiled beforehand.
    pub dlt: Dlt,
    /// How far a file is played.
    pub playback: Option<Playback>,
}

/// An interface, or all of them, in the namespace that was asked for.
pub(super) fn interface(options: &Options, output: Output) -> Result<(Opened, Signals)> {
    let sandbox = sandbox(options)?;
    let place = Place::open(options.netns.as_ref())?;
    let (interface, mut candidate) = place.inside(|| {
        let interface = find(options)?;
        let candidate = counted::choose(options, interface.as_ref())?;
        Ok((interface, candidate))
    })?;
    let of = interface.as_ref();
    let mut dlt = candidate.dlt();
    let mut filter = compile(options, dlt)?;
    // From here on they are waited for, which what a filter takes to compile need not be; and not later:
    // what is attached by clsact outlives a process that a signal ends.
    let signals = Signals::new()?;
    let opened = loop {
        let begun =
            place.inside(|| match candidate.begin(options, &sandbox, of, filter.as_ref())? {
                ControlFlow::Break(counted) => {
                    accompany(options, output, &place, of, counted).map(ControlFlow::Break)
                }
                ControlFlow::Continue(other) => Ok(ControlFlow::Continue(other)),
            });
        match begun? {
            ControlFlow::Break(opened) => break opened,
            ControlFlow::Continue(other) => candidate = other,
        }
        // Of PPP libpcap shows another link header than the kernel.
        if candidate.dlt() != dlt {
            dlt = candidate.dlt();
            filter = compile(options, dlt)?;
        }
    };
    if options.netns.is_some() {
        // Whoever is inside has done so by itself.
        sandbox.enter(Duty::Read).context("give up rights")?;
    }
    Ok((opened, signals))
}

fn sandbox(options: &Options) -> Result<Sandbox> {
    let rights = &options.rights;
    if !rights.sandbox {
        tell("iftop: --no-sandbox: all rights are kept while packets are counted");
    }
    Sandbox::new(rights.user.as_deref(), rights.sandbox)
}

/// Compiles the filter that was asked for. Never inside a namespace: names are looked up where all are.
fn compile(options: &Options, dlt: Dlt) -> Result<Option<PacketFilter>> {
    let Some(text) = options.packet_filter.as_deref() else { return Ok(None) };
    patience::telling(COMPILING, || PacketFilter::compile(text, dlt)).map(Some)
}

/// The interface; `None`: all of them.
fn find(options: &Options) -> Result<Option<Interface>> {
    let all = options.interface.as_deref() == Some(ANY)
        && options.counting.source != Choice::Ebpf
        && !options.counting.is_for_kernel();
    let found = match &options.interface {
        Some(name) if options.wait && !all => wait_for(name).map(Some),
        _ if options.wait => bail!("--wait is for one interface, by its name: say which with -i"),
        Some(_) if all => Ok(None),
        Some(name) => interface::find(name).map(Some),
        None => interface::default_interface().map(Some),
    };
    let interface = match &options.netns {
        Some(target) => {
            found.with_context(|| format!("in the network namespace {}", target.shown()))
        }
        None => found,
    }?;
    if interface.is_none() && options.promiscuous {
        tell("iftop: -p is for one interface: with -i any it changes nothing");
    }
    Ok(interface)
}

/// The interface of this name, once there is one.
fn wait_for(name: &str) -> Result<Interface> {
    if interface::index_of(name).is_none() {
        tell(&format!("iftop: waiting for the interface {}", printable(name.as_bytes())));
    }
    loop {
        interface::wait_for(name)?;
        match interface::find(name) {
            // It has gone again meanwhile.
            Err(_) if interface::index_of(name).is_none() => {}
            found => return found,
        }
    }
}

/// What belongs to a source that counts; asking it begins, where the calling thread is.
fn accompany(
    options: &Options,
    output: Output,
    place: &Place,
    interface: Option<&Interface>,
    counted: Counted,
) -> Result<Opened> {
    let Counted { source, facts, at_start, hook, dlt, counting, sandboxed } = counted;
    if output != Output::Screen {
        introduce(options, interface, &facts);
    }
    // What the kernel had no memory for, user space will hardly have either.
    let max_flows = match facts.refused_lines {
        0 => counting.max_flows,
        _ => u32::try_from(facts.lines).map_or(u32::MAX, |lines| lines.min(counting.max_flows)),
    };
    if facts.refused_lines > 0 {
        tell(&format!(
            "iftop: the kernel's table has {} lines, {} fewer than asked for: it has no memory for more",
            facts.lines, facts.refused_lines
        ));
    }
    let about = About {
        link_speed: interface.and_then(|interface| link_speed(&interface.name)),
        max_flows,
        hardware: interface.is_some_and(Interface::counts_segments),
        loopback: interface.is_some_and(|interface| interface.loopback),
        takes_ipv6: takes_ipv6(),
        sandboxed,
        ..about(&counting, facts)
    };
    Ok(Opened {
        about,
        at_start,
        rules: Rules { own: interface::own_addresses()?, ..rules(options) },
        hook,
        dlt,
        playback: None,
        poller: place.start(source)?,
        subject: match interface {
            Some(interface) => Subject { name: interface.name.clone(), up: interface.up },
            None => Subject { name: ANY.to_owned(), up: true },
        },
    })
}

/// iftop's words on what it listens to.
fn introduce(options: &Options, interface: Option<&Interface>, facts: &Facts) {
    let name = interface.map_or(ANY.to_owned(), Interface::shown_name);
    tell(&format!("interface: {name}"));
    if let Some(target) = &options.netns {
        tell(&format!("network namespace: {}", target.shown()));
    }
    if let Some(reason) = &facts.reason {
        tell(&format!("source: {} ({reason})", facts.kind.name()));
    }
    let Some(interface) = interface else { return };
    if let Some(address) = interface.addresses.iter().find(|address| address.is_ipv4()) {
        tell(&format!("IP address is: {address}"));
    }
    let global6 = interface.addresses.iter().find(|address| match address {
        IpAddr::V6(address) => !address.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    });
    if let Some(address) = global6 {
        tell(&format!("IPv6 address is: {address}"));
    }
    if let Some([a, b, c, d, e, f]) = interface.mac {
        tell(&format!("MAC address is: {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}"));
    }
    if !interface.up {
        tell(&format!("{} is down: nothing passes until it is up", interface.shown_name()));
    }
}

fn about(counting: &Counting, facts: Facts) -> About {
    About {
        facts,
        max_memory: counting.max_memory,
        max_flows: counting.max_flows,
        bytes: counting.bytes,
        ..About::default()
    }
}

fn rules(options: &Options) -> Rules {
    Rules { net4: options.net, net6: options.net6, link_local: options.link_local, own: Vec::new() }
}
