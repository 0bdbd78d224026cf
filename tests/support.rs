//! What the tests stand on: networks of their own, terminals, frames, and the program under test.

pub mod at_end;
pub mod bulk;
pub mod capture;
pub mod cells;
pub mod classic;
pub mod etc;
pub mod footprint;
pub mod frame;
pub mod held;
pub mod iftop;
pub mod kernel;
pub mod neighbour;
pub mod net;
pub mod pty;
pub mod report;
pub mod schema;
pub mod scratch;
pub mod source;
pub mod tmux;
pub mod told;
pub mod traffic;
pub mod tshark;
#[cfg(feature = "pcap")]
pub mod tun;
