//! What stays in the scrollback when the live table ends.
//!
//! Lays figures out and computes nothing.

use std::{fmt::Write as _, time::Duration};

use iftop_common::Count;

use crate::{
    account::Account,
    flow::Peak,
    label,
    units::Format,
    view::{Endpoint, Talker},
};

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Summary<'a> {
    /// Name of the interface.
    pub interface: &'a str,
    /// Since start.
    pub elapsed: Duration,
    /// Since start: sent, received, both.
    pub totals: [Count; 3],
    /// The highest 2 s rates since start, in the same order.
    pub peaks: [Peak; 3],
    /// The flow with the most bytes.
    pub top_talker: Option<Talker>,
    /// Where every packet ended up.
    pub account: &'a Account,
    /// Share of what the interface itself counted that passed our hooks, in percent; `None` where
    /// that is not known.
    pub covered_percent: Option<u64>,
    /// The packet filter at the end, where there is one: all of this is of what passed it.
    pub filter: Option<&'a str>,
    /// How numbers look.
    pub format: Format,
}

/// A few lines of at most 80 columns, unless names are long.
pub fn summary(summary: &Summary<'_>) -> String {
    let Summary { interface, format, .. } = summary;
    let mut out = format!("iftop: {interface} for {}\n", time(summary.elapsed));
    for (name, (count, peak)) in
        ["sent", "received", "both"].iter().zip(summary.totals.iter().zip(summary.peaks))
    {
        let count = format.count(*count).trimmed();
        let rate = format.rate(peak.rate).trimmed();
        let at = peak.at(format.unit.measure());
        let when = if at.is_zero() { String::new() } else { format!("after {}", time(at)) };
        line(&mut out, name, &format!("{count:<9} peak {rate:<9} {when}"));
    }
    if let Some(Talker { local, remote, count }) = &summary.top_talker {
        let ends = [local, remote].map(|end: &Endpoint| label::text(end));
        let count = format.count(*count).trimmed();
        line(&mut out, "top talker", &format!("{} <=> {}  {count}", ends[0], ends[1]));
    }
    if let Some(filter) = summary.filter {
        line(&mut out, "filter", &label::in_one_line(filter));
    }
    let account = summary.account;
    let reason = account.shortfall().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let mut seen = format!("attributed {}%{reason}", account.attributed_percent());
    if let Some(percent) = summary.covered_percent {
        // Writing to a string cannot fail.
        let _ = write!(seen, ", covered {percent}%");
    }
    line(&mut out, "account", &seen);
    out
}

fn line(out: &mut String, name: &str, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "  {name:<11}{}", text.trim_end());
}

/// Whole seconds are enough.
fn time(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{flow::FlowTable, orient::Rules, source::Sample, units::Unit, view::fixture};
    use iftop_common::{Counters, FlowKey};

    #[test]
    fn a_run_in_a_few_lines() {
        let mut table = FlowTable::new(Rules::default(), 10);
        for (seconds, bytes) in [(60, 3_000), (2, 2_560_000), (38, 0)] {
            let egress = Count { bytes, packets: bytes / 1000 };
            let counters = Counters { egress, ..Counters::default() };
            let mut sample = Sample { elapsed: Duration::from_secs(seconds), ..Sample::default() };
            sample.flows.push((FlowKey::default(), counters));
            sample.totals.seen += counters;
            table.apply(&sample);
        }
        let cumulative = table.totals().cumulative;
        let mut whole = Summary {
            interface: "eth0",
            elapsed: table.elapsed(),
            totals: [cumulative.sent, cumulative.received, cumulative.sent],
            peaks: table.totals().peak_since_start,
            top_talker: Some(Talker {
                local: fixture::endpoint("192.0.2.1:443"),
                remote: fixture::named("[2001:db8::1]:40000", "six.example.com"),
                count: cumulative.sent,
            }),
            account: table.account(),
            covered_percent: Some(99),
            filter: None,
            format: Format::default(),
        };
        let expected = "\
iftop: eth0 for 1m 40s
  sent       2.44MB    peak 9.77Mb    after 1m 2s
  received   0B        peak 0b
  both       2.44MB    peak 9.77Mb    after 1m 2s
  top talker 192.0.2.1:443 <=> [six.example.com]:40000  2.44MB
  account    attributed 100%, covered 99%
";
        assert_eq!(summary(&whole), expected);

        let account = Account { dropped_packets: 2563, ..*table.account() };
        whole.account = &account;
        whole.top_talker = None;
        whole.covered_percent = None;
        whole.filter = Some("tcp\x1b or udp");
        whole.format.unit = Unit::Packets;
        let expected = "\
iftop: eth0 for 1m 40s
  sent       2.56Kp    peak 1.28Kp    after 1m 2s
  received   0p        peak 0p
  both       2.56Kp    peak 1.28Kp    after 1m 2s
  filter     tcp? or udp
  account    attributed 50% (lost uncounted)
";
        assert_eq!(summary(&whole), expected);
    }
}
