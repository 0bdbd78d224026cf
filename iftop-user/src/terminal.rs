//! The terminal while the live table is on it: taken over at the start, given back whenever we stop
//! or end.
//!
//! It owns frames on their way to the terminal, and what comes from it: keys, its size, and being
//! stopped and continued. It must never decide what is drawn, and never wait for a terminal that is
//! slow: it skips frames instead.

use std::{cell::RefCell, future, io, mem, panic, pin::Pin, rc::Rc, task::Poll};

use anyhow::{Context as _, Result, ensure};
use crossterm::{
    clipboard::CopyToClipboard,
    event::{Event, EventStream, KeyCode, KeyEvent, KeyModifiers, MouseEvent},
};
use ratatui::{
    Frame, TerminalOptions, Viewport,
    backend::CrosstermBackend,
    layout::{Rect, Size},
};
use rustix::{
    io::Errno,
    stdio::{stderr, stdout},
    termios::tcgetwinsize,
};
use tokio_stream::Stream as _;

use crate::printer::{Printer, takes_something};

mod hold;
mod job;
pub mod keyboard;
mod modes;

use job::{Job, JobEvent, Whom};

/// Of a terminal that does not know its size, such as a serial line: as ncurses has it.
const UNKNOWN_SIZE: Size = Size { width: 80, height: 24 };

/// More than any screen has. A frame takes memory for each cell, and a terminal can say 65535 by 65535.
const LARGEST_SIZE: Size = Size { width: 1000, height: 500 };

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
    frames: ratatui::Terminal<CrosstermBackend<Bytes>>,
    /// What ratatui has made of the newest frame.
    bytes: Bytes,
    size: Size,
    mouse: bool,
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
        let bytes = Bytes::default();
        let size = size()?;
        let mut terminal = Self {
            frames: frames(&bytes, size)?,
            bytes,
            size,
            mouse: false,
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
        if self.mouse != on {
            self.mouse = on;
            hold::set_mouse(&mut self.bytes, on).context("ask for the mouse")?;
        }
        Ok(())
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
        if size()? != self.size {
            self.forget()?;
        }
        self.frames.draw(render).context("draw on the terminal")?;
        self.printer.start_printing(self.bytes.take());
        Ok(())
    }

    /// Hands a text to the clipboard, with the next frame. Whether the terminal takes it, it does not say.
    ///
    /// # Errors
    /// None: the memory that it is written to takes everything.
    pub fn copy(&mut self, text: &str) -> Result<()> {
        let copy = CopyToClipboard::to_clipboard_from(text);
        crossterm::queue!(self.bytes, copy).context("copy to the clipboard")
    }

    /// The size of the next frame.
    ///
    /// # Errors
    /// When the terminal does not tell.
    pub fn size(&self) -> Result<Size> {
        size()
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
                        self.forget()?;
                        return Ok(Input::Redraw);
                    }
                    Event::Key(key) => return Ok(Input::Key(key)),
                    Event::Mouse(mouse) => return Ok(Input::Mouse(mouse)),
                    // Also where it is as large as before: what was cut off in between is gone.
                    Event::Resize(..) => {
                        self.forget()?;
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
        self.forget()?;
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

    /// Lets the next frame be a whole one, whatever is on the screen.
    fn forget(&mut self) -> Result<()> {
        self.size = size()?;
        self.frames = frames(&self.bytes, self.size)?;
        // The old frames have said farewell to the cursor.
        self.bytes.take();
        hold::clear_screen(&mut self.bytes).context("clear the screen")?;
        hold::set_mouse(&mut self.bytes, self.mouse).context("ask for the mouse")
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

/// Memory that ratatui draws into.
#[derive(Clone, Default)]
struct Bytes(Rc<RefCell<Vec<u8>>>);

impl Bytes {
    fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl io::Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Frames for a screen that is empty. The area is fixed since ratatui would ask `/dev/tty` for its
/// size, which may be another terminal.
fn frames(bytes: &Bytes, size: Size) -> Result<ratatui::Terminal<CrosstermBackend<Bytes>>> {
    let viewport = Viewport::Fixed(Rect::from(size));
    let backend = CrosstermBackend::new(bytes.clone());
    ratatui::Terminal::with_options(backend, TerminalOptions { viewport })
        .context("make room for a frame")
}

fn size() -> Result<Size> {
    let size = tcgetwinsize(stdout()).context("ask for the terminal's size")?;
    if size.ws_col == 0 || size.ws_row == 0 {
        return Ok(UNKNOWN_SIZE);
    }
    Ok(Size {
        width: size.ws_col.min(LARGEST_SIZE.width),
        height: size.ws_row.min(LARGEST_SIZE.height),
    })
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
