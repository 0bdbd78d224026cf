//! Time that jumps, and time in which we do not run.

use std::{fs, path::Path};

use crate::support::{
    iftop::{Iftop, kill},
    net::Cable,
    traffic::{Senders, into, udp},
};

/// Another run, which is not stopped, says when so much time has passed.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn ten_seconds_of_standstill_lose_nothing_and_make_no_rate_higher() {
    const SECONDS: u64 = 10;
    const EACH: u64 = 100;
    // With headers.
    const PACKET_BYTES: u64 = 1000;
    let cable = Cable::new();
    let mut stopped = Iftop::json(&cable.a, "-i va");
    let mut witness = Iftop::json(&cable.a, "-i va");
    let senders = Senders::new(&cable);
    let packet = into(&udp("10.9.0.2:4000", "10.9.0.1:53", 972));
    stopped.report();
    stopped.signal(libc::SIGSTOP);
    for _ in 0..SECONDS {
        (0..EACH).for_each(|_| senders.send(&packet));
        witness.report();
    }
    kill(stopped.id(), libc::SIGCONT);
    let sent = SECONDS * EACH;
    // What was asked for before the standstill may have been answered behind it.
    let report = (0..3)
        .map(|_| stopped.report())
        .find(|report| report["account"]["frames"]["packets"] == sent)
        .unwrap();
    let late = &report["totals"]["received"];
    assert_eq!(late["bytes"], sent * PACKET_BYTES, "{report}");
    // All came in one sample: as of the time that it took, which is a second less at most.
    let rate = late["bits_per_second"]["2s"].as_f64().unwrap();
    let highest = (sent * PACKET_BYTES * 8) as f64 / (SECONDS - 2) as f64;
    assert!(rate > 0.0 && rate <= highest, "{rate} {highest}");
    let peak = late["peak_bits_per_second"].as_f64().unwrap();
    assert!(peak <= highest, "{peak} {highest}");
    for run in [stopped, witness] {
        let report = run.last_report(sent);
        assert_eq!(report["totals"]["received"]["bytes"], sent * PACKET_BYTES, "{report}");
    }
}

/// The time of day is read for the stamp of a report, and for the name of a file. All else is measured by a clock that does
/// not jump, or comes with the packets of a file.
#[test]
fn nothing_is_measured_by_the_time_of_day() {
    let mut users = Vec::new();
    super::each_source(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").as_path(), &mut |path| {
        if fs::read_to_string(path).unwrap().contains("SystemTime::now") {
            users.push(path.file_name().unwrap().to_owned());
        }
    });
    users.sort();
    assert_eq!(users, ["file.rs", "report.rs"]);
}
