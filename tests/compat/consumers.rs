//! Programs that read the text report: what they read out of ours is what was sent.
//!
//! The parsers of `pfSense` and `OPNsense` are written anew here, with the same assumptions on lines and
//! fields; `jc` is the real one.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{
    frame::TCP,
    iftop::Iftop,
    net::{Cable, on_one_cpu},
    report::{Report, Row, value},
    traffic::{Senders, into, out, packet, udp},
};

/// Sends what both hosts say to each other, and something over IPv6.
fn talk(cable: &Cable) {
    let senders = Senders::new(cable);
    let frames = [
        (4, into(&packet(TCP, "10.9.0.2:40000", "10.9.0.1:443", 1172))),
        (2, out(&packet(TCP, "10.9.0.1:443", "10.9.0.2:40000", 72))),
        (1, into(&udp("[fd00:9::2]:40001", "[fd00:9::1]:53", 52))),
        (2, out(&udp("[fd00:9::1]:53", "[fd00:9::2]:40001", 352))),
    ];
    on_one_cpu(|| {
        for (times, sent) in &frames {
            (0..*times).for_each(|_| senders.send(sent));
        }
    });
}

/// Bytes by `talk`: left, right, sent, received. The greater rate comes first.
const TALK: [(&str, &str, u32, u32); 2] =
    [("10.9.0.1", "10.9.0.2", 2 * 100, 4 * 1200), ("fd00:9::1", "fd00:9::2", 2 * 400, 100)];

/// All that our program prints about it, stderr first.
fn report_on_talk(options: &str) -> (String, String) {
    let cable = Cable::with_addresses();
    let mut iftop = Iftop::start(&cable.a, options);
    iftop.wait_until_listening();
    talk(&cable);
    let end = iftop.end();
    assert_eq!(end.status.code(), Some(0), "{end:?}");
    // It was read by the wait.
    (end.errors, format!("Listening on va\n{}", end.out))
}

/// What a program prints when it reads a text.
fn pipe(text: &str, program: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask setup`", program.display()));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A program of the Python environment that `cargo xtask setup` makes in the target folder.
fn python_program(name: &str) -> PathBuf {
    let folders = Path::new(env!("CARGO_TARGET_TMPDIR")).ancestors();
    let mut programs = folders.map(|folder| folder.join("jc/bin").join(name));
    programs.find(|program| program.exists()).expect("no jc: run `cargo xtask setup`")
}

/// A rate of a report that was made two seconds or a little later after the start, less than a
/// percent off as printed, against the bytes that were sent.
fn assert_rate(bits_per_second: f64, bytes: u32, what: &str) {
    let most = f64::from(bytes) * 8.0 / 2.0;
    let likely = most / 2.0..=most * 1.01;
    assert!(likely.contains(&bits_per_second), "{what}: {bits_per_second}, not in {likely:?}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn opnsense_reads_our_report() {
    let (_, report) = report_on_talk("-nNb -i va -s 2 -t");
    let script = include_str!("consumers/opnsense.py");
    let read = pipe(&report, &python_program("python3"), &["-c", script]);
    let hosts: Vec<Vec<&str>> = read.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(hosts.len(), TALK.len(), "{read}");
    for (host, (_, right, sent, received)) in hosts.iter().zip(TALK) {
        assert_eq!(host[0], right);
        let numbers: Vec<f64> = host[1..].iter().map(|text| text.parse().unwrap()).collect();
        for (bits, bytes) in [(numbers[0], sent), (numbers[1], received)] {
            // Its thousand is our 1024.
            let factor = if bits < 1000.0 { 1.0 } else { 1.024 };
            assert_rate(bits * factor, bytes, right);
        }
        for (read, bytes) in [(numbers[2], sent), (numbers[3], received)] {
            let exact = f64::from(bytes);
            let printed = if bytes < 1000 { exact } else { exact / 1.024 };
            assert!((read - printed).abs() <= printed * 0.01, "{right}: {read}, not {printed}");
        }
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn pfsense_reads_our_report() {
    let cable = Cable::new();
    let mut iftop = Iftop::start(&cable.a, "-nNb -i va -s 3 -o 2s -t");
    iftop.wait_until_listening();
    // It looks at the last two seconds of three, so that the traffic must go on.
    let mut talks = 0_u32;
    while iftop.is_running() {
        talk(&cable);
        talks += 1;
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let end = iftop.end();
    assert_eq!(end.status.code(), Some(0), "{end:?}");
    let script = include_str!("consumers/pfsense.awk");
    let read = pipe(&end.out, Path::new("awk"), &[script]);
    let rows = Report::only(&end.out).rows();
    let printed = rows.iter().map(|Row { left, right, sent, received }| {
        let [sent, received] = [sent, received].map(|texts| value(&texts[0]));
        format!("{left};{right};{sent:.0};{received:.0}\n")
    });
    assert_eq!(read, printed.collect::<String>());
    assert_eq!(rows.len(), TALK.len());
    for (line, (left, right, sent, received)) in read.lines().zip(TALK) {
        let words: Vec<_> = line.split(';').collect();
        assert_eq!(words[..2], [left, right]);
        for (bits, bytes) in [(words[2], sent), (words[3], received)] {
            let talks_in_window = bits.parse::<f64>().unwrap() * 2.0 / 8.0 / f64::from(bytes);
            assert!(
                (1.0..=f64::from(talks) * 1.01).contains(&talks_in_window),
                "{line}: {talks_in_window} of {talks} talks"
            );
        }
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn jc_reads_our_report() {
    let (errors, report) = report_on_talk("-nNP -B -i va -s 2 -t");
    let read = pipe(&(errors + &report), &python_program("jc"), &["--iftop"]);
    let read: Value = serde_json::from_str(&read).unwrap();
    let [read] = read.as_array().unwrap().as_slice() else { panic!("one report, not {read}") };
    assert_eq!(read["device"], "va");
    assert_eq!(read["ip_address"], "10.9.0.1");
    assert_eq!(read["mac_address"], "02:00:00:00:00:0a");
    let clients: Vec<_> = read["clients"].as_array().unwrap().iter().collect();
    // (host, port, bytes, what it makes of them: it takes 4.69KB as 4690)
    let expected = [
        [("10.9.0.1", "443", 200, 200), ("10.9.0.2", "40000", 4800, 4690)],
        [("[fd00:9::1]", "53", 800, 800), ("[fd00:9::2]", "40001", 100, 100)],
    ];
    assert_eq!(clients.len(), expected.len(), "{read}");
    for ((index, client), ends) in (1..).zip(clients).zip(expected) {
        assert_eq!(client["index"], index);
        let connections = client["connections"].as_array().unwrap();
        assert_eq!(connections.len(), 2, "{client}");
        for ((connection, end), direction) in connections.iter().zip(ends).zip(["send", "receive"])
        {
            let (host, port, bytes, as_read) = end;
            let named = ["host_name", "host_port", "direction", "cumulative"]
                .map(|name| connection[name].clone());
            assert_eq!(named, [json!(host), json!(port), json!(direction), json!(as_read)]);
            for window in WINDOWS {
                assert_rate(bits(&connection[window]), bytes, window);
            }
        }
    }
    for (name, bytes) in [
        ("total_send_rate", 1000),
        ("total_receive_rate", 4900),
        ("total_send_and_receive_rate", 5900),
    ] {
        for window in WINDOWS {
            assert_rate(bits(&read[name][window]), bytes, name);
        }
    }
    // Its names of the last two lines' columns are those of the lines above.
    for (window, bytes) in WINDOWS.into_iter().zip([1000, 4900, 5900]) {
        assert_rate(bits(&read["peak_rate"][window]), bytes, "peak");
    }
    let cumulative = json!({ "last_2s": 980, "last_10s": 4790, "last_40s": 5760 });
    assert_eq!(read["cumulative_rate"], cumulative);
}

const WINDOWS: [&str; 3] = ["last_2s", "last_10s", "last_40s"];

/// A rate in bytes a second as `jc` reads it, whose thousand is our 1024.
fn bits(rate: &Value) -> f64 {
    let bytes = rate.as_f64().unwrap();
    8.0 * bytes * if bytes < 1000.0 { 1.0 } else { 1.024 }
}
