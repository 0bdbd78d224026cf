//! Who counts the packets of an interface: our program in the kernel, or libpcap.
//!
//! It owns that choice, and when the second stands in for the first: where the kernel, the rights or the
//! interface do not allow it, never for a mistake, and never where somebody asked for the kernel. It must
//! never compile a filter: that may take long, and asks for names that are to be looked up outside.

use std::ops::ControlFlow;

use anyhow::{Context as _, Error, Result, anyhow};
#[cfg(target_os = "linux")]
use iftop_common::parse::LinkType;

#[cfg(feature = "pcap")]
use crate::sandbox::Duty;
#[cfg(target_os = "linux")]
use crate::source::ebpf::{self, EbpfSource};
#[cfg(feature = "pcap")]
use crate::source::{
    frames::{self, LocalPart},
    live,
};
use crate::{
    interface::Interface,
    options::{Counting, Options},
    packet_filter::{Dlt, PacketFilter},
    privileges::{self, Capability},
    sandbox::{Sandbox, Sandboxed},
    source::{Choice, Facts, Source, surroundings::Surroundings, unavailable::Unavailable},
};

/// Who is to count. It is known what frames begin with, and nothing is attached yet.
pub(super) enum Candidate {
    #[cfg(target_os = "linux")]
    Kernel(LinkType),
    #[cfg(feature = "pcap")]
    Captured {
        rings: live::Rings,
        /// Why it is not the kernel, where that was tried first.
        reason: Option<String>,
    },
}

/// A source that counts, and what belongs to it.
pub(super) struct Counted {
    pub source: Box<dyn Source>,
    pub facts: Facts,
    pub at_start: Surroundings,
    pub hook: Option<&'static str>,
    pub dlt: Dlt,
    /// How it counts, which is not always all that was asked for.
    pub counting: Counting,
    /// What this thread may no longer do.
    pub sandboxed: Sandboxed,
}

/// Chooses for an interface, or for all of them at once.
pub(super) fn choose(options: &Options, interface: Option<&Interface>) -> Result<Candidate> {
    let asked = options.counting.source == Choice::Pcap;
    let Some(interface) = interface else {
        return captured(options, None, (!asked).then(|| "-i any".to_owned()));
    };
    if asked {
        return captured(options, Some(interface), None);
    }
    match kernel(interface) {
        Ok(candidate) => Ok(candidate),
        Err(error) => instead(options, interface, error),
    }
}

#[cfg(target_os = "linux")]
fn kernel(interface: &Interface) -> Result<Candidate> {
    ebpf::link_type(interface).map(Candidate::Kernel)
}

#[cfg(not(target_os = "linux"))]
fn kernel(_: &Interface) -> Result<Candidate> {
    const NOT_HERE: &str = "only Linux counts in the kernel";
    Err(Unavailable::because(NOT_HERE, anyhow!("{NOT_HERE} (--source ebpf, --hook, --table)")))
}

/// Who stands in for the kernel where it cannot count for such a reason, if anybody may.
fn instead(options: &Options, interface: &Interface, error: Error) -> Result<Candidate> {
    let counting = &options.counting;
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
            anyhow!("{error:#}\n{}", privileges::LIBPCAP_NEEDS_LESS)
        }
    })
}

#[cfg(feature = "pcap")]
fn captured(
    options: &Options,
    interface: Option<&Interface>,
    reason: Option<String>,
) -> Result<Candidate> {
    let (_, buffer_bytes) = options.counting.beside_buffer();
    let rings = live::Rings::open(interface, options.promiscuous, buffer_bytes)?;
    Ok(Candidate::Captured { rings, reason })
}

#[cfg(not(feature = "pcap"))]
fn captured(_: &Options, _: Option<&Interface>, _: Option<String>) -> Result<Candidate> {
    anyhow::bail!("this iftop was built without libpcap, which --source pcap and -i any need")
}

impl Candidate {
    /// What the filter is to be compiled for.
    pub fn dlt(&self) -> Dlt {
        match self {
            #[cfg(target_os = "linux")]
            Self::Kernel(link_type) => (*link_type).into(),
            #[cfg(feature = "pcap")]
            Self::Captured { rings, .. } => rings.dlt(),
        }
    }

    /// Has it count at the interface that it was chosen for, with such a filter; then all rights are given up,
    /// before any thread starts. Where it cannot count, nothing is left of it, and somebody else is to.
    pub fn begin(
        self,
        options: &Options,
        sandbox: &Sandbox,
        interface: Option<&Interface>,
        filter: Option<&PacketFilter>,
    ) -> Result<ControlFlow<Counted, Candidate>> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Kernel(link_type) => {
                let interface = interface.context("the kernel counts at one interface")?;
                match in_kernel(options, sandbox, interface, link_type, filter) {
                    Ok(counted) => Ok(ControlFlow::Break(counted)),
                    Err(error) => instead(options, interface, error).map(ControlFlow::Continue),
                }
            }
            #[cfg(feature = "pcap")]
            Self::Captured { rings, reason } => {
                by_libpcap(options, sandbox, interface, rings, filter, reason)
                    .map(ControlFlow::Break)
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn in_kernel(
    options: &Options,
    sandbox: &Sandbox,
    interface: &Interface,
    link_type: LinkType,
    filter: Option<&PacketFilter>,
) -> Result<Counted> {
    let counting = options.counting;
    let source = EbpfSource::open(&ebpf::Options {
        interface,
        promiscuous: options.promiscuous,
        filter,
        hook: counting.hook,
        table: counting.table,
        max_flows: counting.max_flows,
        bytes: counting.bytes,
        log_refused: log::log_enabled!(log::Level::Debug),
        sandbox: options.rights.sandbox.then_some(sandbox),
        wait: options.wait,
    })?;
    let sandboxed = sandbox.enter(source.duty()).context("give up rights")?;
    Ok(Counted {
        sandboxed,
        facts: source.facts().clone(),
        at_start: source.at_start(),
        hook: Some(source.hook()),
        dlt: link_type.into(),
        counting,
        source: Box::new(source),
    })
}

#[cfg(feature = "pcap")]
fn by_libpcap(
    options: &Options,
    sandbox: &Sandbox,
    interface: Option<&Interface>,
    rings: live::Rings,
    filter: Option<&PacketFilter>,
    reason: Option<String>,
) -> Result<Counted> {
    let (counting, buffer_bytes) = options.counting.beside_buffer();
    let frames = frames::Options {
        local: interface.map(own).unwrap_or_default(),
        bytes: counting.bytes,
        max_flows: counting.max_flows,
    };
    let filter = filter.cloned();
    let options = live::Options {
        interface,
        promiscuous: options.promiscuous,
        frames,
        filter,
        buffer_bytes,
        reason,
    };
    let mut sandboxed = Sandboxed::default();
    let source = live::LiveSource::start(rings, options, || {
        sandboxed = sandbox.enter(Duty::Read).context("give up rights")?;
        Ok(())
    })?;
    Ok(Counted {
        sandboxed,
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
