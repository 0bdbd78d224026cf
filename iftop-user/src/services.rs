//! Names of ports from the system's list.
//!
//! It owns reading that list once. It must never ask the network, and a list that is missing or odd
//! costs names, never an error.
//!
//! Source: services(5).

use std::{collections::HashMap, fs, io};

use crate::names::printable;

const FILE: &str = "/etc/services";

/// Transport protocols with ports, by their IANA number.
const PROTOCOLS: [(&str, u8); 5] =
    [("tcp", 6), ("udp", 17), ("dccp", 33), ("sctp", 132), ("udplite", 136)];

/// Service names by port and protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    names: HashMap<(u16, u8), String>,
}

impl Services {
    /// The names in `/etc/services`; none where it cannot be read.
    pub fn system() -> Self {
        match fs::read(FILE) {
            Ok(bytes) => Self::parse(&String::from_utf8_lossy(&bytes)),
            Err(error) => {
                // Small systems and containers come without it.
                if error.kind() != io::ErrorKind::NotFound {
                    log::warn!("no service names: read {FILE}: {error}");
                }
                Self::default()
            }
        }
    }

    /// Lines of `name port/protocol alias.. # comment`; any other line is passed over.
    ///
    /// The official name counts, and the last line for a port, as in iftop.
    pub fn parse(text: &str) -> Self {
        Self { names: text.lines().filter_map(line).collect() }
    }

    /// The service on this port of the protocol, given by its IANA number.
    pub fn name(&self, port: u16, protocol: u8) -> Option<&str> {
        self.names.get(&(port, protocol)).map(String::as_str)
    }
}

fn line(line: &str) -> Option<((u16, u8), String)> {
    let mut words = line.split('#').next()?.split_whitespace();
    let name = words.next()?;
    let (port, protocol) = words.next()?.split_once('/')?;
    let (_, protocol) = PROTOCOLS.iter().find(|(known, _)| *known == protocol)?;
    Some(((port.parse().ok()?, *protocol), printable(name.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerant_of_anything() {
        let services = Services::parse(
            "# a comment\n\
             \n\
             ssh\t\t22/tcp\t\t\t# SSH Remote Login Protocol\n\
             domain 53/tcp nameserver\r\n\
             \tdomain  53/udp#tight\n\
             #telnet 23/tcp\n\
             smtp\n\
             big 65536/tcp\n\
             odd x/tcp\n\
             none 7\n\
             rtmp 1/ddp\n\
             esc\u{1b}[0m 9/tcp\n\
             first 80/tcp\n\
             http 80/tcp www\n\
             m2ua 2904/sctp\n\
             exp 1021/dccp\n\
             lite 1022/udplite",
        );
        let cases = [
            (22, 6, Some("ssh")),
            (22, 17, None),
            (53, 6, Some("domain")),
            (53, 17, Some("domain")),
            (23, 6, None),
            (0, 6, None),
            (7, 6, None),
            (1, 6, None),
            (9, 6, Some(r"esc\x1b[0m")),
            (80, 6, Some("http")),
            (2904, 132, Some("m2ua")),
            (1021, 33, Some("exp")),
            (1022, 136, Some("lite")),
            (22, 1, None),
        ];
        for (port, protocol, expected) in cases {
            assert_eq!(services.name(port, protocol), expected, "{port}/{protocol}");
        }
        assert_eq!(Services::parse(""), Services::default());
    }
}
