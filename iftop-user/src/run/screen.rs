//! The loop of the live table: samples, keys, names and signals change what is known; then a frame.

use std::{
    env,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::time::{self, MissedTickBehavior};

use super::{Ending, Session};
use crate::{
    app::{App, Outcome, Settings},
    cli::Options,
    terminal::{Input, Terminal},
    tui::{self, Status},
};

/// Twice as often as reports: a screen is looked at.
const SAMPLE_PERIOD: Duration = Duration::from_secs(1);

/// Shows the table until somebody has seen enough.
pub(super) async fn run(mut session: Session<'_>) -> Result<Ending> {
    let interface = session.interface.shown_name();
    let source = format!("ebpf/{}", session.hook.name());
    let status = Status { interface: &interface, source: &source, unicode: has_unicode() };
    let mut app = App::new(settings(session.options), session.options.max_bandwidth);
    app.say(format!("Listening on {interface}"));
    let mut ticks = time::interval_at(time::Instant::now() + SAMPLE_PERIOD, SAMPLE_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut terminal = Terminal::take()?;
    loop {
        terminal.draw(|frame| tui::draw(frame, &app, &status))?;
        tokio::select! {
            biased;
            ending = session.signals.next() => return Ok(ending),
            input = terminal.input() => if let Input::Key(key) = input? {
                match app.key(key) {
                    Outcome::Quit => return Ok(Ending::Done),
                    Outcome::Redraw => session.show(&mut app, &terminal)?,
                    Outcome::Ignored => {}
                }
            },
            sample = session.poller.sample() => {
                session.table.apply(&sample?);
                session.show(&mut app, &terminal)?;
                session.table.end_interval();
                if session.options.seconds.is_some_and(|end| session.table.elapsed() >= end) {
                    return Ok(Ending::Done);
                }
            }
            _ = ticks.tick() => session.poller.request(),
            () = session.names.changed() => session.show(&mut app, &terminal)?,
        }
    }
}

impl Session<'_> {
    /// Hands the app what is known now, and asks for the names that it lacks.
    fn show(&mut self, app: &mut App, terminal: &Terminal) -> Result<()> {
        // Taken in also when nobody wants them any more: an answer that waits would wake the loop
        // again and again.
        self.names.poll(Instant::now());
        if app.wants_names() {
            self.request(tui::shown_addresses(app, terminal.size()?));
        }
        app.show(self.labelled(&app.query(), app.wants_names(), app.wants_services()));
        Ok(())
    }
}

fn settings(options: &Options) -> Settings {
    Settings {
        names: options.names,
        services: options.services,
        ports: options.ports,
        sort: options.sort,
        bars: options.bars,
        unit: options.unit(),
        ..Settings::default()
    }
}

/// Whether the locale is UTF-8, by the variables of locale(7) in their order.
fn has_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default()
        .to_uppercase();
    locale.contains("UTF-8") || locale.contains("UTF8")
}
