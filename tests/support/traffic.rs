//! Packets by the text of their ends, and which way they go through `va`.

use std::net::{IpAddr, SocketAddr};

use super::{
    frame::{self, UDP, V4},
    net::{Cable, PacketSocket, VA_MAC, VB_MAC},
};

/// A frame on its way.
#[derive(Clone, Debug)]
pub enum Sent {
    /// Received by `va`.
    In(Vec<u8>),
    /// Sent by `va`.
    Out(Vec<u8>),
}

/// Both ways to send.
pub struct Senders {
    at_va: PacketSocket,
    at_vb: PacketSocket,
}

impl Senders {
    pub fn new(cable: &Cable) -> Self {
        Self { at_va: cable.sender_at_va(), at_vb: cable.sender_at_vb() }
    }

    pub fn send(&self, sent: &Sent) {
        match sent {
            Sent::In(frame) => self.at_vb.send(frame),
            Sent::Out(frame) => self.at_va.send(frame),
        }
    }
}

/// An IP packet whose transport header says what UDP's would, whatever the protocol. Ends are
/// `address:port`, the payload is what follows 8 bytes of header.
pub fn packet(protocol: u8, from: &str, to: &str, payload_bytes: usize) -> Vec<u8> {
    let [from, to]: [SocketAddr; 2] = [from, to].map(|end| end.parse().unwrap());
    let transport = frame::udp(from.port(), to.port(), payload_bytes);
    match (from.ip(), to.ip()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            V4 { source, destination, protocol, options: &[], fragment: 0 }.packet(&transport)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            frame::ipv6(source, destination, &[], protocol, &transport)
        }
        _ => panic!("two families"),
    }
}

/// The ethertype of an IP packet.
fn ethertype(packet: &[u8]) -> u16 {
    if packet[0] >> 4 == 6 { 0x86dd } else { 0x0800 }
}

/// From the neighbour to `va`.
pub fn into(packet: &[u8]) -> Sent {
    Sent::In(frame::ethernet(VA_MAC, VB_MAC, &[], ethertype(packet), packet))
}

/// From `va` to the neighbour.
pub fn out(packet: &[u8]) -> Sent {
    Sent::Out(frame::ethernet(VB_MAC, VA_MAC, &[], ethertype(packet), packet))
}

/// From the neighbour to an address that is not `va`'s.
pub fn to_mac(mac: [u8; 6], packet: &[u8]) -> Sent {
    Sent::In(frame::ethernet(mac, VB_MAC, &[], ethertype(packet), packet))
}

/// From the neighbour to `va` with VLAN tags, each (ethertype, id).
pub fn tagged(tags: &[(u16, u16)], packet: &[u8]) -> Sent {
    Sent::In(frame::ethernet(VA_MAC, VB_MAC, tags, ethertype(packet), packet))
}

/// A UDP datagram.
pub fn udp(from: &str, to: &str, payload_bytes: usize) -> Vec<u8> {
    packet(UDP, from, to, payload_bytes)
}

/// What [`datagram`] counts.
pub const DATAGRAM_BYTES: usize = 120;

/// One that `va` receives, where it does not matter what it is.
pub fn datagram() -> Vec<u8> {
    let packet = udp("10.9.0.2:1", "10.9.0.1:2", DATAGRAM_BYTES - 20 - 8);
    frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &packet)
}
