//! The modes of the terminal driver: changed for us, put back as they were.
//!
//! It owns termios, of which one set is remembered at a time. It must never write to the terminal.
//!
//! Source: termios(3).

use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    stdio::stdin,
    termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr,
    },
};

use super::job;

/// How the driver hands over what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Modes {
    /// Each key at once, also those that otherwise are signals; output as it is.
    Raw,
    /// Each key at once and unseen, but for those that are signals; output as before.
    Unbuffered,
}

/// What is to be put back.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// Changes the modes. What they were is remembered, unless it is already.
pub(super) fn change(to: Modes) -> Result<()> {
    with_terminal(|terminal| {
        let mut modes = tcgetattr(terminal)?;
        SAVED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| modes.clone());
        match to {
            Modes::Raw => modes.make_raw(),
            Modes::Unbuffered => modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO,
        }
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        set(terminal, &modes)
    })
    .context("set the modes of the terminal")
}

/// Puts the modes back; does nothing when that is done already. In the background nothing is
/// touched: there the terminal is somebody else's.
pub(super) fn restore() {
    let saved = SAVED.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(saved) = saved
        && job::in_foreground()
    {
        // Nobody is left to tell.
        let _ = with_terminal(|terminal| set(terminal, &saved));
    }
}

/// At once, not when all output is written: that may be never.
fn set(terminal: BorrowedFd<'_>, modes: &Termios) -> io::Result<()> {
    Ok(tcsetattr(terminal, OptionalActions::Now, modes)?)
}

/// Whether nobody holds the terminal's other end any more.
pub(super) fn has_hung_up() -> bool {
    let hung_up = with_terminal(|terminal| {
        let mut terminal = [PollFd::from_borrowed_fd(terminal, PollFlags::empty())];
        // Interrupted by a signal it tells nothing.
        let told = poll(&mut terminal, Some(&Timespec::default())).is_ok();
        Ok(told && terminal[0].revents().contains(PollFlags::HUP))
    });
    hung_up.unwrap_or(true)
}

/// The terminal that keys come from: stdin, or where that is something else, the controlling one.
pub(super) fn with_terminal<T>(
    function: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>,
) -> io::Result<T> {
    if isatty(stdin()) {
        function(stdin())
    } else {
        let terminal = File::options().read(true).write(true).open("/dev/tty")?;
        function(terminal.as_fd())
    }
}
