//! Whose packet it is: which host stands left, and what counts as sent.

use super::{Case, Different, Same, case, check};
use crate::support::traffic::{into, out, to_mac, udp};

#[test]
#[ignore = "needs root: cargo xtask test"]
fn hosts_stand_where_classic_iftop_has_them() {
    check(&cases());
}

const BROADCAST: [u8; 6] = [0xff; 6];
const OTHER: [u8; 6] = [2, 0, 0, 0, 0, 0xc];

/// The Ethernet address of the group `224.0.0.LAST`.
const fn group(last: u8) -> [u8; 6] {
    [1, 0, 0x5e, 0, 0, last]
}

const GROUP6: [u8; 6] = [0x33, 0x33, 0, 0, 0, 0xfb];

fn cases() -> Vec<Case> {
    let to_group6 = || to_mac(GROUP6, &udp("[fd00:9::2]:5353", "[ff02::fb]:5353", 40));
    let link_local = || vec![into(&udp("[fe80::1]:1", "[fd00:9::1]:2", 60))];
    let nets = || {
        vec![
            into(&udp("10.9.0.2:1", "10.9.0.1:2", 10)),
            into(&udp("192.0.2.1:1", "10.9.0.1:2", 20)),
            out(&udp("10.9.0.1:2", "192.0.2.1:1", 30)),
            into(&udp("10.9.0.3:3", "192.0.2.3:4", 25)),
            into(&udp("192.0.2.1:1", "192.0.2.2:2", 40)),
            into(&udp("[2001:db8::1]:1", "[fd00:9::1]:2", 52)),
        ]
    };
    let inside = &[
        "10.9.0.1:2 192.0.2.1:1 58 48",
        "[fd00:9::1]:2 [2001:db8::1]:1 0 100",
        "10.9.0.3:3 192.0.2.3:4 53 0",
    ];
    vec![
        case(
            "5",
            "-N -P",
            vec![to_mac(BROADCAST, &udp("10.9.0.2:137", "10.9.0.255:137", 50))],
            &["10.9.0.255:137 10.9.0.2:137 0 78"],
            Same,
        ),
        case(
            "6",
            "-N -P",
            vec![to_mac(group(251), &udp("10.9.0.2:5353", "224.0.0.251:5353", 50)), to_group6()],
            &["[ff02::fb]:5353 [fd00:9::2]:5353 0 88", "224.0.0.251:5353 10.9.0.2:5353 0 78"],
            Same,
        ),
        case(
            "6",
            "-N -P",
            vec![to_mac(group(1), &udp("10.9.0.2:5353", "224.0.0.1:5353", 50))],
            &["224.0.0.1:5353 10.9.0.2:5353 0 78"],
            Different("every group stands left, whatever its last byte"),
        ),
        case(
            "7",
            "-N -P",
            vec![
                to_mac(OTHER, &udp("192.0.2.1:1000", "192.0.2.9:2000", 100)),
                to_mac(OTHER, &udp("192.0.2.9:2000", "192.0.2.1:1000", 200)),
            ],
            &["192.0.2.9:2000 192.0.2.1:1000 228 128"],
            Same,
        )
        .totals(0, 356),
        case(
            "8",
            "-N -P",
            vec![to_mac(OTHER, &udp("[2001:db8::1]:1000", "[2001:db8::9]:2000", 100))],
            &["[2001:db8::9]:2000 [2001:db8::1]:1000 0 148"],
            Different("IPv6 between others is counted as IPv4 is"),
        ),
        case("9", "-N -P", link_local(), &[], Same),
        case("9", "-N -P -l", link_local(), &["[fd00:9::1]:2 [fe80::1]:1 0 108"], Same),
        case(
            "12",
            "-N -P",
            vec![
                into(&udp("172.16.5.5:1", "172.16.6.6:2", 92)),
                out(&udp("172.16.7.7:3", "172.16.8.8:4", 32)),
            ],
            &["172.16.6.6:2 172.16.5.5:1 0 120", "172.16.7.7:3 172.16.8.8:4 60 0"],
            Same,
        ),
        case("13", "-N -P -F 10.9.0.0/24", nets(), inside, Same),
        case("13", "-N -P -F 10.9.0.0/255.255.255.0", nets(), inside, Same),
        case(
            "14",
            "-N -P -G fd00:9::/64",
            vec![
                into(&udp("[2001:db8::1]:1", "[fd00:9::1]:2", 52)),
                to_group6(),
                into(&udp("[fd00:9::2]:1", "[fd00:9::1]:2", 20)),
                into(&udp("10.9.0.2:1", "10.9.0.1:2", 32)),
            ],
            &[
                "[fd00:9::1]:2 [2001:db8::1]:1 0 100",
                "[fd00:9::2]:5353 [ff02::fb]:5353 88 0",
                "10.9.0.1:2 10.9.0.2:1 0 60",
            ],
            Same,
        ),
        case(
            "14",
            "-N -P -G 2000::/3",
            vec![into(&udp("[2001:db8::1]:1", "[fd00:9::1]:2", 52))],
            &["[2001:db8::1]:1 [fd00:9::1]:2 100 0"],
            Different("a prefix shorter than 16 bits is what it says"),
        ),
    ]
}
