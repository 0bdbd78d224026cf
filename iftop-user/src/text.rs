//! iftop's text report, to the byte: scripts read it.
//!
//! Lays a [`View`] out and computes nothing.

use std::{fmt::Write as _, iter};

use crate::{
    label::{in_one_line, label},
    units::{Format, Rate, Readable},
    view::{Matched, Share, Traffic, View},
};

const HOST_WIDTH: usize = 40;
const WIDTH: usize = 92;

/// One report, with its closing empty line. A line more than iftop's stands in it only when
/// something is missing from the table, by this packet filter or otherwise.
pub fn report(view: &View, format: Format, filter: Option<&str>) -> String {
    let mut out = String::with_capacity(WIDTH * (view.rows.len() * 2 + 12));
    let rule = "-".repeat(WIDTH);
    line(
        &mut out,
        "   # Host name (port/service if enabled)            last 2s   last 10s   last 40s cumulative",
    );
    line(&mut out, &rule);
    for (number, row) in iter::zip(1.., &view.rows) {
        let local = label(&row.local, HOST_WIDTH);
        let remote = label(&row.remote, HOST_WIDTH);
        line(&mut out, &format!("{number:>4} {local} =>{}", columns(&row.traffic.sent, format)));
        line(&mut out, &format!("     {remote} <={}", columns(&row.traffic.received, format)));
    }
    line(&mut out, &rule);
    let (sent, received, both) = (&view.totals.sent, &view.totals.received, &view.both);
    summary(&mut out, "Total send rate:", rates(sent.rates, format));
    summary(&mut out, "Total receive rate:", rates(received.rates, format));
    summary(&mut out, "Total send and receive rate:", rates(both.rates, format));
    line(&mut out, &rule);
    let peaks = [sent.peak, received.peak, both.peak];
    summary(&mut out, "Peak rate (sent/received/total):", rates(peaks, format));
    let cumulative = [sent, received, both].map(|total| format.count(total.cumulative));
    summary(&mut out, "Cumulative (sent/received/total):", cumulative);
    if let Some(filter) = filter {
        line(&mut out, &format!("Packet filter: {}", in_one_line(filter)));
    }
    if let Some(Matched { flows, .. }) = view.matched {
        line(&mut out, &format!("Screen filter: {flows} of {}", flows_of(view.flows)));
    }
    if let Some(Matched { flows, .. }) = view.out_of_view {
        line(&mut out, &format!("Out of view: {}", flows_of(flows)));
    }
    for (name, share) in
        [("Attributed to flows", Some(view.attributed())), ("Covered by the hooks", view.covered())]
    {
        if let Some(Share { percent, shortfall: Some(reason), .. }) = share {
            line(&mut out, &format!("{name}: {percent}% ({reason})"));
        }
    }
    if let Some((loss, rate)) = view.health.lost_now.worst() {
        line(&mut out, &format!("Lost: {}", loss.told(&format.packets_per_second(rate))));
    }
    if let Some(percent) = view.health.malformed_percent {
        line(&mut out, &format!("Malformed: {percent}% of frames"));
    }
    line(&mut out, &"=".repeat(WIDTH));
    line(&mut out, "");
    out
}

fn flows_of(number: usize) -> String {
    format!("{number} flow{}", if number == 1 { "" } else { "s" })
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn summary(out: &mut String, name: &str, numbers: [Readable; 3]) {
    let [first, second, third] = numbers;
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{name:<48} {first:>10} {second:>10} {third:>10}");
}

fn columns(traffic: &Traffic, format: Format) -> String {
    let [two, ten, forty] = rates(traffic.rates, format);
    let cumulative = format.count(traffic.cumulative);
    format!(" {two:>10} {ten:>10} {forty:>10} {cumulative:>10}")
}

fn rates(rates: [Rate; 3], format: Format) -> [Readable; 3] {
    rates.map(|rate| format.rate(rate))
}

#[cfg(test)]
mod tests {
    use iftop_common::Count;

    use super::*;
    use crate::{
        health::{Cause, Covered},
        units::Unit,
        view::fixture,
    };

    const KB: f64 = 1024.0;
    const MB: f64 = 1024.0 * 1024.0;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the figures of these tests"
    )]
    fn whole(bytes: f64) -> u64 {
        bytes as u64
    }

    fn traffic(bytes_per_second: [f64; 3], bytes: f64) -> Traffic {
        fixture::traffic(bytes_per_second.map(|rate| rate * 8.0), whole(bytes))
    }

    /// A report of classic iftop, and the figures that it was made of.
    #[test]
    fn a_report_is_iftops_to_the_byte() {
        let ends = |local, remote| (fixture::endpoint(local), fixture::endpoint(remote));
        let (one, two, three) = (
            ends("10.9.0.1:39308", "10.9.0.2:5201"),
            ends("10.9.0.1:36115", "10.9.0.2:5202"),
            ends("[fd00:9::1]:54306", "[fd00:9::2]:5203"),
        );
        let mut view = fixture::view(vec![
            fixture::row(
                one.0,
                one.1,
                traffic([1.19 * MB, 0.98 * MB, 0.98 * MB], 5.88 * MB),
                traffic([988.0, 936.0, 936.0], 5.48 * KB),
            ),
            fixture::row(
                two.0,
                two.1,
                traffic([251.0 * KB, 209.0 * KB, 209.0 * KB], 1.22 * MB),
                traffic([0.0; 3], 0.0),
            ),
            fixture::row(
                three.0,
                three.1,
                traffic([108.0, 72.0, 72.0], 432.0),
                traffic([64.1 * KB, 42.7 * KB, 42.7 * KB], 256.0 * KB),
            ),
        ]);
        let total = |rates: [f64; 3], peak: f64, bytes: f64| {
            fixture::total(rates.map(|rate| rate * 8.0), peak * 8.0, whole(bytes))
        };
        view.totals.sent = total([1.43 * MB, 1.18 * MB, 1.18 * MB], 1.43 * MB, 7.11 * MB);
        view.totals.received = total([65.1 * KB, 43.7 * KB, 43.7 * KB], 65.3 * KB, 262.0 * KB);
        view.both = total([1.50 * MB, 1.23 * MB, 1.23 * MB], 1.50 * MB, 7.36 * MB);
        let expected = "   # Host name (port/service if enabled)            last 2s   last 10s   last 40s cumulative
--------------------------------------------------------------------------------------------
   1 10.9.0.1:39308                           =>     1.19MB     0.98MB     0.98MB     5.88MB
     10.9.0.2:5201                            <=       988B       936B       936B     5.48KB
   2 10.9.0.1:36115                           =>      251KB      209KB      209KB     1.22MB
     10.9.0.2:5202                            <=         0B         0B         0B         0B
   3 [fd00:9::1]:54306                        =>       108B        72B        72B       432B
     [fd00:9::2]:5203                         <=     64.1KB     42.7KB     42.7KB      256KB
--------------------------------------------------------------------------------------------
Total send rate:                                     1.43MB     1.18MB     1.18MB
Total receive rate:                                  65.1KB     43.7KB     43.7KB
Total send and receive rate:                         1.50MB     1.23MB     1.23MB
--------------------------------------------------------------------------------------------
Peak rate (sent/received/total):                     1.43MB     65.3KB     1.50MB
Cumulative (sent/received/total):                    7.11MB      262KB     7.36MB
============================================================================================

";
        assert_eq!(
            report(&view, Format { unit: Unit::Bytes, ..Format::default() }, None),
            expected
        );
    }

    #[test]
    fn groups_have_the_same_layout() {
        insta::assert_snapshot!(report(&fixture::protocols(), Format::default(), None));
    }

    #[test]
    fn what_is_missing_has_a_line_and_nothing_else_moves() {
        let mut view = fixture::hosts();
        let whole = report(&view, Format::default(), None);
        view.account.other = Count { bytes: 1_300_000, packets: 1300 };
        view.account.in_flows.bytes -= 1_300_000;
        view.account.in_flows.packets -= 1300;
        let attributed = "Attributed to flows: 90% (table was full)\n";
        assert_added(&report(&view, Format::default(), None), &whole, attributed);

        view.health.missing = [None, Some(Cause::Tc)];
        view.health.covered =
            Some(Covered { ours: 31_999, interface: 100_000, ..Default::default() });
        view.health.lost_now.missed = 1200.0;
        let all = "Attributed to flows: 90% (table was full)\n\
                   Covered by the hooks: 31% (a tc program runs before ours)\n\
                   Lost: NIC dropped 1.20Kp/s before us\n\
                   Malformed: 12% of frames\n";
        view.health.malformed_percent = Some(12);
        assert_added(&report(&view, Format::default(), None), &whole, all);

        let filtered = report(&fixture::hosts(), Format::default(), Some("tcp or\n\x1budp"));
        assert_added(&filtered, &whole, "Packet filter: tcp or??udp\n");

        let matched = Some(Matched { flows: 1, ..Matched::default() });
        let filtered = View { matched, flows: 12, ..fixture::hosts() };
        let filtered = report(&filtered, Format::default(), None);
        assert_added(&filtered, &whole, "Screen filter: 1 of 12 flows\n");

        for (flows, line) in [(0, "Out of view: 0 flows\n"), (1, "Out of view: 1 flow\n")] {
            let out_of_view = Some(Matched { flows, ..Matched::default() });
            let view = View { out_of_view, ..fixture::hosts() };
            assert_added(&report(&view, Format::default(), None), &whole, line);
        }
    }

    fn assert_added(partial: &str, whole: &str, added: &str) {
        assert!(partial.contains(added), "{partial}");
        assert_eq!(partial.replace(added, ""), whole);
    }
}
