//! What there is to be watched, and the source that tells of it: an interface, with all that is asked of
//! the kernel beside it, or a capture file.
//!
//! It owns the order in which things are opened. Whatever belongs to an interface is opened on one thread,
//! which is inside the network namespace that was asked for; sockets and the poller's thread stay
//! there. It must never start a loop, or what resolves names.

use std::{net::IpAddr, path::Path};

use anyhow::{Context as _, Result, bail};
use iftop_common::parse::LinkType;
use log::Level;

use super::Output;
use crate::{
    health::About,
    interface::{self, Interface, link_speed, takes_ipv6},
    names::printable,
    netns::{Entrance, Netns},
    options::Options,
    orient::Rules,
    packet_filter::PacketFilter,
    poller::Poller,
    promiscuous::{self, Promiscuous},
    schedule::Schedule,
    source::{
        Facts,
        capture_file::{CaptureFile, Pace, Playback},
        ebpf::{self, EbpfSource},
        frames,
        inside::Inside,
        surroundings::Surroundings,
    },
    stderr::tell,
};

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
    /// What frames start with.
    pub link_type: LinkType,
    /// How far a file is played.
    pub playback: Option<Playback>,
    /// To be held as long as the source is.
    pub promiscuous: Option<Promiscuous>,
}

/// An interface, counted in the kernel, in the namespace that was asked for.
pub(super) fn interface(options: &Options, output: Output) -> Result<Opened> {
    match &options.netns {
        None => open_here(options, output, None),
        Some(target) => {
            let netns = Netns::open(target)?;
            netns.inside(|| open_here(options, output, Some(netns.entrance())))
        }
    }
}

/// Opens all of it in the calling thread's namespace, which was found by that way.
fn open_here(options: &Options, output: Output, entrance: Option<&Entrance>) -> Result<Opened> {
    let found = match &options.interface {
        Some(name) => interface::find(name),
        None => interface::default_interface(),
    };
    let interface = match &options.netns {
        Some(target) => {
            found.with_context(|| format!("in the network namespace {}", target.shown()))
        }
        None => found,
    }?;
    let promiscuous =
        options.promiscuous.then(|| promiscuous::join(interface.index)).transpose()?;
    let link_type = interface.link_type()?;
    let filter = options.packet_filter.as_deref();
    let filter = filter.map(|text| PacketFilter::compile(text, link_type)).transpose()?;
    let source = EbpfSource::open(&ebpf::Options {
        interface: &interface,
        filter: filter.as_ref(),
        hook: options.counting.hook,
        table: options.counting.table,
        max_flows: options.counting.max_flows,
        bytes: options.counting.bytes,
        log_refused: log::log_enabled!(Level::Debug),
    })?;
    if output != Output::Screen {
        introduce(options, &interface);
    }
    let facts = source.facts();
    // What the kernel had no memory for, user space will hardly have either.
    let max_flows = match facts.refused_lines {
        0 => options.counting.max_flows,
        _ => u32::try_from(facts.lines)
            .map_or(u32::MAX, |lines| lines.min(options.counting.max_flows)),
    };
    if facts.refused_lines > 0 {
        tell(&format!(
            "iftop: the kernel's table has {} lines, {} fewer than asked for: it has no memory for more",
            facts.lines, facts.refused_lines
        ));
    }
    let about = About {
        link_speed: link_speed(&interface.name),
        max_flows,
        hardware: interface.counts_segments(),
        loopback: interface.loopback,
        takes_ipv6: takes_ipv6(),
        ..about(options, facts.clone())
    };
    Ok(Opened {
        about,
        at_start: source.at_start(),
        rules: Rules { own: interface::own_addresses()?, ..rules(options) },
        hook: Some(source.hook()),
        link_type,
        playback: None,
        promiscuous,
        poller: match entrance {
            Some(entrance) => Poller::start(Inside::new(source, entrance.clone())),
            None => Poller::start(source),
        }?,
        subject: Subject { name: interface.name, up: interface.up },
    })
}

/// iftop's words on what it listens to.
fn introduce(options: &Options, interface: &Interface) {
    tell(&format!("interface: {}", interface.shown_name()));
    if let Some(target) = &options.netns {
        tell(&format!("network namespace: {}", target.shown()));
    }
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

/// A capture file. It needs no privileges and no interface.
pub(super) fn file(options: &Options, path: &Path, output: Output) -> Result<Opened> {
    if output != Output::Screen && options.reading.speed.is_some() {
        bail!("--speed is for the live table: reports come as fast as the file can be read");
    }
    let reports = &options.reports;
    let schedule = Schedule::new(reports.interval, options.seconds, reports.count);
    let pace = match output {
        // Who plays faster than packets came would soon be ahead of a pipe.
        Output::Screen => Pace {
            step: super::screen::SAMPLE_PERIOD,
            waits: options.reading.speed.is_some_and(|speed| speed > 1.0),
        },
        Output::Text | Output::Json => Pace { step: schedule.sample_period(), waits: true },
    };
    let counting = &options.counting;
    let frames = frames::Options {
        local: options.reading.local.clone(),
        bytes: counting.bytes,
        max_flows: counting.max_flows,
    };
    let (source, playback) =
        CaptureFile::open(path, frames, options.packet_filter.as_deref(), pace)?;
    // On the screen there is no room for where it lies.
    let name = match path.file_name() {
        Some(name) if output == Output::Screen && name == "-" => "stdin".into(),
        Some(name) if output == Output::Screen => name.to_string_lossy(),
        _ => path.to_string_lossy(),
    };
    Ok(Opened {
        about: about(options, source.facts()),
        at_start: CaptureFile::surroundings(),
        poller: Poller::start(source)?,
        // Whose the addresses of this host are is of no matter to a capture.
        rules: rules(options),
        hook: None,
        link_type: LinkType::Ethernet,
        playback: Some(playback),
        promiscuous: None,
        subject: Subject { name: name.into_owned(), up: true },
    })
}

fn about(options: &Options, facts: Facts) -> About {
    About {
        facts,
        max_memory: options.counting.max_memory,
        max_flows: options.counting.max_flows,
        bytes: options.counting.bytes,
        ..About::default()
    }
}

fn rules(options: &Options) -> Rules {
    Rules { net4: options.net, net6: options.net6, link_local: options.link_local, own: Vec::new() }
}
