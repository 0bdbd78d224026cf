//! End to end: a kernel that has no memory for the tables that were asked for.

use std::{
    env,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::{self, Command},
};

use crate::support::{
    iftop::Iftop,
    net::Cable,
    traffic::{Senders, into, udp},
};

/// A group of processes whose memory is bounded, the kernel's tables with it: cgroups(7).
struct Group(PathBuf);

impl Group {
    /// `None` where this system gives us no such group to make.
    fn new(name: &str, bytes: u64) -> Option<Self> {
        // Of the second version and of the first.
        let places =
            [("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")];
        places.into_iter().find_map(|(root, limit)| {
            let path = Path::new(root).join(format!("iftop-test-{}-{name}", process::id()));
            fs::create_dir(&path).ok()?;
            let group = Self(path);
            // Not to be made where the kernel did not make it.
            let mut limit = OpenOptions::new().write(true).open(group.0.join(limit)).ok()?;
            write!(limit, "{bytes}").ok()?;
            Some(group)
        })
    }

    /// The program with its options in one string, inside.
    fn command(&self, options: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$ >\"$0\" && exec \"$@\""]);
        command.arg(self.0.join("cgroup.procs")).arg(env!("CARGO_BIN_EXE_iftop"));
        command.args(options.split_whitespace());
        command
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // It is empty when the program was waited for.
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_kernel_that_refuses_memory_gets_a_smaller_table_and_all_is_counted() {
    const MEMORY: u64 = 64 << 20;
    for table in ["flat", "hash"] {
        let Some(group) = Group::new(table, MEMORY) else {
            let reason = "no memory can be refused here: no cgroup of ours for memory";
            assert!(env::var_os("CI").is_none(), "{reason}");
            eprintln!("skipped: {reason}");
            return;
        };
        let cable = Cable::new();
        let options = format!("--json -i va -P --interval 1 --table {table} --max-flows 1048576");
        let mut iftop = Iftop::spawn(&cable.a, group.command(&options));
        let said = iftop.wait_until_listening();
        let lines = iftop.report()["table"]["lines"].as_u64().unwrap();
        let start = format!("iftop: the kernel's table has {lines} lines, ");
        assert!(said.lines().any(|line| line.starts_with(&start)), "{said}");
        let senders = Senders::new(&cable);
        for port in 1..=1000 {
            senders.send(&into(&udp(&format!("10.9.0.2:{port}"), "10.9.0.1:53", 20)));
        }
        let report = iftop.last_report(1000);
        assert_eq!(report["account"]["in_flows"]["packets"], 1000, "{report}");
        let kernel_bytes = report["table"]["kernel_bytes"].as_u64();
        assert!(kernel_bytes < Some(MEMORY) && lines >= 1024, "{}", report["table"]);
    }
}
