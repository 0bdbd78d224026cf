//! What is ours, for frames of which a capture does not say which way they went: addresses, networks,
//! hardware addresses.
//!
//! Pure. It must never know of the addresses of the host that this program runs on: the capture may
//! come from another.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use iftop_common::FlowKey;

use super::Way;
use crate::orient::{Net4, Net6, address};

/// One thing that is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalPart {
    /// IPv4 addresses.
    Net4(Net4),
    /// IPv6 addresses.
    Net6(Net6),
    /// A hardware address.
    Mac([u8; 6]),
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    net4: Vec<Net4>,
    net6: Vec<Net6>,
    macs: Vec<[u8; 6]>,
}

impl From<IpAddr> for LocalPart {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::Net4(Net4 { address, mask: Ipv4Addr::BROADCAST }),
            IpAddr::V6(address) => Self::Net6(Net6 { address, mask: Ipv6Addr::from(u128::MAX) }),
        }
    }
}

impl FromIterator<LocalPart> for Local {
    fn from_iter<T: IntoIterator<Item = LocalPart>>(parts: T) -> Self {
        let mut local = Self::default();
        for part in parts {
            match part {
                LocalPart::Net4(net) => local.net4.push(net),
                LocalPart::Net6(net) => local.net6.push(net),
                LocalPart::Mac(mac) => local.macs.push(mac),
            }
        }
        local
    }
}

impl Local {
    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.net4.is_empty() && self.net6.is_empty() && self.macs.is_empty()
    }

    /// Which way a packet went whose near end is the sender; `None` where nothing of it is ours, or both
    /// ends are. `hardware` gives the addresses of receiver and sender.
    pub(super) fn way(
        &self,
        as_sent: &FlowKey,
        hardware: impl FnOnce() -> Option<[[u8; 6]; 2]>,
    ) -> Option<Way> {
        if self.is_empty() {
            return None;
        }
        let hardware = if self.macs.is_empty() { None } else { hardware() };
        let has = |bytes, mac: Option<[u8; 6]>| {
            self.has_address(address(as_sent, bytes)) || mac.is_some_and(|mac| self.has_mac(mac))
        };
        let from_us = has(&as_sent.near, hardware.map(|[_, sender]| sender));
        let to_us = has(&as_sent.far, hardware.map(|[receiver, _]| receiver));
        match (from_us, to_us) {
            (true, false) => Some(Way::Out),
            (false, true) => Some(Way::In),
            (true, true) => None,
            // What is for a group is for our hardware too.
            (false, false) => hardware.filter(|[to, _]| to[0] & 1 == 1).map(|_| Way::In),
        }
    }

    fn has_address(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.net4.iter().any(|net| net.contains(address)),
            IpAddr::V6(address) => self.net6.iter().any(|net| net.contains(address)),
        }
    }

    fn has_mac(&self, mac: [u8; 6]) -> bool {
        self.macs.contains(&mac)
    }
}
