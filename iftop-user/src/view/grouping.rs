//! What rows are: flows, or all traffic that has something in common.
//!
//! It owns the words for that. Which flows make one row is decided in `row`.

use std::fmt;

use crate::{networks::Prefix, protocol};

/// What rows are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// All between two hosts, or two ports of theirs.
    #[default]
    Flow,
    /// All of one right host.
    Host,
    /// All of the right hosts of one network: one that a file names, or else their /24 or /64.
    Network,
    /// All of one port of one protocol: that of the side which serves.
    Service,
    /// All of one protocol.
    Protocol,
}

impl Grouping {
    /// In the order in which a key goes through them.
    pub const ALL: [Self; 5] =
        [Self::Flow, Self::Host, Self::Network, Self::Service, Self::Protocol];

    /// The next one, and after the last one the first.
    #[must_use]
    pub fn next(self) -> Self {
        let place = Self::ALL.iter().position(|other| *other == self);
        Self::ALL[place.map_or(0, |place| (place + 1) % Self::ALL.len())]
    }

    /// What one row is, in one word: also how options and reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Host => "host",
            Self::Network => "network",
            Self::Service => "service",
            Self::Protocol => "protocol",
        }
    }
}

/// What a row stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RowGroup {
    /// Its ends are hosts, or all hosts of a side.
    #[default]
    Hosts,
    /// A network; without either, all hosts that are not known.
    Network {
        /// Where it is: more than one where several have that name.
        prefixes: Vec<Prefix>,
        /// What a file calls it.
        name: Option<String>,
    },
    /// A port of a protocol.
    Service {
        /// `None` where there is none, or it is not known which one serves.
        port: Option<u16>,
        /// IP protocol number.
        protocol: u8,
        /// Its name, where it is known and wanted.
        name: Option<String>,
    },
    /// An IP protocol, by its number.
    Protocol(u8),
}

/// What stands in place of a host; nothing where there are hosts.
impl fmt::Display for RowGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hosts => Ok(()),
            Self::Network { name: Some(name), .. } => f.write_str(name),
            Self::Network { prefixes, .. } => match prefixes.first() {
                Some(prefix) => prefix.fmt(f),
                None => Ok(()),
            },
            // Of some services there are two, by TCP and by UDP.
            Self::Service { protocol, name: Some(name), .. } => {
                write!(f, "{name}/{}", Word(*protocol))
            }
            Self::Service { port: Some(port), protocol, .. } => {
                write!(f, "{port}/{}", Word(*protocol))
            }
            Self::Service { port: None, protocol: number, .. } | Self::Protocol(number) => {
                match protocol::name(*number) {
                    Some(name) => f.write_str(&name.to_ascii_uppercase()),
                    None => write!(f, "protocol {number}"),
                }
            }
        }
    }
}

/// A protocol behind a port.
struct Word(u8);

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match protocol::name(self.0) {
            Some(name) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}
