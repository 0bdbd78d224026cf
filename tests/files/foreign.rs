//! Files that nobody here wrote: those that packages of Rust carry, those that editcap makes of them,
//! and what is left of them when they are cut off. Whatever tshark reads of a file, iftop does.

use std::path::PathBuf;

use super::*;
use crate::support::tshark::{self, Reading, Ways};

/// Packages, and how many captures each carries at least.
const PACKAGES: [(&str, usize); 3] = [("pcap", 2), ("pcap-parser", 11), ("pdu", 18)];
/// One with tags, tunnels and what is no IP, and one with several kinds of blocks.
const PCAP: (&str, &str) = ("pdu", "nb6-startup.pcap");
const PCAPNG: (&str, &str) = ("pcap-parser", "wireshark_samples-test.pcapng");

#[test]
pub fn carried_by_packages() {
    for (package, at_least) in PACKAGES {
        let files = carried_by(package);
        assert!(files.len() >= at_least, "{package}: {files:?}");
        let packets: u64 = files.iter().map(|file| assert_same(file).frames.0).sum();
        assert!(packets >= at_least as u64, "{package}");
    }
}

#[test]
fn written_by_editcap() {
    let options = [
        "-F pcap",
        "-F nsecpcap",
        "-F modpcap",
        "-F pcapng",
        "-F pcap -s 60",
        "-F nsecpcap -s 60",
        "-F pcapng -s 60",
    ];
    for (package, name) in [PCAP, PCAPNG] {
        let original = find(package, name);
        let before = tshark::read(&original);
        for options in options {
            let reading = assert_same(&editcap(options, &original).0);
            // Frames were as long as they are, however much of them was kept.
            assert_eq!(reading.frames, before.frames, "{name} {options}");
        }
    }
}

#[test]
fn without_a_link_header() {
    let original = find("pcap-parser", "ntp.pcap");
    for link in ["rawip", "rawip4"] {
        let file = editcap(&format!("-C 14 -L -T {link}"), &original);
        let reading = assert_same(&file.0);
        // All of it is IP.
        let sum = |sum: (u64, u64), way: &(u64, u64)| (sum.0 + way.0, sum.1 + way.1);
        assert_eq!(reading.frames, reading.ways.values().fold((0, 0), sum), "{link}");
        assert_eq!(reading.frames.0, 12, "{link}");
    }
}

#[test]
fn link_types_that_are_refused() {
    // As editcap and as iftop call them.
    let cases = [
        ("ieee-802-11-radiotap", "link type 127 (IEEE 802.11 with radiotap header)"),
        ("ieee-802-11", "link type 105 (IEEE 802.11)"),
        ("tr", "link type 6 (Token Ring)"),
        ("docsis", "link type 143 (DOCSIS)"),
        ("user0", "link type 147 (private use 0)"),
        ("slip", "link type 8 (SLIP)"),
        ("chdlc", "link type 104 (Cisco HDLC)"),
        ("vsock", "link type 271 (vsock)"),
        ("user13", "link type 160 "),
    ];
    let original = find(PCAP.0, PCAP.1);
    for (theirs, ours) in cases {
        for format in ["pcap", "pcapng"] {
            let file = editcap(&format!("-F {format} -T {theirs}"), &original);
            let run = run(program(file.0.to_str().unwrap(), "--json"), &[]);
            assert_eq!(run.status, Some(1), "{theirs}: {run:?}");
            assert!(run.errors.contains(ours), "{theirs}: {}", run.errors);
            assert!(run.reports().iter().all(|report| packets(report, "frames") == 0), "{theirs}");
        }
    }
}

#[test]
fn cut_off_somewhere() {
    let mut random = fastrand::Rng::with_seed(11);
    for (package, name) in [PCAP, PCAPNG] {
        let whole = fs::read(find(package, name)).unwrap();
        for _ in 0..6 {
            let length = random.usize(1000..whole.len());
            let file = Scratch::new(&whole[..length]);
            let reading = assert_same(&file.0);
            // Where that is no longer so, another seed helps.
            assert!(reading.is_cut, "{name}: {length} is between two packets");
            let errors = run(program(file.0.to_str().unwrap(), "--json"), &[]).errors;
            assert!(errors.contains(&format!("cut off at byte {length}")), "{name}: {errors}");
        }
    }
}

/// Totals, time, and packets and bytes from each address to each are what tshark says; which it
/// returns.
pub(super) fn assert_same(file: &Path) -> Reading {
    let (theirs, name) = (tshark::read(file), file.display());
    // No interval is so long that a flow would be left out in it, and no kind of address is.
    let run = run(program(file.to_str().unwrap(), "--json -l --interval 10"), &[]);
    assert_eq!(run.status, Some(theirs.is_cut.into()), "{name}: {}", run.errors);
    let reports = run.reports();
    let last = reports.last().unwrap_or_else(|| panic!("{name}: {}", run.errors));
    assert_eq!((packets(last, "frames"), bytes(last, "frames")), theirs.frames, "{name}");
    for nothing in ["other", "excluded", "filtered"] {
        assert_eq!(packets(last, nothing), 0, "{name}: {nothing}");
    }
    assert_eq!(last["elapsed_seconds"], theirs.elapsed.as_secs_f64(), "{name}");
    let ours = ways(&reports);
    for way in ours.keys().chain(theirs.ways.keys()) {
        assert_eq!(ours.get(way), theirs.ways.get(way), "{name}: {way:?}");
    }
    theirs
}

/// What all reports together say of each two addresses.
fn ways(reports: &[Value]) -> Ways {
    let mut ways = Ways::new();
    for flow in reports.iter().flat_map(|report| report["flows"].as_array().unwrap()) {
        let [local, remote] =
            ["local", "remote"].map(|end| flow[end]["address"].as_str().unwrap().parse().unwrap());
        for (way, side) in [((local, remote), "sent"), ((remote, local), "received")] {
            let count = |unit: &str| flow[side]["interval"][unit].as_u64().unwrap();
            if count("packets") > 0 {
                let sum = ways.entry(way).or_default();
                *sum = (sum.0 + count("packets"), sum.1 + count("bytes"));
            }
        }
    }
    ways
}

/// The captures in the source of a package that this one depends on.
pub fn carried_by(package: &str) -> Vec<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked"]);
    // What building needed is there; what only other platforms need is not.
    cargo.args(["--offline", "--filter-platform", "host-tuple", "--manifest-path"]);
    cargo.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let found = packages.iter().find(|candidate| candidate["name"] == package);
    let manifest = found.unwrap_or_else(|| panic!("no package {package}"));
    let manifest = Path::new(manifest["manifest_path"].as_str().unwrap());
    let mut files = captures_below(manifest.parent().unwrap());
    files.sort();
    files
}

fn captures_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| match path.extension().and_then(|it| it.to_str()) {
        _ if path.is_dir() => captures_below(&path),
        Some("pcap" | "pcapng" | "cap" | "ntar") => vec![path],
        _ => vec![],
    });
    found.collect()
}

fn find(package: &str, name: &str) -> PathBuf {
    let mut files = carried_by(package).into_iter();
    let file = files.find(|file| file.ends_with(name));
    file.unwrap_or_else(|| panic!("no {name} in {package}"))
}

/// What it makes of a file.
fn editcap(options: &str, file: &Path) -> Scratch {
    let made = Scratch::new(&[]);
    let mut command = Command::new("editcap");
    command.env("WIRESHARK_CONFIG_DIR", "/nonexistent");
    command.args(options.split_whitespace()).arg(file).arg(&made.0);
    let output = command.output().unwrap_or_else(|error| panic!("editcap: {error}"));
    assert!(output.status.success(), "{options}: {}", String::from_utf8_lossy(&output.stderr));
    made
}
