//! Part `files`: how fast a capture file is read, beside other programs on the same file, each on one CPU.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::PathBuf,
    process,
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    Effort,
    frame::{self, UDP, V4},
    outcome::{
        figure::{Figure, Unit},
        report::{Part, Table},
        stats::Spread,
    },
    packet::{FROM, TO},
    program::{Output, Program},
    wire::Wire,
};

const IFTOP: &str = env!("CARGO_BIN_EXE_iftop");
const FLOWS: u32 = 7_000;
/// Three million packets a second are one in so many nanoseconds.
const GOAL_NS: f64 = 1e9 / 3e6;

pub fn measure(effort: &Effort) -> Result<(Part, Vec<Figure>)> {
    let wire = Wire::new()?;
    let capture = Capture::write(effort.file_packets)?;
    let path = capture.0.display();
    // Each as it is used to learn the same of a file, or the least that it can do.
    let readers = [
        ("iftop, JSON", format!("{IFTOP} --json -n -r {path}")),
        ("iftop, a filter", format!("{IFTOP} --json -n -r {path} -f udp")),
        ("tcpdump, a filter that takes none", format!("tcpdump -n -r {path} tcp")),
        ("tcpdump, a line each", format!("tcpdump -n -q -r {path}")),
        ("tshark, conversations", format!("tshark -n -q -z conv,udp -r {path}")),
    ];
    let mut times = vec![Vec::new(); readers.len()];
    for _ in 0..effort.starts {
        for ((name, words), times) in readers.iter().zip(&mut times) {
            let program = Program::start(wire.inside(), words, Output::OnlyErrors)?;
            let started = program.started();
            let (status, said) = program.end().with_context(|| (*name).to_owned())?;
            ensure!(status.success(), "{name}: {status}: {said}");
            let elapsed_ns = started.elapsed().as_secs_f64() * 1e9;
            times.push(elapsed_ns / f64::from(effort.file_packets));
        }
    }
    let title = format!("{} packets of 60 bytes in {FLOWS} flows", effort.file_packets);
    let mut table = Table::new(&title, &["ns a packet"]);
    let spreads: Vec<_> = times.iter().map(|times| Spread::of(times)).collect();
    for ((name, _), spread) in readers.iter().zip(&spreads) {
        table.row(*name, vec![(*spread).into()]);
    }
    let ours = spreads.first().copied().flatten().map(|spread| spread.median);
    let figures =
        vec![Figure::new("reading a capture file, a packet", GOAL_NS, Unit::Nanoseconds, ours)];
    Ok((Part { name: "files", tables: vec![table] }, figures))
}

/// A file that goes with the value.
struct Capture(PathBuf);

impl Capture {
    /// So many packets, a microsecond apart.
    fn write(packets: u32) -> Result<Self> {
        let name = format!("iftop-bench-{}.pcap", process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let file = File::create(&path).with_context(|| format!("make {}", path.display()))?;
        let capture = Self(path);
        let mut file = BufWriter::new(file);
        // Magic number, version 2.4, zone and accuracy, snaplen, Ethernet.
        let head: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, 1];
        file.write_all(&head.map(u32::to_ne_bytes).concat())?;
        for number in 0..packets {
            let frame = packet(number % FLOWS);
            let length = u32::try_from(frame.len())?;
            let record = [1_700_000_000 + number / 1_000_000, number % 1_000_000, length, length];
            file.write_all(&record.map(u32::to_ne_bytes).concat())?;
            file.write_all(&frame)?;
        }
        file.flush()?;
        Ok(capture)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // What is left lies in the target folder.
        let _ = fs::remove_file(&self.0);
    }
}

fn packet(flow: u32) -> Vec<u8> {
    let [_, _, high, low] = flow.to_be_bytes();
    let (source, destination) = ([10, 9, high, low].into(), [192, 0, 2, 1].into());
    let packet = V4 { source, destination, protocol: UDP, options: &[], fragment: 0 };
    frame::ethernet(TO, FROM, &[], 0x0800, &packet.packet(&frame::udp(4000, 53, 18)))
}
