//! The command line: words, each ended by a zero byte.

use std::borrow::Cow;

use clap::Parser as _;
use iftop_user::{cli::CommandLine, options::Layer};

/// See [`CHECKS`](super::CHECKS).
pub fn check(data: &[u8]) {
    let words = data.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let words = ["iftop".into()].into_iter().chain(words).map(Cow::into_owned);
    match CommandLine::try_parse_from(words) {
        Ok(line) => {
            let options = line.with(Layer::default());
            assert!(options.reports.count != Some(0));
        }
        Err(error) => assert!(!error.render().to_string().is_empty()),
    }
}
