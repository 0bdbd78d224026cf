//! Time is that of the packets: intervals, gaps, clocks that go backwards or far away.

use std::{io::pipe, os::fd::AsRawFd as _, time::Duration};

use iftop_common::Bytes;
use iftop_user::source::{
    Sample, Source as _,
    capture_file::{CaptureFile, Pace},
    frames::{Local, Options},
};

use super::*;
use crate::support::{
    capture::{MICROSECONDS, NANOSECONDS, Order::Little, pcap, pcapng},
    report::Report,
};

fn time(seconds: &Value) -> Duration {
    Duration::from_secs_f64(seconds.as_f64().unwrap())
}

/// Of each report: elapsed and interval in tenths of a second, packets since the start.
fn reports(tenths: &[u64], options: &str) -> Vec<(u64, u64, u64)> {
    let run = read(&pcap(Little, false, 1, &frames_at(tenths)), &format!("--json {options}"));
    assert_eq!(run.status, Some(0), "{run:?}");
    let tenths = |value: &Value| u64::try_from(time(value).as_millis() / 100).unwrap();
    let told = |report: &Value| {
        let (elapsed, interval) = (&report["elapsed_seconds"], &report["interval_seconds"]);
        (tenths(elapsed), tenths(interval), packets(report, "seen"))
    };
    run.reports().iter().map(told).collect()
}

#[test]
fn one_report_for_each_interval_and_one_for_the_whole() {
    type Case<'a> = (&'a [u64], &'a str, &'a [(u64, u64, u64)]);
    let cases: &[Case] = &[
        (&[], "", &[(0, 0, 0)]),
        (&[0], "", &[(0, 0, 1)]),
        (&[0, 0], "", &[(0, 0, 2)]),
        (&[0, 15], "", &[(15, 15, 2)]),
        (&[0, 15, 20, 45], "", &[(20, 20, 2), (40, 20, 3), (45, 5, 4)]),
        (
            &[0, 15, 20, 45],
            "--interval 1",
            &[(10, 10, 1), (20, 10, 2), (30, 10, 3), (40, 10, 3), (45, 5, 4)],
        ),
        (&[0, 15, 20, 45], "--interval 60", &[(45, 45, 4)]),
        (&[0, 15, 20, 45], "-s 3", &[(30, 30, 3)]),
        (&[0, 15, 20, 45], "-s 60", &[(45, 45, 4)]),
        (&[0, 15, 20, 45], "--count 1", &[(20, 20, 2)]),
        // Backwards: it stands still.
        (&[50, 10, 60, 55, 80], "", &[(20, 20, 4), (30, 10, 5)]),
        // 40 s are waited for, more are not.
        (&[0, 400], "--interval 20", &[(200, 200, 1), (400, 200, 1), (400, 0, 2)]),
        (&[0, 36_005], "--interval 20", &[(36_000, 36_000, 1), (36_005, 5, 2)]),
        (
            &[0, 36_005, 90_000],
            "",
            &[
                (20, 20, 1),
                (36_000, 35_980, 1),
                (36_020, 20, 2),
                (90_000, 53_980, 2),
                (90_000, 0, 3),
            ],
        ),
    ];
    for (tenths, options, expected) in cases {
        assert_eq!(reports(tenths, options), *expected, "{tenths:?} {options}");
    }
}

#[test]
fn a_gap_clears_the_windows_and_not_the_sums() {
    let run = read(&pcap(Little, false, 1, &frames_at(&[0, 10, 5000, 5010])), "--json");
    let reports = run.reports();
    let [before, gap, after] = &reports[..] else { panic!("{run:?}") };
    let rate = |report: &Value, window: &str| {
        report["totals"]["both"]["bits_per_second"][window].as_u64().unwrap()
    };
    assert_eq!(["2s", "10s", "40s"].map(|window| rate(before, window)), [800; 3]);
    assert_eq!(["2s", "10s", "40s"].map(|window| rate(gap, window)), [0; 3]);
    assert_eq!(gap["totals"]["both"]["bytes"], 200);
    assert_eq!((after["totals"]["both"]["bytes"].as_u64(), packets(after, "seen")), (Some(400), 4));
}

#[test]
fn times_far_away() {
    let frame = ethernet(&packet_to(1, 100));
    let at = |time| Packet::new(time, &frame);
    let long = u64::from(u32::MAX) * SECOND;
    let last = u64::MAX / 2 / SECOND;
    // (file → seconds, packets)
    let cases = [
        (pcap(Little, true, 1, &[at(0), at(long), at(1)]), long / SECOND, 3),
        (pcap(Little, false, 1, &[at(long + SECOND / 2), at(0)]), 0, 2),
        (pcapng(Little, NANOSECONDS, &[1], &[at(0), at(u64::MAX), at(7)]), last, 3),
        // In microseconds there are later ones than nanoseconds can say.
        (pcapng(Little, MICROSECONDS, &[1], &[at(SECOND), at(u64::MAX)]), last - 1, 2),
    ];
    for (file, seconds, count) in cases {
        let run = read(&file, "--json --interval 1");
        let report = run.last();
        assert_eq!(time(&report["elapsed_seconds"]).as_secs(), seconds, "{run:?}");
        assert_eq!(packets(&report, "seen"), count);
        assert!(run.reports().len() <= 5, "{run:?}");
        let text = read(&file, "-t -nN");
        assert_eq!(text.status, Some(0), "{text:?}");
    }
}

/// On the terminal time goes on while a pipe brings nothing, or half a packet.
#[test]
fn a_pipe_that_brings_nothing_holds_no_time_up() {
    let file = pcap(Little, true, 1, &frames_at(&[0, 13, 14]));
    let (reader, mut writer) = pipe().unwrap();
    let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
    let options = Options { local: Local::default(), bytes: Bytes::Ip, max_flows: 10 };
    let pace = Pace { step: Duration::from_secs(1), waits: false };
    let (mut source, playback) = CaptureFile::open(path.as_ref(), options, None, pace).unwrap();
    drop(reader);
    // The first packet ends at byte 154.
    // (played, written then → how long the sample is, packets)
    let cases: &[(u64, &[u8], u64, u64)] = &[
        (1000, &[], 1000, 0),
        (500, &file[..20], 500, 0),
        (1000, &file[20..100], 1000, 0),
        (1000, &file[100..160], 1000, 1),
        (5000, &file[160..], 1000, 2),
        (0, &[], 1000, 0),
    ];
    let mut sample = Sample::default();
    for (number, (played, written, length, packets)) in cases.iter().enumerate() {
        writer.write_all(written).unwrap();
        playback.advance(Duration::from_millis(*played));
        source.sample(&mut sample).unwrap();
        let counted = sample.totals.seen.both().packets;
        let expected = (Duration::from_millis(*length), *packets);
        assert_eq!((sample.elapsed, counted), expected, "{number}");
        assert!(!sample.last);
    }
    drop(writer);
    // Whatever another test starts has this end of the pipe too, until it is another program.
    while !sample.last {
        source.sample(&mut sample).unwrap();
    }
    assert_eq!(playback.progress(true).file_bytes, None);
}

/// One that nobody has opened yet to write is not at its end.
#[test]
fn a_named_pipe_ends_when_its_writer_has_gone() {
    let pipe = Scratch::pipe();
    let options = Options { local: Local::default(), bytes: Bytes::Ip, max_flows: 10 };
    let pace = Pace { step: Duration::from_secs(1), waits: false };
    let (mut source, playback) = CaptureFile::open(&pipe.0, options, None, pace).unwrap();
    let mut sample = Sample::default();
    for _ in 0..3 {
        playback.advance(Duration::from_secs(1));
        source.sample(&mut sample).unwrap();
        assert_eq!((sample.elapsed, sample.last), (Duration::from_secs(1), false));
    }
    fs::write(&pipe.0, pcap(Little, true, 1, &frames_at(&[0, 3, 5]))).unwrap();
    playback.advance(Duration::from_secs(1));
    let mut counted = 0;
    while !sample.last {
        source.sample(&mut sample).unwrap();
        counted += sample.totals.seen.both().packets;
    }
    assert_eq!(counted, 3);
}

/// iftop's layout, byte by byte.
#[test]
fn text_reports() {
    let run = read(&pcap(Little, false, 1, &frames_at(&[0, 10, 20])), "-t -nN --local 10.0.0.1");
    assert_eq!((run.status, run.errors.as_str()), (Some(0), ""), "{run:?}");
    let (listening, reports) = run.out.split_once('\n').unwrap();
    assert!(listening.starts_with("Listening on /"), "{listening}");
    let mut reports = reports.split_inclusive("====\n\n");
    let first = Report::only(reports.next().unwrap());
    assert_eq!(first.cumulative(), ["200B", "0B", "200B"]);
    let expected = "   1 10.0.0.1                                 =>       800b       800b       800b       200B";
    assert_eq!(first.lines[2], expected);
    let last = Report::only(reports.next().unwrap());
    assert_eq!(last.cumulative(), ["300B", "0B", "300B"]);
    assert_eq!(reports.next(), None);
}
