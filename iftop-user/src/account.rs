//! The account: where every packet that passed the hooks ended up.
//!
//! It owns the sums since start and the honest percentage made of them. Its one equation,
//! `seen` = `in_flows` + `other` + `excluded`, joins numbers of two origins: the kernel counts the
//! left side, user space the right.

use iftop_common::{Count, FlowKey};

use crate::health::share;

/// Cumulative since start. Bytes are those of flows (IP, or wire) but for `filtered`, `not_ip`, `malformed` and
/// `frames`, which are frame bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// IP packets at our hooks, counted by the source apart from any flow.
    pub seen: Count,
    /// Those that belong to a flow, summed here.
    pub in_flows: Count,
    /// Those of `in_flows` of which only the near side is known: there was no room for the flow.
    pub spilled: Count,
    /// Those that no flow could be kept for.
    pub other: Count,
    /// Those left out on purpose: by `-F`, `-G` or the link-local rule.
    pub excluded: Count,
    /// Turned away by the packet filter, in bytes of frames; not in `seen`.
    pub filtered: Count,
    /// Frames that carry no IP; not in `seen`.
    pub not_ip: Count,
    /// Frames that claim to be IP and are not; not in `seen`.
    pub malformed: Count,
    /// Every frame, on the basis of the interface's own counters.
    pub frames: Count,
    /// Lost by us, or by whoever captured, before they could be counted; not in `seen`.
    pub dropped_packets: u64,
}

impl Account {
    /// Takes in what a flow carried.
    pub(crate) fn add(&mut self, key: &FlowKey, carried: Count) {
        self.in_flows += carried;
        if key.has(FlowKey::FAR_UNKNOWN) {
            self.spilled += carried;
        }
    }

    /// What a flow carried can be remembered no longer.
    pub(crate) fn fold(&mut self, key: &FlowKey, carried: Count) {
        self.in_flows -= carried;
        if key.has(FlowKey::FAR_UNKNOWN) {
            self.spilled -= carried;
        }
        self.other += carried;
    }

    /// Bytes of `seen` that are nowhere: anything but 0 is a bug of this program.
    pub fn unaccounted_bytes(&self) -> i64 {
        let placed = self.in_flows.bytes + self.other.bytes + self.excluded.bytes;
        self.seen.bytes.cast_signed() - placed.cast_signed()
    }

    /// Share of the packets whose flow is known, both ends of it, in percent, rounded down: 100 means
    /// all.
    pub fn attributed_percent(&self) -> u64 {
        self.attributed_thousandths() / 1000
    }

    /// The same in thousandths of a percent.
    pub fn attributed_thousandths(&self) -> u64 {
        let known = self.in_flows.packets - self.spilled.packets + self.excluded.packets;
        share(known, self.seen.packets + self.dropped_packets)
    }

    /// Why not everything since start is attributed, in the words of the status rule; `None` when all
    /// is.
    pub fn shortfall(&self) -> Option<&'static str> {
        if self.unaccounted_bytes() != 0 {
            Some("unaccounted bytes: a bug")
        } else if self.dropped_packets > 0 {
            Some("lost uncounted")
        } else if self.other.packets > 0 || self.spilled.packets > 0 {
            Some("table was full")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn count(bytes: u64, packets: u64) -> Count {
        Count { bytes, packets }
    }

    #[test]
    fn attributed_is_rounded_down_and_100_only_when_all_is_known() {
        // (in_flows, spilled of them, excluded, other, dropped) in packets → percent
        let cases = [
            ((0, 0, 0, 0, 0), 100),
            ((10, 0, 0, 0, 0), 100),
            ((5, 0, 5, 0, 0), 100),
            ((999_999, 0, 0, 1, 0), 99),
            ((1, 0, 0, 999, 0), 0),
            ((3, 0, 0, 0, 1), 75),
            ((1_000_000, 1, 0, 0, 0), 99),
            ((8, 2, 1, 1, 0), 70),
        ];
        for ((in_flows, spilled, excluded, other, dropped_packets), expected) in cases {
            let account = Account {
                seen: count(0, in_flows + excluded + other),
                in_flows: count(0, in_flows),
                spilled: count(0, spilled),
                excluded: count(0, excluded),
                other: count(0, other),
                dropped_packets,
                ..Account::default()
            };
            assert_eq!(account.attributed_percent(), expected, "{account:?}");
        }
    }

    #[test]
    fn a_difference_is_named_with_its_sign() {
        let mut account =
            Account { seen: count(100, 1), in_flows: count(60, 1), ..Account::default() };
        assert_eq!(account.unaccounted_bytes(), 40);
        assert_eq!(account.shortfall(), Some("unaccounted bytes: a bug"));
        account.other = count(50, 1);
        assert_eq!(account.unaccounted_bytes(), -10);
        account.other = count(40, 1);
        assert_eq!(account.shortfall(), Some("table was full"));
        account.in_flows = count(100, 2);
        account.other = Count::default();
        assert_eq!(account.shortfall(), None);
        account.spilled = count(40, 1);
        assert_eq!(account.unaccounted_bytes(), 0, "it is in flows");
        assert_eq!(account.shortfall(), Some("table was full"));
    }
}
