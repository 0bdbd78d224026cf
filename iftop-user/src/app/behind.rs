//! Keys that come before the view that would show what the keys before them did.
//!
//! It owns which of them have to wait for that view, so that held keys cost one view and still mean what
//! is on the screen by then. It must never make one.

use crossterm::event::KeyEvent;

use super::{App, Freeze, action::Action, keys};

/// What the view that is shown does not know yet. Keys of one kind add up; one of another kind means
/// the table as it would look by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    Nothing,
    /// Where the display stands in the list.
    Moves,
    /// What is in the list, and in which order.
    Changes,
}

impl App {
    /// Whether a key means something else once a view is shown that knows of the keys before.
    pub fn needs_view_before(&self, event: KeyEvent) -> bool {
        if self.prompt.is_some() || event.is_release() {
            return false;
        }
        let asks = |what: fn(Action) -> bool| keys::action(event).is_some_and(what);
        match self.behind {
            Behind::Nothing => false,
            Behind::Moves => !asks(Action::moves),
            Behind::Changes => asks(Action::looks_at_rows) || self.is_freezing(),
        }
    }

    /// Whether rows are others than those of the view that is shown.
    pub fn is_behind(&self) -> bool {
        self.behind == Behind::Changes
    }

    /// Whether the next view says in which order rows are to stay.
    pub fn is_freezing(&self) -> bool {
        matches!(self.freeze, Freeze::Wanted)
    }

    pub(super) fn fall_behind(&mut self, action: Action) {
        if !action.moves() {
            self.behind = Behind::Changes;
        } else if self.behind == Behind::Nothing {
            self.behind = Behind::Moves;
        }
    }
}
