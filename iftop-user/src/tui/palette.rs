//! What colour says: the direction of a line, the busiest rows, warnings.
//!
//! It owns the choice among the terminal's own 16 colours. Nothing is said by colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::view::Sides;

/// The styles of a screen, with or without colours.
#[derive(Clone, Copy)]
pub(super) struct Palette {
    colours: bool,
}

impl Palette {
    pub(super) fn new(colours: bool) -> Self {
        Self { colours }
    }

    /// Of an arrow.
    pub(super) fn direction(self, sides: Sides) -> Style {
        match sides {
            Sides::Sent => self.colour(Color::Green),
            Sides::Received => self.colour(Color::Cyan),
            Sides::Both => Style::new(),
        }
    }

    /// Of the rates of a row that carries much.
    pub(super) fn busy(self) -> Style {
        self.colour(Color::Yellow)
    }

    /// Of what somebody should know.
    pub(super) fn warning(self) -> Style {
        self.colour(Color::Red)
    }

    /// Of the row that is selected; without colours too.
    pub(super) fn selected() -> Style {
        Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    fn colour(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }
}
