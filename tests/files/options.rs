//! What can be asked for together with a file, and what cannot.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    os::unix::process::CommandExt as _,
    process::Child,
};

use super::*;
use crate::support::{
    capture::{Order::Little, pcap},
    iftop::kill,
};

#[test]
fn what_does_not_go_together_is_refused() {
    let file = pcap(Little, false, 1, &frames_at(&[0]));
    let cases = [
        ("-i eth0", "'--read <FILE>' cannot be used with '--interface"),
        ("-p", "cannot be used with '--promiscuous'"),
        ("--hook tcx", "cannot be used with '--hook"),
        ("--source pcap", "cannot be used with '--source"),
        ("--table flat", "cannot be used with '--table"),
        ("-t --speed 2", "--speed is for the live table: reports come as fast as"),
        ("--json --speed 2", "--speed is for the live table"),
        ("--speed 0", "it takes a number, 0.01 to 10000"),
        ("--local eth0", "it takes addresses, networks as 10.0.0.0/8, and hardware addresses"),
        ("--local 10.0.0.0/33", "the length of an IPv4 prefix is 0 to 32"),
    ];
    for (options, expected) in cases {
        let run = read(&file, options);
        assert_eq!((run.status, run.out.as_str()), (Some(1), ""), "{options}");
        assert!(run.errors.contains(expected), "{options}: {}", run.errors);
    }
    for options in ["--local 10.0.0.1", "--speed 2"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
        command.args(options.split_whitespace());
        let run = run(command, &[]);
        assert!(run.errors.contains("--read <FILE>"), "{options}: {}", run.errors);
    }
}

/// Neither a network nor any right is needed.
#[test]
fn anybody_may() {
    let file = pcap(Little, false, 1, &frames_at(&[0, 30]));
    let mut command = program("-", "--json --bytes wire --max-flows 1");
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    let run = run(command, &file);
    let report = run.last();
    assert_eq!((packets(&report, "seen"), bytes(&report, "seen")), (2, 2 * (114 + 24)));
    assert_eq!(report["bytes"], "wire");
    for name in ["covered", "covered_since_start"] {
        assert_eq!(report[name], Value::Null);
    }
    assert_eq!(report["cost"]["cpu_percent"], Value::Null);
    assert_eq!(
        (&report["losses"]["interface"], &report["losses"]["queue"]),
        (&Value::Null, &Value::Null)
    );
}

/// A pipe from which nothing comes holds nobody up who is wanted gone.
#[test]
fn a_silent_pipe_is_not_waited_for() {
    let file = pcap(Little, false, 1, &frames_at(&[0, 10]));
    for (sent, signal, status) in
        [(0, libc::SIGTERM, 143), (20, libc::SIGTERM, 143), (file.len(), libc::SIGINT, 0)]
    {
        let mut command = program("-", "--json");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(&file[..sent]).unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        errors.read_line(&mut said).unwrap();
        assert_eq!(said, "Listening on -\n");
        kill(child.id(), signal);
        assert_eq!(child.wait().unwrap().code(), Some(status));
        let mut out = String::new();
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        out.lines().map(checked).for_each(drop);
        drop(pipe);
    }
}

/// A pipe with a name that nobody has opened yet to write, and the program that is to read it.
fn on_a_named_pipe() -> (Scratch, Child) {
    let pipe = Scratch::pipe();
    let mut command = program(pipe.0.to_str().unwrap(), "--json");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, format!("Listening on {}\n", pipe.0.display()));
    (pipe, child)
}

#[test]
fn a_named_pipe_without_a_writer_is_not_waited_for() {
    for (signal, status) in [(libc::SIGTERM, 143), (libc::SIGINT, 0)] {
        let (_pipe, mut child) = on_a_named_pipe();
        kill(child.id(), signal);
        assert_eq!(child.wait().unwrap().code(), Some(status));
    }
}

/// What comes late, and not all at once, is no end.
#[test]
fn a_named_pipe_may_be_written_to_later() {
    let frames = frames_at(&(0..1000).collect::<Vec<_>>());
    let file = pcap(Little, false, 1, &frames);
    assert!(file.len() > 1 << 16, "more than a pipe holds");
    for first in [0, 20, 1000] {
        let (pipe, child) = on_a_named_pipe();
        let mut writer = fs::File::options().write(true).open(&pipe.0).unwrap();
        writer.write_all(&file[..first]).unwrap();
        writer.write_all(&file[first..]).unwrap();
        drop(writer);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let out = String::from_utf8(output.stdout).unwrap();
        assert_eq!(packets(&checked(out.lines().last().unwrap()), "seen"), 1000);
    }
}
