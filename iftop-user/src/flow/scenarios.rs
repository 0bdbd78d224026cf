//! The flow table's behaviour, told as traffic over time.

use std::time::Duration;

use iftop_common::{Count, Counters, FlowKey, Totals};

use super::{FlowTable, window::Window};
use crate::{
    orient::{Net4, Rules},
    source::Sample,
    units::{Format, Measure, Rate},
};

const TWO_SECONDS: Duration = Duration::from_secs(2);

fn key(far_port: u16) -> FlowKey {
    FlowKey { far_port, ..FlowKey::default() }
}

/// A sample of received traffic: (far port, bytes in one packet).
fn sample(elapsed: Duration, flows: &[(u16, u64)]) -> Sample {
    let mut sample = Sample { elapsed, ..Sample::default() };
    for &(port, bytes) in flows.iter().filter(|(_, bytes)| *bytes > 0) {
        let ingress = Count { bytes, packets: 1 };
        sample.flows.push((key(port), Counters { ingress, ..Counters::default() }));
        sample.totals.seen.ingress += ingress;
    }
    sample
}

fn table() -> FlowTable {
    FlowTable::new(Rules::default(), 1000)
}

/// Rates of the only flow over 2, 10 and 40 seconds.
fn rates(table: &FlowTable) -> [Rate; 3] {
    let flow = table.flows().next().expect("a flow");
    Window::ALL.map(|window| table.rate(window, flow.window(window).ingress))
}

/// So many bytes per second, whatever the packets.
fn bytes(bytes: f64) -> Rate {
    Rate { bytes, packets: 0.0 }
}

fn without_packets(rates: [Rate; 3]) -> [Rate; 3] {
    rates.map(|rate| bytes(rate.bytes))
}

/// The example of a run of classic iftop: 120 bytes every half second for ten seconds, the flow
/// beginning two reports after the program. What it printed, report by report.
#[test]
fn rates_rise_and_fall_as_in_iftop() {
    let gone = None;
    let printed = [
        (360, Some("1.41Kb 480b 480b 360B")),
        (480, Some("1.88Kb 840b 840b 840B")),
        (480, Some("1.88Kb 1.03Kb 1.03Kb 1.29KB")),
        (480, Some("1.88Kb 1.41Kb 1.17Kb 1.76KB")),
        (480, Some("1.88Kb 1.78Kb 1.27Kb 2.23KB")),
        (120, Some("480b 1.59Kb 1.17Kb 2.34KB")),
        (0, Some("0b 1.22Kb 1.04Kb 2.34KB")),
        (0, Some("0b 864b 960b 2.34KB")),
        (0, Some("0b 480b 873b 2.34KB")),
        (0, Some("0b 96b 800b 2.34KB")),
        (0, Some("0b 0b 738b 2.34KB")),
    ];
    let late = [(24, Some("0b 0b 120b 2.34KB")), (25, Some("0b 0b 24b 2.34KB")), (26, gone)];
    let mut table = table();
    table.apply(&sample(TWO_SECONDS, &[]));
    table.apply(&sample(TWO_SECONDS, &[]));
    let line = |table: &FlowTable| {
        let cumulative = Format::default().count(table.flows().next()?.cumulative.ingress);
        let [two, ten, forty] = rates(table).map(|rate| Format::default().rate(rate).to_string());
        let line = format!("{two} {ten} {forty} {cumulative}");
        Some(line.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let mut report = 0;
    for (bytes, expected) in printed {
        report += 1;
        table.apply(&sample(TWO_SECONDS, &[(1, bytes)]));
        table.end_interval();
        assert_eq!(line(&table).as_deref(), expected, "report {report}");
    }
    for (number, expected) in late {
        while report < number {
            report += 1;
            table.apply(&sample(TWO_SECONDS, &[]));
            table.end_interval();
        }
        assert_eq!(line(&table).as_deref(), expected, "report {report}");
    }
}

#[test]
fn the_first_report_is_true() {
    let mut table = table();
    table.apply(&sample(Duration::from_millis(400), &[(1, 400)]));
    assert_eq!(without_packets(rates(&table)), [bytes(1000.0); 3]);
    table.apply(&sample(Duration::from_millis(1600), &[(1, 1600)]));
    assert_eq!(without_packets(rates(&table)), [bytes(1000.0); 3]);
    assert_eq!(without_packets(table.peaks())[1], bytes(1000.0));
}

#[test]
fn a_late_tick_distorts_nothing() {
    let mut table = table();
    for seconds in [2, 2, 9, 2, 31, 2, 2] {
        table.apply(&sample(Duration::from_secs(seconds), &[(1, seconds * 1000)]));
        assert_eq!(without_packets(rates(&table)), [bytes(1000.0); 3], "after {seconds} s");
        assert_eq!(without_packets(table.peaks())[1], bytes(1000.0));
    }
}

#[test]
fn a_flow_leaves_with_its_last_packets_window_and_comes_back_as_new() {
    let mut table = table();
    table.apply(&sample(TWO_SECONDS, &[(1, 100), (2, 1)]));
    for slot in 1..=20 {
        table.end_interval();
        assert_eq!(table.len(), 2, "{} s after", 2 * (slot - 1));
        table.apply(&sample(TWO_SECONDS, &[(2, 1)]));
    }
    assert_eq!(table.len(), 1);
    table.apply(&sample(TWO_SECONDS, &[(1, 7)]));
    let flow = table.flows().find(|flow| flow.key == key(1)).expect("the flow is back");
    assert_eq!(flow.cumulative.ingress.bytes, 7);
    assert_eq!(table.account().in_flows.bytes, 100 + 21 + 7, "the account never forgets");
    assert_eq!(table.totals().cumulative.received.bytes, 128);
}

#[test]
fn what_was_not_reported_yet_is_kept_until_it_is() {
    let mut table = table();
    table.apply(&sample(TWO_SECONDS, &[(1, 100)]));
    for _ in 0..100 {
        table.apply(&sample(TWO_SECONDS, &[]));
    }
    let flow = table.flows().next().expect("still to be reported");
    assert_eq!(flow.interval.ingress.bytes, 100);
    assert_eq!(table.interval(), Duration::from_secs(202));
    table.end_interval();
    assert!(table.is_empty());
    table.apply(&sample(TWO_SECONDS, &[(1, 5)]));
    assert_eq!(table.flows().next().map(|flow| flow.cumulative.ingress.bytes), Some(5));
    assert_eq!(table.interval(), TWO_SECONDS);
}

#[test]
fn the_peak_is_of_the_last_40_seconds_and_the_highest_is_kept_beside_it() {
    let mut table = table();
    table.apply(&sample(TWO_SECONDS, &[(1, 20_000)]));
    for _ in 0..19 {
        table.apply(&sample(TWO_SECONDS, &[(1, 2000)]));
        assert_eq!(without_packets(table.peaks())[1], bytes(10_000.0));
    }
    table.apply(&sample(TWO_SECONDS, &[(1, 2000)]));
    assert_eq!(without_packets(table.peaks())[1], bytes(1000.0));
    let [_, highest, _] = table.totals().peak_since_start;
    assert_eq!(highest.rate, Rate { bytes: 10_000.0, packets: 0.5 });
    assert_eq!([Measure::Bytes, Measure::Packets].map(|it| highest.at(it)), [TWO_SECONDS; 2]);
}

#[test]
fn nothing_overflows_at_400_gigabits() {
    const BYTES_PER_SECOND: u64 = 50_000_000_000;
    let mut table = table();
    for _ in 0..60 {
        table.apply(&sample(TWO_SECONDS, &[(1, 2 * BYTES_PER_SECOND)]));
    }
    assert_eq!(without_packets(rates(&table)), [bytes(50e9); 3]);
    assert_eq!(without_packets(table.peaks())[2], bytes(50e9));
    assert_eq!(table.totals().cumulative.received.bytes, 120 * BYTES_PER_SECOND);
    assert_eq!(Format::default().rate(table.peaks()[2]).to_string(), "  373Gb");
}

#[test]
fn memory_is_bounded_and_the_smallest_give_way() {
    const ROOM: u16 = 10;
    let mut table = FlowTable::new(Rules::default(), ROOM.into());
    // Ports 1 to 10 are heavy; then a flood of small ones comes by, each seen once.
    let heavy: Vec<_> = (1..=ROOM).map(|port| (port, 1_000_000)).collect();
    table.apply(&sample(TWO_SECONDS, &heavy));
    for wave in 0..50 {
        let flood: Vec<_> = (0..1000).map(|place| (100 + wave * 1000 + place, 40)).collect();
        table.apply(&sample(TWO_SECONDS, &flood));
        assert_eq!(table.len(), usize::from(ROOM));
        if wave < 19 {
            assert!(table.flows().all(|flow| flow.key.far_port <= ROOM), "wave {wave}");
        }
        let account = table.account();
        assert_eq!(account.unaccounted_bytes(), 0);
        assert_eq!(account.seen.packets, account.in_flows.packets + account.other.packets);
    }
    // Flows that went left bytes in windows; those must not show in whoever got their place.
    let (ends, flows): (Vec<_>, Vec<_>) =
        table.flows().partition(|flow| flow.key.has(FlowKey::FAR_UNKNOWN));
    assert!(flows.iter().all(|flow| flow.window(Window::Forty).ingress.bytes == 40));
    // All others of the last 40 seconds are with their near end.
    let packets = |flow: &super::Flow| flow.window(Window::Forty).ingress.packets;
    let all = table.flows().map(packets).sum::<u64>();
    assert_eq!((ends.len(), flows.len(), all), (1, 9, 20 * 1000));
}

#[test]
fn the_kernels_other_is_in_the_totals_but_in_no_flow() {
    let mut table = table();
    let mut with_other = sample(TWO_SECONDS, &[(1, 300)]);
    let other = Counters { ingress: Count { bytes: 700, packets: 7 }, ..Counters::default() };
    with_other.totals += Totals { seen: other, other, ..Totals::default() };
    table.apply(&with_other);
    assert_eq!(table.total(Window::Two).received, Count { bytes: 1000, packets: 8 });
    assert_eq!(rates(&table)[0], Rate { bytes: 150.0, packets: 0.5 });
    assert_eq!((table.account().other.bytes, table.account().unaccounted_bytes()), (700, 0));
    assert_eq!(table.account().attributed_percent(), 12);
}

#[test]
fn flows_without_a_far_side_are_flows_but_not_attributed() {
    let spill = |port: u16, bytes: u64| {
        let mut spilled = sample(TWO_SECONDS, &[(port, bytes)]);
        spilled.flows[0].0.vlan_and_flags = FlowKey::FAR_UNKNOWN;
        spilled
    };
    let mut table = FlowTable::new(Rules::default(), 2);
    table.apply(&sample(TWO_SECONDS, &[(1, 300)]));
    table.apply(&spill(2, 700));
    let shown = |table: &FlowTable| {
        let account = table.account();
        assert_eq!(account.unaccounted_bytes(), 0);
        (account.in_flows.bytes, account.spilled.bytes, account.other.bytes)
    };
    assert_eq!((table.len(), shown(&table)), (2, (1000, 700, 0)));
    assert_eq!(table.account().attributed_percent(), 50);
    table.apply(&sample(TWO_SECONDS, &[(3, 800), (4, 900)]));
    assert_eq!((table.len(), shown(&table)), (2, (1700, 0, 1000)), "folded");

    let net = Net4 { address: [10, 0, 0, 0].into(), mask: [255, 0, 0, 0].into() };
    let mut table = FlowTable::new(Rules { net4: Some(net), ..Rules::default() }, 2);
    table.apply(&spill(2, 700));
    assert_eq!((table.len(), shown(&table)), (0, (0, 0, 700)), "whose it is cannot be known");
    assert_eq!(table.totals().cumulative.received.bytes, 700);
}

#[test]
fn two_lines_of_a_flow_in_a_sample_are_one_flow() {
    let lines = [(1, 100), (2, 7), (1, 50), (2, 8), (3, 1)];
    // With room for all, and for all but one.
    for (room, expected) in [(3, vec![(1, 150), (2, 15), (3, 1)]), (2, vec![(1, 150), (2, 15)])] {
        let mut table = FlowTable::new(Rules::default(), room);
        table.apply(&sample(TWO_SECONDS, &lines));
        let bytes =
            |flow: &super::Flow| (flow.key.far_port, flow.window(Window::Two).ingress.bytes);
        let mut flows: Vec<_> = table.flows().map(bytes).collect();
        flows.sort_unstable();
        assert_eq!(flows, expected);
        assert_eq!((table.len(), table.account().unaccounted_bytes()), (room, 0));
        let top = table.top_talker().map(|(key, carried)| (key.far_port, carried.both().bytes));
        assert_eq!(top, Some((1, 150)));
        // They leave as they came.
        for _ in 0..21 {
            table.end_interval();
            table.apply(&sample(TWO_SECONDS, &[(1, 9), (1, 1)]));
        }
        assert_eq!(rates(&table).map(|rate| (rate.bytes, table.len())), [(5.0, 1); 3]);
    }
}

#[test]
fn a_witness_that_disagrees_is_shown() {
    let mut table = table();
    let mut lying = sample(TWO_SECONDS, &[(1, 300)]);
    lying.totals.seen.ingress.bytes += 1;
    table.apply(&lying);
    assert_eq!(table.account().unaccounted_bytes(), 1);
    assert!(table.account().shortfall().is_some());
}

#[test]
fn the_top_talker_is_remembered_after_its_flow_is_gone() {
    let top = |table: &FlowTable| {
        table.top_talker().map(|(key, carried)| (key.far_port, carried.both().bytes))
    };
    let mut table = table();
    assert_eq!(top(&table), None);
    table.apply(&sample(TWO_SECONDS, &[(1, 500), (2, 400)]));
    table.end_interval();
    for _ in 0..30 {
        table.apply(&sample(TWO_SECONDS, &[(3, 10)]));
        table.end_interval();
    }
    assert_eq!((table.len(), top(&table)), (1, Some((1, 500))));
    table.apply(&sample(TWO_SECONDS, &[(3, 250)]));
    assert_eq!(top(&table), Some((3, 550)));
}
