//! What a key can ask for.
//!
//! It must never know which key that is, nor hold state: what an action changes is the app's business.

use crate::view::Sort;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Hosts by name or address.
    Names,
    /// All left hosts as one, or each for itself.
    HideSource,
    /// The same of right hosts.
    HideDestination,
    /// The next grouping of flows.
    Group,
    /// Services by name or number.
    Services,
    /// The left hosts' ports or none.
    SourcePorts,
    /// The right hosts' ports or none.
    DestinationPorts,
    /// All ports, or none.
    Ports,
    /// The next layout of rows.
    Lines,
    /// The column of cumulative counts.
    Cumulative,
    /// Bars or none.
    Bars,
    /// The next window for the bars.
    BarWindow,
    /// Logarithmic or linear bars.
    LogScale,
    /// The next unit.
    Unit,
    /// The mouse does something, or selects text as the terminal has it.
    Mouse,
    /// Another order of rows.
    Sort(Sort),
    /// Rows stay where they are, or move again.
    Freeze,
    /// Freeze the display or let it go on.
    Pause,
    /// Move the selection, or else what is on screen.
    Scroll(Move),
    /// The same, but select a row on screen where none is yet.
    Select(Move),
    /// Nothing is selected any more, or back to the table.
    Unselect,
    /// All that is known of a row, or the table.
    Detail,
    /// The interface's last ten minutes, or the table.
    Chart,
    /// tcpdump's command for the row that is looked at to the clipboard.
    Copy,
    /// Take the selected row out of view.
    TakeOut,
    /// Take all others out of view.
    KeepOnly,
    /// Undo the last of these.
    BringBack,
    /// Edit the screen filter.
    ScreenFilter,
    /// Edit the packet filter.
    PacketFilter,
    /// Write the rows on screen to a file.
    Export,
    /// Run a command, which is not to be had.
    Shell,
    /// The help page or the table.
    Help,
    /// The page that says how the counting goes, or the table.
    Health,
    /// What the terminal does by itself, before keys come here.
    Terminal,
    /// End.
    Quit,
}

impl Action {
    /// Whether it changes anything in a text report.
    pub fn concerns_reports(self) -> bool {
        let more = matches!(
            self,
            Self::Names | Self::Services | Self::Sort(_) | Self::Freeze | Self::Pause
        );
        more || self.changes_rows()
    }

    /// Whether it is about places in the list as it is shown.
    pub fn moves(self) -> bool {
        matches!(self, Self::Scroll(_) | Self::Select(_) | Self::Unselect)
    }

    /// Whether it is about the rows as they are shown, or what is shown of one.
    pub fn looks_at_rows(self) -> bool {
        self.moves() || matches!(self, Self::Detail | Self::Copy | Self::TakeOut | Self::KeepOnly)
    }

    /// Whether it makes other rows of the same flows.
    pub fn changes_rows(self) -> bool {
        matches!(
            self,
            Self::HideSource
                | Self::HideDestination
                | Self::SourcePorts
                | Self::DestinationPorts
                | Self::Ports
                | Self::Group
        )
    }
}

/// How far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// As many rows up as are on screen.
    PageUp,
    /// As many rows down as are on screen.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
}
