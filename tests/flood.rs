//! End to end: a flood of new flows. Whoever is flooded is the first row, what is large stays exact,
//! nothing is lost, memory stays inside its bound and keys are answered.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fs,
    net::Ipv4Addr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::Value;

use crate::{
    screen::table::rows,
    support::{
        frame::{self, TCP, V4},
        iftop::Iftop,
        net::{Cable, PacketSocket, VA_MAC, VB_MAC},
        tmux::{PACE, Tmux},
    },
};

const TABLES: [&str; 2] = ["flat", "hash"];

/// A packet of the real transfer goes before so many of the flood.
const BURST: u32 = 20;

fn frame(source: Ipv4Addr, (from, to): (u16, u16), payload_bytes: usize) -> Vec<u8> {
    let destination = Ipv4Addr::new(10, 9, 0, 1);
    let header = V4 { source, destination, protocol: TCP, options: &[], fragment: 0 };
    let packet = header.packet(&frame::udp(from, to, payload_bytes));
    frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &packet)
}

/// A flow that comes once, with 40 bytes. Each number has another source, in no order.
fn flood(number: u32) -> Vec<u8> {
    // Odd, so that no two numbers give the same 24 bits.
    let host = number.wrapping_mul(0x009e_3779) & 0x00ff_ffff;
    let [_, _, high, low] = number.wrapping_mul(0x85eb_ca6b).to_be_bytes();
    let port = u16::from_be_bytes([high, low]);
    frame(Ipv4Addr::from_bits(0x0b00_0000 | host), (port, 443), 12)
}

/// Bytes and packets.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sent {
    big: [u64; 2],
    all: [u64; 2],
}

/// A real transfer alone, then beside so many flows.
fn send(wire: &PacketSocket, flows: u32) -> Sent {
    let big = frame(Ipv4Addr::new(10, 9, 0, 2), (40_000, 22), 492);
    let mut sent = Sent::default();
    let mut put = |frame: &[u8], is_big: bool| {
        wire.send(frame);
        let counts = [Some(&mut sent.all), is_big.then_some(&mut sent.big)];
        for [bytes, packets] in counts.into_iter().flatten() {
            *bytes += frame.len() as u64 - 14;
            *packets += 1;
        }
    };
    (0..100).for_each(|_| put(&big, true));
    for number in 0..flows {
        // So it has a line in whatever half, on whatever CPU, before there is none left.
        if number % BURST == 0 {
            put(&big, true);
        }
        put(&flood(number), false);
    }
    sent
}

fn count(value: &Value) -> [u64; 2] {
    ["bytes", "packets"].map(|unit| value[unit].as_u64().unwrap())
}

/// Local end and port, and the remote end, which is not known in a row of many.
fn ends(row: &Value) -> (&str, u64, Option<&str>) {
    let (local, remote) = (&row["local"], &row["remote"]);
    let (host, port) = (local["address"].as_str().unwrap(), local["port"].as_u64().unwrap());
    (host, port, remote["address"].as_str())
}

/// Forgets the most memory that the program has had, once all is loaded, also what is there to measure
/// the cost of a packet: that takes some for a while.
fn forget_most_memory(iftop: &mut Iftop) {
    assert!((0..30).any(|_| iftop.report()["cost"]["packet_nanoseconds"].is_number()));
    fs::write(format!("/proc/{}/clear_refs", iftop.id()), "5").unwrap();
}

/// The most since then, in bytes, but for what comes from files: an executable without optimization
/// is large, and of the kernel's tables all is mapped.
fn most_memory(iftop: &Iftop) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", iftop.id())).unwrap();
    let of = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    };
    (of("VmHWM:") - of("RssFile:")) << 10
}

/// A flood of so many flows, many more than these tables have lines.
fn is_survived(table: &str, bounds: &str, flows: u32) {
    let cable = Cable::new();
    // A report of all flows would take memory of its own while it is written.
    let mut iftop = Iftop::json(&cable.a, &format!("-i va -P -L 50 --table {table} {bounds}"));
    forget_most_memory(&mut iftop);
    let wire = cable.sender_at_vb();
    let sender = thread::spawn(move || send(&wire, flows));
    let mut spill_used = 0;
    let mut checked_report = || {
        let report = iftop.report();
        let table = &report["table"];
        let of = |name: &str| table[name].as_u64().unwrap();
        assert!(of("used") <= of("lines") && of("spill_used") <= of("spill_lines"), "{table}");
        assert!(of("kernel_bytes") + of("own_bytes") <= of("max_memory_bytes"), "{table}");
        assert!(u64::from(flows) > 10 * of("lines"), "there is room for too many: {table}");
        spill_used = spill_used.max(of("spill_used"));
        report
    };
    while !sender.is_finished() {
        checked_report();
    }
    let sent = sender.join().unwrap();
    // The next one, but that the last packets may still be on their way.
    let mut report = checked_report();
    for _ in 0..10 {
        if count(&report["account"]["seen"])[1] >= sent.all[1] {
            break;
        }
        report = checked_report();
    }
    assert_eq!(count(&report["account"]["seen"]), sent.all, "{table}");
    assert_eq!(report["account"]["dropped_packets"], 0);
    assert_eq!(report["losses"]["ours"], 0);
    let rows = report["flows"].as_array().unwrap();
    assert_eq!(ends(&rows[0]), ("10.9.0.1", 443, None), "{table} {}", rows[0]);
    assert_eq!(ends(&rows[1]), ("10.9.0.1", 22, Some("10.9.0.2")), "{table} {}", rows[1]);
    assert_eq!(count(&rows[1]["received"]), sent.big, "{table}");
    let came_once = |row: &Value| count(&row["received"]) == [40, 1];
    assert!(rows[2..].iter().all(came_once), "{table}");
    assert!(spill_used > 0, "{table}");
    let table = &report["table"];
    let of = |name: &str| table[name].as_u64().unwrap();
    let most = most_memory(&iftop) + of("kernel_bytes");
    assert!(most <= of("max_memory_bytes"), "{most} of {table}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_flood_hides_nobody_and_loses_nothing() {
    for table in TABLES {
        is_survived(table, "--max-flows 1000 --max-memory 40M", 60_000);
    }
}

/// The same with as many flows as the memory allows.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_flood_takes_no_more_memory_than_was_allowed() {
    for table in TABLES {
        is_survived(table, "--max-memory 40M", 340_000);
    }
}

/// The row of the victim, with ports.
const VICTIM: &str = "10.9.0.1:443 => *";

/// On a screen; keys are pressed while the flood goes on.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn on_the_screen_the_victim_is_on_top_and_keys_are_answered() {
    for table in TABLES {
        let cable = Cable::new();
        let tmux = Tmux::start(&cable.a);
        let modes = tmux.modes();
        tmux.show_table_with(&format!("-nNP --max-flows 1000 --table {table}"));
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let wire = cable.sender_at_vb();
            let ends = &over;
            scope.spawn(move || flood_until(ends, &wire));
            let over = AtTheEnd(&over);
            let refreshes = refreshes_until_on_top(&tmux);
            // The table may have been read just when it began; the next time it is full.
            assert!(refreshes <= 1, "{table}: {refreshes} without the victim on top");
            keys_are_answered(&tmux);
            tmux.keys(&["q"]);
            tmux.ended(0, &modes);
            // Only now: all that was answered was answered in the flood.
            drop(over);
        });
    }
}

fn flood_until(over: &AtomicBool, wire: &PacketSocket) {
    for number in 0_u32.. {
        wire.send(&flood(number));
        if number.is_multiple_of(2000) {
            // Those who look need the machine too.
            thread::sleep(PACE);
            if over.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// Sets it also where the test fails, so that nobody goes on.
struct AtTheEnd<'a>(&'a AtomicBool);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Waits for the victim's row at the top; how many other lists of the flood's flows were shown before.
fn refreshes_until_on_top(tmux: &Tmux<'_>) -> usize {
    let before = RefCell::new(BTreeSet::new());
    tmux.wait_for("victim on top", |screen| {
        let rows = rows(screen);
        let on_top = rows.first().is_some_and(|row| row == VICTIM);
        if !on_top && rows.iter().any(|row| row.contains(" 11.")) {
            before.borrow_mut().insert(rows);
        }
        on_top
    });
    before.into_inner().len()
}

fn first(screen: &str) -> String {
    rows(screen).first().cloned().unwrap_or_default()
}

fn keys_are_answered(tmux: &Tmux<'_>) {
    /// A key, and whether a screen answers it.
    type Step = (&'static str, fn(&str) -> bool);
    let steps: [Step; 7] = [
        ("h", |screen| screen.contains("Host display:")),
        ("h", |screen| first(screen) == VICTIM),
        ("j", |screen| first(screen).contains(" 11.")),
        ("k", |screen| first(screen) == VICTIM),
        ("P", |screen| screen.starts_with(" Display paused ")),
        ("P", |screen| !screen.starts_with(" Display paused ")),
        ("p", |screen| first(screen) == "10.9.0.1 => *"),
    ];
    for (key, shown) in steps {
        tmux.keys(&[key]);
        tmux.wait_for(&format!("answer to {key}"), shown);
    }
}
