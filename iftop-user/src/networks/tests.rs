//! A file's text in; networks, or the first mistake out.

use super::*;

fn networks(text: &str) -> Networks {
    Networks::parse(text).unwrap_or_else(|mistake| panic!("{mistake:?}"))
}

/// Name and prefix of the network that an address is in.
fn of(networks: &Networks, address: &str) -> String {
    let number = networks.find(address.parse().unwrap());
    let Some(network) = number.and_then(|number| networks.get(number)) else {
        return "none".to_owned();
    };
    let prefixes = network.prefixes.iter().map(Prefix::to_string);
    network.name.clone().into_iter().chain(prefixes).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_smallest_network_around_an_address_is_its_own() {
    let text = "\
# Sites
10.0.0.0/8      all of us
10.1/16         branch   office # the old one
10.1.2.0/24     servers
10.1.2.3        printer\r
10.1.2.255/32   broadcast
10.2.0.1/255.255.0.0
\t
255.0.0.0/8     end
192.0.2.0/24    lab
2001:db8:1::/48 lab
2001:db8::/32   documentation
fd00::1         b\u{fc}cher
";
    let networks = networks(text);
    let cases = [
        ("10.0.0.0", "all of us 10.0.0.0/8"),
        ("10.255.255.255", "all of us 10.0.0.0/8"),
        ("9.255.255.255", "none"),
        ("11.0.0.0", "none"),
        ("10.1.0.0", "branch office 10.1.0.0/16"),
        ("10.1.1.255", "branch office 10.1.0.0/16"),
        ("10.1.2.0", "servers 10.1.2.0/24"),
        ("10.1.2.2", "servers 10.1.2.0/24"),
        ("10.1.2.3", "printer 10.1.2.3/32"),
        ("10.1.2.4", "servers 10.1.2.0/24"),
        ("10.1.2.255", "broadcast 10.1.2.255/32"),
        ("10.1.3.0", "branch office 10.1.0.0/16"),
        ("10.2.9.9", "10.2.0.0/16"),
        ("255.255.255.255", "end 255.0.0.0/8"),
        ("192.0.2.7", "lab 192.0.2.0/24 2001:db8:1::/48"),
        ("2001:db8:1::7", "lab 192.0.2.0/24 2001:db8:1::/48"),
        ("2001:db8:2::7", "documentation 2001:db8::/32"),
        ("fd00::1", r"b\xc3\xbccher fd00::1/128"),
        ("fd00::2", "none"),
        // The families have nothing in common.
        ("::ffff:10.1.2.3", "none"),
        ("::a01:203", "none"),
    ];
    for (address, expected) in cases {
        assert_eq!(of(&networks, address), expected, "{address}");
    }
    let all = self::networks("0/0 old\n::/0 new");
    for (address, expected) in [
        ("0.0.0.0", "old 0.0.0.0/0"),
        ("255.255.255.255", "old 0.0.0.0/0"),
        ("::", "new ::/0"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "new ::/0"),
    ] {
        assert_eq!(of(&all, address), expected);
    }
    assert_eq!(self::networks(" \n# none\n"), Networks::default());
}

/// Against a search through all of them, by chance but always the same.
#[test]
fn ranges_say_what_a_search_says() {
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..50 {
        // Few addresses, so that most networks are inside others.
        let nets: Vec<(u32, u32)> = (0..next(40))
            .map(|_| {
                let length = u32::try_from(next(33)).unwrap();
                let address =
                    u32::try_from(next(64)).unwrap() << 26 | u32::try_from(next(8)).unwrap();
                (address & u32::MAX.checked_shl(32 - length).unwrap_or(0), length)
            })
            .collect();
        let mut unique = nets;
        unique.sort_unstable();
        unique.dedup();
        let line = |(address, length): &(u32, u32)| {
            format!("{}/{length} {address}-{length}\n", std::net::Ipv4Addr::from(*address))
        };
        let networks = networks(&unique.iter().map(line).collect::<String>());
        for _ in 0..200 {
            let address = u32::try_from(next(64)).unwrap() << 26 | u32::try_from(next(8)).unwrap();
            let inside = |(net, length): &&(u32, u32)| {
                address & u32::MAX.checked_shl(32 - length).unwrap_or(0) == *net
            };
            let smallest = unique.iter().filter(inside).max_by_key(|(_, length)| *length);
            let expected = smallest.map(|(address, length)| format!("{address}-{length}"));
            let number = networks.find(IpAddr::V4(address.into()));
            let found = number.and_then(|number| networks.get(number)?.name.clone());
            assert_eq!(found, expected, "{address} in {unique:?}");
        }
    }
}

#[test]
fn a_line_that_is_no_network_is_refused_by_its_number() {
    let form4 = "it takes a network as 10.0.0.0/8 or 10.0.0.0/255.0.0.0";
    let form6 = "it takes a network as fd00::/8 or fd00::/ff00::";
    let long = format!("10.0.0.0/8 {}", "x".repeat(65));
    let cases = [
        ("10.0.0.0/8 a\nbranch office", 2, form4),
        ("branch 10.0.0.0/8", 1, form4),
        ("\n\n10.0.0.0/33 a", 3, "the length of an IPv4 prefix is 0 to 32"),
        ("fd00::/129 a", 1, "the length of an IPv6 prefix is 0 to 128"),
        ("fd00:/8 a", 1, form6),
        ("10.0.0.0/255.0.255.0 a", 1, "its mask has gaps"),
        ("fd00::/ff00::ff a", 1, "its mask has gaps"),
        ("10.0.0.0/8\u{1b}[2J", 1, form4),
        ("10.1.0.0/16 a\n10/8 b\n10.1.9.9/16 a", 3, "the network of line 1 again"),
        (&long, 1, "a name has at most 64 characters"),
    ];
    for (text, line, expected) in cases {
        let mistake = Mistake { line, text: expected.to_owned() };
        assert_eq!(Networks::parse(text), Err(mistake), "{text:?}");
    }
    let line = |number: u32| format!("{} {number}\n", std::net::Ipv4Addr::from(number));
    let many: String = (0..65_536).map(line).collect();
    assert_eq!(networks(&many).find("0.0.255.255".parse().unwrap()), Some(65_535));
    let more = many + &line(65_536);
    let mistake = Networks::parse(&more).unwrap_err();
    assert_eq!((mistake.line, &*mistake.text), (65_537, "there are more than 65536 networks"));
}
