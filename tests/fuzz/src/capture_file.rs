//! A capture file, read to its end: pcap or pcapng, or neither.

use std::{io::Write as _, time::Duration};

use iftop_common::Bytes;
use iftop_user::{
    flow::FlowTable,
    orient::Rules,
    source::{
        Sample, Source as _,
        capture_file::{CaptureFile, Pace},
        frames::{Local, Options},
    },
};

use super::is_printable;

const STEP: Duration = Duration::from_secs(1);

/// See [`CHECKS`](super::CHECKS).
pub fn check(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(data).expect("room for it");
    let options = Options { local: Local::default(), bytes: Bytes::Ip, max_flows: 64 };
    let pace = Pace { step: STEP, waits: true };
    let (mut source, playback) = match CaptureFile::open(file.path(), options, None, pace) {
        Ok(opened) => opened,
        Err(error) => return assert!(is_printable(&format!("{error:#}")), "{error:#}"),
    };
    assert!(is_printable(&source.facts().hooks));
    let mut table = FlowTable::new(Rules::default(), 64);
    let mut sample = Sample::default();
    while !sample.last {
        playback.advance(STEP);
        if let Err(error) = source.sample(&mut sample) {
            assert!(is_printable(&format!("{error:#}")), "{error:#}");
            break;
        }
        table.apply(&sample);
        table.end_interval();
    }
    let account = table.account();
    assert_eq!(account.unaccounted_bytes(), 0);
    // No packet takes less than its header in the older format.
    assert!(account.frames.packets <= data.len() as u64 / 12);
}
