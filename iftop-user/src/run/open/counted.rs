//! Who counts the packets of an interface: our program in the kernel, or libpcap.
//!
//! It owns that choice, and when the second stands in for the first: where the kernel, the rights or the
//! interface do not allow it, never for a mistake, and never where somebody asked for the kernel.

use anyhow::{Result, anyhow};

#[cfg(feature = "pcap")]
use crate::source::{
    frames::{self, LocalPart},
    live,
};
use crate::{
    interface::Interface,
    options::{Counting, Options},
    packet_filter::Dlt,
    privileges::{self, Capability},
    source::{Choice, Facts, Source, surroundings::Surroundings, unavailable::Unavailable},
};
#[cfg(target_os = "linux")]
use crate::{
    packet_filter::PacketFilter,
    source::ebpf::{self, EbpfSource},
};

/// A source that counts, and what belongs to it.
pub(super) struct Counted {
    pub source: Box<dyn Source>,
    pub facts: Facts,
    pub at_start: Surroundings,
    pub hook: Option<&'static str>,
    pub dlt: Dlt,
    /// How it counts, which is not always all that was asked for.
    pub counting: Counting,
}

/// Opens the source of an interface, or of all of them at once.
pub(super) fn open(options: &Options, interface: Option<&Interface>) -> Result<Counted> {
    let counting = &options.counting;
    let Some(interface) = interface else {
        let asked = counting.source == Choice::Pcap;
        return captured(options, None, (!asked).then(|| "-i any".to_owned()));
    };
    if counting.source == Choice::Pcap {
        return captured(options, Some(interface), None);
    }
    let error = match in_kernel(options, interface) {
        Ok(counted) => return Ok(counted),
        Err(error) => error,
    };
    let may_fall_back = counting.source == Choice::Auto && !counting.is_for_kernel();
    let unavailable = error.downcast_ref::<Unavailable>().filter(|_| may_fall_back);
    let Some(reason) = unavailable.map(|unavailable| unavailable.reason.clone()) else {
        return Err(error);
    };
    if !cfg!(feature = "pcap") {
        return Err(error);
    }
    captured(options, Some(interface), Some(reason)).map_err(|second| {
        if cfg!(not(target_os = "linux")) {
            return second;
        }
        // Whoever lacks this too is better helped with what the first one needs.
        if privileges::missing(&[Capability::NetRaw]).is_empty() {
            anyhow!("{error:#}\nand libpcap: {second:#}")
        } else {
            error
        }
    })
}

#[cfg(target_os = "linux")]
fn in_kernel(options: &Options, interface: &Interface) -> Result<Counted> {
    let counting = options.counting;
    let link_type = ebpf::link_type(interface)?;
    let filter = options.packet_filter.as_deref();
    let filter = filter.map(|text| PacketFilter::compile(text, link_type)).transpose()?;
    let source = EbpfSource::open(&ebpf::Options {
        interface,
        promiscuous: options.promiscuous,
        filter: filter.as_ref(),
        hook: counting.hook,
        table: counting.table,
        max_flows: counting.max_flows,
        bytes: counting.bytes,
        log_refused: log::log_enabled!(log::Level::Debug),
    })?;
    Ok(Counted {
        facts: source.facts().clone(),
        at_start: source.at_start(),
        hook: Some(source.hook()),
        dlt: link_type.into(),
        counting,
        source: Box::new(source),
    })
}

#[cfg(not(target_os = "linux"))]
fn in_kernel(_: &Options, _: &Interface) -> Result<Counted> {
    const NOT_HERE: &str = "only Linux counts in the kernel";
    Err(Unavailable::because(NOT_HERE, anyhow!("{NOT_HERE} (--source ebpf, --hook, --table)")))
}

#[cfg(feature = "pcap")]
fn captured(
    options: &Options,
    interface: Option<&Interface>,
    reason: Option<String>,
) -> Result<Counted> {
    let (counting, buffer_bytes) = options.counting.beside_buffer();
    let source = live::LiveSource::open(live::Options {
        interface,
        promiscuous: options.promiscuous,
        frames: frames::Options {
            local: interface.map(own).unwrap_or_default(),
            bytes: counting.bytes,
            max_flows: counting.max_flows,
        },
        filter: options.packet_filter.as_deref(),
        buffer_bytes,
        reason,
    })?;
    Ok(Counted {
        facts: source.facts().clone(),
        at_start: source.at_start(),
        hook: None,
        dlt: source.dlt(),
        counting,
        source: Box::new(source),
    })
}

/// Its addresses, for packets of which nothing else says which way they went.
#[cfg(feature = "pcap")]
fn own(interface: &Interface) -> frames::Local {
    interface.addresses.iter().map(|address| LocalPart::from(*address)).collect()
}

#[cfg(not(feature = "pcap"))]
fn captured(_: &Options, _: Option<&Interface>, _: Option<String>) -> Result<Counted> {
    anyhow::bail!("this iftop was built without libpcap, which --source pcap and -i any need")
}
