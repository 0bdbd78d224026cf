//! Prints the ten pairs of hosts of a capture file between which most passed:
//! `cargo run --example top_talkers_of_a_capture FILE`. It needs no rights.

use std::{env, time::Duration};

use anyhow::{Context as _, Result};
use iftop_user::{
    flow::FlowTable,
    label,
    orient::Rules,
    source::{
        Sample, Source as _,
        capture_file::{CaptureFile, Pace},
        frames,
    },
    view::{Labels, Query, Sides, Sort, view},
};

fn main() -> Result<()> {
    let path = env::args_os().nth(1).context("give it a capture file")?;
    let (mut file, playback) =
        CaptureFile::open(path.as_ref(), frames::Options::default(), None, Pace::default())?;
    // All of it, as fast as it can be read.
    playback.advance(Duration::MAX);
    let mut table = FlowTable::new(Rules::default(), 1 << 20);
    let mut sample = Sample::default();
    while !sample.last {
        file.sample(&mut sample)?;
        table.apply(&sample);
    }

    let query = Query { sort: Sort::Cumulative, limit: Some(10), ..Query::default() };
    for row in view(&table, &query, &Labels::NONE).rows {
        let count = Sides::Both.of(row.cumulative());
        let [local, remote] = [&row.local, &row.remote].map(label::text);
        println!("{:>12} bytes {:>9} packets  {local} <=> {remote}", count.bytes, count.packets);
    }
    let all = table.account().seen;
    println!("{:>12} bytes {:>9} packets  in all", all.bytes, all.packets);
    Ok(())
}
