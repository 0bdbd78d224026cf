//! The flat table's hash and search, as kernel and host run them, over tables in plain memory.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, Ipv6Addr},
};

use iftop_common::{
    Count, FlowKey,
    flat::{Bucket, LINES, Line, Seed, Words, bucket, hashes, without_far},
    parse::Direction::{Egress, Ingress},
};

const BITS: u32 = 12;
const LINES_IN_ALL: u32 = 4 << BITS;
const _: () = assert!(LINES == 4);
const PACKET: Count = Count { bytes: 100, packets: 1 };

/// One CPU's part of a table.
struct Part {
    seed: Seed,
    buckets: Vec<Bucket>,
}

impl Part {
    fn new(seed_number: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed_number);
        let keys = std::array::from_fn(|_| [random.u64(..), random.u64(..)]);
        let seed = Seed { keys, mix: random.u64(..) | 1 };
        Self { seed, buckets: vec![Bucket::default(); 1 << BITS] }
    }

    /// First and second choice.
    fn choices(&self, key: &Words) -> [usize; 2] {
        let hashes = hashes(key, |place| self.seed.keys[place], self.seed.mix);
        hashes.map(|hash| bucket(hash, BITS) as usize)
    }

    fn add(&mut self, key: &Words) -> bool {
        let choices = self.choices(key);
        choices.into_iter().any(|choice| self.buckets[choice].add(key, Ingress, PACKET))
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.buckets.iter().flat_map(|bucket| &bucket.lines).filter(|line| !line.is_free())
    }
}

/// A flow of `address` and `port` with us.
fn flow(near: Ipv6Addr, (address, port): (Ipv6Addr, u32), flags: u16) -> Words {
    let key = FlowKey {
        near: near.octets(),
        far: address.octets(),
        near_port: 443,
        far_port: u16::try_from(port).unwrap(),
        protocol: 6,
        interface: 0,
        vlan_and_flags: flags,
    };
    key.words()
}

fn flow4(address: u32, port: u32) -> Words {
    let [near, far] = [0x0a09_0001, address].map(|bits| Ipv4Addr::from_bits(bits).to_ipv6_mapped());
    flow(near, (far, port), 0)
}

fn flow6(address: u128) -> Words {
    flow("fd00:9::1".parse().unwrap(), (Ipv6Addr::from_bits(address), 443), FlowKey::IPV6)
}

/// Flows one after another, as ports and addresses are given out.
type Kind = (&'static str, fn(u32) -> Words);

const KINDS: [Kind; 6] = [
    ("ports", |n| flow4(0x0a09_0002, n)),
    ("addresses", |n| flow4(0x0b00_0000 + n, 443)),
    ("networks", |n| flow4(0x0b00_0000 + (n << 8), 443)),
    ("both", |n| flow4(0x0b00_0000 + (n >> 7), n & 0x7f)),
    ("IPv6 hosts", |n| flow6((0xfd00 << 112) + u128::from(n))),
    ("IPv6 networks", |n| flow6((0x2001 << 112) + (u128::from(n) << 64) + 1)),
];
const PORTS: fn(u32) -> Words = KINDS[0].1;

fn lines_used(bucket: &Bucket) -> usize {
    bucket.lines.iter().take_while(|line| !line.is_free()).count()
}

/// An even spread leaves out one flow in 200 at the load that tables are made for, and one in 30 at three
/// quarters. So it is with each seed and each kind of flows.
#[test]
fn flows_that_are_numbered_fill_a_table_as_evenly_as_any() {
    // (lines of all, most in a thousand that may find none)
    for (flows, most) in [(LINES_IN_ALL / 4, 2), (LINES_IN_ALL / 2, 10), (LINES_IN_ALL / 4 * 3, 45)]
    {
        for seed in 0..20 {
            for (kind, flow) in KINDS {
                let mut part = Part::new(seed);
                let refused = (0..flows).filter(|n| !part.add(&flow(*n))).count();
                let allowed = (flows / 1000 * most) as usize;
                assert!(refused <= allowed, "{kind} {seed}: {refused} of {flows}");
            }
        }
    }
}

#[test]
fn who_does_not_know_the_seed_cannot_choose_flows_that_meet() {
    let (known, unknown) = (Part::new(1), Part::new(2));
    for (kind, flow) in KINDS {
        let flows: Vec<Words> = (0..LINES_IN_ALL).map(flow).collect();
        let target = known.choices(&flows[0])[0];
        let meet = flows.iter().filter(|flow| known.choices(flow)[0] == target);
        let elsewhere: Vec<_> = meet.map(|flow| unknown.choices(flow)[0]).collect();
        let places: BTreeSet<_> = elsewhere.iter().collect();
        assert!(2 * places.len() >= elsewhere.len(), "{kind}: {elsewhere:?}");
        let same = flows.iter().filter(|flow| known.choices(flow) == unknown.choices(flow)).count();
        assert!(same < 10, "{kind}: {same} have the same two buckets by both");
    }
}

#[test]
fn each_flow_has_one_line_however_often_it_comes() {
    for (kind, flow) in KINDS {
        let mut part = Part::new(5);
        let flows: Vec<Words> = (0..LINES_IN_ALL / 4).map(flow).collect();
        for _ in 0..3 {
            let added: Vec<_> = flows.iter().filter(|flow| part.add(flow)).collect();
            assert_eq!(added.len(), part.lines().count(), "{kind}: who has a line keeps it");
        }
        let keys: BTreeSet<Words> = part.lines().map(|line| line.key).collect();
        assert_eq!(keys.len(), part.lines().count(), "{kind}");
        assert!(part.lines().all(|line| (line.ingress_packets, line.ingress_bytes) == (3, 300)));
        assert!(keys.iter().all(|words| FlowKey::from_words(words).words() == *words), "{kind}");
    }
}

#[test]
fn the_second_bucket_is_taken_only_where_the_first_is_full() {
    let mut part = Part::new(7);
    let mut in_second = 0;
    // No order in these, so that buckets fill unevenly.
    for n in 0..LINES_IN_ALL / 4 * 3 {
        let flow = flow4(n.wrapping_mul(0x9e37_79b1), n & 0xff);
        let [first, second] = part.choices(&flow);
        let was_full = lines_used(&part.buckets[first]) == LINES;
        let stands_in = |bucket: &Bucket| bucket.lines.iter().any(|line| line.key == flow);
        if part.add(&flow) {
            in_second += u32::from(was_full);
            assert_eq!(stands_in(&part.buckets[first]), !was_full, "{n}");
            assert_eq!(stands_in(&part.buckets[second]), was_full || first == second, "{n}");
        }
    }
    assert!(in_second > 100, "{in_second}");
}

#[test]
fn the_first_free_line_ends_the_search() {
    let [one, two] = [1, 2].map(PORTS);
    let mut bucket = Bucket::default();
    assert!(bucket.add(&one, Ingress, PACKET) && bucket.add(&two, Egress, PACKET));
    assert!(bucket.add(&one, Egress, Count { bytes: 7, packets: 2 }));
    let expected = Line {
        key: one,
        ingress_bytes: 100,
        ingress_packets: 1,
        egress_bytes: 7,
        egress_packets: 2,
    };
    assert_eq!((lines_used(&bucket), bucket.lines[0]), (2, expected));
    // Emptied, as between two intervals. Whose line is further back takes one at the front.
    bucket.lines.iter_mut().for_each(Line::clear);
    assert_eq!(lines_used(&bucket), 0);
    assert!(bucket.add(&two, Egress, PACKET) && bucket.add(&two, Egress, PACKET));
    let expected = Line { key: two, egress_bytes: 200, egress_packets: 2, ..Line::default() };
    assert_eq!((lines_used(&bucket), bucket.lines[0]), (1, expected));
    assert!(bucket.lines[1].is_free());
}

#[test]
fn a_full_bucket_refuses_and_is_not_changed() {
    let mut bucket = Bucket::default();
    assert!((0..4).all(|n| bucket.add(&PORTS(n), Ingress, PACKET)));
    let before = bucket;
    assert!(!bucket.add(&PORTS(4), Ingress, PACKET));
    assert_eq!(bucket, before);
    assert!(bucket.add(&PORTS(3), Egress, PACKET), "a flow that has a line is not refused");
}

#[test]
fn a_flow_with_more_packets_than_a_line_holds_begins_another() {
    const MOST: u64 = u32::MAX as u64;
    for direction in [Ingress, Egress] {
        let mut bucket = Bucket::default();
        let mut sent = Count::default();
        // Full to the last, then one more; then the second line is full as well.
        for packets in [MOST - 1, 1, 1, MOST - 5, 4, 1, 1] {
            let count = Count { bytes: packets * 60, packets };
            assert!(bucket.add(&PORTS(1), direction, count), "{packets}");
            sent += count;
        }
        let mut counted = Count::default();
        for line in &bucket.lines {
            counted += Count {
                bytes: line.ingress_bytes + line.egress_bytes,
                packets: u64::from(line.ingress_packets) + u64::from(line.egress_packets),
            };
        }
        assert_eq!((counted, lines_used(&bucket)), (sent, 3));
        assert_eq!(bucket.lines.map(|line| line.key)[..3], [PORTS(1); 3]);
    }
}

#[test]
fn without_its_far_side_a_flow_keeps_all_else() {
    for (kind, flow) in KINDS {
        let flow = FlowKey { interface: 3, ..FlowKey::from_words(&flow(9)) };
        let whole = FlowKey { vlan_and_flags: flow.vlan_and_flags | 0x4d, ..flow };
        let expected = FlowKey {
            far: [0; 16],
            far_port: 0,
            vlan_and_flags: whole.vlan_and_flags | FlowKey::FAR_UNKNOWN,
            ..whole
        };
        assert_eq!(FlowKey::from_words(&without_far(&whole.words())), expected, "{kind}");
    }
}
