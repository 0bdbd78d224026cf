//! Each grouping of one capture, held against its flows: no group has a byte more or less than they have.

use std::{collections::BTreeMap, net::IpAddr};

use super::*;
use crate::support::{
    capture::{Order::Little, pcap},
    frame::{TCP, ipv6},
};

const ICMP: u8 = 1;
const ICMP6: u8 = 58;

/// The second name is that of two networks.
const NETWORKS: &str = "\
10.1.0.0/16   branch office
10.1.2.0/24   servers     # inside of it
2001:db8:1::/48  servers
10.2.0.9
";

/// Bytes and packets, sent and received.
type Sums = BTreeMap<String, [u64; 4]>;

/// Both ways between one of ours and hosts of several networks.
fn capture() -> Vec<u8> {
    let ours4 = [10, 0, 0, 1];
    let theirs4 = [[10, 1, 0, 1], [10, 1, 2, 1], [10, 1, 2, 2], [10, 2, 0, 9], [203, 0, 113, 7]];
    let theirs6 = ["2001:db8:1::1", "2001:db8:1:2::1", "2001:db8:2::1", "2001:db8:2::2"];
    let ports = [(TCP, 443), (UDP, 53), (UDP, 443)];
    let mut frames = Vec::new();
    let mut add = |theirs: IpAddr, protocol: u8, out: bool, datagram: &[u8]| {
        let ours: IpAddr = if theirs.is_ipv4() { ours4.into() } else { "fd00::1".parse().unwrap() };
        let (packet, ethertype) = match if out { (ours, theirs) } else { (theirs, ours) } {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let packet = V4 { source, destination, protocol, options: &[], fragment: 0 };
                (packet.packet(datagram), 0x0800)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                (ipv6(source, destination, &[], protocol, datagram), 0x86dd)
            }
            _ => unreachable!("one family"),
        };
        frames.push(frame::ethernet(THEIRS, OURS, &[], ethertype, &packet));
    };
    let theirs = theirs4.map(IpAddr::from).into_iter();
    let theirs = theirs.chain(theirs6.map(|address| address.parse().unwrap()));
    for (place, address) in theirs.enumerate() {
        for (other, (protocol, port)) in ports.into_iter().enumerate() {
            let client = 40_000 + u16::try_from(place).unwrap();
            // No two sums are alike by chance.
            let bytes = 60 + 7 * place * place + 31 * other;
            add(address, protocol, true, &frame::udp(client, port, bytes));
            add(address, protocol, false, &frame::udp(port, client, 2 * bytes));
        }
        let ping = if address.is_ipv4() { ICMP } else { ICMP6 };
        add(address, ping, true, &[8; 40]);
    }
    let times = (START..).step_by(10_000_000);
    let packets: Vec<_> =
        times.zip(&frames).map(|(time, frame)| Packet::new(time, frame)).collect();
    pcap(Little, false, 1, &packets)
}

/// Its rows, joined by what a function says of each.
fn sums(report: &Value, key: impl Fn(&Value) -> String) -> Sums {
    let mut sums = Sums::new();
    for row in report["flows"].as_array().unwrap() {
        let counts =
            ["sent", "received"].map(|side| ["bytes", "packets"].map(|unit| &row[side][unit]));
        let sum = sums.entry(key(row)).or_default();
        for (sum, count) in std::iter::zip(sum, counts.as_flattened()) {
            *sum += count.as_u64().unwrap();
        }
    }
    sums
}

fn whole(report: &Value) -> [u64; 4] {
    sums(report, |_| String::new()).pop_first().unwrap().1
}

fn host(row: &Value) -> String {
    row["remote"]["address"].as_str().unwrap_or("unknown").to_owned()
}

/// The servers' ports of this capture are the lower ones, and no others have names.
fn service_of(flow: &Value) -> String {
    let ports = ["local", "remote"].map(|end| flow[end]["port"].as_u64());
    format!("{:?} {}", ports.into_iter().flatten().min(), protocol(flow))
}

fn service(row: &Value) -> String {
    format!("{:?} {}", row["group"]["port"].as_u64(), protocol(row))
}

fn protocol(row: &Value) -> String {
    row["protocol"]["name"].as_str().unwrap().to_owned()
}

/// What the file of networks, or else the address, says.
fn network_of(flow: &Value, is_named: bool) -> String {
    let address = host(flow);
    let named = [
        ("10.1.2.", "servers"),
        ("10.1.", "branch office"),
        ("2001:db8:1:", "servers"),
        ("10.2.0.9", "10.2.0.9/32"),
    ];
    let name = named.into_iter().find(|(start, _)| is_named && address.starts_with(start));
    match (name, address.parse().unwrap()) {
        (Some((_, name)), _) => name.to_owned(),
        (None, IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        (None, IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

fn network(row: &Value) -> String {
    let [name, prefix] = ["name", "prefix"].map(|part| row["group"][part].as_str());
    name.or(prefix).unwrap().to_owned()
}

/// What a flow belongs to, and what a group is.
type Keys<'a> = (&'a dyn Fn(&Value) -> String, &'a dyn Fn(&Value) -> String);

#[test]
fn groups_are_what_their_flows_add_up_to() {
    let file = capture();
    let networks = Scratch::new(NETWORKS.as_bytes());
    let networks = format!("--networks {}", networks.0.display());
    let report =
        |options: &str| read(&file, &format!("--json --local 10.0.0.1,fd00::1 {options}")).last();
    let flows = report("-P");
    assert_eq!(flows["flows"].as_array().unwrap().len(), 9 * 4);
    let cases: [(&str, usize, Keys<'_>); 5] = [
        ("--group host", 9, (&host, &host)),
        ("--group network", 7, (&|flow| network_of(flow, false), &network)),
        (&format!("--group network {networks}"), 5, (&|flow| network_of(flow, true), &network)),
        ("--group service", 5, (&service_of, &service)),
        ("--group protocol", 4, (&protocol, &protocol)),
    ];
    for (options, groups, (of_flow, of_group)) in cases {
        let grouped = report(options);
        let expected = sums(&flows, of_flow);
        assert_eq!(expected.len(), groups, "{options}: {expected:?}");
        assert_eq!(grouped["flows"].as_array().unwrap().len(), groups, "{options}");
        assert_eq!(sums(&grouped, of_group), expected, "{options}");
        assert!(options.contains(grouped["grouping"].as_str().unwrap()));
    }
}

/// Far ends that the table had no room for are in all groupings too.
#[test]
fn no_grouping_loses_what_the_table_had_no_room_for() {
    let file = capture();
    for grouping in ["flow", "host", "network", "service", "protocol"] {
        let options = format!("--json --local 10.0.0.1,fd00::1 --max-flows 12 --group {grouping}");
        let report = read(&file, &options).last();
        let [sent_bytes, sent, received_bytes, received] = whole(&report);
        let all = (sent_bytes + received_bytes, sent + received);
        assert_eq!(all, (bytes(&report, "in_flows"), packets(&report, "in_flows")), "{grouping}");
        assert!(packets(&report, "spilled") > 0, "{}", report["account"]);
    }
}

#[test]
fn text_has_the_names_and_a_damaged_file_of_networks_is_refused() {
    let file = capture();
    let networks = Scratch::new(NETWORKS.as_bytes());
    let path = networks.0.to_str().unwrap();
    // The directory that the program runs in is another one.
    let config = Scratch::new(
        format!("group: network\nnetworks: {}\n", networks.0.file_name().unwrap().display())
            .as_bytes(),
    );
    for options in
        [format!("--group network --networks {path}"), format!("-c {}", config.0.display())]
    {
        let run = read(&file, &format!("-t -n --local 10.0.0.1,fd00::1 {options}"));
        let rows = run.out.lines().filter(|line| line.contains(" <= ") && !line.contains("=>"));
        let mut names: Vec<_> = rows.map(|line| line[5..45].trim_end()).collect();
        names.sort_unstable();
        names.dedup();
        let expected =
            ["10.2.0.9/32", "2001:db8:2::/64", "203.0.113.0/24", "branch office", "servers"];
        assert_eq!(names, expected, "{options}: {run:?}");
    }
    let damaged = Scratch::new(b"10.0.0.0/8 all\n\nsecret\x1b[2J:0123 x\n");
    let path = damaged.0.display();
    let cases = [
        (format!("{path}"), format!("{path}:3: it takes a network as fd00::/8 or fd00::/ff00::")),
        ("/nonexistent".to_owned(), "read the networks of /nonexistent".to_owned()),
        ("/dev/zero".to_owned(), "it is no regular file".to_owned()),
    ];
    for (path, expected) in cases {
        let run = read(&file, &format!("-t --networks {path}"));
        assert_eq!((run.status, run.out.as_str()), (Some(1), ""), "{path}");
        assert!(run.errors.contains(&expected), "{path}: {}", run.errors);
        assert!(!run.errors.contains("secret"), "{}", run.errors);
    }
}
