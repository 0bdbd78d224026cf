//! Bulk transfers each way, over TCP and in segments over UDP, IPv4 and IPv6.
//!
//! A host hands several segments down as one packet whether the device can cut it up or not.
#![expect(unsafe_code, reason = "setsockopt(2)")]

use std::{
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    os::fd::AsRawFd as _,
    thread,
};

use super::net::{Cable, Namespace};

/// Options of ethtool: the device cuts up what is sent, and what is received is put together.
pub const OFFLOADED: &str = "tso on gso on gro on tx-udp-segmentation on";
/// The kernel cuts up what is sent.
pub const NOT_OFFLOADED: &str = "tso off gso off gro off tx-udp-segmentation off";

/// Where it is received; from the other end of the cable.
const TCP: [&str; 4] = ["10.9.0.1:5201", "10.9.0.2:5202", "[fd00:9::1]:5203", "[fd00:9::2]:5204"];
/// From, to.
const UDP: [(&str, &str); 4] = [
    ("10.9.0.2:5301", "10.9.0.1:5302"),
    ("10.9.0.1:5303", "10.9.0.2:5304"),
    ("[fd00:9::2]:5305", "[fd00:9::1]:5306"),
    ("[fd00:9::1]:5307", "[fd00:9::2]:5308"),
];
/// How many in all.
pub const TRANSFERS: usize = TCP.len() + UDP.len();

const DATAGRAM_BYTES: u16 = 1400;
/// 20 datagrams, of which the last is short.
const UDP_PACKET_BYTES: usize = 19 * DATAGRAM_BYTES as usize + 100;

/// Both ends have these offloads and an MTU of 1500.
pub fn cable(offloads: &str) -> Cable {
    let cable = Cable::with_both_families();
    for (namespace, interface) in [(&cable.a, "va"), (&cable.b, "vb")] {
        namespace.command("ethtool", &format!("-K {interface} {offloads}"));
        namespace.ip(&format!("link set {interface} mtu 1500"));
    }
    cable
}

/// Takes `va` down, and up again as it was. What is on its way meanwhile is lost.
pub fn take_down_and_up(cable: &Cable) {
    cable.a.ip("link set va down");
    cable.a.ip("link set va up");
    // These go with the link. (Where the kernel keeps the address, it may forget that it is its own.)
    cable.a.ip("address add fd00:9::1/64 dev va nodad");
    for neighbour in ["10.9.0.2", "fd00:9::2"] {
        cable.a.ip(&format!(
            "neighbour replace {neighbour} lladdr 02:00:00:00:00:0b dev va nud permanent"
        ));
    }
}

/// What [`transfer_all`] transfers.
pub const fn payload_bytes(tcp_bytes: usize, udp_packets: usize) -> usize {
    TCP.len() * tcp_bytes + UDP.len() * udp_packets * UDP_PACKET_BYTES
}

/// One after the other: so many bytes over TCP, and over UDP so many packets of 20 datagrams.
pub fn transfer_all(cable: &Cable, tcp_bytes: usize, udp_packets: usize) {
    let ends = |to: &str| {
        let is_at_va = to.starts_with("10.9.0.1:") || to.starts_with("[fd00:9::1]:");
        if is_at_va { (&cable.a, &cable.b) } else { (&cable.b, &cable.a) }
    };
    for to in TCP {
        over_tcp(to, ends(to), tcp_bytes);
    }
    for (from, to) in UDP {
        over_udp(from, to, ends(to), udp_packets);
    }
}

/// To the first namespace from the second.
fn over_tcp(at: &str, (to, from): (&Namespace, &Namespace), bytes: usize) {
    let listener = to.run(|| TcpListener::bind(at).unwrap());
    let mut sender = from.run(|| TcpStream::connect(at).unwrap());
    let (mut stream, _) = listener.accept().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            sender.write_all(&vec![7; bytes]).unwrap();
        });
        let mut read = Vec::new();
        assert_eq!(stream.read_to_end(&mut read).unwrap(), bytes);
    });
}

/// To the first namespace from the second.
fn over_udp(from: &str, to: &str, (receiver, sender): (&Namespace, &Namespace), packets: usize) {
    let _receiver = receiver.run(|| UdpSocket::bind(to).unwrap());
    let sender = sender.run(|| UdpSocket::bind(from).unwrap());
    send_in_datagrams_of(&sender, DATAGRAM_BYTES);
    let payload = vec![7; UDP_PACKET_BYTES];
    for _ in 0..packets {
        assert_eq!(sender.send_to(&payload, to).unwrap(), payload.len());
    }
}

/// From now on what is sent at once leaves in datagrams with so much payload.
fn send_in_datagrams_of(socket: &UdpSocket, bytes: u16) {
    let bytes = libc::c_int::from(bytes);
    // SAFETY: the value lives, and is as long as stated.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_UDP,
            libc::UDP_SEGMENT,
            (&raw const bytes).cast(),
            size_of_val(&bytes).try_into().unwrap(),
        )
    };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}
