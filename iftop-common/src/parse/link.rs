//! What stands before the IP header: Ethernet and VLAN tags, or nothing.

use super::{Direction, Hook, LinkType, Packet, Refused, Vlan, part};
use crate::FlowKey;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// 802.1Q, 802.1ad, and the number that QinQ had before 802.1ad.
pub const ETHERTYPES_VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const MAX_VLAN_TAGS: usize = 2;

const ETHERNET_HEADER_BYTES: usize = 14;

/// What was found before the IP header.
pub struct Link {
    pub(super) ip_offset: u64,
    pub(super) is_ipv6: bool,
    /// As in the key: VLAN, third party.
    pub(super) flags: u64,
}

impl Link {
    /// The first step of [`parse`](super::parse()).
    #[inline(always)]
    pub fn read<P: Packet + ?Sized>(packet: &P, hook: &Hook) -> Result<Self, Refused> {
        // Each layer puts what it finds into plain variables: as the payload of a `Result` the
        // compiler would pack it and take it apart again byte by byte.
        let mut link = Self { ip_offset: 0, is_ipv6: false, flags: 0 };
        match hook.link_type {
            LinkType::Ethernet => ethernet(packet, hook, &mut link)?,
            LinkType::RawIp => raw_ip(packet, hook, &mut link)?,
        }
        Ok(link)
    }
}

#[inline(always)]
fn ethernet<P: Packet + ?Sized>(packet: &P, hook: &Hook, link: &mut Link) -> Result<(), Refused> {
    let mut header = [0; ETHERNET_HEADER_BYTES];
    if !packet.read(0, &mut header) {
        return Err(Refused::NotIp);
    }
    let mut ethertype = u16::from_be_bytes(part(&header, 12));
    let mut ip_offset = 14;
    let mut vlan = hook.stripped_vlan;
    let mut tags = 0;
    // The usual ones first.
    link.is_ipv6 = loop {
        match ethertype {
            ETHERTYPE_IPV4 => break false,
            ETHERTYPE_IPV6 => break true,
            _ if tags < MAX_VLAN_TAGS && ETHERTYPES_VLAN.contains(&ethertype) => {}
            _ => return Err(Refused::NotIp),
        }
        let mut tag = [0; 4];
        if !packet.read(ip_offset, &mut tag) {
            return Err(Refused::NotIp);
        }
        if !vlan.is_some() {
            vlan = Vlan::new(u16::from_be_bytes(part(&tag, 0)));
        }
        ethertype = u16::from_be_bytes(part(&tag, 2));
        ip_offset += 4;
        tags += 1;
    };
    link.ip_offset = ip_offset;
    link.flags = vlan.id();
    if matches!(hook.direction, Direction::Ingress) {
        // Two bytes of the source follow.
        let to_us = u64::from_le_bytes(part(&header, 0)) << 16 == hook.mac.0;
        let to_a_group = header[0] & 1 != 0;
        if !to_us && !to_a_group {
            link.flags |= u64::from(FlowKey::THIRD_PARTY);
        }
    }
    Ok(())
}

#[inline(always)]
fn raw_ip<P: Packet + ?Sized>(packet: &P, hook: &Hook, link: &mut Link) -> Result<(), Refused> {
    let mut first = [0];
    if !packet.read(0, &mut first) {
        return Err(Refused::NotIp);
    }
    link.is_ipv6 = match first[0] >> 4 {
        4 => false,
        6 => true,
        _ => return Err(Refused::NotIp),
    };
    link.flags = hook.stripped_vlan.id();
    Ok(())
}
