//! `cargo xtask demo`: all that it promises passes, all of it is counted, and the end of iftop is its end.

use std::{path::Path, process::Command};

use serde_json::Value;

#[test]
#[ignore = "needs root: cargo xtask test"]
fn it_is_lively_and_ends_with_iftop() {
    let xtask = Path::new(env!("CARGO_BIN_EXE_xtask"));
    let iftop = xtask.with_file_name("iftop");
    assert!(iftop.exists(), "it is built by `cargo test --workspace`");
    let mut demo = Command::new(xtask);
    demo.args(["demo", "--program"]).arg(&iftop);
    let output =
        demo.args("-- --json --dns -P --interval 2 --count 3".split(' ')).output().unwrap();
    let [out, errors] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{out}\n{errors}");

    let report: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(report["account"]["unaccounted_bytes"], 0, "{report}");
    let flows = report["flows"].as_array().unwrap();
    let is_there = |address: &str, name: &str, protocol: &str, port: u16| {
        flows.iter().any(|flow| {
            let ends = ["local", "remote"].map(|end| &flow[end]);
            flow["protocol"]["name"] == protocol
                && flow["local"]["name"] == "server.example"
                && flow["remote"]["address"] == address
                && flow["remote"]["name"] == name
                && ends.iter().any(|end| end["port"] == port)
        })
    };
    for (address, name, protocol, port) in [
        ("10.9.0.2", "backup.example", "tcp", 873),
        ("10.9.0.3", "database.example", "tcp", 5432),
        ("10.9.0.4", "phone.example", "udp", 5004),
        ("10.9.0.5", "resolver.example", "udp", 53),
        ("10.9.0.107", "visitor-7.example", "tcp", 80),
        ("fd00:9::2", "mirror.example", "tcp", 443),
        ("fd00:9::3", "logs.example", "udp", 514),
    ] {
        assert!(is_there(address, name, protocol, port), "{name}: {report}");
    }
    assert!(flows.len() > 50, "{}", flows.len());
}
