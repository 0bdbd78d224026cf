//! Which flows make one row, and what they add up to.

use std::{
    hash::{BuildHasher, Hasher as _},
    net::IpAddr,
};

use iftop_common::{Count, Counters, FlowKey};

use super::{Endpoint, Grouping, Labels, Query, RowGroup};
use crate::{
    flow::{Flow, Pair, window::Window},
    networks::{Network, Networks, Prefix},
    orient::{Rules, address, orient},
};

mod grouped;

/// What makes a row: flows with the same one are one row, and a row keeps it from view to view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    local: [u8; 16],
    remote: [u8; 16],
    local_port: u16,
    /// Or that of a service, or the number of a network that has a name.
    remote_port: u16,
    /// `None` where protocols are joined.
    protocol: Option<u8>,
    /// Only [`FlowKey::IPV6`]: VLANs, fragments and third parties are not told apart.
    family: u16,
    /// Left, right.
    hidden: [bool; 2],
    right: Right,
}

/// What the right end of a row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Right {
    /// A host, or all of them.
    #[default]
    Host,
    /// All hosts whose address begins like that: with three bytes, of IPv6 with eight.
    Network,
    /// A network that has a name.
    Named,
    /// A port of the row's protocol.
    Service,
    /// The row's protocol.
    Protocol,
}

impl Right {
    /// How many bytes of a host's address, as a key has it, are its network's.
    fn network_bytes(family: u16) -> usize {
        if family == FlowKey::IPV6 { 8 } else { 15 }
    }
}

impl RowId {
    /// The row of two ends, without looking at flows.
    #[cfg(test)]
    pub(super) fn of(local: &Endpoint, remote: &Endpoint, protocol: Option<u8>) -> Self {
        let bytes = |end: &Endpoint| match end.address {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        };
        Self {
            local: bytes(local),
            remote: bytes(remote),
            local_port: local.port.unwrap_or(0),
            remote_port: remote.port.unwrap_or(0),
            protocol,
            family: if local.address.is_ipv6() { FlowKey::IPV6 } else { 0 },
            hidden: [local.hidden, remote.hidden],
            right: Right::Host,
        }
    }

    pub(super) fn protocol(&self) -> Option<u8> {
        self.protocol
    }

    /// What tells most rows apart at a glance: a flood makes a hundred thousand of them that are equal
    /// but for their right hosts. The end of the right host's address, then the ports.
    pub(super) fn tie(&self) -> u64 {
        let [.., a, b, c, d] = self.remote;
        let ports = u32::from(self.remote_port) << 16 | u32::from(self.local_port);
        u64::from(u32::from_be_bytes([a, b, c, d])) << 32 | u64::from(ports)
    }

    /// For a table of rows.
    pub(super) fn hash(&self, seed: &impl BuildHasher) -> u64 {
        let Self { local, remote, local_port, remote_port, protocol, family, hidden, right } =
            *self;
        let ports = u64::from(local_port) << 16 | u64::from(remote_port);
        let protocol = protocol.map_or(0x100, u64::from);
        let [hidden_local, hidden_remote] = hidden.map(u64::from);
        let right = right as u64;
        let rest = right << 27
            | protocol << 18
            | hidden_local << 17
            | hidden_remote << 16
            | u64::from(family);
        let mut hasher = seed.build_hasher();
        hasher.write_u128(u128::from_ne_bytes(local));
        hasher.write_u128(u128::from_ne_bytes(remote));
        hasher.write_u64(rest << 32 | ports);
        hasher.finish()
    }

    /// Whether it is not told apart by family.
    pub(super) fn is_of_both_families(&self) -> bool {
        self.family == 0 && self.remote == [0; 16]
    }

    /// What it stands for.
    pub(super) fn group(&self, labels: &Labels<'_>, networks: Option<&Networks>) -> RowGroup {
        let [_, right] = self.bare_ends();
        right.group(labels, networks)
    }

    /// Left, right.
    pub(super) fn ends(&self, labels: &Labels<'_>, networks: Option<&Networks>) -> [Endpoint; 2] {
        self.bare_ends().map(|end| end.shown(labels, networks))
    }

    /// Left, right, as they are told apart.
    pub(super) fn bare_ends(&self) -> [End; 2] {
        let end = |host, port, hidden, right| End {
            host: u128::from_ne_bytes(host),
            port,
            protocol: self.protocol,
            family: self.family,
            hidden,
            right,
        };
        let [hidden_local, hidden_remote] = self.hidden;
        [
            end(self.local, self.local_port, hidden_local, Right::Host),
            end(self.remote, self.remote_port, hidden_remote, self.right),
        ]
    }
}

/// One end of a row: all that its text depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct End {
    host: u128,
    port: u16,
    protocol: Option<u8>,
    family: u16,
    hidden: bool,
    right: Right,
}

impl End {
    pub fn is_hidden(&self) -> bool {
        self.hidden
    }

    pub fn is_ipv6(&self) -> bool {
        self.family == FlowKey::IPV6
    }

    /// Of a host.
    pub fn port(&self) -> Option<u16> {
        (self.port != 0 && self.right == Right::Host).then_some(self.port)
    }

    pub fn address(&self) -> IpAddr {
        let key = FlowKey { vlan_and_flags: self.family, ..FlowKey::default() };
        address(&key, &self.host.to_ne_bytes())
    }

    fn group(&self, labels: &Labels<'_>, networks: Option<&Networks>) -> RowGroup {
        let protocol = self.protocol.unwrap_or_default();
        match self.right {
            Right::Host => RowGroup::Hosts,
            Right::Network if self.hidden => RowGroup::Network { prefixes: Vec::new(), name: None },
            Right::Network => {
                let length = if self.family == FlowKey::IPV6 { 64 } else { 24 };
                RowGroup::Network {
                    prefixes: vec![Prefix::new(self.address(), length)],
                    name: None,
                }
            }
            Right::Named => {
                let network = networks.and_then(|networks| networks.get(self.port)).cloned();
                let Network { name, prefixes } = network.unwrap_or_default();
                RowGroup::Network { prefixes, name }
            }
            Right::Service => {
                let port = Some(self.port).filter(|&port| port != 0);
                let name = port.and_then(|port| (labels.service)(port, protocol));
                RowGroup::Service { port, protocol, name }
            }
            Right::Protocol => RowGroup::Protocol(protocol),
        }
    }

    /// What stands in place of its address, where that is known.
    pub fn name(&self, labels: &Labels<'_>, networks: Option<&Networks>) -> Option<String> {
        match self.right {
            _ if self.hidden => None,
            Right::Host => (labels.host)(self.address()),
            Right::Network | Right::Named | Right::Service | Right::Protocol => {
                Some(self.group(labels, networks).to_string())
            }
        }
    }

    /// With the names that are known.
    pub fn shown(&self, labels: &Labels<'_>, networks: Option<&Networks>) -> Endpoint {
        Endpoint {
            address: self.address(),
            hidden: self.hidden,
            name: self.name(labels, networks),
            port: self.port(),
            service: self
                .port()
                .zip(self.protocol)
                .and_then(|(port, protocol)| (labels.service)(port, protocol)),
        }
    }
}

/// A row's counts, in the row's directions.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    pub windows: [Pair<Count>; 3],
    pub cumulative: Pair<Count>,
    pub interval: Pair<Count>,
}

impl Sums {
    pub fn add(&mut self, flow: &Flow, swapped: bool) {
        let add = |sum: &mut Pair<Count>, counters: Counters| {
            let Pair { sent, received } = Pair::of(counters, swapped);
            sum.sent += sent;
            sum.received += received;
        };
        for window in Window::ALL {
            add(&mut self.windows[window as usize], flow.window(window));
        }
        add(&mut self.cumulative, flow.cumulative);
        add(&mut self.interval, flow.interval);
    }
}

/// Also says whether the row's left host is the flow's far end.
pub(super) fn row_of(key: &FlowKey, rules: &Rules, query: &Query<'_>) -> Option<(RowId, bool)> {
    let swapped = orient(key, rules)?.swapped;
    Some((id_of(key, swapped, query), swapped))
}

/// The row of a flow of which it is known whether the left host is its far end.
pub(super) fn id_of(key: &FlowKey, swapped: bool, query: &Query<'_>) -> RowId {
    if query.grouping != Grouping::Flow {
        return grouped::id_of(key, swapped, query);
    }
    // An end that is not known is shown as one that is hidden, and stays apart from those that are known
    // unless all of them are hidden.
    let unknown = key.has(FlowKey::FAR_UNKNOWN);
    let (mut local, mut remote) =
        ((key.near, key.near_port, false), (key.far, key.far_port, unknown));
    if swapped {
        (local, remote) = (remote, local);
    }
    let (hide_source, hide_destination) =
        (query.hide_source || local.2, query.hide_destination || remote.2);
    let (source_ports, destination_ports) = query.ports.sides();
    RowId {
        local: shown_host(local.0, hide_source, key),
        remote: shown_host(remote.0, hide_destination, key),
        local_port: if source_ports { local.1 } else { 0 },
        remote_port: if destination_ports { remote.1 } else { 0 },
        protocol: (source_ports || destination_ports).then_some(key.protocol),
        family: key.vlan_and_flags & FlowKey::IPV6,
        hidden: [hide_source, hide_destination],
        right: Right::Host,
    }
}

/// The unspecified address of the family where hosts are hidden.
fn shown_host(host: [u8; 16], hidden: bool, key: &FlowKey) -> [u8; 16] {
    if !hidden {
        host
    } else if key.has(FlowKey::IPV6) {
        [0; 16]
    } else {
        std::net::Ipv4Addr::UNSPECIFIED.to_ipv6_mapped().octets()
    }
}
