//! Frames, and what goes with them to the terminal: bytes in memory, until somebody writes them.
//!
//! It owns how large a frame is, and whether it is whole or what has changed. It must never write.

use std::{cell::RefCell, io, rc::Rc};

use anyhow::{Context as _, Result};
use crossterm::clipboard::CopyToClipboard;
use ratatui::{
    Frame, TerminalOptions, Viewport,
    backend::CrosstermBackend,
    layout::{Rect, Size},
};
use rustix::{stdio::stdout, termios::tcgetwinsize};

use super::hold;

/// Of a terminal that does not know its size, such as a serial line: as ncurses has it.
const UNKNOWN_SIZE: Size = Size { width: 80, height: 24 };

/// More than any screen has. A frame takes memory for each cell, and a terminal can say 65535 by 65535.
const LARGEST_SIZE: Size = Size { width: 1000, height: 500 };

/// See the module's description.
pub(super) struct Frames {
    terminal: ratatui::Terminal<CrosstermBackend<Bytes>>,
    /// What ratatui has made of the newest frame.
    bytes: Bytes,
    size: Size,
    mouse: bool,
}

impl Frames {
    pub fn new() -> Result<Self> {
        let bytes = Bytes::default();
        let size = size()?;
        Ok(Self { terminal: terminal(&bytes, size)?, bytes, size, mouse: false })
    }

    /// What there is to be written for a frame: a whole one where the size is another than before.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Result<Vec<u8>> {
        if size()? != self.size {
            self.forget()?;
        }
        self.terminal.draw(render).context("draw on the terminal")?;
        Ok(self.bytes.take())
    }

    /// Lets the next frame be a whole one, whatever is on the screen.
    pub fn forget(&mut self) -> Result<()> {
        self.size = size()?;
        self.terminal = terminal(&self.bytes, self.size)?;
        // The old frames have said farewell to the cursor.
        self.bytes.take();
        hold::clear_screen(&mut self.bytes).context("clear the screen")?;
        hold::set_mouse(&mut self.bytes, self.mouse).context("ask for the mouse")
    }

    /// With the next one the mouse is asked for, or no longer.
    pub fn set_mouse(&mut self, on: bool) -> Result<()> {
        if self.mouse != on {
            self.mouse = on;
            hold::set_mouse(&mut self.bytes, on).context("ask for the mouse")?;
        }
        Ok(())
    }

    /// With the next one a text goes to the clipboard.
    pub fn copy(&mut self, text: &str) -> Result<()> {
        let copy = CopyToClipboard::to_clipboard_from(text);
        crossterm::queue!(self.bytes, copy).context("copy to the clipboard")
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
fn terminal(bytes: &Bytes, size: Size) -> Result<ratatui::Terminal<CrosstermBackend<Bytes>>> {
    let viewport = Viewport::Fixed(Rect::from(size));
    let backend = CrosstermBackend::new(bytes.clone());
    ratatui::Terminal::with_options(backend, TerminalOptions { viewport })
        .context("make room for a frame")
}

/// As large as the terminal is by its own word.
pub(super) fn size() -> Result<Size> {
    let size = tcgetwinsize(stdout()).context("ask for the terminal's size")?;
    if size.ws_col == 0 || size.ws_row == 0 {
        return Ok(UNKNOWN_SIZE);
    }
    Ok(Size {
        width: size.ws_col.min(LARGEST_SIZE.width),
        height: size.ws_row.min(LARGEST_SIZE.height),
    })
}
