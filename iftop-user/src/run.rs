//! From options to the end of the program: what to open, in which order, and which output to feed.
//!
//! `open` opens what is where the traffic is. The loops live below: `report` prints, `screen` draws.
//! Both are single-threaded; the counters are read on the poller's thread.

use std::{
    io::{self, IsTerminal as _},
    net::IpAddr,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    app::App,
    export::Export,
    flow::FlowTable,
    health::Monitor,
    limits,
    names::Names,
    netns::Target,
    networks::{self, Networks},
    options::Options,
    packet_filter::Dlt,
    poller::Poller,
    services::Services,
    source::{
        Choice, Sample,
        capture_file::{Playback, Progress},
    },
    stderr::tell,
    view::{Labels, Query, View, view},
};

#[cfg(target_os = "linux")]
mod cleanup;
mod filtering;
mod logging;
mod open;
mod playing;
mod report;
mod screen;
mod signals;

use open::{Opened, Subject};

pub use crate::printer::OutputError;
pub use signals::Ending;
use signals::Signals;

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
    subject: Subject,
    /// The network namespace that it is in, as it can be shown, where that was asked for.
    netns: Option<String>,
    /// Kind of hook, where the source has one.
    hook: Option<&'static str>,
    dlt: Dlt,
    /// How far a capture file is to be played. Before the poller: its end stops the reading.
    playback: Option<Playback>,
    /// The time of day of the newest sample, where that is not now.
    now: Option<SystemTime>,
    /// Whether the source is at its end.
    ended: bool,
    /// Whether the interface is gone, and waited for.
    gone: bool,
    poller: Poller,
    table: FlowTable,
    /// What is known of how well the counting goes.
    monitor: Monitor,
    /// The table as it was when the display was paused.
    still: Option<FlowTable>,
    names: Names,
    services: Services,
    networks: Networks,
    signals: Signals,
}

/// Runs until something ends it. So many warnings were given before, which a live table hides.
///
/// # Errors
/// Say what failed, why, and what to do about it.
pub fn run(options: &Options, warnings: usize) -> Result<Ending> {
    if options.cleanup {
        #[cfg(target_os = "linux")]
        return cleanup::clean_up(options).map(|()| Ending::Done);
        #[cfg(not(target_os = "linux"))]
        bail!("--cleanup: only Linux has clsact hooks, at which something can be left");
    }
    let output = Output::choose(options);
    if output == Output::Screen
        && (options.reports.interval.is_some() || options.reports.count.is_some())
    {
        bail!("--interval and --count are for reports: they need --text or --json");
    }
    if options.counting.source == Choice::Pcap && options.counting.is_for_kernel() {
        bail!("--hook and --table are for counting in the kernel, not for --source pcap");
    }
    let networks = options.networks.as_deref().map(networks::file::read).transpose()?;
    limits::check(options.counting.max_memory)?;
    start_log(output);
    // While this is the one thread, and has all rights.
    let export = (output == Output::Screen).then(|| export(options));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the event loop")?;
    runtime.block_on(async {
        let (opened, signals) = match &options.reading.file {
            Some(path) => open::file::open(options, path, output)?,
            None => open::interface(options, output)?,
        };
        let session = Session {
            networks: networks.unwrap_or_default(),
            ..Session::new(options, opened, signals)
        };
        match export {
            Some(export) => screen::run(session, export, warnings).await,
            None => report::run(session, output).await,
        }
    })
}

fn export(options: &Options) -> Export {
    let folder = options.rights.export_folder.clone().unwrap_or_else(|| ".".into());
    Export::new(folder, options.rights.sandbox)
}

impl<'a> Session<'a> {
    fn new(options: &'a Options, opened: Opened, signals: Signals) -> Self {
        let Opened { poller, subject, about, at_start, rules, hook, dlt, playback } = opened;
        let table = FlowTable::new(rules, about.max_flows as usize);
        Self {
            options,
            subject,
            netns: options.netns.as_ref().map(Target::shown),
            hook,
            dlt,
            playback,
            now: None,
            ended: false,
            gone: false,
            poller,
            table,
            monitor: Monitor::new(about, &at_start),
            still: None,
            names: Names::new(),
            services: Services::system(),
            networks: Networks::default(),
            signals,
        }
    }
}

impl Session<'_> {
    /// What is listened to, as it can be shown.
    fn place(&self) -> String {
        let name = self.subject.shown_name();
        match &self.netns {
            Some(netns) => format!("{name} (netns {netns})"),
            None => name,
        }
    }

    /// What a filter is to be compiled for. Of a file that is known as far as it was read.
    fn dlt(&self) -> Dlt {
        self.playback.as_ref().map_or(self.dlt, Playback::dlt)
    }

    /// Holds the table as it is while the display is paused. To be called after each key.
    fn follow(&mut self, app: &App) {
        if !app.paused() {
            self.still = None;
        } else if self.still.is_none() {
            self.still = Some(self.table.still());
        }
    }

    /// What is known now, or what was when the display was paused, with the names that are known now.
    fn view(&self, app: &App, query: &Query<'_>) -> View {
        let (services, networks) = (Some(&self.services), Some(&self.networks));
        let query = &Query { services, networks, ..*query };
        let view = self.with_labels(app, |labels| match &self.still {
            Some(still) => view(still, query, labels).with_counts_of(&self.table),
            None => view(&self.table, query, labels),
        });
        View { health: self.monitor.health(), ..view }
    }

    /// Calls a function with the names that are known and wanted.
    fn with_labels<T>(&self, app: &App, function: impl FnOnce(&Labels<'_>) -> T) -> T {
        let host = |address: IpAddr| {
            app.wants_names().then(|| self.names.lookup(address)).flatten().map(str::to_owned)
        };
        let service = |port: u16, protocol: u8| {
            let name = app.wants_services().then(|| self.services.name(port, protocol));
            name.flatten().map(str::to_owned)
        };
        function(&Labels { host: &host, service: &service })
    }

    /// Takes in what happened.
    fn take(&mut self, mut sample: Sample) {
        self.now = sample.now;
        self.ended = sample.last;
        if let Some(name) = sample.renamed.take() {
            self.subject.name = name;
        }
        self.gone = sample.surroundings.gone;
        self.table.apply(&sample);
        self.monitor.apply(&sample);
        self.poller.recycle(sample);
    }

    /// Takes in what happened up to now. A file is as far as it was played.
    async fn sample_now(&mut self) -> Result<()> {
        if self.playback.is_some() {
            return Ok(());
        }
        self.poller.request();
        // One that was on its way before ends too early.
        while self.poller.is_pending() {
            let sample = self.poller.sample().await?;
            self.take(sample);
        }
        Ok(())
    }

    /// How much of a file was played.
    fn progress(&self) -> Option<Progress> {
        self.playback.as_ref().map(|playback| playback.progress(self.ended))
    }

    /// Has a file played on for so much of its time.
    fn read_on(&mut self, time: Duration) {
        if let Some(playback) = &self.playback {
            playback.advance(time);
            self.poller.request();
        }
    }

    /// Asks for the names that are not known.
    fn request(&mut self, addresses: impl Iterator<Item = IpAddr>) {
        let now = Instant::now();
        for address in addresses {
            self.names.request(address, now);
        }
    }
}

impl Output {
    fn choose(options: &Options) -> Self {
        if options.reports.json {
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
        logging::start();
    }
}
