//! The loop of the live table: samples, keys, names and signals change what is known; then a frame.

use std::{
    env, future,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::time::{self, MissedTickBehavior};

use super::{
    Ending, Session,
    filtering::{Filtering, Step},
    playing::Playing,
};
use crate::{
    abilities::Abilities,
    app::{App, Outcome},
    export::{Export, Form},
    names::printable_words,
    stderr::tell,
    summary::{Summary, summary},
    tcpdump::{self, Listening},
    terminal::{Input, Terminal},
    text,
    tui::{self, Status},
    view::{Talker, View, top_talker},
};

/// Twice as often as reports: a screen is looked at.
pub(super) const SAMPLE_PERIOD: Duration = Duration::from_secs(1);

/// When the first one is taken.
const FIRST_SAMPLE: Duration = Duration::from_millis(400);

/// Keys that wait are taken before a frame is made, for no longer than this: held keys do not queue up,
/// and endless ones cannot keep the screen as it is.
const KEYS_TIME: Duration = Duration::from_millis(40);

/// A file that is played faster than its samples can be shown is shown so often.
const SHOWN_LEAST: Duration = Duration::from_millis(200);

/// Said in the rule for as long as that lasts.
const GONE: [&str; 2] = ["the interface is gone: waiting for it", "gone"];

/// Said of a file that is asked for while one is on its way.
const BUSY: &str = "A file is still being written";

/// What the screen needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    Nothing,
    /// A frame of the view that there is.
    Frame,
    /// A view of what is known now, and a frame of it.
    View,
}

/// Shows the table until somebody has seen enough; then a summary stays on the terminal.
pub(super) async fn run(
    mut session: Session<'_>,
    mut export: Export,
    warnings: usize,
) -> Result<Ending> {
    let options = session.options;
    session.table.keep_history();
    let mut app = App::new(options.settings.clone(), options.max_bandwidth)
        .with_filter(options.screen_filter.clone())
        .with_packet_filter(options.packet_filter.as_deref())
        .with_link_speed(session.monitor.about().link_speed);
    let down = if session.subject.up { "" } else { ", which is down" };
    let mistakes = match warnings {
        0 => String::new(),
        1 => "; 1 mistake in the configuration file".to_owned(),
        many => format!("; {many} mistakes in the configuration file"),
    };
    let instead = match &session.monitor.about().facts.reason {
        Some(reason) => format!(" by libpcap ({reason})"),
        None => String::new(),
    };
    app.say(format!("Listening on {}{instead}{down}{mistakes}", session.place()));
    let mut terminal = Terminal::take()?;
    terminal.set_mouse(app.settings().mouse)?;
    let ending = watch(&mut session, &mut app, &mut terminal, &mut export).await;
    let readable = terminal.leave() && !matches!(ending, Ok(Ending::Killed(libc::SIGHUP)));
    if options.summary && readable {
        tell(session.summary(&app).await.trim_end());
    }
    ending
}

async fn watch(
    session: &mut Session<'_>,
    app: &mut App,
    terminal: &mut Terminal,
    export: &mut Export,
) -> Result<Ending> {
    let netns = session.netns.clone();
    let mut filtering = Filtering::new();
    let facts = &session.monitor.about().facts;
    let kind = facts.kind.name();
    let source = session.hook.map_or_else(|| kind.to_owned(), |hook| format!("{kind}/{hook}"));
    let reason = facts.reason.clone();
    let abilities = Abilities::of(|name| env::var(name).ok());
    // Nobody waits longer than needed for the first rows; rates are of the time that passed.
    let mut ticks = time::interval_at(time::Instant::now() + FIRST_SAMPLE, SAMPLE_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut wanted = Wanted::Frame;
    let mut playing = Playing::new(session.options.reading.speed);
    // When the screen was drawn.
    let mut shown = Instant::now();
    // Since when a key waits to be answered.
    let mut asked: Option<Instant> = None;
    loop {
        let overdue = asked.is_some_and(|asked| asked.elapsed() >= KEYS_TIME);
        tokio::select! {
            biased;
            ending = session.signals.next() => return Ok(ending),
            sample = session.poller.sample(), if !session.ended => {
                playing.take(session, sample)?;
                let end = session.options.screen_seconds;
                if end.is_some_and(|end| session.table.elapsed() >= end) {
                    return playing.end();
                }
                if Playing::goes_on(session, app) {
                    session.poller.request();
                }
                // While a file is caught up with, frames would hold it up.
                if !session.poller.is_pending() || shown.elapsed() >= SHOWN_LEAST {
                    wanted = Wanted::View;
                }
            }
            input = terminal.input(), if !overdue => {
                let outcome = session.obey(input?, app, terminal)?;
                if let Some(text) = app.take_wanted_filter() {
                    filtering.ask(text, session.dlt())?;
                }
                if let Some(text) = app.take_wanted_copy() {
                    terminal.copy(&text)?;
                }
                if let Some(form) = app.take_wanted_export() {
                    let bytes = session.exported(form, app, terminal)?;
                    if !export.start(form, bytes)? {
                        app.say(BUSY);
                    }
                }
                match outcome {
                    Outcome::Quit => return playing.end(),
                    Outcome::Redraw => {
                        session.follow(app);
                        wanted = Wanted::View;
                    }
                    Outcome::Draw => wanted = wanted.max(Wanted::Frame),
                    Outcome::Ignored => continue,
                }
                asked.get_or_insert_with(Instant::now);
            }
            step = filtering.next() => match step {
                Step::Compiled(text, filter) => filtering.set(&mut session.poller, text, filter),
                Step::Done(text, outcome) => {
                    app.filter_was_set(text, outcome.map_err(|error| printable_words(&format!("{error:#}"))));
                    wanted = wanted.max(Wanted::Frame);
                }
            },
            outcome = export.done() => {
                app.was_exported(outcome);
                wanted = wanted.max(Wanted::Frame);
            }
            // Neither a sample nor a key waits: now is the time for what takes time.
            () = future::ready(()), if wanted != Wanted::Nothing => {
                if wanted == Wanted::View {
                    session.show(app, terminal)?;
                }
                let interface = session.subject.shown_name();
                let gone = session.gone.then_some(GONE);
                let status = Status {
                    interface: &interface,
                    netns: netns.as_deref(),
                    source: &source,
                    reason: reason.as_deref(),
                    progress: session.progress().filter(|_| playing.note().is_none()),
                    note: gone.or(playing.note().map(|note| [note; 2])).or(session.names.note().filter(|_| app.wants_names())),
                    unicode: abilities.unicode,
                    colours: abilities.colours,
                };
                terminal.draw(|frame| tui::draw(frame, app, &status))?;
                (wanted, asked, shown) = (Wanted::Nothing, None, Instant::now());
            }
            _ = ticks.tick() => playing.tick(session, app),
            () = session.names.changed() => {
                if session.names.poll(Instant::now()) {
                    wanted = Wanted::View;
                } else {
                    session.request_shown(app, terminal)?;
                    // What keeps names from being asked for may be another thing now.
                    wanted = Wanted::Frame;
                }
            }
        }
    }
}

impl Session<'_> {
    /// Hands the app what came from the terminal.
    fn obey(&mut self, input: Input, app: &mut App, terminal: &mut Terminal) -> Result<Outcome> {
        Ok(match input {
            Input::Key(key) => {
                if app.needs_view_before(key) {
                    self.show(app, terminal)?;
                }
                let outcome = app.key(key);
                terminal.set_mouse(app.settings().mouse)?;
                outcome
            }
            Input::Mouse(event) => {
                // What is under it is a row as it was shown.
                if app.is_behind() {
                    self.show(app, terminal)?;
                }
                let target = tui::target(app, terminal.size()?, event.column, event.row);
                app.mouse(event, target)
            }
            Input::Redraw => Outcome::Redraw,
        })
    }

    /// Hands the app what is known now, and asks for the names that it lacks.
    fn show(&mut self, app: &mut App, terminal: &Terminal) -> Result<()> {
        self.names.poll(Instant::now());
        app.dump_by(self.dump_command());
        app.fit(tui::capacity(app, terminal.size()?));
        let view = self.view(app, &app.query());
        app.show(view);
        self.request_shown(app, terminal)
    }

    /// Asks for the names of the hosts on screen.
    fn request_shown(&mut self, app: &App, terminal: &Terminal) -> Result<()> {
        if app.wants_names() {
            self.request(tui::shown_addresses(app, terminal.size()?));
        }
        Ok(())
    }

    /// tcpdump for what is listened to.
    fn dump_command(&self) -> String {
        let options = self.options;
        let file = options.reading.file.as_ref().map(|file| file.to_string_lossy());
        tcpdump::command(match &file {
            // It is read once.
            Some(file) if file == "-" => return String::new(),
            Some(file) => Listening::File(file),
            None => Listening::Interface(&self.subject.name, options.netns.as_ref()),
        })
    }

    /// The rows that are on screen, as a report.
    fn exported(&self, form: Form, app: &App, terminal: &Terminal) -> Result<Vec<u8>> {
        let rows = tui::shown_rows(app, terminal.size()?).to_vec();
        let view = View { rows, ..app.view().clone() };
        let report = match form {
            Form::Text => text::report(&view, app.settings().format, app.packet_filter()),
            Form::Json => self.json(&view, app.packet_filter())? + "\n",
        };
        Ok(report.into_bytes())
    }

    /// What the run came to, up to now.
    async fn summary(&mut self, app: &App) -> String {
        // A source that has failed has said so.
        let _ = self.sample_now().await;
        let covered = self.monitor.health().covered_since_start;
        let totals = self.table.totals();
        let both = crate::view::Sides::Both.of(totals.cumulative);
        summary(&Summary {
            interface: &self.place(),
            elapsed: self.table.elapsed(),
            totals: [totals.cumulative.sent, totals.cumulative.received, both],
            peaks: totals.peak_since_start,
            top_talker: self.top_talker(app),
            account: self.table.account(),
            covered_percent: covered.map(|covered| covered.thousandths() / 1000),
            filter: app.packet_filter(),
            format: app.settings().format,
        })
    }

    fn top_talker(&self, app: &App) -> Option<Talker> {
        self.with_labels(app, |labels| top_talker(&self.table, labels))
    }
}
