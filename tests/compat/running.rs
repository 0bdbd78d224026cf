//! How both programs start, go on and end: each case says whether they agree.

use std::{
    fs::{self, File},
    io::Write as _,
    net::{TcpListener, TcpStream, UdpSocket},
    os::fd::AsRawFd as _,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::support::{
    classic::{self, Pump},
    iftop::{End, Iftop},
    net::{Cable, Namespace},
    report::{Report, value},
    traffic::{Senders, into, udp},
};

const NOBODY: u32 = 65_534;

/// Classic iftop as it is: its input closed, its output buffered.
fn classic(namespace: &Namespace, options: &str) -> Iftop {
    let mut command = Command::new(classic::program());
    command.args(options.split_whitespace());
    Iftop::spawn(namespace, command)
}

/// Status, and whether something stands on stdout and stderr.
fn ending(end: &End) -> (Option<i32>, bool, bool) {
    (end.status.code(), !end.out.is_empty(), !end.errors.is_empty())
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn invocations_end_as_with_classic_iftop() {
    let namespace = Namespace::new();
    // (number, options, the same, status): the words are our own.
    let cases = [
        ("1", "-h", true, 0),
        ("1", "-x", true, 1),
        ("1", "-i", true, 1),
        ("1", "foo", true, 1),
        // Classic iftop has no long options.
        ("1", "--help", false, 0),
        ("-", "-t -i nosuch0", true, 1),
    ];
    for (number, options, same, status) in cases {
        let ours = Iftop::start(&namespace, options).end();
        let classic = classic(&namespace, options).end();
        assert_eq!(ours.status.code(), Some(status), "{number} {options}: {ours:?}");
        let agree = ending(&ours) == ending(&classic);
        assert_eq!(agree, same, "{number} {options}: {ours:?} {classic:?}");
    }
}

/// 15: a bad value ends ours; classic iftop says what is wrong with it and goes on without.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn bad_values_end_it_unlike_classic_iftop() {
    let cable = Cable::new();
    let bad = [
        "-m 10Mb",
        "-m -5",
        "-F 10.0.0.0",
        "-F x/24",
        "-F 10.0.0.0/33",
        "-G fe80::/129",
        "-o bogus",
    ];
    for options in bad {
        let ours = Iftop::start(&cable.a, &format!("-i va -t {options}")).end();
        assert_eq!(ending(&ours), (Some(1), false, true), "{options}: {ours:?}");
        let value = options.split(' ').nth(1).unwrap();
        assert!(ours.errors.contains(value), "{options}: {ours:?}");
        let mut classic = classic::start(&cable.a, &format!("-i va -t {options}"));
        classic.wait_until_listening();
    }
}

/// 21: ours ends by the clock; classic iftop waits for a packet.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_timed_run_without_traffic_ends_unlike_classic_iftop() {
    let cable = Cable::new();
    let mut classic = classic::start(&cable.a, "-i va -t -s 1 -n");
    classic.wait_until_listening();
    let ours = Iftop::start(&cable.a, "-i va -t -s 3 -n").end();
    assert_eq!(ours.status.code(), Some(0), "{ours:?}");
    assert_eq!(ours.out.matches("====").count() * 4, 92, "one report: {ours:?}");
    assert!(classic.is_running(), "a second was enough");
}

/// Processor time that a process has used, in ticks of 10 ms.
fn ticks(iftop: &Iftop) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", iftop.id())).unwrap();
    // proc_pid_stat(5): utime and stime are fields 14 and 15, the name ends with the last `)`.
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
    fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}

/// 22: at the end of its input ours waits for traffic; classic iftop asks again and again.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_closed_input_costs_nothing_unlike_classic_iftop() {
    let cable = Cable::new();
    let mut ours = Iftop::start(&cable.a, "-i va -t -n --interval 1");
    ours.wait_until_listening();
    let before = ticks(&ours);
    let classic = classic(&cable.a, "-i va -t -n");
    for _ in 0..3 {
        Report::next(&mut ours);
    }
    let [ours, classic] = [ticks(&ours) - before, ticks(&classic)];
    // Three seconds; on a busy machine classic iftop gets a part of them.
    assert!(ours < 30, "{ours} ticks");
    assert!(classic > 2 * ours, "{classic} ticks of classic iftop, {ours} of ours");
}

/// 23: ours writes each report when it is made; classic iftop when 4 KiB have come together.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn reports_come_at_once_through_a_pipe_unlike_classic_iftop() {
    let cable = Cable::new();
    let mut command = Command::new(classic::program());
    command.args(["-i", "va", "-t", "-n"]);
    let mut classic = Iftop::spawn_with_input(&cable.a, command);
    let mut ours = Iftop::start(&cable.a, "-i va -t -n --interval 1");
    ours.wait_until_listening();
    let pump = Pump::start(&cable);
    for _ in 0..4 {
        Report::next(&mut ours);
    }
    assert!(!classic.has_written(), "classic iftop has written something");
    drop(pump);
    classic.press("q");
    let end = classic.end();
    assert!(end.out.starts_with("Listening on va\n"), "{end:?}");
    assert!(end.out.contains("===="), "it had a report to write: {end:?}");
}

/// 26b: ours divides by the time that has passed; classic iftop by two seconds, of which its first
/// slot may have seen one.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_first_rate_is_right_unlike_classic_iftop() {
    let cable = Cable::new();
    let mut ours = Iftop::start(&cable.a, "-i va --json -s 2");
    ours.wait_until_listening();
    let senders = Senders::new(&cable);
    while ours.is_running() {
        senders.send(&into(&udp("10.9.0.2:7", "10.9.0.1:2", 92)));
        // A pace, not a wait for something.
        thread::sleep(Duration::from_millis(10));
    }
    let report: Value = serde_json::from_str(&ours.end().out).unwrap();
    let received = &report["flows"][0]["received"];
    let number = |value: &Value| value.as_f64().unwrap();
    let [bits_per_second, bytes, seconds] =
        [&received["bits_per_second"]["2s"], &received["bytes"], &report["elapsed_seconds"]]
            .map(number);
    assert!(seconds > 1.9, "{report}");
    let exact = bytes * 8.0 / seconds;
    assert!((bits_per_second - exact).abs() <= 0.001 * exact, "{bits_per_second}: {report}");
}

/// 27: on a loopback interface all is sent, and a connection is a row for each direction.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn loopback_rows_are_those_of_classic_iftop() {
    let namespace = Namespace::new();
    namespace.run(|| fs::write("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "0").unwrap());
    let options = "-i lo -t -n -N -P -o source";
    let mut classic = classic::start(&namespace, options);
    let mut ours = Iftop::start(&namespace, options);
    classic.wait_until_listening();
    ours.wait_until_listening();
    let [from4, to4, from6, to6] = ["127.0.0.1:4000", "127.0.0.1:4001", "[::1]:4000", "[::1]:4001"]
        .map(|end| namespace.run(|| UdpSocket::bind(end).unwrap()));
    let listener = namespace.run(|| TcpListener::bind("127.0.0.1:5000").unwrap());
    let mut client = namespace.run(|| TcpStream::connect("127.0.0.1:5000").unwrap());
    let (mut server, _) = listener.accept().unwrap();
    let client_end = client.local_addr().unwrap().to_string();
    let stop = AtomicBool::new(false);
    let [ours, classic] = thread::scope(|scope| {
        scope.spawn(|| {
            // Longer than it can take.
            for _ in 0..1000 {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                from4.send_to(&[0; 100], to4.local_addr().unwrap()).unwrap();
                from6.send_to(&[0; 100], to6.local_addr().unwrap()).unwrap();
                client.write_all(&[0; 10]).unwrap();
                server.write_all(&[0; 10]).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        });
        let rows = [&mut ours, &mut classic].map(four_rows);
        stop.store(true, Ordering::Relaxed);
        rows
    });
    let mut expected = [
        ("127.0.0.1:4000", "127.0.0.1:4001"),
        ("127.0.0.1:5000", client_end.as_str()),
        (client_end.as_str(), "127.0.0.1:5000"),
        ("[::1]:4000", "[::1]:4001"),
    ]
    .map(|(left, right)| format!("{left} {right}"));
    expected.sort();
    assert_eq!(ours, expected);
    assert_eq!(classic, expected);
}

/// The hosts of the first report that has as many rows, in which nothing is received.
fn four_rows(iftop: &mut Iftop) -> Vec<String> {
    for _ in 0..20 {
        let rows = Report::next(iftop).rows();
        assert!(rows.iter().all(|row| value(&row.received[3]) == 0.0), "{rows:?}");
        if rows.len() == 4 {
            let mut hosts: Vec<_> =
                rows.iter().map(|row| format!("{} {}", row.left, row.right)).collect();
            hosts.sort();
            return hosts;
        }
    }
    panic!("never four rows");
}

/// 28: both take it for all interfaces.
#[cfg(feature = "pcap")]
#[test]
#[ignore = "needs root: cargo xtask test"]
fn any_is_all_interfaces_as_in_classic_iftop() {
    let cable = Cable::new();
    Iftop::start(&cable.a, "-i any -t").wait_until_listening();
    classic::start(&cable.a, "-i any -t").wait_until_listening();
}

/// 39: down and up again: both go on. Deleted: ours ends and says so.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn an_interface_that_was_down_counts_again_as_in_classic_iftop() {
    let cable = Cable::new();
    let mut classic = classic::start(&cable.a, "-i va -t -n -N");
    let mut ours = Iftop::start(&cable.a, "-i va -t -n -N");
    classic.wait_until_listening();
    ours.wait_until_listening();
    cable.a.ip("link set va down");
    cable.a.ip("link set va up");
    Senders::new(&cable).send(&into(&udp("10.9.0.2:7", "10.9.0.1:2", 92)));
    let pump = Pump::start(&cable);
    for iftop in [&mut ours, &mut classic] {
        let counted = (0..20).any(|_| Report::next(iftop).cumulative() == ["0B", "120B", "120B"]);
        assert!(counted, "never");
    }
    drop(pump);
    cable.a.ip("link delete va");
    let ours = ours.end();
    assert_eq!(ours.status.code(), Some(1), "{ours:?}");
    assert!(ours.errors.ends_with("va is gone\n"), "{ours:?}");
    assert!(classic.is_running(), "unlike ours");
}

/// 41: ours needs none of an interface's addresses; classic iftop takes a second one for IPv6.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn several_addresses_are_no_trouble_unlike_in_classic_iftop() {
    let cable = Cable::with_addresses();
    cable.a.ip("address add 10.9.1.1/24 dev va");
    cable.a.ip("address add 10.9.2.1/24 dev va");
    let _pump = Pump::start(&cable);
    let options = "-i va -t -n -s 1";
    let [ours, classic] =
        [Iftop::start(&cable.a, options), classic::start(&cable.a, options)].map(Iftop::end);
    for end in [&ours, &classic] {
        assert!(end.errors.contains("IP address is: 10.9.0.1\n"), "{end:?}");
    }
    assert!(!ours.errors.contains("IPv6"), "{ours:?}");
    assert!(classic.errors.contains("IPv6 address is: ::"), "{classic:?}");
}

/// 42: both end with 1.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn without_privileges_it_ends_as_classic_iftop() {
    let cable = Cable::new();
    // By its descriptor: the folders on its path may be closed to others.
    let program = File::open(env!("CARGO_BIN_EXE_iftop")).unwrap();
    let ours = format!("/proc/self/fd/{}", program.as_raw_fd());
    for program in [ours.as_str(), classic::program()] {
        let mut command = Command::new(program);
        command.args(["-i", "va", "-t"]);
        let end = Iftop::spawn_as(&cable.a, command, NOBODY).end();
        assert_eq!(ending(&end), (Some(1), false, true), "{end:?}");
    }
}
