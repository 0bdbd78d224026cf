//! What is read of transport headers: the ports.

use core::num::NonZeroU64;

use super::{Ip, Packet, protocol};

/// Source port, and destination port in the lower half; 0 where the protocol has none or the packet
/// ends before them.
#[inline(always)]
pub(super) fn ports<P: Packet + ?Sized>(packet: &P, ip: &Ip) -> u32 {
    let has_ports = matches!(
        ip.protocol,
        protocol::TCP | protocol::UDP | protocol::DCCP | protocol::SCTP | protocol::UDP_LITE
    );
    let Some(offset) = ip.transport_offset.map(NonZeroU64::get) else { return 0 };
    if !has_ports || offset + 4 > ip.end {
        return 0;
    }
    let mut ports = [0; 4];
    if !packet.read(offset, &mut ports) {
        return 0;
    }
    u32::from_be_bytes(ports)
}
