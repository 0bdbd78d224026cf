//! What is known, what is asked for, and when the resolver is left alone.

use super::*;

fn host(number: u32) -> IpAddr {
    std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).into()
}

fn name(name: &str) -> Answer {
    Answer::Name(name.to_owned())
}

#[test]
fn addresses_that_can_have_a_name() {
    let cases = [
        ("192.0.2.1", true),
        ("127.0.0.1", true),
        ("224.0.0.251", true),
        ("0.0.0.0", false),
        ("2001:db8::1", true),
        ("fd00::1", true),
        ("::1", true),
        ("ff02::fb", true),
        ("::", false),
        ("fe80::1", false),
        ("febf::1", false),
        ("fec0::1", false),
        ("feff::1", false),
    ];
    for (address, expected) in cases {
        assert_eq!(can_have_name(address.parse().unwrap()), expected, "{address}");
        let asked = Cache::new().ask(address.parse().unwrap(), Instant::now());
        assert_eq!(asked, expected, "{address}");
    }
}

#[test]
fn a_question_is_put_once_until_the_answer_expires() {
    let start = Instant::now();
    let after = |seconds| start + Duration::from_secs(seconds);
    for (answer, lasts) in [(name("a"), 3600), (Answer::Unknown, 60), (Answer::Failed, 30)] {
        let mut cache = Cache::new();
        assert!(cache.ask(host(1), start));
        assert!(!cache.ask(host(1), after(36_000)), "still open");
        cache.answer(host(1), answer, start);
        assert!(!cache.ask(host(1), after(lasts - 1)));
        assert!(cache.ask(host(1), after(lasts)));
        assert!(!cache.ask(host(1), after(lasts)), "open again");
    }
}

#[test]
fn a_name_stays_until_a_better_answer() {
    let (mut cache, now) = (Cache::new(), Instant::now());
    // Answer, whether it is news, what is known then.
    let steps = [
        (Answer::Unknown, false, None),
        (name("a.example"), true, Some("a.example")),
        (name("a.example"), false, Some("a.example")),
        (Answer::Failed, false, Some("a.example")),
        (name("b.example"), true, Some("b.example")),
        (name("x\x1b[0m"), true, Some(r"x\x1b[0m")),
        (Answer::Unknown, true, None),
        (name(""), false, None),
        (Answer::Failed, false, None),
    ];
    for (answer, news, known) in steps {
        assert_eq!(cache.answer(host(1), answer.clone(), now), news, "{answer:?}");
        assert_eq!(cache.lookup(host(1)), known, "{answer:?}");
    }
    assert_eq!(cache.by_age.len(), 1);
}

const NOBODY: [u32; 0] = [];

/// The numbers below `count` that are asked for.
fn asked(cache: &mut Cache, count: u32, now: Instant) -> Vec<u32> {
    cache.check(now);
    (0..count).filter(|number| cache.ask(host(*number), now)).collect()
}

#[test]
fn open_questions_are_bounded() {
    let (mut cache, start) = (Cache::new(), Instant::now());
    let after = |seconds| start + Duration::from_secs(seconds);
    let all: Vec<u32> = (0..4).flat_map(|second| asked(&mut cache, 1000, after(second))).collect();
    assert_eq!(all.len(), MAX_OPEN);
    assert!(!cache.is_held(), "an answer is what it waits for");
    cache.answer(host(0), Answer::Unknown, after(4));
    assert!(cache.ask(host(500), after(4)), "an answer makes room");
    assert!(!cache.ask(host(501), after(4)));
    cache.withdraw(host(500));
    assert!(cache.ask(host(501), after(4)), "and so does a question taken back");
}

#[test]
fn eighty_new_hosts_are_all_asked_for_in_the_end() {
    let (mut cache, start) = (Cache::new(), Instant::now());
    // Seconds, who is asked for then, whether the limit held others; all are answered at once.
    let rounds = [(0, 0..20, true), (1, 20..40, true), (2, 40..60, true), (3, 60..80, false)];
    for (second, expected, held) in rounds {
        let now = start + Duration::from_secs(second);
        let asked = asked(&mut cache, 80, now);
        assert!(asked.iter().copied().eq(expected), "{asked:?}");
        assert_eq!(cache.is_held(), held, "{second}");
        for number in asked {
            cache.answer(host(number), name("x"), now);
        }
    }
    assert!((0..80).all(|number| cache.lookup(host(number)).is_some()));
    assert_eq!(asked(&mut cache, 80, start + Duration::from_secs(4)), NOBODY);
}

#[test]
fn what_nobody_wants_any_more_is_not_held() {
    let (mut cache, now) = (Cache::new(), Instant::now());
    asked(&mut cache, 21, now);
    assert!(cache.is_held());
    cache.check(now);
    assert!(!cache.is_held());
}

#[test]
fn a_silent_resolver_is_left_alone_but_for_probes() {
    let (mut cache, start) = (Cache::new(), Instant::now());
    let after = |seconds| start + Duration::from_secs(seconds);
    assert_eq!(asked(&mut cache, 6, start), [0, 1, 2, 3, 4, 5]);
    cache.check(after(5));
    assert!(cache.is_paused() && cache.is_waiting());
    // Those in the hands of the resolver stay open, the others were taken back.
    cache.withdraw(host(4));
    cache.withdraw(host(5));
    assert_eq!(asked(&mut cache, 80, after(6)), NOBODY);
    assert!(!cache.is_held(), "no use trying again in a moment");
    assert_eq!(asked(&mut cache, 80, after(7)), [4], "one probe");
    for number in 0..5 {
        cache.answer(host(number), Answer::Failed, after(10));
    }
    assert!(cache.is_paused());
    assert_eq!(asked(&mut cache, 80, after(11)), [5]);
    cache.answer(host(5), Answer::Unknown, after(12));
    assert!(!cache.is_paused());
    assert_eq!(asked(&mut cache, 10, after(12)), [6, 7, 8, 9]);
    for number in 6..10 {
        cache.answer(host(number), name("x"), after(13));
    }
    assert_eq!(asked(&mut cache, 10, after(40)), [0, 1, 2, 3, 4], "the failed ones too");
}

#[test]
fn hosts_that_always_fail_do_not_keep_names_from_others() {
    let (mut cache, start) = (Cache::new(), Instant::now());
    let (mut lame, good) = ((0..4).map(host), host(100));
    assert!(lame.all(|host| cache.ask(host, start)));
    for number in 0..4 {
        cache.answer(host(number), Answer::Failed, start);
    }
    // Long after, when they may be asked for again, and a probe is due.
    let now = start + Duration::from_secs(40);
    let probe = start + Duration::from_secs(45);
    assert!(cache.ask(host(0), now), "nobody else wants the probe");
    cache.answer(host(0), Answer::Failed, now);
    assert_eq!(asked(&mut cache, 4, probe), NOBODY, "they wait a little");
    assert!(cache.ask(good, probe), "as there may be a new one");
}

#[test]
fn the_oldest_answer_goes_first() {
    let (mut cache, now) = (Cache::with_max_entries(3), Instant::now());
    for number in [1, 2, 3, 1, 4] {
        cache.answer(host(number), name("x"), now);
    }
    let known = [1, 2, 3, 4].map(|number| cache.lookup(host(number)).is_some());
    assert_eq!(known, [true, false, true, true], "1 was answered again after 2");
    assert_eq!((cache.entries.len(), cache.by_age.len()), (3, 3));
}
