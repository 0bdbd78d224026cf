//! A row of the JSON report.

use serde::Serialize;

use super::{CountJson, Windows};
use crate::{
    protocol,
    units::Unit,
    view::{self, RowGroup},
};

#[derive(Serialize)]
pub(super) struct Flow<'a> {
    local: Endpoint<'a>,
    remote: Endpoint<'a>,
    protocol: Option<Protocol>,
    group: Option<Group<'a>>,
    sent: Traffic,
    received: Traffic,
}

#[derive(Default, Serialize)]
struct Endpoint<'a> {
    /// `null` where all hosts of this side are one, or the row stands for something else.
    address: Option<String>,
    port: Option<u16>,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct Protocol {
    number: u8,
    name: Option<&'static str>,
}

/// What a row stands for, where that is neither of hosts nor a protocol.
#[derive(Serialize)]
struct Group<'a> {
    name: Option<&'a str>,
    /// `null` where several networks have that name.
    prefix: Option<String>,
    port: Option<u16>,
}

#[derive(Serialize)]
struct Traffic {
    bits_per_second: Windows,
    packets_per_second: Windows,
    bytes: u64,
    packets: u64,
    interval: CountJson,
}

impl<'a> From<&'a view::Row> for Flow<'a> {
    fn from(row: &'a view::Row) -> Self {
        Self {
            local: (&row.local).into(),
            remote: if row.group == RowGroup::Hosts {
                (&row.remote).into()
            } else {
                Endpoint::default()
            },
            protocol: row.protocol.map(|number| Protocol { number, name: protocol::name(number) }),
            group: Group::of(&row.group),
            sent: (&row.traffic.sent).into(),
            received: (&row.traffic.received).into(),
        }
    }
}

impl<'a> Group<'a> {
    fn of(group: &'a RowGroup) -> Option<Self> {
        match group {
            RowGroup::Hosts | RowGroup::Protocol(_) => None,
            RowGroup::Network { prefixes, name } => Some(Self {
                name: name.as_deref(),
                prefix: match &prefixes[..] {
                    [prefix] => Some(prefix.to_string()),
                    _ => None,
                },
                port: None,
            }),
            RowGroup::Service { port, name, .. } => {
                Some(Self { name: name.as_deref(), prefix: None, port: *port })
            }
        }
    }
}

impl<'a> From<&'a view::Endpoint> for Endpoint<'a> {
    fn from(endpoint: &'a view::Endpoint) -> Self {
        Self {
            address: (!endpoint.hidden).then(|| endpoint.address.to_string()),
            port: endpoint.port,
            name: endpoint.name.as_deref(),
        }
    }
}

impl From<&view::Traffic> for Traffic {
    fn from(traffic: &view::Traffic) -> Self {
        Self {
            bits_per_second: Windows::of(traffic.rates, Unit::Bits),
            packets_per_second: Windows::of(traffic.rates, Unit::Packets),
            bytes: traffic.cumulative.bytes,
            packets: traffic.cumulative.packets,
            interval: traffic.interval.into(),
        }
    }
}
