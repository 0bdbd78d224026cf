//! End to end: CPUs that go and come while packets are counted on them, and more that never come.
//!
//! They are switched off in a virtual machine only (`cargo xtask vm`), where nobody else needs them.

use std::{
    fs,
    process::{Child, ChildStdin, Command, Stdio},
};

use crate::support::{
    iftop::Iftop,
    kernel,
    net::{Cable, on_cpu},
    traffic::{Senders, into, out, udp},
};

const ONLINE: &str = "/sys/devices/system/cpu/cpu1/online";
/// Packets each way between two events.
const EACH_WAY: u64 = 100;

/// CPU 1, which is at work again once this is dropped, or the test is gone in any other way.
struct Cpu1 {
    guard: Child,
    /// Ends the guard when it is closed.
    held: Option<ChildStdin>,
}

impl Cpu1 {
    fn take() -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("read x; echo 1 >{ONLINE}")]);
        let mut guard = command.stdin(Stdio::piped()).spawn().unwrap();
        let held = guard.stdin.take();
        Self { guard, held }
    }
}

impl Drop for Cpu1 {
    fn drop(&mut self) {
        drop(self.held.take());
        let _ = self.guard.wait();
    }
}

fn switch(on: bool) {
    fs::write(ONLINE, if on { "1" } else { "0" }).unwrap();
    assert_eq!(is_on(), on);
}

fn is_on() -> bool {
    fs::read_to_string(ONLINE).unwrap() == "1\n"
}

/// Sends packets both ways from a CPU.
fn send(senders: &Senders, cpu: usize) {
    let received = into(&udp("10.9.0.2:4000", "10.9.0.1:53", 100));
    let sent = out(&udp("10.9.0.1:53", "10.9.0.2:4000", 300));
    on_cpu(cpu, || {
        for _ in 0..EACH_WAY {
            senders.send(&received);
            senders.send(&sent);
        }
    });
}

/// Reads reports until all of so many rounds is in the totals, to the byte.
fn counted(iftop: &mut Iftop, rounds: u64) {
    let each_way = rounds * EACH_WAY;
    loop {
        let report = iftop.report();
        let side = |name: &str| {
            ["bytes", "packets"].map(|unit| report["totals"][name][unit].as_u64().unwrap())
        };
        // With headers of 20 and 8 bytes.
        let expected = [[each_way * 128, each_way], [each_way * 328, each_way]];
        let totals = ["received", "sent"].map(side);
        if totals == expected {
            return;
        }
        assert!(totals.iter().zip(expected).all(|(now, all)| now[1] <= all[1]), "{report}");
    }
}

/// What a CPU has counted is read when it is gone; it counts on when it is back; and one that was not there at
/// the start counts as the others do.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_cpu_that_goes_and_comes_back_loses_nothing() {
    if !kernel::is_in_vm() {
        println!("not here, where others need the CPUs: `cargo xtask vm`");
        return;
    }
    // The others are never switched on.
    let possible = fs::read_to_string("/sys/devices/system/cpu/possible").unwrap();
    let online = fs::read_to_string("/sys/devices/system/cpu/online").unwrap();
    assert_eq!((&*possible, &*online), ("0-7\n", "0-1\n"));
    let cpu = Cpu1::take();
    for (table, at_the_start) in [("flat", true), ("flat", false), ("hash", true)] {
        switch(at_the_start);
        let cable = Cable::new();
        let mut iftop = Iftop::json(&cable.a, &format!("-i va -n --table {table}"));
        let senders = Senders::new(&cable);
        switch(true);
        for rounds in [0, 3] {
            // While it is stopped nothing is read: all is there when the CPU goes.
            iftop.signal(libc::SIGSTOP);
            send(&senders, 1);
            switch(false);
            send(&senders, 0);
            iftop.signal(libc::SIGCONT);
            counted(&mut iftop, rounds + 2);
            switch(true);
            send(&senders, 1);
            counted(&mut iftop, rounds + 3);
        }
        iftop.last_report(2 * 6 * EACH_WAY);
    }
    drop(cpu);
    assert!(is_on());
}
