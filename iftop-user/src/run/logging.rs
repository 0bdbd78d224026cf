//! What `RUST_LOG` asks for: lines on stderr that are for developers.
//!
//! It owns that a terminal can act on none of it, as of all other messages (`stderr.rs`).

use std::{env, io::Write as _};

use log::{LevelFilter, Record};

use crate::names::printable_lines;

/// From now on it is told.
pub(super) fn start() {
    let mut log = env_logger::Builder::new();
    if let Ok(wanted) = env::var("RUST_LOG") {
        // It is quoted where it is wrong.
        log.parse_filters(&printable_lines(&wanted));
    }
    // What the libraries have to say is not about packets.
    log.filter_module("aya", LevelFilter::Warn).filter_module("aya_obj", LevelFilter::Warn);
    log.format(|out, record| writeln!(out, "{}", line(record)));
    log.init();
}

fn line(record: &Record<'_>) -> String {
    let (level, target) = (record.level(), record.target());
    printable_lines(&format!("[{level} {target}] {}", record.args()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_can_write_to_the_terminal() {
        let mut record = Record::builder();
        record.level(log::Level::Warn).target("x\u{1b}]0;t\u{7}");
        let line = line(&record.args(format_args!("a\u{202e}b \u{9b}2J")).build());
        assert_eq!(line, r"[WARN x\x1b]0;t\x07] a\xe2\x80\xaeb \xc2\x9b2J");
    }
}
