//! A row of the JSON report.

use serde::Serialize;

use super::{CountJson, Windows};
use crate::{protocol, units::Unit, view};

#[derive(Serialize)]
pub(super) struct Flow<'a> {
    local: Endpoint<'a>,
    remote: Endpoint<'a>,
    protocol: Option<Protocol>,
    sent: Traffic,
    received: Traffic,
}

#[derive(Serialize)]
struct Endpoint<'a> {
    /// `null` where all hosts of this side are one.
    address: Option<String>,
    port: Option<u16>,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct Protocol {
    number: u8,
    name: Option<&'static str>,
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
            remote: (&row.remote).into(),
            protocol: row.protocol.map(|number| Protocol { number, name: protocol::name(number) }),
            sent: (&row.traffic.sent).into(),
            received: (&row.traffic.received).into(),
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
