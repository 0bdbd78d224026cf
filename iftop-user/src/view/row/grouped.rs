//! Rows that are all of a host, of a network, of a service or of a protocol. At the left stand all hosts.

use iftop_common::FlowKey;

use super::{Right, RowId};
use crate::{
    networks::Networks,
    orient::address,
    services::Services,
    view::{Grouping, Query},
};

/// Nothing is told apart, and nothing is known.
const ALL: RowId = RowId {
    local: [0; 16],
    remote: [0; 16],
    local_port: 0,
    remote_port: 0,
    protocol: None,
    family: 0,
    hidden: [true, true],
    right: Right::Host,
};

/// With something at its right end.
const ONE: RowId = RowId { hidden: [true, false], ..ALL };

/// The row of a flow of which it is known whether the left host is its far end.
pub(super) fn id_of(key: &FlowKey, swapped: bool, query: &Query<'_>) -> RowId {
    match query.grouping {
        Grouping::Flow | Grouping::Host => host(key, swapped),
        Grouping::Network => network(key, swapped, query.networks),
        Grouping::Service => RowId {
            remote_port: service_port(key, query.services),
            protocol: Some(key.protocol),
            right: Right::Service,
            ..ONE
        },
        Grouping::Protocol => RowId { protocol: Some(key.protocol), right: Right::Protocol, ..ONE },
    }
}

/// All flows of which the far end is not known are one row, whatever their family.
fn host(key: &FlowKey, swapped: bool) -> RowId {
    if key.has(FlowKey::FAR_UNKNOWN) {
        return ALL;
    }
    let remote = if swapped { key.near } else { key.far };
    RowId { remote, family: key.vlan_and_flags & FlowKey::IPV6, ..ONE }
}

/// One that has a name, or that with the first bits of the host's address.
fn network(key: &FlowKey, swapped: bool, networks: Option<&Networks>) -> RowId {
    let RowId { mut remote, family, hidden, .. } = host(key, swapped);
    let [_, unknown] = hidden;
    if unknown {
        return RowId { right: Right::Network, ..ALL };
    }
    let named = networks.and_then(|networks| networks.find(address(key, &remote)));
    if let Some(number) = named {
        return RowId { remote_port: number, right: Right::Named, ..ONE };
    }
    remote[Right::network_bytes(family)..].fill(0);
    RowId { remote, family, right: Right::Network, ..ONE }
}

/// The port of the side that serves; 0 where there is none. Of two that one whose service has a name, or
/// else the lower one: clients take high ones. Of a far end that is not known neither is its port, so
/// that only a name tells that the near end serves.
fn service_port(key: &FlowKey, services: Option<&Services>) -> u16 {
    let has_name =
        |port: &u16| services.is_some_and(|services| services.name(*port, key.protocol).is_some());
    let ports = [key.near_port, key.far_port];
    let named = ports.into_iter().filter(has_name).min();
    let lower = ports.into_iter().filter(|&port| port != 0).min();
    named.or(lower.filter(|_| !key.has(FlowKey::FAR_UNKNOWN))).unwrap_or(0)
}
