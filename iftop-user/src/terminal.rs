//! The terminal while the live table is on it: taken over at the start, given back whenever we stop
//! or end.
//!
//! It owns when a frame goes to the terminal, and what comes from it: keys, its size, and being
//! stopped and continued. It must never decide what is drawn, and never wait for a terminal that is
//! slow: it skips frames instead.

use std::{future, mem, panic, pin::Pin, task::Poll};

use anyhow::{Context as _, Result, ensure};
use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyModifiers, MouseEvent};
use ratatui::{Frame, layout::Size};
use rustix::{io::Errno, stdio::stderr};
use tokio_stream::Stream as _;

use crate::printer::{Printer, takes_something};

mod frames;
mod hold;
mod job;
pub mod keyboard;
mod modes;

use frames::Frames;
use job::{Job, JobEvent, Whom};

/// What the loop has to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key that is not for the terminal itself.
    Key(KeyEvent),
    /// The mouse did something, where it was asked for.
    Mouse(MouseEvent),
    /// The terminal wants a frame: it has another size, lost what it showed, or was busy before.
    Redraw,
}

/// A terminal that shows our frames. Dropping it gives the terminal back, and so does a panic on
/// any thread, before its message is printed.
///
/// While we are in the background it is somebody else's: nothing is drawn, no key is read.
pub struct Terminal {
    frames: Frames,
    printer: Printer,
    /// A frame was asked for while an older one was being written.
    skipped: bool,
    job: Job,
    /// While the terminal is ours.
    events: Option<EventStream>,
}

impl Terminal {
    /// Takes over the terminal on stdout.
    ///
    /// # Errors
    /// When there is none, or its size is not known.
    pub fn take() -> Result<Self> {
        let mut terminal = Self {
            frames: Frames::new()?,
            printer: Printer::start_with(hold::write_frame)?,
            skipped: false,
            job: Job::new()?,
            events: None,
        };
        terminal.take_in_foreground()?;
        Ok(terminal)
    }

    /// Has the terminal tell of its mouse, or no longer, from the next frame on.
    ///
    /// # Errors
    /// None: it goes to memory.
    pub fn set_mouse(&mut self, on: bool) -> Result<()> {
        self.frames.set_mouse(on)
    }

    /// Draws a frame, of which only what changed is written, by another thread. Does nothing while
    /// an older one is being written: [`input`](Self::input) says when the terminal is ready.
    ///
    /// # Errors
    /// When the terminal is gone, or was given back by a panic elsewhere.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Result<()> {
        if self.printer.is_busy() {
            self.skipped = true;
            return Ok(());
        }
        if self.events.is_none() {
            return Ok(());
        }
        ensure!(hold::is_taken(), "the terminal was given back after a panic");
        self.printer.start_printing(self.frames.draw(render)?);
        Ok(())
    }

    /// Hands a text to the clipboard, with the next frame. Whether the terminal takes it, it does not say.
    ///
    /// # Errors
    /// None: the memory that it is written to takes everything.
    pub fn copy(&mut self, text: &str) -> Result<()> {
        self.frames.copy(text)
    }

    /// The size of the next frame.
    ///
    /// # Errors
    /// When the terminal does not tell.
    pub fn size(&self) -> Result<Size> {
        frames::size()
    }

    /// What comes from the terminal next. It also stops us, by Ctrl-Z or SIGTSTP, and goes on from
    /// there when somebody continues us. Can be dropped and called again without losing anything.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub async fn input(&mut self) -> Result<Input> {
        // A shell that brings us to the foreground tells us only if we were stopped; the loop, which
        // calls this anew after each sample, makes up for that.
        if self.events.is_none() && self.take_in_foreground()? {
            return Ok(Input::Redraw);
        }
        loop {
            tokio::select! {
                biased;
                job = self.job.next() => {
                    match job {
                        JobEvent::Stop => self.stop(Whom::Us)?,
                        JobEvent::Continued => self.go_on()?,
                    }
                    return Ok(Input::Redraw);
                }
                event = next(&mut self.events) => match event? {
                    Event::Key(key) if is_control(key, 'z') => {
                        self.stop(Whom::Group)?;
                        return Ok(Input::Redraw);
                    }
                    Event::Key(key) if is_control(key, 'l') => {
                        self.frames.forget()?;
                        return Ok(Input::Redraw);
                    }
                    Event::Key(key) => return Ok(Input::Key(key)),
                    Event::Mouse(mouse) => return Ok(Input::Mouse(mouse)),
                    // Also where it is as large as before: what was cut off in between is gone.
                    Event::Resize(..) => {
                        self.frames.forget()?;
                        return Ok(Input::Redraw);
                    }
                    _ => {}
                },
                written = self.printer.done(), if self.printer.is_busy() => {
                    written?;
                    if mem::take(&mut self.skipped) {
                        return Ok(Input::Redraw);
                    }
                }
            }
        }
    }

    /// Gives the terminal back and stops, until somebody continues us.
    fn stop(&mut self, whom: Whom) -> Result<()> {
        if self.job.can_stop() {
            self.give_back();
            job::stop(whom)?;
            self.take_in_foreground()?;
        }
        Ok(())
    }

    /// After a stop that we did not see coming: the terminal is not as we left it.
    fn go_on(&mut self) -> Result<()> {
        if !self.take_in_foreground()? {
            self.give_back();
        }
        Ok(())
    }

    /// Takes the terminal, if it can be ours, also again; `false` if not.
    fn take_in_foreground(&mut self) -> Result<bool> {
        if !job::in_foreground() {
            return Ok(false);
        }
        hold::take()?;
        self.frames.forget()?;
        if self.events.is_none() {
            self.events = Some(events()?);
        }
        Ok(true)
    }

    /// Gives the terminal back for good; `false` when it takes nothing, so that whatever is written
    /// to it now would hang.
    pub fn leave(mut self) -> bool {
        self.give_back();
        takes_something(stderr())
    }

    fn give_back(&mut self) {
        // First: reading what is typed for others would stop us.
        self.events = None;
        hold::give_back();
    }
}

/// What comes from the terminal. crossterm starts a thread for that, and panics where there can be none: here
/// that is an error like any other.
fn events() -> Result<EventStream> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let events = panic::catch_unwind(EventStream::default);
    panic::set_hook(hook);
    // The one reason that pthread_create(3) has.
    events.map_err(|_| Errno::AGAIN).context("start the thread that reads the keyboard")
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn is_control(key: KeyEvent, letter: char) -> bool {
    key.code == KeyCode::Char(letter) && key.modifiers == KeyModifiers::CONTROL
}

async fn next(events: &mut Option<EventStream>) -> Result<Event> {
    let Some(events) = events else { return future::pending().await };
    let event = future::poll_fn(|context| {
        // Crossterm would read the end of input for ever, and we would not return from it.
        if modes::has_hung_up() {
            return Poll::Ready(None);
        }
        Pin::new(&mut *events).poll_next(context)
    });
    event.await.context("the terminal is gone")?.context("read the keyboard")
}
