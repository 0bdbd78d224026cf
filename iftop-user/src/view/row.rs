//! Which flows make one row, and what they add up to.

use std::{collections::HashMap, net::IpAddr};

use iftop_common::{Count, Counters, FlowKey};

use super::{Endpoint, Labels, Query};
use crate::{
    flow::{Flow, FlowTable, Pair, window::Window},
    orient::{Rules, address, orient},
};

/// What makes a row: flows with the same one are one row, and a row keeps it from view to view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    local: [u8; 16],
    remote: [u8; 16],
    local_port: u16,
    remote_port: u16,
    /// `None` where protocols are joined.
    protocol: Option<u8>,
    /// Only [`FlowKey::IPV6`]: VLANs, fragments and third parties are not told apart.
    family: u16,
    /// Left, right.
    hidden: [bool; 2],
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
        }
    }

    pub(super) fn local(&self) -> IpAddr {
        address(&self.as_flow_key(), &self.local)
    }

    pub(super) fn remote(&self) -> IpAddr {
        address(&self.as_flow_key(), &self.remote)
    }

    pub(super) fn protocol(&self) -> Option<u8> {
        self.protocol
    }

    /// Left, right.
    pub(super) fn ends(&self, labels: &Labels<'_>) -> [Endpoint; 2] {
        let end = |address: IpAddr, port: u16, hidden: bool| Endpoint {
            address,
            hidden,
            name: if hidden { None } else { (labels.host)(address) },
            port: (port != 0).then_some(port),
            service: self
                .protocol
                .filter(|_| port != 0)
                .and_then(|protocol| (labels.service)(port, protocol)),
        };
        let [hidden_local, hidden_remote] = self.hidden;
        [
            end(self.local(), self.local_port, hidden_local),
            end(self.remote(), self.remote_port, hidden_remote),
        ]
    }

    pub(super) fn is_hidden_local(&self) -> bool {
        self.hidden[0]
    }

    pub(super) fn is_hidden_remote(&self) -> bool {
        self.hidden[1]
    }

    fn as_flow_key(&self) -> FlowKey {
        FlowKey { vlan_and_flags: self.family, ..FlowKey::default() }
    }
}

/// A row's counts, in the row's directions.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    pub windows: [Pair<Count>; 3],
    pub cumulative: Pair<Count>,
    pub interval: Pair<Count>,
    /// How many flows they are of.
    pub flows: usize,
}

impl Sums {
    fn add(&mut self, flow: &Flow, swapped: bool) {
        for window in Window::ALL {
            add(&mut self.windows[window as usize], flow.window(window), swapped);
        }
        add(&mut self.cumulative, flow.cumulative, swapped);
        add(&mut self.interval, flow.interval, swapped);
        self.flows += 1;
    }
}

fn add(sum: &mut Pair<Count>, counters: Counters, swapped: bool) {
    let Counters { mut ingress, mut egress } = counters;
    if swapped {
        (ingress, egress) = (egress, ingress);
    }
    sum.sent += egress;
    sum.received += ingress;
}

/// All rows there are, in no order.
pub(super) fn gather(table: &FlowTable, query: &Query<'_>) -> HashMap<RowId, Sums> {
    let mut rows: HashMap<RowId, Sums> = HashMap::new();
    for flow in table.flows() {
        if let Some((id, swapped)) = row_of(&flow.key, table.rules(), query) {
            rows.entry(id).or_default().add(flow, swapped);
        }
    }
    rows
}

/// Also says whether the row's left host is the flow's far end.
pub(super) fn row_of(key: &FlowKey, rules: &Rules, query: &Query<'_>) -> Option<(RowId, bool)> {
    let swapped = orient(key, rules)?.swapped;
    let (mut local, mut remote) = ((key.near, key.near_port), (key.far, key.far_port));
    if swapped {
        (local, remote) = (remote, local);
    }
    let (source_ports, destination_ports) = query.ports.sides();
    let id = RowId {
        local: shown_host(local.0, query.hide_source, key),
        remote: shown_host(remote.0, query.hide_destination, key),
        local_port: if source_ports { local.1 } else { 0 },
        remote_port: if destination_ports { remote.1 } else { 0 },
        protocol: (source_ports || destination_ports).then_some(key.protocol),
        family: key.vlan_and_flags & FlowKey::IPV6,
        hidden: [query.hide_source, query.hide_destination],
    };
    Some((id, swapped))
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
