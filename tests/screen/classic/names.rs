//! Names of hosts and services, cut as they have to be, and what a configuration file says of ports.

use std::fs;

use super::{Both, Part};
use crate::support::{
    etc::Etc,
    net::Cable,
    traffic::{Sent, into, out, udp},
};

const HOSTS: &str = "10.9.0.1 gateway-alpha.internal.example\n\
                     10.9.0.2 a-very-long-host-name.of-somebody.example\n\
                     fd00:9::2 six.example.com\n";

fn traffic() -> Vec<Sent> {
    vec![
        out(&udp("10.9.0.1:40001", "10.9.0.2:53", 3000)),
        into(&udp("[fd00:9::aaaa:bbbb:1]:40001", "[fd00:9::2]:123", 2000)),
        out(&udp("10.9.0.1:40001", "10.9.0.77:40002", 1000)),
        out(&udp("10.9.0.1:40003", "10.9.0.77:40002", 300)),
    ]
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn names_are_cut_as_in_classic_iftop() {
    let cable = Cable::new();
    let etc = Etc::new(&[("nsswitch.conf", "hosts: files\n"), ("hosts", HOSTS)]);
    let both = Both::start(&cable, &etc, "-n -N -m 1M");
    both.send(&traffic());
    both.wait_for("rows", |screen| screen.matches(" => ").count() == 3);
    // (keys, a text that is then there)
    let cases = [
        ("n", "gateway-alpha.internal.ex  => a-very-long-host-name.of-  "),
        ("p", "gateway-alpha.intern:40001 => a-very-long-host-name.o:53 "),
        ("N", "gateway-alpha.intern:40001 => a-very-long-host-na:domain "),
        ("T", "gateway-alpha.in:40001 => a-very-long-hos:domain "),
        ("N", "[six.example.com]:123 "),
        ("n", "10.9.0.1:40001         => 10.9.0.2:53 "),
        ("n", "gateway-alpha.in:40001 => "),
        ("T", "gateway-alpha.intern:40001 => "),
        ("p", "gateway-alpha.internal.ex  => "),
    ];
    for (keys, text) in cases {
        both.keys(keys);
        both.wait_for(text, |screen| screen.contains(text));
        both.wait_until_same(keys, Part::BesideHint);
    }
    // Different: as long as names are wanted, classic iftop takes a number for one and leaves a
    // blank behind it.
    both.send(&[out(&udp("[fd00:9::1]:1", "[2001:db8:1111:2222:3333:4444:5555:6666]:1", 7000))]);
    both.ours.wait_for("address", |screen| screen.contains("=> 2001:db8:1111:2222:3333:44 "));
    both.classic.wait_for("address", |screen| screen.contains("=> 2001:db8:1111:2222:3333:4  "));
    both.keys("n");
    both.wait_for("address", |screen| screen.contains("=> 2001:db8:1111:2222:3333:44 "));
    both.quit();
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_file_says_which_ports_are_shown_as_in_classic_iftop() {
    let cable = Cable::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("iftoprc");
    let options = format!("-n -N -m 1M -c {}", file.display());
    fs::write(&file, "port-display: off\n").unwrap();
    let both = Both::start(&cable, &Etc::new(&[]), &options);
    for (ports, rows) in [("on", 4), ("source-only", 4), ("destination-only", 3)] {
        both.quit();
        fs::write(&file, format!("port-display: {ports}\n")).unwrap();
        both.show(&options);
        both.send(&traffic());
        both.wait_for("rows", |screen| screen.matches(" => ").count() == rows);
        both.wait_until_same(ports, Part::BesideHint);
    }
    both.quit();
}
