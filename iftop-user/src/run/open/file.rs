//! A capture file as what is watched.
//!
//! It must never ask the kernel for anything but the file.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::{Opened, Output, Subject, about, rules, sandbox};
use crate::{
    health::About,
    options::Options,
    poller::Poller,
    run::signals::Signals,
    sandbox::{Duty, Sandbox},
    schedule::Schedule,
    source::{
        capture_file::{CaptureFile, Pace},
        frames,
    },
};

/// A capture file. It needs no privileges and no interface.
pub(in crate::run) fn open(
    options: &Options,
    path: &Path,
    output: Output,
) -> Result<(Opened, Signals)> {
    let opened = read(options, path, output, &sandbox(options)?)?;
    // The filter is compiled, as far as it is known for what; so now they can be waited for.
    Ok((opened, Signals::new()?))
}

/// The same without a word on signals.
pub(in crate::run) fn read(
    options: &Options,
    path: &Path,
    output: Output,
    sandbox: &Sandbox,
) -> Result<Opened> {
    if output != Output::Screen && options.reading.speed.is_some() {
        bail!("--speed is for the live table: reports come as fast as the file can be read");
    }
    let reports = &options.reports;
    let schedule = Schedule::new(reports.interval, options.seconds, reports.count);
    let pace = match output {
        // Who plays faster than packets came would soon be ahead of a pipe.
        Output::Screen => Pace {
            step: super::super::screen::SAMPLE_PERIOD,
            waits: options.reading.speed.is_some_and(|speed| speed > 1.0),
        },
        Output::Text | Output::Json => Pace { step: schedule.sample_period(), waits: true },
    };
    let counting = &options.counting;
    let frames = frames::Options {
        local: options.reading.local.clone(),
        bytes: counting.bytes,
        max_flows: counting.max_flows,
    };
    let (source, playback) =
        CaptureFile::open(path, frames, options.packet_filter.as_deref(), pace)?;
    let sandboxed = sandbox.enter(Duty::Read).context("give up rights")?;
    // On the screen there is no room for where it lies.
    let name = match path.file_name() {
        Some(name) if output == Output::Screen && name == "-" => "stdin".into(),
        Some(name) if output == Output::Screen => name.to_string_lossy(),
        _ => path.to_string_lossy(),
    };
    Ok(Opened {
        about: About { sandboxed, ..about(counting, source.facts()) },
        at_start: CaptureFile::surroundings(),
        poller: Poller::start(source)?,
        // Whose the addresses of this host are is of no matter to a capture.
        rules: rules(options),
        hook: None,
        dlt: playback.dlt(),
        playback: Some(playback),
        subject: Subject { name: name.into_owned(), up: true },
    })
}
