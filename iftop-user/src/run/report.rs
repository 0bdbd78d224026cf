//! The loop of text and JSON: a sample each period, a report when one is due.

use std::{
    future,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result};
use tokio::time::{self, MissedTickBehavior};

use super::{Ending, Output, Session};
use crate::{
    app::{
        App,
        text_keys::{TextKey, sentence, text_key},
    },
    json,
    printer::Printer,
    schedule::{Due, Schedule},
    source::Sample,
    stderr::tell,
    terminal::keyboard::Keyboard,
    text,
    view::{Query, Sides, View},
};

/// How long the last report waits for names.
const NAMES_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a reader that has stopped can keep us when somebody wants us gone.
const LAST_REPORT_TIMEOUT: Duration = Duration::from_secs(1);

struct Reporter<'a> {
    session: Session<'a>,
    app: App,
    output: Output,
    printer: Printer,
    /// What keys gave to print while the printer was busy.
    answers: String,
}

/// Prints reports until one of them is the last.
pub(super) async fn run(session: Session<'_>, output: Output) -> Result<Ending> {
    let options = session.options;
    let mut reporter = Reporter {
        session,
        app: App::new(options.settings.clone(), None),
        output,
        printer: Printer::start()?,
        answers: String::new(),
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
    reporter.say_listening();
    loop {
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
            key = next(&mut keyboard) => match text_key(key?) {
                Some(TextKey::Quit) => return Ok(Ending::Done),
                Some(TextKey::Reprint) => reporter.answer(""),
                Some(TextKey::Act(action)) => {
                    reporter.app.apply(action);
                    let said = sentence(action, &reporter.app);
                    reporter.answer(&said);
                }
                None => {}
            },
            sample = session.poller.sample() => {
                reporter.take(sample).await?;
                // A reader that is behind gets a report later, which then covers this time too.
                let due = if reporter.printer.is_busy() {
                    Due::Nothing
                } else {
                    schedule.due(reporter.session.table.elapsed())
                };
                match due {
                    Due::Nothing => reporter.request_names(),
                    Due::Report if reporter.app.paused() => {}
                    Due::Report => reporter.report()?,
                    Due::LastReport => return reporter.last_report().await,
                }
            }
            _ = ticks.tick() => session.poller.request(),
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

impl Reporter<'_> {
    /// On stdout in text, where iftop says it; JSON keeps stdout to itself.
    fn say_listening(&mut self) {
        let name = self.session.interface.shown_name();
        match self.output {
            Output::Json => tell(&format!("Listening on {name}")),
            _ => self.printer.start_printing(format!("Listening on {name}\n")),
        }
    }

    /// Makes a report of what is known and hands it to the printer.
    fn report(&mut self) -> Result<()> {
        self.request_names();
        let view = self.view();
        self.app.show(view);
        let report = match self.output {
            Output::Json => self.json(self.app.view())? + "\n",
            _ => text::report(self.app.view(), self.app.settings().format),
        };
        self.session.table.end_interval();
        self.printer.start_printing(report);
        Ok(())
    }

    /// The report that `-s` or `--count` asked for; it has all names that can be had soon.
    async fn last_report(&mut self) -> Result<Ending> {
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
                self.session.table.apply(&sample);
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

    fn json(&self, view: &View) -> Result<String> {
        let origin = json::Origin {
            interface: &self.session.interface.name,
            source: "ebpf",
            hook: Some(self.session.hook.name()),
        };
        json::report(view, origin, SystemTime::now()).context("write a report as JSON")
    }

    fn view(&mut self) -> View {
        // How rows are laid out on a screen is nothing to a report.
        let query =
            Query { sides: Sides::Both, limit: self.session.options.lines, ..self.app.query() };
        self.session.view(&self.app, query)
    }

    /// Answers a key: a sentence, and then the last report as it looks now. Nothing follows a pause.
    fn answer(&mut self, sentence: &str) {
        self.answers += sentence;
        if !self.app.paused() || sentence.is_empty() {
            let view = self.view();
            self.app.show(view);
            self.answers += &text::report(self.app.view(), self.app.settings().format);
        }
        self.print_answers();
    }

    fn print_answers(&mut self) {
        if !self.printer.is_busy() && !self.answers.is_empty() {
            self.printer.start_printing(std::mem::take(&mut self.answers));
        }
    }

    /// Asks for the names that a report would show now, so that they are there when it is made.
    fn request_names(&mut self) {
        if self.app.wants_names() {
            let view = self.view();
            let ends = view.rows.iter().flat_map(|row| [row.local.address, row.remote.address]);
            self.session.request(ends);
        }
    }

    /// Asks until there is nothing left to ask: only so many questions can be open at a time.
    async fn all_names(&mut self) {
        loop {
            self.request_names();
            if !self.session.names.is_waiting() {
                return;
            }
            self.session.names.changed().await;
        }
    }
}
