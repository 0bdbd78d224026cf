//! The loop of text and JSON: a sample each period, a report when one is due.

use std::{
    future, mem,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, Result};
use tokio::time::{self, MissedTickBehavior};

use super::{Ending, Output, Session};
use crate::{
    app::{
        App,
        action::Action,
        text_keys::{TextKey, sentence, text_key},
    },
    json,
    netns::Target,
    printer::Printer,
    schedule::{Due, Schedule},
    source::Sample,
    stderr::tell,
    terminal::keyboard::Keyboard,
    text,
    view::{Query, Row, Sides, View},
};

/// How long the last report waits for names.
const NAMES_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a reader that has stopped can keep us when somebody wants us gone.
const LAST_REPORT_TIMEOUT: Duration = Duration::from_secs(1);

/// More is not said in answer to keys while the printer is busy.
const MAX_SAID_BYTES: usize = 4096;

struct Reporter<'a> {
    session: Session<'a>,
    app: App,
    output: Output,
    printer: Printer,
    /// What is to be said in answer to keys, once the printer is free.
    said: String,
    /// Whether a report is to follow it.
    reprint: bool,
}

/// Prints reports until one of them is the last.
pub(super) async fn run(session: Session<'_>, output: Output) -> Result<Ending> {
    let options = session.options;
    let mut reporter = Reporter {
        session,
        app: App::new(options.settings.clone(), None).with_filter(options.report_filter.clone()),
        output,
        printer: Printer::start()?,
        said: String::new(),
        reprint: false,
    };
    let mut keyboard = match output {
        Output::Text => Some(Keyboard::take()?),
        _ => None,
    };
    let mut schedule =
        Schedule::new(options.reports.interval, options.seconds, options.reports.count);
    let period = schedule.sample_period();
    let mut ticks = time::interval_at(time::Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let is_file = reporter.session.playback.is_some();
    reporter.say_listening();
    loop {
        let may_read_on = reporter.may_read_on();
        let Reporter { session, printer, .. } = &mut reporter;
        tokio::select! {
            ending = session.signals.next() => {
                if let Ending::Killed(_) = ending {
                    reporter.last_words().await?;
                }
                return Ok(ending);
            }
            written = printer.done(), if printer.is_busy() => {
                written?;
                reporter.print_answers();
            }
            key = next(&mut keyboard) => {
                match text_key(key?) {
                    Some(TextKey::Quit) => return Ok(Ending::Done),
                    Some(TextKey::Reprint) => reporter.answer("", true),
                    Some(TextKey::Act(action)) => reporter.act(action),
                    None => {}
                }
                if keyboard.as_ref().is_none_or(|keyboard| !keyboard.has_key()) {
                    reporter.print_answers();
                }
            }
            sample = session.poller.sample() => {
                reporter.take(sample).await?;
                if reporter.session.ended {
                    return reporter.last_report().await;
                }
                match reporter.due(&mut schedule) {
                    Due::Nothing if reporter.app.wants_names() => reporter.refresh(),
                    Due::Nothing => {}
                    Due::Report => reporter.report()?,
                    Due::LastReport => return reporter.last_report().await,
                }
            }
            _ = ticks.tick(), if !is_file => session.poller.request(),
            () = future::ready(()), if may_read_on => session.read_on(period),
        }
    }
}

/// The next key; none ever comes without a keyboard.
async fn next(keyboard: &mut Option<Keyboard>) -> Result<char> {
    match keyboard {
        Some(keyboard) => keyboard.key().await,
        None => future::pending().await,
    }
}

impl Session<'_> {
    /// A report in JSON, of what passes this packet filter.
    pub(super) fn json(&self, view: &View, filter: Option<&str>) -> Result<String> {
        let netns = self.options.netns.as_ref().map(Target::to_string);
        let facts = &self.monitor.about().facts;
        let origin = json::Origin {
            interface: &self.subject.name,
            netns: netns.as_deref(),
            source: facts.kind.name(),
            source_reason: facts.reason.as_deref(),
            hook: self.hook,
            bytes: self.options.counting.bytes,
            filter,
        };
        let time = self.now.unwrap_or_else(SystemTime::now);
        json::report(view, origin, time).context("write a report as JSON")
    }
}

impl Reporter<'_> {
    /// On stdout in text, where iftop says it; JSON keeps stdout to itself.
    fn say_listening(&mut self) {
        let name = self.session.place();
        match self.output {
            Output::Json => tell(&format!("Listening on {name}")),
            _ => self.printer.start_printing(format!("Listening on {name}\n")),
        }
    }

    fn say_whether_gone(&self) {
        let place = self.session.place();
        tell(&if self.session.gone {
            format!("iftop: {place} is gone: waiting for its return")
        } else {
            format!("iftop: {place} is back")
        });
    }

    /// A file is read as fast as its reports are taken, but not while the display is paused.
    fn may_read_on(&self) -> bool {
        let session = &self.session;
        let wanted = session.playback.is_some() && !session.ended && !self.app.paused();
        wanted && !session.poller.is_pending() && !self.printer.is_busy()
    }

    /// A reader that is behind gets a report later, which then covers this time too. A pause lets
    /// only the end through.
    fn due(&self, schedule: &mut Schedule) -> Due {
        let elapsed = self.session.table.elapsed();
        if self.printer.is_busy() || self.app.paused() && !schedule.is_over(elapsed) {
            return Due::Nothing;
        }
        schedule.due(elapsed)
    }

    /// Makes a report of what is known and hands it to the printer.
    fn report(&mut self) -> Result<()> {
        self.refresh();
        let report = match self.output {
            Output::Json => self.json()? + "\n",
            _ => self.text(),
        };
        self.session.table.end_interval();
        self.printer.start_printing(report);
        Ok(())
    }

    /// Makes a view of what is known, and asks for the names that it lacks, so that they are there
    /// when the next one is made.
    fn refresh(&mut self) {
        self.session.names.poll(Instant::now());
        // How rows are laid out on a screen is nothing to a report.
        let limit = self.session.options.lines;
        let query = Query { sides: Sides::Both, limit, ..self.app.query() };
        let view = self.session.view(&self.app, &query);
        self.app.show(view);
        if self.app.wants_names() {
            self.session.request(self.app.view().rows.iter().flat_map(Row::addresses));
        }
    }

    fn act(&mut self, action: Action) {
        if self.app.is_freezing() {
            self.refresh();
        }
        self.app.apply(action);
        self.session.follow(&self.app);
        if let Some(said) = sentence(action, &self.app) {
            // Nothing follows a pause.
            self.answer(&said, !self.app.paused() || action != Action::Pause);
        }
    }

    /// Says something in answer to a key, and then the last report as it looks now: once no further
    /// key waits and the printer is free, so that keys that are held add up to one report.
    fn answer(&mut self, said: &str, reprint: bool) {
        if self.said.len() < MAX_SAID_BYTES {
            self.said += said;
        }
        self.reprint |= reprint;
    }

    fn print_answers(&mut self) {
        if self.printer.is_busy() || self.said.is_empty() && !self.reprint {
            return;
        }
        let mut text = mem::take(&mut self.said);
        if mem::take(&mut self.reprint) {
            self.refresh();
            text += &self.text();
        }
        self.printer.start_printing(text);
    }

    /// The report that `-s` or `--count` asked for; it has all names that can be had soon.
    async fn last_report(&mut self) -> Result<Ending> {
        if self.printer.is_busy() {
            self.printer.done().await?;
        }
        // Late names are simply not in the report.
        let _ = time::timeout(NAMES_TIMEOUT, self.all_names()).await;
        self.report()?;
        tokio::select! {
            written = self.printer.done() => written.map(|()| Ending::Done),
            ending = self.session.signals.next() => Ok(ending),
        }
    }

    /// What happened up to now, for somebody who wants us gone.
    async fn last_words(&mut self) -> Result<()> {
        let sampled = self.session.sample_now().await;
        self.print_what_is_known().await?;
        sampled
    }

    /// Takes a sample in. Where there are no more, what is known is printed before the error ends us.
    async fn take(&mut self, sample: Result<Sample>) -> Result<()> {
        match sample {
            Ok(sample) => {
                let was_gone = self.session.gone;
                self.session.take(sample);
                if self.session.gone != was_gone {
                    self.say_whether_gone();
                }
                // What each interval carried is told by JSON only.
                if self.output == Output::Text {
                    self.session.table.end_interval();
                }
                Ok(())
            }
            Err(error) => {
                self.print_what_is_known().await?;
                Err(error)
            }
        }
    }

    /// A report that nobody planned: in time, or not at all.
    async fn print_what_is_known(&mut self) -> Result<()> {
        let print = async {
            self.printer.done().await?;
            self.report()?;
            self.printer.done().await
        };
        time::timeout(LAST_REPORT_TIMEOUT, print).await.unwrap_or(Ok(()))
    }

    fn text(&self) -> String {
        let filter = self.session.options.packet_filter.as_deref();
        text::report(self.app.view(), self.app.settings().format, filter)
    }

    fn json(&self) -> Result<String> {
        let filter = self.session.options.packet_filter.as_deref();
        self.session.json(self.app.view(), filter)
    }

    /// Asks until there is nothing left to ask: only so many questions can be open at a time.
    async fn all_names(&mut self) {
        loop {
            self.refresh();
            if !self.session.names.is_waiting() {
                return;
            }
            self.session.names.changed().await;
        }
    }
}
