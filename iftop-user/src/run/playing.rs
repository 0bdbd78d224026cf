//! How the live table asks for samples: each second, or of a capture file what is to be played by then.
//!
//! It owns the pace, and what stands at the end of a file until somebody has seen enough. It must never
//! draw.

use std::{mem, time::Instant};

use anyhow::{Error, Result};

use super::{Ending, Session};
use crate::{
    app::App,
    source::{Sample, capture_file::Playback},
};

/// See the module's description.
pub(super) struct Playing {
    speed: f64,
    last_tick: Instant,
    failure: Option<Failure>,
}

/// Why nothing follows what could be read of a file.
struct Failure {
    error: Error,
    note: String,
}

impl Playing {
    /// From now on.
    pub fn new(speed: Option<f64>) -> Self {
        Self { speed: speed.unwrap_or(1.0), last_tick: Instant::now(), failure: None }
    }

    /// To be called each second. Time that passes during a pause is not played, nor what a reader that
    /// is too slow did not read.
    pub fn tick(&mut self, session: &mut Session<'_>, app: &App) {
        let now = Instant::now();
        let passed = now - mem::replace(&mut self.last_tick, now);
        let Some(playback) = &session.playback else { return session.poller.request() };
        if session.ended || app.paused() {
            return;
        }
        if !session.poller.is_pending() {
            playback.advance(passed.mul_f64(self.speed));
            session.poller.request();
        }
    }

    /// Takes a sample in. What could be read of a file stays on the screen, whatever comes then.
    pub fn take(&mut self, session: &mut Session<'_>, sample: Result<Sample>) -> Result<()> {
        match sample {
            Ok(sample) => session.take(sample),
            Err(error) if session.playback.is_some() => {
                session.ended = true;
                // All of it is told in the end; in the rule there is room for what comes first.
                let note = error.root_cause().to_string();
                let note = note.split([',', ':']).next().unwrap_or_default().to_owned();
                self.failure = Some(Failure { error, note });
            }
            Err(error) => return Err(error),
        }
        // What each interval carried is told by JSON only.
        session.table.end_interval();
        Ok(())
    }

    /// Whether there is something to be played already: samples are of a second at most.
    pub fn goes_on(session: &Session<'_>, app: &App) -> bool {
        let behind = session.playback.as_ref().is_some_and(Playback::is_behind);
        behind && !session.ended && !app.paused()
    }

    /// What is wrong with the file.
    pub fn note(&self) -> Option<&str> {
        self.failure.as_ref().map(|failure| failure.note.as_str())
    }

    /// Somebody has seen enough.
    pub fn end(&mut self) -> Result<Ending> {
        self.failure.take().map_or(Ok(Ending::Done), |failure| Err(failure.error))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use super::{
        super::{Output, open, signals::Signals},
        *,
    };
    use crate::{
        app::action::Action,
        options::{Counting, Layer, Options, Reading, Reports},
        sandbox::Sandbox,
    };

    const SECONDS: u8 = 100;

    /// A packet each second, with nothing in it.
    fn capture() -> Vec<u8> {
        let mut file = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
        file.extend([0; 16]);
        file.extend([1, 0, 0, 0]);
        for second in 0..SECONDS {
            file.extend([second, 0, 0, 0]);
            file.extend([0; 12]);
        }
        file
    }

    /// How much of the file was played after a sample that was asked for.
    async fn played(playing: &mut Playing, session: &mut Session<'_>) -> u64 {
        let sample = session.poller.sample().await;
        playing.take(session, sample).unwrap();
        session.progress().unwrap().read_bytes
    }

    #[tokio::test]
    async fn a_pause_holds_a_file_also_where_it_is_behind() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, capture()).unwrap();
        let none = Layer::default;
        let (reports, reading) = (Reports::default(), Reading::default());
        let options = Options::new(none(), none(), None, reports, reading, Counting::default());
        let sandbox = Sandbox::new(None, false).unwrap();
        let opened = open::file::read(&options, file.path(), Output::Screen, &sandbox).unwrap();
        let mut session = Session::new(&options, opened, Signals::none());
        let mut app = App::new(options.settings.clone(), None);
        let mut playing = Playing::new(None);
        // Much more than one sample holds.
        session.read_on(Duration::from_secs(50));
        let first = played(&mut playing, &mut session).await;
        assert!(Playing::goes_on(&session, &app));

        app.apply(Action::Pause);
        for _ in 0..3 {
            playing.tick(&mut session, &app);
            assert!(!session.poller.is_pending() && !Playing::goes_on(&session, &app));
        }
        app.apply(Action::Pause);
        assert!(Playing::goes_on(&session, &app));
        playing.tick(&mut session, &app);
        assert!(played(&mut playing, &mut session).await > first);
    }
}
