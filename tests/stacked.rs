//! End to end: interfaces that stand on others. Each by itself counts what passes it, to the byte and packet,
//! and `-i any` counts a packet at each that it passes.

use std::{net::UdpSocket, process::Command};

use serde_json::Value;

use crate::support::{
    frame,
    iftop::Iftop,
    kernel,
    net::{Cable, PacketSocket, VA_MAC, VB_MAC},
    traffic::udp,
};

/// Packets, received and sent.
const RECEIVED: u64 = 5;
const SENT: u64 = 3;
const UPPER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0xc];

/// Puts `upper` onto `va` by commands of `ip`; whether the kernel has what that needs.
fn put_upon(cable: &Cable, commands: &[&str]) -> bool {
    let made = commands.iter().all(|arguments| {
        let mut command = Command::new("ip");
        command.args(arguments.split_whitespace());
        cable.a.enter(&mut command, None);
        command.status().unwrap().success()
    });
    // There the modules are.
    assert!(made || !kernel::is_in_vm(), "{commands:?}");
    made && cable.a.ip("link set upper up").is_empty()
}

/// Where `-i any` is to be had, that too. (Of what a packet socket sends, older kernels do not tell it the
/// protocol.)
fn start<const N: usize>(cable: &Cable, interfaces: [&str; N]) -> [Option<Iftop>; N] {
    interfaces.map(|name| {
        let is_there = name != "any" || cfg!(feature = "pcap") && !kernel::is_in_vm();
        is_there.then(|| Iftop::json(&cable.a, &format!("-i {name} -P")))
    })
}

/// Bytes and packets, received and sent.
fn totals(report: &Value) -> [[u64; 2]; 2] {
    ["received", "sent"]
        .map(|side| ["bytes", "packets"].map(|unit| report["totals"][side][unit].as_u64().unwrap()))
}

fn flows(report: &Value) -> &[Value] {
    report["flows"].as_array().unwrap()
}

/// The same packets at both: with these tags the neighbour sends them to this address.
fn is_exact_at_both(commands: &[&str], mac: [u8; 6], tags: &[(u16, u16)]) {
    let cable = Cable::new();
    if !put_upon(&cable, commands) {
        println!("this kernel has no such interfaces: {commands:?}");
        return;
    }
    let runs = start(&cable, ["upper", "va", "any"]);
    let (wire, upper) = (cable.sender_at_vb(), sender_at(&cable, "upper"));
    let received = udp("10.9.0.2:4000", "10.9.0.1:53", 100);
    let sent = udp("10.9.0.1:53", "10.9.0.2:4000", 300);
    (0..RECEIVED).for_each(|_| wire.send(&frame::ethernet(mac, VB_MAC, tags, 0x0800, &received)));
    (0..SENT).for_each(|_| upper.send(&frame::ethernet(VB_MAC, mac, &[], 0x0800, &sent)));
    // What is not for the MAC address of `va` is somebody else's there, and has a row of its own.
    let rows = if mac == VA_MAC { 1 } else { 2 };
    for (run, (times, rows)) in runs.into_iter().zip([(1, 1), (1, rows), (2, rows)]) {
        let Some(run) = run else { continue };
        let report = run.last_report(times * (RECEIVED + SENT));
        let expected = [[RECEIVED * 128, RECEIVED], [SENT * 328, SENT]];
        let expected = expected.map(|side| side.map(|count| times * count));
        assert_eq!(totals(&report), expected, "{commands:?}: {report}");
        assert_eq!(flows(&report).len(), rows, "{commands:?}: {report}");
    }
}

fn sender_at(cable: &Cable, interface: &str) -> PacketSocket {
    cable.a.run(|| PacketSocket::sending_from(interface))
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_vlan_and_the_interface_below() {
    let commands = ["link add link va name upper type vlan id 5"];
    is_exact_at_both(&commands, VA_MAC, &[(0x8100, 5)]);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_macvlan_and_the_interface_below() {
    let commands =
        ["link add link va name upper address 02:00:00:00:00:0c type macvlan mode bridge"];
    is_exact_at_both(&commands, UPPER_MAC, &[]);
}

/// One that looks at multicast joins a group itself, and says so after a moment (`br_multicast_join_snoopers`).
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_bridge_and_its_port() {
    let commands = [
        "link add upper address 02:00:00:00:00:0c type bridge mcast_snooping 0",
        "link set va master upper",
    ];
    is_exact_at_both(&commands, UPPER_MAC, &[]);
}

/// What is handed on from port to port is received by one, sent by the other, and never the bridge's.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_a_bridge_hands_on_passes_its_ports_alone() {
    let cable = Cable::new();
    let path = cable.b.path();
    cable.a.ip(&format!("link add vc type veth peer name vd netns {path}"));
    cable.a.ip("link set vc up");
    cable.b.ip("link set vd up");
    let commands = [
        "link add upper type bridge mcast_snooping 0",
        "link set va master upper",
        "link set vc master upper",
    ];
    assert!(put_upon(&cable, &commands));
    let [va, vc, upper, any] = start(&cable, ["va", "vc", "upper", "any"]);
    let wire = cable.sender_at_vb();
    let packet = udp("10.9.0.2:4000", "10.9.0.3:53", 100);
    let bytes = RECEIVED * 128;
    // To somebody behind the other port.
    (0..RECEIVED).for_each(|_| wire.send(&frame::ethernet([2; 6], VB_MAC, &[], 0x0800, &packet)));
    let counted = [bytes, RECEIVED];
    for (run, frames, expected) in [
        (va, RECEIVED, [counted, [0, 0]]),
        (vc, RECEIVED, [[0, 0], counted]),
        (any, 2 * RECEIVED, [counted, counted]),
        (upper, 0, [[0, 0], [0, 0]]),
    ] {
        let Some(run) = run else { continue };
        let report = run.last_report(frames);
        assert_eq!(totals(&report), expected, "{report}");
    }
}

/// Below are the packets around the packets, above are those inside.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_vxlan_and_the_interface_below() {
    // The headers of IP, UDP and VXLAN around an Ethernet frame.
    const AROUND: u64 = 20 + 8 + 8;
    let cable = Cable::with_addresses();
    // Where nobody listened, an answer would say so.
    let _listener = cable.b.run(|| UdpSocket::bind("10.9.0.2:4789").unwrap());
    let commands = ["link add upper address 02:00:00:00:00:0c type vxlan id 7 nolearning dev va \
                     local 10.9.0.1 remote 10.9.0.2 dstport 4789"];
    assert!(put_upon(&cable, &commands));
    let runs = start(&cable, ["upper", "va", "any"]);
    let (wire, upper) = (cable.sender_at_vb(), sender_at(&cable, "upper"));
    let received = udp("10.8.0.2:4000", "10.8.0.1:53", 100);
    let received = frame::ethernet(UPPER_MAC, VB_MAC, &[], 0x0800, &received);
    // VNI 7; RFC 7348, section 5.
    let inside = [&[8, 0, 0, 0, 0, 0, 7, 0], &received[..]].concat();
    let mut around = udp("10.9.0.2:40000", "10.9.0.1:4789", inside.len());
    around[20 + 8..].copy_from_slice(&inside);
    let around = frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &around);
    let sent = udp("10.8.0.1:53", "10.8.0.2:4000", 300);
    let sent = frame::ethernet(VB_MAC, UPPER_MAC, &[], 0x0800, &sent);
    (0..RECEIVED).for_each(|_| wire.send(&around));
    (0..SENT).for_each(|_| upper.send(&sent));
    let above = [[RECEIVED * 128, RECEIVED], [SENT * 328, SENT]];
    let below = [
        [RECEIVED * (received.len() as u64 + AROUND), RECEIVED],
        [SENT * (sent.len() as u64 + AROUND), SENT],
    ];
    let both = [0, 1].map(|side| [0, 1].map(|unit| above[side][unit] + below[side][unit]));
    // The ports below differ by direction.
    for ((run, name), (times, expected, rows)) in runs
        .into_iter()
        .zip(["10.8.", "10.9.", "10."])
        .zip([(1, above, 1), (1, below, 2), (2, both, 3)])
    {
        let Some(run) = run else { continue };
        let report = run.last_report(times * (RECEIVED + SENT));
        assert_eq!(totals(&report), expected, "{report}");
        assert_eq!(flows(&report).len(), rows, "{report}");
        for flow in flows(&report) {
            for end in ["local", "remote"] {
                let address = flow[end]["address"].as_str().unwrap();
                assert!(address.starts_with(name), "{report}");
            }
        }
    }
}
