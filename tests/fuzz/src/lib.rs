//! What is to hold of anything that iftop reads from outside: one check for each kind of input, each of
//! which takes any bytes.
//!
//! libFuzzer looks for bytes that break one (`cargo xtask fuzz`). A check panics where something does not hold.
//! It must never do more than what the program does with such input.

pub mod capture_file;
pub mod command_line;
pub mod config_file;
pub mod packet;
pub mod packet_filter;
pub mod parser;
pub mod screen_filter;

mod input;
mod machine;

/// A check, by the name of its target.
pub type Check = (&'static str, fn(&[u8]));

/// All of them.
pub const CHECKS: [Check; 6] = [
    ("packet", packet::check),
    ("capture_file", capture_file::check),
    ("config_file", config_file::check),
    ("packet_filter", packet_filter::check),
    ("screen_filter", screen_filter::check),
    ("command_line", command_line::check),
];

/// Whether a terminal could act on none of it.
fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}
