//! Tables that are full, shared or short of something: in any case each packet is somewhere.

use super::*;

/// Where there is no line, the far side is left out; where there is none for that either, all is
/// `other`. In any case every byte is somewhere.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_full_table_loses_no_byte() {
    const FLOWS: u16 = 20_000;
    for table in [Table::Flat, Table::Hash] {
        let mut kernel = Kernel::load(table, LinkType::Ethernet, 16);
        let mut sent = Count::default();
        // Many far ends of one near end, then many near ends.
        for place in 0..2 * FLOWS {
            let (near_port, far_port) = if place < FLOWS { (53, place) } else { (place, 53) };
            let packet =
                plain_v4().packet(&frame::udp(far_port, near_port, usize::from(place % 1000)));
            sent += Count { bytes: packet.len() as u64, packets: 1 };
            kernel.run(Direction::Ingress, &frame::ethernet(MAC, PEER, &[], 0x0800, &packet), None);
        }
        let (flows, totals) = kernel.take(0);
        assert_eq!(totals.seen.ingress, sent);
        let victim =
            flows.iter().find(|(key, _)| key.has(FlowKey::FAR_UNKNOWN) && key.near_port == 53);
        let (victim, carried) = victim.expect("who is flooded is named");
        assert_eq!((victim.far, victim.far_port), ([0; 16], 0));
        assert!(carried.ingress.packets > u64::from(FLOWS) - 300, "{table:?} {carried:?}");
        assert!(totals.other.ingress.packets > 0, "{table:?}: not even all near ends fit");
        let mut placed = totals.other.ingress;
        for (_, counters) in &flows {
            placed += counters.ingress;
        }
        assert_eq!(placed, sent);
        let use_ = kernel.table();
        assert!(use_.used > 0 && use_.used <= use_.lines, "{use_:?}");
        assert!(use_.spill_used > 0 && use_.spill_used <= use_.spill_lines, "{use_:?}");
        assert!(use_.fullest_shard_percent > 50, "{use_:?}");
        assert_eq!(kernel.take(0), (Vec::new(), Totals::default()), "reading empties the half");
        assert_eq!((kernel.table().used, kernel.table().spill_used), (0, 0));
    }
}

/// A CPU without a part of the table still names the near side.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_cpu_without_a_shard_spills() {
    let cpus = cpus::possible().unwrap();
    let size = Size::new(Table::Flat, 1024, cpus, 1);
    // Its only shard belongs to a CPU that is not there.
    let settings = settings(LinkType::Ethernet);
    let mut instance = Instance::load_for(&settings, size, &[names::INGRESS], &[cpus - 1]).unwrap();
    let packet = plain_v4().packet(&frame::udp(1, 53, 20));
    let frame = frame::ethernet(MAC, PEER, &[], 0x0800, &packet);
    instance.run(Direction::Ingress, &frame, 5).unwrap();
    let mut sample = Sample::default();
    instance.take(0, &mut sample).unwrap();
    let [(key, counters)] = &sample.flows[..] else { panic!("{:?}", sample.flows) };
    assert!(key.has(FlowKey::FAR_UNKNOWN) && key.near_port == 53, "{key:?}");
    assert_eq!(counters.ingress, Count { bytes: 5 * 48, packets: 5 });
    assert_eq!((sample.table.used, sample.table.spill_used), (0, 1));
}

/// More packets of one flow in one interval than 32 bits hold, as aggregates of the most segments that
/// the kernel takes.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_line_that_is_full_is_followed_by_another() {
    const SEGMENTS: u32 = u16::MAX as u32;
    const TIMES: u32 = SEGMENTS + 3;
    const PACKETS: u64 = SEGMENTS as u64 * TIMES as u64;
    const { assert!(PACKETS > u32::MAX as u64) };
    let packet = plain_v4().packet(&frame::udp(1, 53, 20));
    let bytes = packet.len() as u64 * u64::from(TIMES);
    let frame = frame::ethernet(MAC, PEER, &[], 0x0800, &packet);
    let context = context(Gso { segments: SEGMENTS.into(), segment_bytes: 20 });
    for (table, direction) in [
        (Table::Flat, Direction::Ingress),
        (Table::Flat, Direction::Egress),
        (Table::Hash, Direction::Ingress),
    ] {
        let mut kernel = Kernel::load(table, LinkType::Ethernet, 16);
        let program = object::program(&mut kernel.instance.object, name_of(direction)).unwrap();
        let options = TestRunOptions {
            data_in: Some(&frame),
            ctx_in: Some(&context),
            repeat: TIMES,
            ..TestRunOptions::new()
        };
        program.test_run(options).unwrap();
        let (flows, totals) = kernel.take(0);
        let [(key, counters)] = &flows[..] else { panic!("{table:?} {flows:?}") };
        assert!(!key.has(FlowKey::FAR_UNKNOWN), "{table:?}");
        let expected = by_direction(direction, Count { bytes, packets: PACKETS });
        assert_eq!((*counters, totals.seen), (expected, expected), "{table:?}");
        assert_eq!(totals.other, Counters::default());
        let lines = kernel.table().used;
        assert!(if table == Table::Flat { lines > 1 } else { lines == 1 }, "{table:?}: {lines}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_table_of_many_flows_is_read_whole() {
    const FLOWS: u16 = 10_000;
    for table in [Table::Flat, Table::Hash] {
        let mut kernel = Kernel::load(table, LinkType::Ethernet, 4 * u32::from(FLOWS));
        for port in 0..FLOWS {
            let packet = plain_v4().packet(&frame::udp(port, 53, 20));
            let frame = frame::ethernet(MAC, PEER, &[], 0x0800, &packet);
            kernel.run(Direction::Ingress, &frame, None);
        }
        let (flows, _) = kernel.take(0);
        let ports: Vec<_> = flows.iter().map(|(key, _)| key.far_port).collect();
        assert_eq!(ports, (0..FLOWS).collect::<Vec<_>>(), "{table:?}");
        assert_eq!(kernel.take(0).0, []);
    }
}

/// Two CPUs meet at the same new flow, again and again, while the epoch is turned without a pause:
/// in each half the flows add up to what was seen, and no packet is `other`.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn cpus_that_meet_at_a_new_flow_lose_nothing() {
    const ROUNDS: u16 = 10_000;
    const REPEAT: u32 = 10;
    for table in [Table::Flat, Table::Hash] {
        let kernel = Kernel::load(table, LinkType::Ethernet, 4 * u32::from(ROUNDS));
        let Kernel { mut instance, mut sample } = kernel;
        let Instance { object, halves, .. } = &mut instance;
        let program: &SchedClassifier = object.program(names::INGRESS).unwrap().try_into().unwrap();
        let arrived = AtomicU32::new(0);
        let send = || {
            for round in 0..ROUNDS {
                let packet = plain_v4().packet(&frame::udp(round, 53, 20));
                let frame = frame::ethernet(MAC, PEER, &[], 0x0800, &packet);
                // A barrier that does not sleep, so that both are let go in the same moment.
                arrived.fetch_add(1, Ordering::SeqCst);
                while arrived.load(Ordering::SeqCst) < 2 * (u32::from(round) + 1) {
                    thread::yield_now();
                }
                let data_in = Some(&frame[..]);
                let options = TestRunOptions { data_in, repeat: REPEAT, ..TestRunOptions::new() };
                program.test_run(options).unwrap();
            }
        };
        thread::scope(|scope| {
            let senders = [scope.spawn(send), scope.spawn(send)];
            let mut epoch = 0;
            while !senders.iter().all(ScopedJoinHandle::is_finished) {
                epoch += 1;
                halves.store_epoch(epoch);
                thread::yield_now();
            }
        });
        let mut seen = 0;
        for half in [0, 1] {
            halves.take_into(half, &mut sample).unwrap();
            let mut in_flows = Counters::default();
            for (key, counters) in &sample.flows {
                assert!(!key.has(FlowKey::FAR_UNKNOWN), "{table:?}: there is room for all");
                in_flows += *counters;
            }
            assert_eq!(sample.totals.other, Counters::default());
            assert_eq!(sample.totals.seen, in_flows, "{table:?}");
            seen += sample.totals.seen.ingress.packets;
        }
        assert_eq!(seen, u64::from(ROUNDS) * u64::from(REPEAT) * 2);
    }
}
