//! What is asked of every kernel beside exact counts: `cargo xtask vm` runs these tests on others than this
//! machine's.

use crate::support::{
    iftop::Iftop,
    kernel,
    net::Cable,
    report::Report,
    traffic::{Senders, into, out, udp},
};

/// The program as most will start it, from its first line to its last.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_text_report_is_right_to_the_byte() {
    let cable = Cable::new();
    let mut iftop = Iftop::start(&cable.a, "-t -i va -n -N -P -B");
    let said = iftop.wait_until_listening();
    assert_eq!(said, "Listening on va\n");
    let senders = Senders::new(&cable);
    let question = out(&udp("10.9.0.1:40000", "10.9.0.2:53", 12));
    let answer = into(&udp("10.9.0.2:53", "10.9.0.1:40000", 72));
    for sent in [&question, &answer, &answer, &question, &answer] {
        senders.send(sent);
    }
    let cumulative = ["80B", "300B", "380B"];
    let mut reports = (0..20).map(|_| Report::next(&mut iftop));
    let report = reports.find(|report| report.cumulative() == cumulative).unwrap();
    let [row] = &report.rows()[..] else { panic!("{report:?}") };
    assert_eq!([&*row.left, &*row.right], ["10.9.0.1:40000", "10.9.0.2:53"]);
    assert_eq!([&*row.sent[3], &*row.received[3]], ["80B", "300B"]);
    iftop.signal(libc::SIGTERM);
    let end = iftop.end();
    let errors = "interface: va\nMAC address is: 02:00:00:00:00:0a\n";
    assert_eq!((end.status.code(), &*end.errors), (Some(143), errors), "{end:?}");
    assert_eq!(Report::last(&end.out).rows()[0].sent[3], "80B", "{end:?}");
}

/// What a kernel lacks is named with the version that has it; another one does it.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn what_a_kernel_lacks_is_named_with_the_version_that_has_it() {
    let cable = Cable::new();
    let mut cases = vec![
        ("-i va --hook tcx", kernel::has_tcx(), "TCX hooks came with Linux 6.6"),
        (
            "-i va --hook xdp=native",
            kernel::has_frames_in_pieces(),
            "frames in several pieces, which XDP programs see since Linux 5.18",
        ),
    ];
    // Newer ones may not have this kind of tunnel at all.
    if !kernel::reads_tunnels() {
        cable.a.ip("link add t0 type ipip local 192.0.2.1 remote 192.0.2.2");
        cable.a.ip("link set t0 up");
        cases.push((
            "-i t0 --source ebpf",
            false,
            "packets that t0 receives cannot be read before Linux 5.14",
        ));
    }
    for (options, is_there, said) in cases {
        let end = Iftop::start(&cable.a, &format!("--json --interval 1 --count 1 {options}")).end();
        assert_eq!(end.status.code(), Some(i32::from(!is_there)), "{options}: {end:?}");
        assert_eq!(end.errors.contains(said), !is_there, "{options}: {end:?}");
        assert_eq!(end.out.is_empty(), !is_there, "{options}: {end:?}");
    }
}
