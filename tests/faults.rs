//! What servers do to a program: `docs/faults.md` lists it, and names a test for each.
//!
//! Here are those of the process and its surroundings. What the kernel and interfaces do stands where
//! counting is tested.

use std::{fs, path::Path, process::Command};

use crate::support::{
    iftop::Iftop,
    net::{Cable, Namespace},
    traffic::{Senders, into, out, udp},
};

mod input;
mod limits;
mod output;
mod privileges;
mod surroundings;
mod table;
mod terminal;
mod time;

/// A run that a shell prepares: `iftop` in the script is the program.
fn by_shell(namespace: &Namespace, script: &str) -> Iftop {
    by_shell_as(namespace, script, env!("CARGO_BIN_EXE_iftop"))
}

/// The same with another file for the program.
fn by_shell_as(namespace: &Namespace, script: &str, program: &str) -> Iftop {
    let mut command = Command::new("sh");
    command.args(["-c", &script.replace("iftop", program)]);
    Iftop::spawn(namespace, command)
}

/// Sends packets both ways; the run, which prints JSON, must count each of them.
fn assert_exact(cable: &Cable, iftop: Iftop) {
    const EACH_WAY: u64 = 100;
    let senders = Senders::new(cable);
    let received = into(&udp("10.9.0.2:4000", "10.9.0.1:53", 100));
    let sent = out(&udp("10.9.0.1:53", "10.9.0.2:4000", 300));
    for _ in 0..EACH_WAY {
        senders.send(&received);
        senders.send(&sent);
    }
    let report = iftop.last_report(2 * EACH_WAY);
    // With headers of 20 and 8 bytes.
    for (side, payload_bytes) in [("received", 100), ("sent", 300)] {
        let total = &report["totals"][side];
        assert_eq!(total["packets"], EACH_WAY, "{side}: {report}");
        assert_eq!(total["bytes"], EACH_WAY * (payload_bytes + 28), "{side}: {report}");
    }
}

/// Calls a function with each source file below a folder.
fn each_source(folder: &Path, function: &mut impl FnMut(&Path)) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            each_source(&path, function);
        } else if path.extension().is_some_and(|it| it == "rs") {
            function(&path);
        }
    }
}
