//! The program under test, running inside a namespace.
#![expect(unsafe_code, reason = "kill(2), poll(2)")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::fd::AsRawFd as _,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
};

use serde_json::Value;

use super::{net::Namespace, schema};

/// Sends a signal to a process that is surely there.
pub fn kill(pid: u32, signal: i32) {
    // SAFETY: takes numbers.
    assert_eq!(unsafe { libc::kill(pid.try_into().unwrap(), signal) }, 0);
}

/// A run; killed when dropped.
pub struct Iftop {
    child: Killed,
    /// Where its input is not closed.
    input: Option<ChildStdin>,
    out: BufReader<ChildStdout>,
    errors: BufReader<ChildStderr>,
    json: bool,
}

/// A program that ends with the value.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How a run ended, and what it had not yet been asked for.
#[derive(Debug)]
pub struct End {
    pub status: ExitStatus,
    pub out: String,
    pub errors: String,
}

impl Iftop {
    /// Starts it with its options in one string, its input closed.
    pub fn start(namespace: &Namespace, options: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
        command.args(options.split_whitespace());
        Self::spawn(namespace, command)
    }

    /// Starts it as somebody prepared it.
    pub fn spawn(namespace: &Namespace, mut command: Command) -> Self {
        namespace.enter(&mut command, None);
        Self::take(command)
    }

    /// The same with an input that stays open, and in which nothing stands.
    pub fn spawn_with_input(namespace: &Namespace, mut command: Command) -> Self {
        namespace.enter(&mut command, None);
        Self::take_with(command, Stdio::piped())
    }

    fn take(command: Command) -> Self {
        Self::take_with(command, Stdio::null())
    }

    fn take_with(mut command: Command, input: Stdio) -> Self {
        // Also where it stands in a script.
        let json = command.get_args().any(|it| it.to_string_lossy().contains("--json"));
        // Whatever file somebody has there is no part of a test.
        if !command.get_envs().any(|(name, _)| name == "HOME") {
            command.env("HOME", "/nonexistent");
        }
        // As if root had started it, whoever started the tests.
        if !command.get_envs().any(|(name, _)| name == "SUDO_UID") {
            command.env_remove("SUDO_UID");
        }
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let input = child.stdin.take();
        let out = BufReader::new(child.stdout.take().unwrap());
        let errors = BufReader::new(child.stderr.take().unwrap());
        Self { child: Killed(child), input, out, errors, json }
    }

    /// The same as another user, without any privilege.
    pub fn spawn_as(namespace: &Namespace, mut command: Command, uid: u32) -> Self {
        namespace.enter(&mut command, Some(uid));
        Self::take(command)
    }

    /// Starts it with a JSON report each second and returns when it counts.
    pub fn json(namespace: &Namespace, options: &str) -> Self {
        let mut iftop = Self::start(namespace, &format!("--json --interval 1 {options}"));
        iftop.wait_until_listening();
        iftop
    }

    /// Text says it on stdout, JSON on stderr; then counting has begun. All that was said by then.
    pub fn wait_until_listening(&mut self) -> String {
        let mut said = String::new();
        while !said.lines().last().is_some_and(|line| line.starts_with("Listening on ")) {
            let read = if self.json {
                self.errors.read_line(&mut said).unwrap()
            } else {
                self.out.read_line(&mut said).unwrap()
            };
            assert_ne!(read, 0, "ended early: {said} {}", self.rest_of_errors());
        }
        said
    }

    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// Whether it goes on.
    pub fn is_running(&mut self) -> bool {
        self.child.0.try_wait().unwrap().is_none()
    }

    /// Whether there is output to be read; none must have been read before.
    pub fn has_written(&self) -> bool {
        assert!(self.out.buffer().is_empty());
        let descriptor = self.out.get_ref().as_raw_fd();
        let mut poll = libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
        // SAFETY: one structure, which lives.
        let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
        assert!(ready >= 0);
        ready > 0
    }

    /// Types into its input.
    pub fn press(&mut self, keys: &str) {
        self.input.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// The next line of its output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.out.read_line(&mut line).unwrap();
        assert_ne!(read, 0, "ended early: {}", self.rest_of_errors());
        line
    }

    /// The next line that it says beside its output.
    pub fn error_line(&mut self) -> String {
        let mut line = String::new();
        let read = self.errors.read_line(&mut line).unwrap();
        assert_ne!(read, 0, "ended early");
        line
    }

    /// The next report, checked for the one equation that holds in each.
    pub fn report(&mut self) -> Value {
        checked(&self.line())
    }

    pub fn signal(&self, signal: i32) {
        // The child has not been waited for, so the pid is its own.
        kill(self.child.0.id(), signal);
    }

    /// Closes our end of its output.
    pub fn close_output(self) -> ExitStatus {
        let Self { mut child, out, errors, .. } = self;
        drop((out, errors));
        child.0.wait().unwrap()
    }

    /// Waits for its end while its output stays open and unread.
    pub fn wait_without_reading(mut self) -> ExitStatus {
        self.child.0.wait().unwrap()
    }

    /// Waits for its end.
    pub fn end(mut self) -> End {
        let mut out = String::new();
        self.out.read_to_string(&mut out).unwrap();
        let errors = self.rest_of_errors();
        End { status: self.child.0.wait().unwrap(), out, errors }
    }

    /// Ends it once so many frames have passed its hooks; its last report. What was sent may still
    /// be on its way.
    pub fn last_report(mut self, frames: u64) -> Value {
        let mut report = self.report();
        for _ in 0..10 {
            if report["account"]["frames"]["packets"].as_u64() >= Some(frames) {
                break;
            }
            report = self.report();
        }
        self.signal(libc::SIGTERM);
        let end = self.end();
        assert_eq!(end.status.code(), Some(143), "{end:?}");
        for line in end.out.lines() {
            report = checked(line);
        }
        assert_eq!(report["account"]["frames"]["packets"], frames, "{report}");
        report
    }

    fn rest_of_errors(&mut self) -> String {
        let mut errors = String::new();
        self.errors.read_to_string(&mut errors).unwrap();
        errors
    }
}

/// Parses a report that must be one by its schema, and in which `seen` must be all accounted for.
pub fn checked(line: &str) -> Value {
    let report: Value =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(schema::mistakes(&report), [""; 0], "{report}");
    let account = &report["account"];
    for unit in ["bytes", "packets"] {
        let of = |name: &str| account[name][unit].as_u64().unwrap();
        assert_eq!(of("seen"), of("in_flows") + of("other") + of("excluded"), "{account}");
    }
    assert_eq!(account["unaccounted_bytes"], 0, "{account}");
    report
}
