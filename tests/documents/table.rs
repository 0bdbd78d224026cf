//! Each command and each block of the documents, and how it is known to be true: a line each.
//!
//! `…` at the end of a command stands for whatever follows.

/// How a command is run.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// In a terminal, by a shell: the live table comes and has these on it (patterns), and not those; `q` ends it.
    Table(&'static [&'static str], &'static [&'static str]),
    /// The same, where this interface comes only once it is waited for.
    Appears(&'static str),
    /// To its end, which is a good one; it prints these (patterns).
    Prints(&'static [&'static str]),
    /// The same in a namespace of its own, in which these commands of `tc` were run before.
    Alone(&'static [&'static str]),
    /// It says what it listens on and goes on, until a signal ends it with a last report.
    GoesOn,
    /// As root's; then this program counts with what it was given, run by somebody who has no rights.
    Grants(&'static str),
    /// It takes minutes, or a machine of its own. Whoever runs it has this in this file. (That xtask takes such a
    /// command line says a test of xtask, of each.)
    RunBy(&'static str, &'static str),
    /// The same, but nobody runs it unasked: why.
    ByHand(&'static str),
    /// The tests that it names are there.
    Tests,
    /// It stands in a sentence as a name, or is not ours to run: why.
    Named(&'static str),
}

use How::{Alone, Appears, ByHand, GoesOn, Grants, Named, Prints, RunBy, Table, Tests};

/// All commands.
pub const COMMANDS: &[(&str, How)] = &[
    ("iftop", Table(&[r"10\.9\.0\.1 +=> 198\.51\.100\.7 "], &[])),
    ("iftop -i eth0 -nNP", Table(&[r"10\.9\.0\.1:40000 +=> 198\.51\.100\.7:53 "], &[])),
    ("iftop -i va -nNP", Table(&[r"10\.7\.0\.1:40000 +=> 198\.51\.100\.7:53 "], &[])),
    (
        "iftop -t -s 10 -L 50",
        Prints(&[r"(?m)^ +1 10\.9\.0\.1 +=> ", r"198\.51\.100\.8", "Cumulative"]),
    ),
    ("iftop --json --interval 60", GoesOn),
    ("iftop --json", GoesOn),
    ("iftop -t", GoesOn),
    ("iftop -F 10.0.0.0/8", Table(&[r"10\.9\.0\.1 +=> 198\.51\.100\.7 "], &[r"203\.0\.113"])),
    ("iftop -f 'tcp port 443'", Table(&[r"10\.9\.0\.1 +=> 198\.51\.100\.8 "], &[r"100\.7 "])),
    ("iftop -u packets -o 2s", Table(&[r"TOTAL: +[\d.,K]+p "], &[])),
    ("iftop -r a.pcap -t -s 60", Prints(&[r"10\.9\.0\.2 ", r"total\): +0B +5\.86KB +5\.86KB"])),
    ("iftop -i ppp0 --wait", Appears("ppp0")),
    (
        "sudo iftop --netns $(docker inspect -f '{{.State.Pid}}' web)",
        Table(&[r"10\.8\.0\.1 +=> 198\.51\.100\.7 "], &[r"10\.9\.0\.1"]),
    ),
    (
        "ssh router tcpdump -Uw - | iftop -r -",
        Table(&[r"10\.9\.0\.1 +(=>|<=)|(=>|<=) +10\.9\.0\.1 ", "─ file"], &[]),
    ),
    (
        "docker run --rm -it --network host --cap-drop all --cap-add bpf --cap-add perfmon --cap-add net_admin \
         --cap-add setuid --cap-add setgid iftop -i eth0 -n",
        Table(&[r"10\.9\.0\.1 +=> 198\.51\.100\.7 ", "ebpf/"], &[]),
    ),
    (
        "kubectl debug node/NODE -it --profile=sysadmin --image=REGISTRY/iftop -- /iftop -i eth0 -n",
        Table(&[r"10\.9\.0\.1 +=> 198\.51\.100\.7 "], &[]),
    ),
    ("docker build -t iftop .", Prints(&[])),
    ("kubectl logs -f iftop", Named("what the pod prints")),
    ("iftop --netns PID", Named("as with `docker inspect`, of which the number is")),
    ("iftop --help", Prints(&["Usage: iftop", "--netns"])),
    ("iftop --generate man | man -l -", Prints(&[r"(?m)^\.TH iftop"])),
    ("iftop --cleanup", Prints(&[])),
    (
        "sudo setcap cap_bpf,cap_net_admin,cap_perfmon+ep ~/.cargo/bin/iftop",
        Grants(".cargo/bin/iftop"),
    ),
    (
        "setcap cap_bpf,cap_net_admin,cap_perfmon+ep /usr/bin/iftop-ebpf",
        Grants("usr/bin/iftop-ebpf"),
    ),
    ("tc qdisc add dev eth0 clsact", Alone(&[])),
    ("tc qdisc add dev va clsact", Alone(&[])),
    ("tc qdisc delete dev va clsact", Alone(&["qdisc add dev va clsact"])),
    ("tc filter delete", Named("the command of tc, without what it is to delete")),
    ("ip netns", Named("whose names are meant")),
    ("ip netns exec", Named("what showed the difference from classic iftop")),
    ("ethtool -k", Named("where the same can be read")),
    ("ethtool -K", Named("how it would be changed")),
    ("bpftool prog", Named("where the same number stands")),
    ("iperf3 -b 20M", Named("the traffic on the picture")),
    (
        "apt-get install ./iftop-ebpf_0.1.0_amd64.deb",
        RunBy("xtask/src/dist/check/deb.sh", "install \"$package\""),
    ),
    (
        "dnf install ./iftop-ebpf-0.1.0-1.x86_64.rpm",
        RunBy("xtask/src/dist/check/rpm.sh", "rpm --install"),
    ),
    ("apt-get remove iftop", Named("Debian's")),
    ("update-alternatives --config iftop", Named("it asks whoever types it")),
    ("ln -s /usr/bin/iftop-ebpf /usr/local/sbin/iftop", Named("a link")),
    ("man iftop", RunBy("xtask/src/dist/check/deb.sh", "$(man iftop)")),
    ("man 8 iftop", RunBy("xtask/src/dist/check/deb.sh", "$(man 8 iftop)")),
    ("apt-get install build-essential", Named("what CI begins with, in `.ci/run`")),
    (
        "cargo install --locked --path iftop-user",
        RunBy("xtask/src/first_minutes/type.sh", "typed \"cargo install"),
    ),
    (
        "cargo xtask run -- …",
        ByHand("a build in release; its parts are tests of `xtask/src/run.rs`"),
    ),
    ("cargo xtask demo", RunBy("tests/demo.rs", "fn it_is_lively_and_ends_with_iftop")),
    ("cargo xtask picture", ByHand("it shows the demonstration for four minutes")),
    ("cargo xtask test", RunBy(".ci/run", "cargo xtask test")),
    ("cargo xtask setup", RunBy("xtask/src/test.rs", "setup::setup(")),
    ("cargo xtask setup --ebpf", ByHand("it builds bpf-linker, for minutes")),
    ("cargo xtask build-ebpf", RunBy("xtask/src/test.rs", "ebpf::check")),
    ("cargo xtask build-ebpf --check", RunBy("xtask/src/test.rs", "ebpf::check")),
    ("cargo xtask check-targets", RunBy("xtask/src/test.rs", "targets::check(")),
    ("cargo xtask deny", ByHand("it asks for advisories of today; the rest are tests of xtask")),
    ("cargo xtask dist", ByHand("minutes; the check does it first")),
    (
        "cargo xtask dist --check",
        ByHand("as root, it makes clean root folders of Debian, for minutes"),
    ),
    ("cargo xtask vm", RunBy(".ci/run", "cargo xtask vm")),
    (
        "cargo xtask first-minutes",
        ByHand("as root, it builds twice from nothing, in a clean root folder"),
    ),
    ("apt-get update", RunBy("xtask/src/first_minutes/type.sh", "typed \"apt-get update")),
    ("apt-get install --yes …", RunBy("xtask/src/first_minutes/type.sh", "apt-get install --yes")),
    ("curl …", RunBy("xtask/src/first_minutes/type.sh", "typed \"curl")),
    ("git clone …", RunBy("xtask/src/first_minutes/type.sh", "typed \"git clone")),
    (
        "cargo xtask fuzz…",
        ByHand("it goes on for as long as one likes; docs/fuzzing.md says for how long"),
    ),
    ("cargo xtask bench…", ByHand("it needs a machine for itself; docs/benchmark.md")),
    (
        "cargo xtask soak…",
        ByHand("ten minutes; docs/soak.md. `cargo xtask test` does the same for seconds"),
    ),
    ("cargo fuzz tmin …", Named("cargo-fuzz's; `cargo xtask fuzz` installs it")),
    ("cargo test…", Tests),
];

/// What a block is that is no command.
#[derive(Clone, Copy, Debug)]
pub enum Block {
    /// What this command shows in a terminal: the same lines but for numbers and names.
    Screen(&'static str),
    /// Lines and arrows.
    Drawing,
    /// How an image for containers is made.
    Image,
    /// A pod of Kubernetes.
    Pod,
}

/// All blocks that are not to be typed: in which document, and what stands in it and in no other.
pub const BLOCKS: &[(&str, &str, Block)] = &[
    ("docs/guide.md", "── va ─ ebpf/tcx ─", Block::Screen("iftop -i va -nNP")),
    ("docs/install.md", "FROM scratch", Block::Image),
    ("docs/install.md", "kind: Pod", Block::Pod),
    ("ARCHITECTURE.md", "the same parse() in tests", Block::Drawing),
];
