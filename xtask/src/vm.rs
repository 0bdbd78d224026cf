//! `cargo xtask vm`: the tests that face the kernel, on the kernels that Debian packages.
//!
//! It owns which kernels and which tests. Each kernel is booted in qemu by plain emulation: that takes no
//! hardware and no rights, and nothing is installed but what builds and feeds the tests. What is fetched
//! is kept in `target/vm`. It must never pass over a kernel in silence.

mod boot;
pub mod fetch;
mod image;
mod kernels;
mod verifier;

use std::{
    fs::{self, File},
    panic::resume_unwind,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use boot::{Qemu, Verdict};
use image::{Base, Tests};
use kernels::{KERNELS, LeftOut};

use crate::{
    cmd,
    setup::{self, Purpose},
};

/// The tests that are run inside, by a part of their names. Few of them start the program: that takes seconds
/// under emulation. (Which aggregates a veth leaves to the kernel differs between these kernels. What `unseen::`
/// asks of the second report is too much of a machine that may take several to see what it was sent at once.)
const UNIT: &[&str] = &[
    "qdisc::tests",
    "interface::getifaddrs",
    "interface::linux::counters",
    "interface::linux::default_route",
    "interface::linux::speed",
    "interface::linux::tags",
    "interface::linux::tests",
    "promiscuous::",
    "sandbox::linux::tests",
    "source::ebpf::differential::verifier",
];
const END_TO_END: &[&str] = &[
    "counting::",
    // Whatever the kernel, these fit into the table.
    "--skip=counting::a_thousand_flows",
    "kernels::",
    "filter::a_few_expressions",
    "filter::a_filter_reads_what_is_not_linear",
    "hotplug::",
    "running::a_qdisc_that_others_made_stays",
    "presence::one_that_comes_back_is_counted_again",
    "rights::once_it_counts",
    "rights::the_helper_goes",
    "running::nothing_is_left",
    "stacked::a_vlan",
];
/// Fewer that passed are a mistake of this list.
const LEAST_PASSED: usize = 39;

/// A virtual machine that is ready to be run, and was.
struct Machine {
    series: &'static str,
    vmlinuz: PathBuf,
    image: PathBuf,
    log: PathBuf,
}

struct Ran {
    series: &'static str,
    verdict: Result<Verdict>,
    took: Duration,
}

/// Runs the tests on these kernels, or on all. Some may be left out, which fails in CI unless
/// Debian's mirror has their suite no more.
pub fn vm(kernels: &[String], record: bool) -> Result<()> {
    let wanted = kernels::chosen(kernels)?;
    setup::setup(Purpose::Vm)?;
    let folder = cmd::target_dir()?.join("vm");
    fs::create_dir_all(&folder).context("make a folder for virtual machines")?;
    // Two runs would unpack over each other.
    let lock = File::create(folder.join("lock")).context("the lock of virtual machines")?;
    lock.lock().context("wait for another run to end")?;
    let (qemu, busybox) = kernels::tools(&folder)?;
    let (tests, program) = build()?;
    let base = Base::pack(&folder, &busybox, &tests, &program)?;
    let (mut machines, mut left_out) = (Vec::new(), Vec::new());
    for kernel in wanted {
        match kernels::machine(kernel, &folder, &base)? {
            Ok(machine) => machines.push(machine),
            Err(reason) => left_out.push(reason),
        }
    }
    let ran = run_all(&qemu, &machines, tests.len());
    report(&ran, &left_out, record)
}

/// Runs them, as many at once as there are CPUs. The last one takes longest, so it is the first to start.
fn run_all(qemu: &Qemu, machines: &[Machine], programs: usize) -> Vec<Ran> {
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    let waiting = Mutex::new(machines.iter().enumerate().rev());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = |machine: &Machine| {
        let started = Instant::now();
        let log = &machine.log;
        let run = qemu.run(&machine.vmlinuz, &machine.image, log);
        let verdict = run.and_then(|()| boot::judge(log, programs));
        let ran = Ran { series: machine.series, verdict, took: started.elapsed() };
        println!("{}", ran.line());
        ran
    };
    let mut ran: Vec<_> = thread::scope(|scope| {
        let worker = || {
            let mut ran = Vec::new();
            while let Some((place, machine)) = next() {
                ran.push((place, run(machine)));
            }
            ran
        };
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    ran.sort_by_key(|(place, _)| *place);
    ran.into_iter().map(|(_, ran)| ran).collect()
}

impl Ran {
    /// As it stands in the summary.
    fn line(&self) -> String {
        let seconds = self.took.as_secs_f64();
        match &self.verdict {
            Ok(verdict) => {
                let Verdict { kernel, passed, failed, .. } = verdict;
                format!("{kernel:30}{passed:4} passed{:4} failed{seconds:6.0} s", failed.len())
            }
            Err(error) => format!("{:30}{error:#}, {seconds:.0} s", self.series),
        }
    }

    /// What is wrong with it.
    fn faults(&self) -> Vec<String> {
        match &self.verdict {
            Err(error) => vec![format!("{error:#}")],
            Ok(verdict) if verdict.failed.is_empty() && verdict.passed < LEAST_PASSED => {
                vec![format!("only {} tests were run", verdict.passed)]
            }
            Ok(verdict) => verdict.failed.clone(),
        }
    }
}

/// Says what came out, and fails where that is not good.
fn report(ran: &[Ran], left_out: &[LeftOut], record: bool) -> Result<()> {
    let mut faults = faults(ran, left_out, cmd::is_ci());
    let verdicts = ran.iter().filter_map(|ran| Some((ran.series, ran.verdict.as_ref().ok()?)));
    if !record {
        faults.extend(verifier::check(verdicts)?);
    } else if faults.is_empty() {
        verifier::record(verdicts, &KERNELS.map(|kernel| kernel.series))?;
    }
    println!("\n==> kernels");
    for ran in ran {
        println!("{}", ran.line());
    }
    for LeftOut { why, .. } in left_out {
        println!("NOT TESTED: {why}");
    }
    if !faults.is_empty() {
        bail!("the logs are in target/vm\n  {}", faults.join("\n  "));
    }
    Ok(())
}

/// What is wrong with what was run, and with what was not.
fn faults(ran: &[Ran], left_out: &[LeftOut], in_ci: bool) -> Vec<String> {
    let failed = ran
        .iter()
        .flat_map(|ran| ran.faults().into_iter().map(|fault| format!("{}: {fault}", ran.series)));
    let to_be_run = left_out.iter().filter(|kernel| in_ci && !kernel.suite_is_gone);
    let missing = to_be_run.map(|kernel| format!("{}: CI is to test all kernels", kernel.why));
    let none = ran.is_empty().then(|| "no kernel was tested".to_owned());
    failed.chain(missing).chain(none).collect()
}

/// Builds the tests, and the program that they run: as `cargo xtask test` does, so that this is done.
fn build() -> Result<(Vec<Tests>, PathBuf)> {
    let mut build = cmd::cargo()?;
    build.args(["test", "--no-run", "--workspace", "--locked", "--lib", "--test", "iftop"]);
    let said = cmd::output(build.arg("--message-format=json"))?;
    let find = |kind: &str, name: &str| {
        executable(&said, kind, name).with_context(|| format!("cargo built no {kind} {name}"))
    };
    let tests = vec![
        Tests { program: find("lib", "iftop_user")?, filters: UNIT },
        Tests { program: find("test", "iftop")?, filters: END_TO_END },
    ];
    Ok((tests, find("bin", "iftop")?))
}

/// What cargo built of a target, by its messages, one to a line.
fn executable(messages: &str, kind: &str, name: &str) -> Option<PathBuf> {
    messages.lines().filter_map(|line| serde_json::from_str(line).ok()).find_map(
        |message: serde_json::Value| {
            let target = &message["target"];
            let is_it = target["name"] == name && target["kind"][0] == kind;
            is_it.then(|| message["executable"].as_str()).flatten().map(PathBuf::from)
        },
    )
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn no_kernel_is_passed_over_in_silence() {
        let ran = |passed, failed: &[&str]| Ran {
            series: "6.1",
            verdict: Ok(Verdict {
                kernel: "6.1.0-56".to_owned(),
                passed,
                failed: failed.iter().map(|name| (*name).to_owned()).collect(),
                verified: Vec::new(),
            }),
            took: Duration::from_secs(1),
        };
        let broken = Ran { verdict: Err(anyhow!("it did not boot")), ..ran(0, &[]) };
        let left_out = |suite_is_gone| LeftOut { why: "5.10: gone".to_owned(), suite_is_gone };
        let good = || ran(LEAST_PASSED, &[]);
        let cases = [
            (vec![good()], vec![], true, &[][..]),
            (vec![good()], vec![left_out(true)], true, &[]),
            (vec![good()], vec![left_out(false)], false, &[]),
            (vec![good()], vec![left_out(false)], true, &["5.10: gone: CI is to test all kernels"]),
            (vec![], vec![left_out(true)], false, &["no kernel was tested"]),
            (vec![good(), broken], vec![], false, &["6.1: it did not boot"]),
            (vec![ran(1, &[])], vec![], false, &["6.1: only 1 tests were run"]),
            (vec![ran(LEAST_PASSED, &["a", "b"])], vec![], false, &["6.1: a", "6.1: b"]),
        ];
        for (ran, left_out, in_ci, expected) in cases {
            assert_eq!(faults(&ran, &left_out, in_ci), expected);
        }
    }

    #[test]
    fn executables_are_found_in_cargos_messages() {
        let messages = r#"{"reason":"x","target":{"name":"iftop","kind":["bin"]},"executable":"/t/iftop"}
{"target":{"name":"iftop","kind":["test"]},"executable":"/t/deps/iftop-1"}
{"target":{"name":"iftop_user","kind":["lib"]},"executable":null}
{"target":{"name":"iftop_user","kind":["lib"]},"executable":"/t/deps/iftop_user-1"}
finished"#;
        let found = |kind, name| executable(messages, kind, name);
        assert_eq!(found("test", "iftop"), Some("/t/deps/iftop-1".into()));
        assert_eq!(found("lib", "iftop_user"), Some("/t/deps/iftop_user-1".into()));
        assert_eq!(found("lib", "iftop"), None);
    }
}
