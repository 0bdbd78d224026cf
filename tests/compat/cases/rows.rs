//! Which rows there are, in which order, and what stands in them.

use super::{Case, Same, case, check};
use crate::support::{
    frame::TCP,
    traffic::{Sent, into, out, packet, udp},
};

const ICMP: u8 = 1;

#[test]
#[ignore = "needs root: cargo xtask test"]
fn rows_are_those_of_classic_iftop() {
    check(&cases());
}

fn cases() -> Vec<Case> {
    let three = || {
        vec![
            into(&packet(TCP, "10.9.0.2:40000", "10.9.0.1:80", 92)),
            out(&packet(TCP, "10.9.0.1:80", "10.9.0.2:40000", 62)),
            into(&udp("10.9.0.2:40000", "10.9.0.1:80", 52)),
            into(&packet(ICMP, "10.9.0.2:2048", "10.9.0.1:0", 22)),
            out(&packet(ICMP, "10.9.0.1:0", "10.9.0.2:0", 22)),
        ]
    };
    let long = || {
        let host = "[2001:db8:1111:2222:3333:4444:5555:6666]:53";
        vec![into(&udp(host, "[fd00:9::1]:40000", 52))]
    };
    let hosts: fn() -> Vec<Sent> = || {
        vec![
            into(&udp("10.9.0.7:1", "10.0.0.2:2", 192)),
            into(&udp("10.9.0.10:1", "10.0.0.10:2", 52)),
            into(&udp("[fd00:9::2]:1", "[fd00:9::5]:2", 72)),
            // Two of one host: the greater rate first.
            into(&udp("10.9.0.8:1", "10.0.0.2:3", 92)),
            into(&udp("10.9.0.9:1", "10.0.0.2:3", 142)),
        ]
    };
    vec![
        case("16", "-N", three(), &["10.9.0.1 10.9.0.2 140 250"], Same),
        case(
            "16",
            "-N -P",
            three(),
            &[
                "10.9.0.1:80 10.9.0.2:40000 90 120",
                "10.9.0.1 10.9.0.2 50 50",
                "10.9.0.1:80 10.9.0.2:40000 0 80",
            ],
            Same,
        ),
        case(
            "18",
            "-N -P",
            long(),
            &["[fd00:9::1]:40000 [2001:db8:1111:2222:3333:4444:5555:66:53 0 100"],
            Same,
        ),
        case("18", "-N", long(), &["fd00:9::1 2001:db8:1111:2222:3333:4444:5555:6666 0 100"], Same),
        case(
            "25",
            "-N -o source",
            hosts(),
            &[
                "10.0.0.10 10.9.0.10 0 80",
                "10.0.0.2 10.9.0.7 0 220",
                "10.0.0.2 10.9.0.9 0 170",
                "10.0.0.2 10.9.0.8 0 120",
                "fd00:9::5 fd00:9::2 0 120",
            ],
            Same,
        ),
        case(
            "25",
            "-N -o destination",
            hosts(),
            &[
                "10.0.0.10 10.9.0.10 0 80",
                "10.0.0.2 10.9.0.7 0 220",
                "10.0.0.2 10.9.0.8 0 120",
                "10.0.0.2 10.9.0.9 0 170",
                "fd00:9::5 fd00:9::2 0 120",
            ],
            Same,
        ),
        case("26", "-N -L 1", hosts(), &["10.0.0.2 10.9.0.7 0 220"], Same).totals(0, 710),
        case("26", "-N -L 0", hosts(), &[], Same).totals(0, 710),
    ]
}
