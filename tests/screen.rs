//! The live table on a real terminal, which is a tmux of its own.

use std::{
    env, fs,
    process::{self, Command},
    thread,
};

use iftop_user::terminal::Terminal;

use crate::support::{
    frame::{self, UDP, V4},
    iftop,
    net::{Cable, Namespace, VA_MAC, VB_MAC},
};

/// A terminal of 80×24 with a shell in it; it ends with the value.
struct Tmux<'a> {
    server: String,
    namespace: &'a Namespace,
}

impl<'a> Tmux<'a> {
    fn start(namespace: &'a Namespace) -> Self {
        let server = format!("iftop-test-{}-{:?}", process::id(), thread::current().id());
        let tmux = Self { server, namespace };
        tmux.run(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "24",
            "env PS1='$ ' sh",
        ]);
        tmux
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.args(["-u", "-L", &self.server]).args(arguments);
        command.env("LC_ALL", "C.UTF-8").env("HOME", "/nonexistent").env_remove("TMUX");
        self.namespace.enter(&mut command, None);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn keys(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    /// The line of `stty -a` that tells whether keys are echoed and lines edited.
    fn modes(&self) -> String {
        self.keys(&["stty -a", "Enter"]);
        let screen = self.wait_for("modes", |screen| screen.contains("icanon"));
        screen.lines().find(|line| line.contains("icanon")).unwrap().to_owned()
    }

    /// Signals what the shell runs.
    fn signal_program(&self, signal: i32) {
        let shell = self.run(&["display-message", "-p", "#{pane_pid}"]);
        let shell = shell.trim();
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        iftop::kill(children.trim().parse().unwrap(), signal);
    }

    fn screen(&self) -> String {
        self.run(&["capture-pane", "-p"])
    }

    /// Waits until the screen is as wanted; every look takes some milliseconds.
    fn wait_for(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut screen = String::new();
        for _ in 0..5000 {
            screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            thread::yield_now();
        }
        panic!("no {what}:\n{screen}");
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.server, "kill-server"]).output();
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_table_comes_up_obeys_and_gives_the_terminal_back() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let program = env!("CARGO_BIN_EXE_iftop");
    let modes = tmux.modes();
    tmux.keys(&[&format!("clear; {program} -i va -nN"), "Enter"]);
    tmux.wait_for("table", |screen| {
        screen.contains("── va ─ ebpf/tcx ─ 0 flows ─ attributed 100%")
    });
    let packet = V4 {
        source: [10, 9, 0, 2].into(),
        destination: [10, 9, 0, 1].into(),
        protocol: UDP,
        options: &[],
        fragment: 0,
    };
    let packet = packet.packet(&frame::udp(4000, 53, 92));
    cable.sender_at_vb().send(&frame::ethernet(VA_MAC, VB_MAC, &[], 0x0800, &packet));
    let screen = tmux.wait_for("flow", |screen| screen.contains("10.9.0.2"));
    let lines: Vec<_> = screen.lines().collect();
    assert_eq!(&lines[2][..42], "10.9.0.1                   => 10.9.0.2    ");
    assert_eq!(&lines[3][26..30], " <= ");
    assert!(lines[20].starts_with("── va ─ ebpf/tcx ─ 1 flow"), "{screen}");
    let words = |line: usize| lines[line].split_whitespace().take(3).collect::<Vec<_>>();
    assert_eq!(words(21), ["TX:", "cum:", "0B"], "{screen}");
    assert_eq!(words(22)[..2], ["RX:", "120B"], "{screen}");

    tmux.keys(&["p"]);
    tmux.wait_for("port", |screen| screen.contains("10.9.0.1:53                => 10.9.0.2:4000"));
    tmux.keys(&["h"]);
    tmux.wait_for("help", |screen| screen.contains("Host display:"));
    tmux.keys(&["q"]);
    after(&tmux, 0, &modes);
}

/// The shell has its terminal back as it was, and the status.
fn after(tmux: &Tmux<'_>, status: i32, modes: &str) {
    tmux.wait_for("prompt", |screen| {
        !screen.contains("TOTAL:") && screen.trim_end().ends_with('$')
    });
    tmux.keys(&["status=$?; clear; echo status $status; stty -a", "Enter"]);
    let screen = tmux
        .wait_for("status", |screen| screen.starts_with("status ") && screen.contains("icanon"));
    assert!(screen.contains(&format!("status {status}\n")), "{screen}");
    assert!(screen.contains(modes), "modes were {modes}: {screen}");
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn the_terminal_is_given_back_however_it_ends() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    for (signal, status) in
        [(libc::SIGINT, 0), (libc::SIGTERM, 143), (libc::SIGHUP, 129), (libc::SIGQUIT, 131)]
    {
        tmux.keys(&[&format!("clear; {} -i va -nN", env!("CARGO_BIN_EXE_iftop")), "Enter"]);
        tmux.wait_for("table", |screen| screen.contains("attributed 100%"));
        tmux.signal_program(signal);
        after(&tmux, status, &modes);
    }
}

/// The same test twice: inside the terminal, where it panics, and outside, where it looks.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_panic_gives_the_terminal_back_and_can_be_read() {
    const INSIDE: &str = "IFTOP_TEST_PANIC";
    if env::var_os(INSIDE).is_some() {
        let mut terminal = Terminal::take().unwrap();
        terminal.draw(|frame| frame.render_widget("the table, TOTAL:", frame.area())).unwrap();
        panic!("on purpose");
    }
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    let program = env::current_exe().unwrap();
    let name = "screen::a_panic_gives_the_terminal_back_and_can_be_read";
    let command = format!(
        "clear; RUST_BACKTRACE=0 {INSIDE}=1 {} --include-ignored --nocapture --exact {name}",
        program.display()
    );
    tmux.keys(&[&command, "Enter"]);
    tmux.wait_for("message", |screen| screen.contains("\non purpose\n"));
    after(&tmux, 101, &modes);
}
