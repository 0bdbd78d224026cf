//! The loop of text and JSON: a sample each period, a report when one is due.

use std::{
    io::{self, Write as _},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, Result};
use tokio::time::{self, MissedTickBehavior};

use super::{Ending, Output, Session};
use crate::{
    json,
    schedule::{Due, Schedule},
    text,
    view::{Query, Sides, View},
};

/// Flows in a text report, as in iftop.
const DEFAULT_LINES: usize = 10;

/// How long the last report waits for names.
const NAMES_TIMEOUT: Duration = Duration::from_secs(1);

/// Prints reports until one of them is the last.
pub(super) async fn run(mut session: Session<'_>, output: Output) -> Result<Ending> {
    let options = session.options;
    let mut schedule = Schedule::new(options.interval, options.seconds, options.count);
    let period = schedule.sample_period();
    let mut ticks = time::interval_at(time::Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    session.say_listening(output)?;
    loop {
        tokio::select! {
            _ = ticks.tick() => session.poller.request(),
            sample = session.poller.sample() => {
                session.table.apply(&sample?);
                match schedule.due(session.table.elapsed()) {
                    Due::Nothing => {}
                    Due::Report => session.print(output)?,
                    Due::LastReport => {
                        session.wait_for_names(output).await;
                        session.print(output)?;
                        return Ok(Ending::Done);
                    }
                }
            }
            ending = session.signals.next() => {
                if let Ending::Killed(_) = ending {
                    session.last_report(output).await?;
                }
                return Ok(ending);
            }
        }
    }
}

impl Session<'_> {
    /// On stdout in text, where iftop says it; JSON keeps stdout to itself.
    fn say_listening(&self, output: Output) -> io::Result<()> {
        let line = format!("Listening on {}\n", self.interface.name);
        match output {
            Output::Json => io::stderr().lock().write_all(line.as_bytes()),
            _ => write_out(&line),
        }
    }

    /// What happened up to now, for somebody who wants us gone.
    async fn last_report(&mut self, output: Output) -> Result<()> {
        self.poller.request();
        // One that was on its way before ends too early.
        while self.poller.is_pending() {
            self.table.apply(&self.poller.sample().await?);
        }
        self.print(output)
    }

    fn print(&mut self, output: Output) -> Result<()> {
        let view = self.view(output);
        let report = match output {
            Output::Json => self.json(&view)? + "\n",
            _ => text::report(&view, self.options.unit()),
        };
        self.request_names(&view, output);
        self.table.end_interval();
        write_out(&report).context("write a report")
    }

    fn json(&self, view: &View) -> Result<String> {
        let origin = json::Origin {
            interface: &self.interface.name,
            source: "ebpf",
            hook: Some(self.hook.name()),
        };
        json::report(view, origin, SystemTime::now()).context("write a report as JSON")
    }

    fn view(&self, output: Output) -> View {
        let options = self.options;
        let limit = match output {
            Output::Json => options.lines,
            _ => Some(options.lines.unwrap_or(DEFAULT_LINES)),
        };
        let query = Query { ports: options.ports, sort: options.sort, sides: Sides::Both, limit };
        self.labelled(&query, self.wants_names(output), options.services)
    }

    /// Hosts are not looked up for machines.
    fn wants_names(&self, output: Output) -> bool {
        self.options.names && output == Output::Text
    }

    /// Asks for the names of what was just shown, for the next report.
    fn request_names(&mut self, view: &View, output: Output) {
        if self.wants_names(output) {
            let ends = view.rows.iter().flat_map(|row| [row.local.address, row.remote.address]);
            self.request(ends);
        }
    }

    /// Gives the resolver a moment before a report that has no next one.
    async fn wait_for_names(&mut self, output: Output) {
        let view = self.view(output);
        self.request_names(&view, output);
        let all = async {
            while self.names.is_waiting() {
                self.names.changed().await;
                self.names.poll(Instant::now());
            }
        };
        // Late names are simply not in the report.
        let _ = time::timeout(NAMES_TIMEOUT, all).await;
    }
}

/// Writes and flushes: a reader at the other end of a pipe sees each report at once.
fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
