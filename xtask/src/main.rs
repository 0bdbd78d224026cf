//! The project's tasks, run as `cargo xtask <task>`.
//!
//! It owns the command line of the tasks and nothing else: each task has a module. No logic of
//! iftop itself belongs into this crate.
//!
//! `setup` installs what the others need, and each calls it first. `run` builds iftop and starts it, `demo` shows
//! it on traffic of its own. `test` is all that CI asks for; `targets`, `deny` and `ebpf` are also steps of it.
//! What takes longer stands for itself: `vm` (other kernels), `fuzz`, `bench`, `soak`, `dist` (packages),
//! `first-minutes`, `picture`. All start other programs through `cmd`.

mod bench;
mod cmd;
mod demo;
mod deny;
mod dist;
#[cfg(test)]
mod documents;
mod ebpf;
mod first_minutes;
mod fuzz;
mod picture;
mod root;
mod run;
mod setup;
mod soak;
mod targets;
mod test;
mod toolchain;
mod vm;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Set up, run, test and measure iftop, and build its kernel program.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build iftop and run it, through sudo where it needs that
    ///
    /// The build (release profile) is done as you; only iftop itself is started through sudo, and
    /// not even that when you are root, when the binary has file capabilities, or when the options
    /// only ask for help or the version. No BPF toolchain is needed: the kernel program is
    /// committed as an object. The exit code is iftop's own.
    ///
    /// Example: cargo xtask run -- -i eth0 -n
    Run {
        /// Options for iftop; put `--` before them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "IFTOP OPTIONS")]
        options: Vec<OsString>,
    },
    /// Show iftop on lively traffic between two network namespaces
    ///
    /// They are made for this, and gone when iftop ends; nothing of the host is touched. It builds iftop as `run`
    /// does, and needs root, or sudo.
    ///
    /// Example: cargo xtask demo -- -P
    Demo {
        /// An iftop that is there, instead of one that is built
        #[arg(long, value_name = "FILE")]
        program: Option<PathBuf>,
        /// Be the near end
        #[arg(long, hide = true, requires = "program")]
        near: bool,
        /// Be the far end
        #[arg(long, hide = true)]
        far: bool,
        /// Options for iftop; put `--` before them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "IFTOP OPTIONS")]
        options: Vec<OsString>,
    },
    /// Draw the pictures of the README from a real run
    ///
    /// It shows what `demo` shows on a terminal that nobody looks at, and writes docs/table.svg and
    /// docs/detail.svg. It takes four minutes, and needs root, or sudo.
    Picture,
    /// Check format, lints, documentation and the committed kernel program, and run all tests
    ///
    /// The tests that load a kernel program or make a network namespace are marked `#[ignore =
    /// "needs root: cargo xtask test"]`; they run as root, or through sudo when it asks for no
    /// password or stdin is a terminal. Where neither is possible they are named at the end, with a
    /// warning, and when CI is set that is a failure: they never pass silently.
    Test,
    /// Check that iftop builds for macOS and FreeBSD, where libpcap counts
    ///
    /// rustup installs Rust's library for them where it is missing. Nothing is linked or run.
    CheckTargets,
    /// Check licences, duplicates, sources and advisories of all dependencies
    ///
    /// cargo-deny is built where it is missing, which takes minutes.
    Deny {
        /// Fetch no database of advisories, and do not check them
        #[arg(long)]
        offline: bool,
    },
    /// Make what is handed out: an archive, packages for Debian and Fedora, and static programs
    ///
    /// All in target/dist, with libpcap linked in and the committed kernel program. Compilers for other systems
    /// are fetched from Python's package index, and libpcap's source from Debian, into target/dist-work.
    Dist {
        /// Also install and run each in a clean root folder, as root: it takes minutes
        #[arg(long)]
        check: bool,
    },
    /// Clone, build and start iftop in a clean Debian as README says, and write down how long that takes
    ///
    /// Writes docs/first-minutes.md. The Debian is in a root folder with a network of its own, and is gone
    /// afterwards; it needs root.
    FirstMinutes,
    /// Feed what iftop reads from outside with whatever libFuzzer finds
    ///
    /// cargo-fuzz is built where it is missing. It begins with what the tests know (tests/fuzz/seeds). Inputs
    /// that are found are kept in tests/fuzz/corpus, and those that break something in tests/fuzz/artifacts.
    Fuzz {
        /// What to feed: see tests/fuzz/targets; all of them where none is named
        #[arg(value_name = "TARGET", value_parser = fuzz::TARGETS)]
        targets: Vec<String>,
        /// How long each
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Instead, tell how much of the packet parser all inputs so far reach: 95 % at least
        #[arg(long, exclusive = true)]
        coverage: bool,
    },
    /// Measure what counting costs and loses, beside other ways to count and other programs
    ///
    /// Prints tables, and writes target/bench/report.json and plots beside it. Each part can be named:
    /// see docs/benchmark.md. It needs root, or sudo; all traffic stays in network namespaces that it
    /// makes. Nothing else should run meanwhile.
    Bench {
        /// The parts to measure; all of them where none is named
        #[arg(value_name = "PART")]
        parts: Vec<String>,
        /// Fewer and shorter rounds: to see that it works, not to be quoted
        #[arg(long)]
        quick: bool,
    },
    /// Have iftop run for minutes under a changing load, and see that it takes no more and stays exact
    ///
    /// Interfaces come and go meanwhile, also one that is watched. Memory, descriptors and threads must stay as
    /// they were, and the totals must be what was sent: see docs/soak.md. It needs root, or sudo; all traffic
    /// stays in network namespaces that it makes.
    Soak {
        /// How long
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1440))]
        minutes: u32,
    },
    /// Run the tests that face the kernel on other kernels, in virtual machines
    ///
    /// Debian's kernels 5.10, 6.1, 6.12, 6.18 and its newest are fetched and booted by emulation, which takes
    /// no rights. Where CI is set, all must be tested that Debian's mirror
    /// still has.
    Vm {
        /// Which of these kernels, or `newest`; all of them where none is named
        #[arg(value_name = "KERNEL")]
        kernels: Vec<String>,
        /// Write what the verifiers had to do to docs/verifier.md, instead of comparing with that
        #[arg(long)]
        record: bool,
    },
    /// Install what `run` and `test` need and what is not there yet
    ///
    /// `run` and `test` do their part of this by themselves. System packages are installed through
    /// apt-get, as root or through sudo; where that is not possible, the command to run is named.
    Setup {
        /// Also install what `build-ebpf` needs: Rust's source, LLVM and bpf-linker
        #[arg(long)]
        ebpf: bool,
    },
    /// Build the kernel program and replace the committed object
    ///
    /// Writes iftop-user/ebpf/iftop.bpf.o, and beside it iftop.bpf.toml, which records the tools,
    /// the digest of the object and the digest of all that it is built from. The same sources and
    /// tools give the same bytes in every folder and on every machine. `cargo xtask setup --ebpf`
    /// installs the tools.
    BuildEbpf {
        /// Change nothing; fail when the committed object is not what its sources give
        ///
        /// With the recorded tools installed it is built anew and compared byte by byte; without
        /// them the digests are compared with the record.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let result = if ebpf::rustc::is_wrapper() { ebpf::rustc::wrapper() } else { task() };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn task() -> Result<ExitCode> {
    match Cli::parse().task {
        Task::Run { options } => match run::run(&options)? {},
        Task::Demo { far: true, .. } => return demo::far(),
        Task::Demo { near: true, program: Some(program), options, .. } => {
            return demo::near(&program, &options);
        }
        Task::Demo { program, options, .. } => match demo::demo(program, &options)? {},
        Task::Picture => picture::picture()?,
        Task::Test => return test::test(),
        Task::CheckTargets => targets::check(&[])?,
        Task::Deny { offline } => deny::deny(offline)?,
        Task::Dist { check } => dist::dist(check)?,
        Task::FirstMinutes => first_minutes::first_minutes()?,
        Task::Fuzz { coverage: true, .. } => fuzz::coverage::coverage()?,
        Task::Fuzz { targets, seconds, .. } => fuzz::fuzz(&targets, seconds)?,
        Task::Bench { parts, quick } => bench::bench(&parts, quick)?,
        Task::Soak { minutes } => soak::soak(minutes)?,
        Task::Vm { kernels, record } => vm::vm(&kernels, record)?,
        Task::Setup { ebpf } => {
            setup::setup(setup::Purpose::Test)?;
            if ebpf {
                toolchain::install()?;
            }
        }
        Task::BuildEbpf { check: false } => ebpf::build()?,
        Task::BuildEbpf { check: true } => ebpf::check()?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_iftop_are_left_alone() {
        let cli = Cli::try_parse_from(["xtask", "run", "--", "-i", "lo", "--help"]).unwrap();
        let Task::Run { options } = cli.task else { panic!("another task") };
        assert_eq!(options, ["-i", "lo", "--help"]);
    }
}
