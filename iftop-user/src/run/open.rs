//! What is opened where the traffic is: the interface, the hooks, and all that is asked of the kernel
//! beside them.
//!
//! It owns the order. All of it happens on one thread, which is inside the network namespace that was
//! asked for; sockets and the poller's thread stay there. It must never start what resolves names.

use std::net::IpAddr;

use anyhow::{Context as _, Result};
use iftop_common::parse::LinkType;
use log::Level;

use super::Output;
use crate::{
    flow::FlowTable,
    health::{About, Monitor},
    interface::{self, Interface, link_speed, takes_ipv6},
    netns::{Entrance, Netns},
    options::Options,
    orient::Rules,
    packet_filter::PacketFilter,
    poller::Poller,
    promiscuous::{self, Promiscuous},
    source::{
        ebpf::{self, EbpfSource},
        inside::Inside,
    },
    stderr::tell,
};

/// Counting has begun.
pub(super) struct Opened {
    pub(super) interface: Interface,
    pub(super) hook: &'static str,
    pub(super) link_type: LinkType,
    pub(super) poller: Poller,
    pub(super) table: FlowTable,
    pub(super) monitor: Monitor,
    /// Held as long as packets are counted.
    pub(super) promiscuous: Option<Promiscuous>,
}

/// Opens all of it, in the namespace that was asked for.
pub(super) fn open(options: &Options, output: Output) -> Result<Opened> {
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
    let rules = Rules {
        net4: options.net,
        net6: options.net6,
        link_local: options.link_local,
        own: interface::own_addresses()?,
    };
    let about = About {
        facts: source.facts().clone(),
        link_speed: link_speed(&interface.name),
        max_memory: options.counting.max_memory,
        max_flows,
        bytes: options.counting.bytes,
        hardware: interface.counts_segments(),
        loopback: interface.loopback,
        takes_ipv6: takes_ipv6(),
    };
    Ok(Opened {
        monitor: Monitor::new(about, &source.at_start()),
        hook: source.hook(),
        link_type,
        table: FlowTable::new(rules, max_flows as usize),
        poller: match entrance {
            Some(entrance) => Poller::start(Inside::new(source, entrance.clone())),
            None => Poller::start(source),
        }?,
        interface,
        promiscuous,
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
