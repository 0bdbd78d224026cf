//! From options to the end of the program: what to open, in which order, and which output to feed.
//!
//! The loops live below: `report` prints, `screen` draws. Both are single-threaded; the counters
//! are read on the poller's thread.

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::IpAddr,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use log::Level;

use crate::{
    cli::Options,
    flow::FlowTable,
    interface::{self, Interface},
    names::Names,
    orient::Rules,
    poller::Poller,
    printer, promiscuous,
    services::Services,
    source::ebpf::{self, EbpfSource},
    view::{Labels, Query, View, view},
};

mod report;
mod screen;
mod signals;

pub use crate::printer::OutputError;
pub use signals::Ending;
use signals::Signals;

/// Flows that are remembered at most, here and in each half of the kernel's table.
const MAX_FLOWS: u32 = 65_536;

/// Where output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Screen,
    Text,
    Json,
}

/// Everything a loop works with.
struct Session<'a> {
    options: &'a Options,
    interface: Interface,
    hook: ebpf::HookKind,
    poller: Poller,
    table: FlowTable,
    names: Names,
    services: Services,
    signals: Signals,
}

/// Runs until something ends it.
///
/// # Errors
/// Say what failed, why, and what to do about it.
pub fn run(options: &Options) -> Result<Ending> {
    let output = Output::choose(options);
    if output == Output::Screen && (options.interval.is_some() || options.count.is_some()) {
        bail!("--interval and --count are for reports: they need --text or --json");
    }
    start_log(output);
    let interface = match &options.interface {
        Some(name) => interface::find(name)?,
        None => interface::default_interface()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the event loop")?;
    runtime.block_on(async {
        let _promiscuous =
            options.promiscuous.then(|| promiscuous::join(interface.index)).transpose()?;
        let signals = Signals::new()?;
        let source = EbpfSource::open(&ebpf::Options {
            interface: &interface,
            hook: options.hook,
            max_flows: MAX_FLOWS,
            log_refused: log::log_enabled!(Level::Debug),
        })?;
        if output != Output::Screen {
            introduce(&interface);
        }
        let rules = Rules { net4: options.net, net6: options.net6, link_local: options.link_local };
        let session = Session {
            options,
            hook: source.hook(),
            poller: Poller::start(source)?,
            table: FlowTable::new(rules, MAX_FLOWS as usize),
            names: Names::new(),
            services: Services::system(),
            signals,
            interface,
        };
        match output {
            Output::Screen => screen::run(session).await,
            Output::Text | Output::Json => report::run(session, output).await,
        }
    })
}

impl Session<'_> {
    /// What is known now, with the names that are known now.
    fn labelled(&self, query: &Query, names: bool, services: bool) -> View {
        let host = |address: IpAddr| {
            names.then(|| self.names.lookup(address)).flatten().map(str::to_owned)
        };
        let service = |port: u16, protocol: u8| {
            services.then(|| self.services.name(port, protocol)).flatten().map(str::to_owned)
        };
        view(&self.table, query, &Labels { host: &host, service: &service })
    }

    /// Takes in the names that have come, and asks for those that are not known.
    fn request(&mut self, addresses: impl Iterator<Item = IpAddr>) {
        let now = Instant::now();
        self.names.poll(now);
        for address in addresses {
            self.names.request(address, now);
        }
    }
}

impl Output {
    fn choose(options: &Options) -> Self {
        if options.json {
            Self::Json
        } else if options.text {
            Self::Text
        } else if io::stdout().is_terminal() {
            Self::Screen
        } else {
            tell("iftop: the output is no terminal: printing text reports, as with -t");
            Self::Text
        }
    }
}

/// `RUST_LOG=debug` shows what the kernel program refuses. It goes to stderr, so on the screen only
/// where that is somewhere else.
fn start_log(output: Output) {
    if output != Output::Screen || !io::stderr().is_terminal() {
        env_logger::init();
    }
}

/// iftop's words on what it listens to.
fn introduce(interface: &Interface) {
    tell(&format!("interface: {}", interface.shown_name()));
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
}

/// A line on stderr. Nothing depends on it, so a closed or full stderr changes nothing.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
