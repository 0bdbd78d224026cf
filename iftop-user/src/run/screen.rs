//! The loop of the live table: samples, keys, names and signals change what is known; then a frame.

use std::{
    env,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use crossterm::event::{Event, EventStream};
use tokio::time::{self, MissedTickBehavior};
use tokio_stream::StreamExt as _;

use super::{Ending, Session};
use crate::{
    abilities::Abilities,
    app::{App, Outcome, Settings},
    options::Options,
    scale::Spread,
    terminal::Terminal,
    tui::{self, Status},
};

/// Twice as often as reports: a screen is looked at.
const SAMPLE_PERIOD: Duration = Duration::from_secs(1);

/// Shows the table until somebody has seen enough.
pub(super) async fn run(mut session: Session<'_>) -> Result<Ending> {
    let interface = session.interface.shown_name();
    let source = format!("ebpf/{}", session.hook.name());
    let abilities = Abilities::of(|name| env::var(name).ok());
    let status = Status {
        interface: &interface,
        source: &source,
        note: None,
        unicode: abilities.unicode,
        colours: abilities.colours,
    };
    let options = session.options;
    let mut app = App::new(settings(options), options.max_bandwidth)
        .with_filter(options.screen_filter.clone());
    app.say(format!("Listening on {interface}"));
    let mut ticks = time::interval_at(time::Instant::now() + SAMPLE_PERIOD, SAMPLE_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut terminal = Terminal::take()?;
    let mut events = EventStream::new();
    loop {
        terminal.draw(|frame| tui::draw(frame, &app, &status))?;
        tokio::select! {
            biased;
            ending = session.signals.next() => return Ok(ending),
            event = events.next() => {
                let event = event.context("the terminal is gone")?.context("read the keyboard")?;
                if let Event::Key(key) = event {
                    match app.key(key) {
                        Outcome::Quit => return Ok(Ending::Done),
                        Outcome::Redraw | Outcome::Repaint | Outcome::Suspend => session.show(&mut app, &terminal)?,
                        Outcome::Ignored => {}
                    }
                }
            }
            sample = session.poller.sample() => {
                session.table.apply(&sample?);
                session.show(&mut app, &terminal)?;
                session.table.end_interval();
                if session.options.screen_seconds.is_some_and(|end| session.table.elapsed() >= end) {
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
        app.fit(tui::capacity(app, terminal.size()?));
        // What is shown while paused is the table as it was then; keys look at it as at any other.
        match (app.paused(), &self.still) {
            (true, None) => self.still = Some(self.table.still()),
            (false, Some(_)) => self.still = None,
            _ => {}
        }
        let shown = self.still.as_ref().unwrap_or(&self.table);
        let view = self.labelled(shown, &app.query(), app.wants_names(), app.wants_services());
        app.show(view.with_counts_of(&self.table));
        Ok(())
    }
}

fn settings(options: &Options) -> Settings {
    Settings {
        names: options.names,
        services: options.services,
        ports: options.ports,
        hide_source: options.hide_source,
        hide_destination: options.hide_destination,
        sort: options.sort,
        bars: options.bars,
        spread: if options.log_scale { Spread::Logarithmic } else { Spread::Linear },
        cumulative: options.cumulative,
        lines: options.line_display,
        format: options.format,
        ..Settings::default()
    }
}
