//! What a view is: plain data.

use std::{net::IpAddr, time::Duration};

use iftop_common::Count;

use super::{Closeup, Grouping, RowGroup, RowId};
use crate::{
    account::Account,
    flow::{FlowTable, Pair, Peak},
    health::{Cause, Health},
    units::Rate,
};

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// In order, cut to the limit.
    pub rows: Vec<Row>,
    /// What they are.
    pub grouping: Grouping,
    /// The place of the first of them among all rows.
    pub first: usize,
    /// How many there are without the limit.
    pub row_count: usize,
    /// All rows in order, where [`Order::Freeze`](super::Order::Freeze) asked for them.
    pub frozen: Option<Vec<RowId>>,
    /// What passes the filter, where there is one.
    pub matched: Option<Matched>,
    /// What somebody took out of view, where somebody did.
    pub out_of_view: Option<Matched>,
    /// Of the whole interface, whatever the rows show.
    pub totals: Pair<Total>,
    /// Both directions together; its peak is not the sum of peaks.
    pub both: Total,
    /// What passes the link, headers and gaps included: sent, received.
    pub wire_bits_per_second: [f64; 2],
    /// Where every packet ended up.
    pub account: Account,
    /// How the counting goes. Not made of the table: whoever watches it puts it there.
    pub health: Health,
    /// What is looked at closer, where somebody does.
    pub closeup: Option<Closeup>,
    /// Flows remembered, whatever the rows show.
    pub flows: usize,
    /// Since start.
    pub elapsed: Duration,
    /// Since the last report.
    pub interval: Duration,
}

impl View {
    /// The same, but with what counts on while a display is paused: the totals since start and the
    /// account.
    #[must_use]
    pub fn with_counts_of(mut self, live: &FlowTable) -> Self {
        let [sent, received, both] = super::totals(live);
        self.totals.sent.cumulative = sent.cumulative;
        self.totals.received.cumulative = received.cumulative;
        self.both.cumulative = both.cumulative;
        self.account = *live.account();
        self.elapsed = live.elapsed();
        self
    }

    /// What is attributed to flows.
    pub fn attributed(&self) -> Share {
        Share {
            name: "attributed",
            percent: self.account.attributed_percent(),
            shortfall: self.account.shortfall(),
        }
    }

    /// What is covered by our hooks, where that is so little that it is no matter of when the two
    /// sides were counted.
    pub fn covered(&self) -> Option<Share> {
        let health = &self.health;
        let mut causes = health.missing.into_iter().flatten();
        let last = causes.clone().last()?;
        // Where both directions are concerned, who was seen to be there comes first.
        let cause = causes.find(|cause| *cause != Cause::Outside).unwrap_or(last);
        health.covered.map(|covered| Share {
            name: "covered",
            percent: covered.thousandths() / 1000,
            shortfall: Some(cause.told()),
        })
    }

    /// The worse of the two.
    pub fn worse_share(&self) -> Share {
        let attributed = self.attributed();
        self.covered().filter(|share| share.percent < attributed.percent).unwrap_or(attributed)
    }
}

/// How much of something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Of what: `attributed` or `covered`.
    pub name: &'static str,
    /// Rounded down; 100 means all.
    pub percent: u64,
    /// Why it is not all, where that is worth a warning.
    pub shortfall: Option<&'static str>,
}

/// The sum of some of the flows, both directions together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Matched {
    /// Over 2, 10 and 40 seconds.
    pub rates: [Rate; 3],
    /// How many flows they are made of.
    pub flows: usize,
}

/// One line or two of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which row it is, from view to view.
    pub id: RowId,
    /// The left host.
    pub local: Endpoint,
    /// The right host.
    pub remote: Endpoint,
    /// IP protocol number; `None` where protocols are joined.
    pub protocol: Option<u8>,
    /// What it stands for.
    pub group: RowGroup,
    /// Left to right and back.
    pub traffic: Pair<Traffic>,
}

impl Row {
    /// What each direction carried since its entry began.
    pub fn cumulative(&self) -> Pair<Count> {
        Pair { sent: self.traffic.sent.cumulative, received: self.traffic.received.cumulative }
    }

    /// Of the ends that are one host: those that may have names.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + use<> {
        let hosts = self.group == RowGroup::Hosts;
        [&self.local, &self.remote]
            .map(|end| (hosts && !end.hidden).then_some(end.address))
            .into_iter()
            .flatten()
    }
}

/// One end of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Address; the unspecified one of its family where hosts are hidden.
    pub address: IpAddr,
    /// All hosts of this side are one.
    pub hidden: bool,
    /// Name of the host, where it is known and wanted; or what stands in its place, see [`Row::group`].
    pub name: Option<String>,
    /// Port; `None` where there is none or ports are joined.
    pub port: Option<u16>,
    /// Name of the service, where it is known and wanted.
    pub service: Option<String>,
}

/// One direction of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Over 2, 10 and 40 seconds.
    pub rates: [Rate; 3],
    /// Since the flow's entry began.
    pub cumulative: Count,
    /// Since the last report.
    pub interval: Count,
}

/// One direction of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    /// Over 2, 10 and 40 seconds.
    pub rates: [Rate; 3],
    /// The highest 2 s rate of the last 40 s.
    pub peak: Rate,
    /// The highest since start.
    pub highest: Peak,
    /// Since start.
    pub cumulative: Count,
}

/// A flow that carried much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talker {
    /// The left host.
    pub local: Endpoint,
    /// The right host.
    pub remote: Endpoint,
    /// Both directions since the flow's entry began.
    pub count: Count,
}
