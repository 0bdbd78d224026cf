//! The ten minutes, told as traffic over time.

use super::*;
use crate::{orient::Rules, source::Sample};

const SECOND: Duration = Duration::from_secs(1);

fn key(far_port: u16) -> FlowKey {
    FlowKey { far_port, ..FlowKey::default() }
}

/// A sample of received traffic: (far port, bytes in one packet).
fn sample(elapsed: Duration, flows: &[(u16, u64)]) -> Sample {
    let mut sample = Sample { elapsed, ..Sample::default() };
    for &(port, bytes) in flows {
        let ingress = Count { bytes, packets: 1 };
        sample.flows.push((key(port), Counters { ingress, ..Counters::default() }));
        sample.totals.seen.ingress += ingress;
    }
    sample
}

fn table(max_flows: usize) -> FlowTable {
    let mut table = FlowTable::new(Rules::default(), max_flows);
    table.keep_history();
    table
}

/// Seconds of traffic, with the end of a report behind each.
fn apply(table: &mut FlowTable, seconds: u32, flows: &[(u16, u64)]) {
    for _ in 0..seconds {
        table.apply(&sample(SECOND, flows));
        table.end_interval();
    }
}

fn told(
    table: &FlowTable,
    known: &[Point],
    side_of: impl Fn(&FlowKey) -> Option<bool>,
) -> Vec<Point> {
    table.history_of(known, side_of).0
}

/// Received bytes of each step of a flow.
fn bytes(points: &[Point]) -> Vec<Option<u64>> {
    points.iter().map(|point| point.traffic.map(|pair| pair.received.bytes)).collect()
}

fn of(table: &FlowTable, port: u16) -> Vec<Option<u64>> {
    bytes(&told(table, &[], |key| (key.far_port == port).then_some(false)))
}

#[test]
fn each_step_has_what_was_carried_in_it() {
    let mut table = table(1000);
    apply(&mut table, 10, &[(1, 100), (2, 7)]);
    apply(&mut table, 10, &[(2, 7)]);
    apply(&mut table, 5, &[(1, 40)]);
    assert_eq!(of(&table, 1), [Some(1000), Some(0), Some(200)]);
    assert_eq!(of(&table, 2), [Some(70), Some(70), Some(0)]);
    assert_eq!(of(&table, 3), [Some(0); 3]);
    let totals = table.totals_of_history();
    assert_eq!(bytes(&totals), [Some(1070), Some(70), Some(200)]);
    let number = |point: &Point| (point.number, point.duration);
    let expected = [(0, 10 * SECOND), (1, 10 * SECOND), (2, 5 * SECOND)];
    assert_eq!(totals.iter().map(number).collect::<Vec<_>>(), expected);
    // The other way round.
    let swapped = told(&table, &[], |key| (key.far_port == 2).then_some(true));
    let sent = swapped.iter().map(|point| point.traffic.map(|pair| pair.sent.packets));
    assert_eq!(sent.collect::<Vec<_>>(), [Some(10), Some(10), Some(0)]);
}

#[test]
fn a_step_is_as_long_as_it_really_was() {
    let mut table = table(1000);
    for milliseconds in [400, 9550, 9000, 7000, 60_000] {
        table.apply(&sample(Duration::from_millis(milliseconds), &[(1, 100)]));
    }
    let steps = of(&table, 1).into_iter().zip(table.totals_of_history());
    let steps: Vec<_> = steps.map(|(bytes, point)| (bytes, point.duration.as_millis())).collect();
    let expected = [(Some(200), 9950), (Some(200), 16_000), (Some(100), 60_000), (Some(0), 0)];
    assert_eq!(steps, expected);
}

#[test]
fn whoever_was_forgotten_is_in_it_and_so_is_who_got_the_place() {
    let mut table = table(1000);
    apply(&mut table, 10, &[(1, 100)]);
    apply(&mut table, 50, &[(9, 1)]);
    assert_eq!(table.len(), 1, "it is forgotten");
    assert_eq!(table.history_of(&[], |_| Some(false)).1.len(), 1);
    // At its place.
    apply(&mut table, 10, &[(2, 5)]);
    apply(&mut table, 60, &[(9, 1)]);
    apply(&mut table, 3, &[(1, 10)]);
    let nothing = [Some(0); 5];
    assert_eq!(
        of(&table, 1),
        [&[Some(1000)], &nothing[..], &nothing, &nothing[..2], &[Some(30)]].concat()
    );
    assert_eq!(of(&table, 2)[6], Some(50));
    let all = told(&table, &[], |_| Some(false));
    assert_eq!(bytes(&all), bytes(&table.totals_of_history()), "nothing is lost");
    assert_eq!(table.totals().cumulative.received.bytes, 1000 + 50 + 50 + 60 + 30);
    let sum: u64 = bytes(&all).into_iter().flatten().sum();
    assert_eq!(sum, table.totals().cumulative.received.bytes);
}

#[test]
fn a_place_may_change_hands_within_a_step() {
    let mut table = table(1000);
    apply(&mut table, 3, &[(1, 100)]);
    // One long sample, as after a stop: it forgets the first flow, and the second gets its place.
    table.apply(&sample(60 * SECOND, &[(2, 7)]));
    table.end_interval();
    let places: Vec<_> =
        table.flows.iter().map(|(place, flow)| (place, flow.key.far_port)).collect();
    assert_eq!(places, [(0, 2)]);
    apply(&mut table, 60, &[(9, 1)]);
    assert_eq!(table.len(), 1, "the second is forgotten as well");
    assert_eq!((of(&table, 1)[0], of(&table, 2)[0]), (Some(300), Some(7)));
    let (_, gone) = table.history_of(&[], |key| (key.far_port < 9).then_some(false));
    assert_eq!(gone.len(), 2);
}

#[test]
fn who_gave_way_to_others_is_in_the_steps_before() {
    let mut table = table(2);
    apply(&mut table, 10, &[(1, 100), (2, 1000)]);
    apply(&mut table, 45, &[(1, 1)]);
    apply(&mut table, 10, &[(1, 1), (3, 5000), (4, 6000)]);
    assert!(table.flows().all(|flow| flow.key.far_port > 2), "the first gave way");
    assert_eq!((of(&table, 1)[0], of(&table, 2)[0]), (Some(1000), Some(10_000)));
    assert_eq!(of(&table, 1)[4], Some(10));
}

#[test]
fn it_reaches_back_ten_minutes() {
    let mut table = table(1000);
    apply(&mut table, 5, &[(1, 100)]);
    apply(&mut table, 5, &[(2, 1)]);
    apply(&mut table, 590, &[(2, 1)]);
    assert_eq!((of(&table, 1).len(), of(&table, 1)[0]), (61, Some(500)));
    apply(&mut table, 10, &[(2, 1)]);
    assert_eq!((of(&table, 1).len(), of(&table, 1)[0]), (61, Some(0)));
    assert!(table.history_of(&[], |_| Some(false)).1.is_empty());
    assert_eq!(table.totals_of_history()[0].number, 1);
}

#[test]
fn without_room_the_oldest_steps_lose_their_flows_and_no_step_is_wrong() {
    const FLOWS: u16 = 30_000;
    const BYTES: u64 = 1 << 40;
    let mut table = table(FLOWS.into());
    let many: Vec<_> = (1..=FLOWS).map(|port| (port, BYTES)).collect();
    for _ in 0..60 {
        table.apply(&sample(STEP, &many));
    }
    let history = table.history.as_ref().unwrap();
    assert!(history.bytes() <= MOST_BYTES, "{}", history.bytes());
    let steps = of(&table, 7);
    let unknown = steps.iter().take_while(|bytes| bytes.is_none()).count();
    assert!((1..steps.len() - 10).contains(&unknown), "{steps:?}");
    assert!(steps[unknown..].iter().rev().skip(1).all(|bytes| *bytes == Some(BYTES)), "{steps:?}");
    let everything = u64::from(FLOWS) * BYTES;
    assert_eq!(bytes(&table.totals_of_history())[..60], [Some(everything); 60]);
}

#[test]
fn what_is_known_already_is_not_looked_for_again() {
    let mut table = table(1000);
    apply(&mut table, 25, &[(1, 100)]);
    let is_one = |key: &FlowKey| (key.far_port == 1).then_some(false);
    let known = told(&table, &[], is_one);
    apply(&mut table, 25, &[(1, 100)]);
    let fresh = told(&table, &[], is_one);
    assert_eq!(told(&table, &known, is_one), fresh);
    let thousand = Some(1000);
    assert_eq!(bytes(&fresh), [thousand, thousand, thousand, thousand, thousand, Some(0)]);
    // Nobody is asked of steps that were over; of the third was known what was not all of it.
    let none = told(&table, &known, |_| None);
    assert_eq!(bytes(&none), [thousand, thousand, Some(0), Some(0), Some(0), Some(0)]);
}

#[test]
fn each_flow_knows_its_highest_rates_and_when_it_was_there() {
    use crate::units::Measure::{Bytes, Packets};
    let mut table = table(1000);
    apply(&mut table, 3, &[(2, 1)]);
    apply(&mut table, 2, &[(1, 500)]);
    apply(&mut table, 4, &[(1, 100), (1, 100), (1, 100)]);
    apply(&mut table, 6, &[(2, 1)]);
    let flow = table.flows().find(|flow| flow.key.far_port == 1).unwrap();
    let peak = flow.peaks(false).received;
    assert_eq!((peak.rate.bytes, peak.at(Bytes)), (500.0, 4 * SECOND + SECOND));
    assert_eq!((peak.rate.packets, peak.at(Packets)), (3.0, 7 * SECOND));
    assert_eq!((flow.first_seen(), table.last_seen(flow)), (4 * SECOND, 9 * SECOND));
    assert_eq!(flow.peaks(true).sent.rate, peak.rate);
}
