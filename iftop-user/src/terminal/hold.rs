//! Whether the terminal is ours, and giving it back at every end.
//!
//! It owns the alternate screen, the cursor, who has the mouse and the order of all writes to the terminal. It must
//! never wait for a terminal without a limit: one that is stopped or not read takes nothing more.
//!
//! The alternate screen does not exist everywhere (`linux`, `vt100`): there our table is cleared
//! away before the first frame and scrolled up after the last.

use std::{
    io, panic,
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use anyhow::Result;
use crossterm::{
    cursor::{Hide, MoveTo, Show},
    queue,
    style::{Print, ResetColor},
    terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen},
};
use rustix::{
    stdio::{stderr, stdout},
    termios::isatty,
};

use super::modes::{self, Modes};
use crate::printer::{takes_something, wait_until_written, write_all};

/// How long a terminal that takes nothing can keep us from ending or stopping.
const LEAVE_TIMEOUT: Duration = Duration::from_millis(700);

/// A row below any screen: the cursor goes to the last one.
const LAST_ROW: u16 = 998;

/// Whether there is something to give back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the terminal was ever asked for its mouse: then it is told at the end that nobody wants it.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Presses of its buttons and its wheel, at any column: `XTSET` 1000 and 1006 of xterm's ctlseqs.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Held while something is written; says whether that was ours, and is on the terminal still.
static SHOWN: Mutex<bool> = Mutex::new(false);

/// Has the terminal send us each key. From now on it can be written to.
pub(super) fn take() -> Result<()> {
    give_back_on_panic();
    modes::change(Modes::Raw)?;
    TAKEN.store(true, Ordering::SeqCst);
    Ok(())
}

pub(super) fn is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// What comes before a frame that does not know what is on the screen.
pub(super) fn clear_screen(out: &mut impl io::Write) -> io::Result<()> {
    queue!(out, EnterAlternateScreen, ResetColor, Clear(ClearType::All), Hide)
}

/// Asks for the mouse, or gives it back where it was ever asked for.
pub(super) fn set_mouse(out: &mut impl io::Write, on: bool) -> io::Result<()> {
    if on {
        MOUSE.store(true, Ordering::SeqCst);
    }
    match (on, MOUSE.load(Ordering::SeqCst)) {
        (true, _) => queue!(out, Print(MOUSE_ON)),
        (false, true) => queue!(out, Print(MOUSE_OFF)),
        (false, false) => Ok(()),
    }
}

/// Writes a frame, unless the terminal is not ours any more.
pub(super) fn write_frame(frame: &[u8]) -> io::Result<()> {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_taken() {
        return Ok(());
    }
    *shown = true;
    write_all(stdout(), frame)
}

/// Gives the terminal back; does nothing when that is done already. One that takes nothing gets at
/// least its modes as before.
pub(super) fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let (done, left) = mpsc::channel();
    let leaving = thread::Builder::new().name("leave".to_owned()).spawn(move || {
        // Nobody is left to tell: whoever ends like this has a reason of his own to give.
        let _ = leave();
        let _ = done.send(());
    });
    if leaving.is_ok() {
        wait_until_written(stdout(), &left, LEAVE_TIMEOUT);
    } else if takes_something(stdout()) {
        let _ = leave();
    }
    modes::restore();
}

fn leave() -> io::Result<()> {
    // Waits for a frame that is being written.
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    // When that took long, the terminal may have become ours again.
    if !*shown || is_taken() {
        return Ok(());
    }
    *shown = false;
    let mut bytes = Vec::new();
    set_mouse(&mut bytes, false)?;
    queue!(bytes, ResetColor, MoveTo(0, LAST_ROW), Print("\r\n"), LeaveAlternateScreen, Show)?;
    write_all(stdout(), &bytes)
}

/// On any thread, before the panic's message is printed.
pub(super) fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            // For the keyboard, which has nothing else to give back.
            modes::restore();
            // A message to a terminal that takes nothing would hang.
            if !isatty(stderr()) || takes_something(stderr()) {
                print(panic);
            }
        }));
    });
}
