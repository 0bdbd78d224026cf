//! The examples of the library, run as the programs that they are.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{
    capture::{Order::Little, Packet, pcap},
    net::Cable,
    scratch::Scratch,
    traffic::{Senders, into, out, udp},
};

/// IP and UDP headers.
const HEADER_BYTES: usize = 28;

/// `cargo test` builds them beside the program, where it is not told to build one test alone.
fn example(name: &str) -> Command {
    let path = Path::new(env!("CARGO_BIN_EXE_iftop")).with_file_name("examples").join(name);
    assert!(path.exists(), "first: cargo build -p iftop-user --examples");
    Command::new(path)
}

fn line(bytes: usize, packets: usize, what: &str) -> String {
    format!("{bytes:>12} bytes {packets:>9} packets  {what}\n")
}

/// More pairs than are shown, the largest first and then nothing for a minute: it is remembered.
#[test]
fn top_talkers_of_a_capture() {
    let mut packets = Vec::new();
    let (mut expected, mut all) = (String::new(), 0);
    for count in (1..=12).rev() {
        let packet = udp("10.0.0.1:40000", &format!("10.0.1.{count}:53"), 100 - HEADER_BYTES);
        packets.extend((0..count).map(|_| Packet::new(60_000_000_000 * (13 - count), &packet)));
        let count = usize::try_from(count).unwrap();
        all += count;
        if count > 2 {
            let who = format!("10.0.1.{count} <=> 10.0.0.1");
            expected += &line(100 * count, count, &who);
        }
    }
    expected += &line(100 * all, all, "in all");
    let file = Scratch::new(&pcap(Little, true, 101, &packets));
    let output = example("top_talkers_of_a_capture").arg(&file.0).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);

    let output = example("top_talkers_of_a_capture").arg("/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere"), "{output:?}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn top_talkers_of_an_interface() {
    let cable = Cable::new();
    let senders = Senders::new(&cable);
    let mut command = example("top_talkers_of_an_interface");
    command.args(["va", "2"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    cable.a.enter(&mut command, None);
    let mut child = command.spawn().unwrap();
    let mut said = String::new();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    errors.read_line(&mut said).unwrap();
    assert_eq!(said, "counting\n");
    for _ in 0..300 {
        senders.send(&out(&udp("10.9.0.1:5000", "10.9.0.2:53", 1000)));
    }
    for _ in 0..200 {
        senders.send(&into(&udp("10.9.0.2:53", "10.9.0.1:5000", 500)));
        senders.send(&into(&udp("[fd00:9::2]:53", "[fd00:9::1]:5000", 700)));
    }
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(child.wait().unwrap().success());
    let v4 = 300 * (HEADER_BYTES + 1000) + 200 * (HEADER_BYTES + 500);
    let v6 = 200 * (HEADER_BYTES + 20 + 700);
    let expected = [
        line(v4, 500, "10.9.0.1 <=> 10.9.0.2"),
        line(v6, 200, "fd00:9::1 <=> fd00:9::2"),
        line(v4 + v6, 700, "in all"),
    ];
    assert_eq!(printed, expected.concat());
    assert!(!cable.a.command("tc", "qdisc show dev va").contains("clsact"), "nothing is left");
}
