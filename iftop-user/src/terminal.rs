//! The terminal while the live table is on it: taken over at the start, given back at every end.
//!
//! It owns raw mode, the alternate screen and the cursor. It must never decide what is drawn.

use std::{
    io::{self, BufWriter, Stdout, Write as _},
    panic,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, Result, ensure};
use crossterm::{
    cursor, execute,
    terminal::{self, EnterAlternateScreen, LeaveAlternateScreen},
};
use ratatui::{Frame, backend::CrosstermBackend, layout::Size};

/// More than a frame of a large terminal takes, so that each is one write and none is seen half
/// drawn.
const FRAME_BYTES: usize = 256 * 1024;

/// Whether there is something to give back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// A terminal that shows our frames. Dropping it gives the terminal back, and so does a panic on
/// any thread, before its message is printed.
pub struct Terminal {
    // Before the guard: what it still holds must not be written over the user's screen.
    frames: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    _guard: Guard,
}

impl Terminal {
    /// Takes over the terminal on stdout.
    ///
    /// # Errors
    /// When there is none, or its size is not known.
    pub fn take() -> Result<Self> {
        restore_on_panic();
        terminal::enable_raw_mode().context("put the terminal into raw mode")?;
        TAKEN.store(true, Ordering::SeqCst);
        let guard = Guard;
        execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)
            .context("clear the terminal's screen")?;
        let out = BufWriter::with_capacity(FRAME_BYTES, io::stdout());
        let frames = ratatui::Terminal::new(CrosstermBackend::new(out))
            .context("ask for the terminal's size")?;
        Ok(Self { frames, _guard: guard })
    }

    /// Draws a frame, of which only what changed is written.
    ///
    /// # Errors
    /// When the terminal is gone, or was given back by a panic elsewhere.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Result<()> {
        ensure!(TAKEN.load(Ordering::SeqCst), "the terminal was given back after a panic");
        self.frames.draw(render).context("draw on the terminal")?;
        Ok(())
    }

    /// The size of the next frame.
    ///
    /// # Errors
    /// When the terminal does not tell.
    pub fn size(&self) -> Result<Size> {
        self.frames.size().context("ask for the terminal's size")
    }
}

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back; does nothing when that is done already.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Nobody is left to tell: whoever ends like this has a reason of his own to give.
    let _ = execute!(io::stdout(), LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
    let _ = io::stdout().flush();
}

fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            restore();
            print(panic);
        }));
    });
}
