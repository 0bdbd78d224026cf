//! A terminal with a shell in it, which is a tmux of its own.

use std::{
    cell::Cell,
    env, fs,
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use super::{cells::Cells, etc::Etc, iftop, net::Namespace};

/// Between two looks at the screen; what is looked at needs the machine too.
pub const PACE: Duration = Duration::from_millis(20);

/// A terminal of 80×24; it ends with the value.
pub struct Tmux<'a> {
    server: String,
    namespace: &'a Namespace,
    commands: Cell<u32>,
}

impl<'a> Tmux<'a> {
    pub fn start(namespace: &'a Namespace) -> Self {
        Self::start_with(namespace, &Etc::new(&[]))
    }

    /// The same, where programs see these files.
    pub fn start_with(namespace: &'a Namespace, etc: &Etc) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let server = format!("iftop-test-{}-{number}", process::id());
        let tmux = Self { server, namespace, commands: Cell::new(0) };
        let size = ["-x", "80", "-y", "24"];
        let start = ["-f", "/dev/null", "new-session", "-d"];
        let mut command = tmux.command(&[&start[..], &size, &["env PS1='$ ' sh"]].concat());
        // What this starts is the server, and what runs in the terminal is its child.
        etc.enter(&mut command);
        output(command);
        tmux
    }

    pub fn run(&self, arguments: &[&str]) -> String {
        output(self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-u", "-L", &self.server]).args(arguments);
        command.env("LC_ALL", "C.UTF-8").env("HOME", "/nonexistent").env_remove("TMUX");
        self.namespace.enter(&mut command, None);
        command
    }

    pub fn keys(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    /// Has the shell run the program on `va`, and waits for its table.
    pub fn show_table(&self) {
        self.show_table_with("-nN");
    }

    /// The same with other options.
    pub fn show_table_with(&self, options: &str) {
        let program = env!("CARGO_BIN_EXE_iftop");
        self.keys(&[&format!("clear; {program} -i va {options}"), "Enter"]);
        self.wait_for_table();
    }

    pub fn resize(&self, columns: usize, rows: usize) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.run(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// Has the shell run one test of this program, told by a variable that it is inside.
    pub fn run_this_test(&self, variable: &str, name: &str) {
        let program = env::current_exe().unwrap();
        let command = format!(
            "clear; RUST_BACKTRACE=0 {variable}=1 {} --include-ignored --nocapture --exact {name}",
            program.display()
        );
        self.keys(&[&command, "Enter"]);
    }

    pub fn wait_for_table(&self) -> String {
        self.wait_for("table", |screen| {
            screen.contains("attributed 100%") && screen.contains("TOTAL:")
        })
    }

    /// Forgets what is on the screen. What a program has drawn it does not draw again.
    pub fn wipe(&self) {
        self.run(&["send-keys", "-R"]);
    }

    /// Waits until the shell asks for a command, and nothing of the table is left.
    pub fn wait_for_prompt(&self) -> String {
        self.wait_for("prompt", |screen| {
            !screen.contains("TOTAL:") && screen.trim_end().ends_with('$')
        })
    }

    /// What a command of the shell prints; the shell is at its prompt. `$status` is how the command
    /// before it ended.
    pub fn output_of(&self, command: &str) -> String {
        // Not the end of what is still on the screen.
        let end = format!("end {}", self.commands.replace(self.commands.get() + 1));
        self.keys(&[&format!("status=$?; clear; {command}; echo {end}"), "Enter"]);
        let screen = self.wait_for("output", |screen| screen.lines().any(|line| line == end));
        screen.split_once(&end).unwrap().0.to_owned()
    }

    /// All modes of the terminal.
    pub fn modes(&self) -> String {
        let modes = self.output_of("stty -a");
        assert!(modes.contains(" icanon ") && modes.contains(" echo "), "{modes}");
        modes
    }

    /// The shell has its terminal back as it was, and the status.
    pub fn ended(&self, status: i32, modes: &str) {
        self.wait_for_prompt();
        assert_eq!(self.output_of("echo status $status"), format!("status {status}\n"));
        assert_eq!(self.modes(), modes);
    }

    /// Signals what the shell runs.
    pub fn signal_program(&self, signal: i32) {
        let shell = self.run(&["display-message", "-p", "#{pane_pid}"]);
        let shell = shell.trim();
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        iftop::kill(children.trim().parse().unwrap(), signal);
    }

    /// States (`proc_pid_stat(5)`) of what the shell runs, and of all that this runs.
    pub fn states_below_shell(&self) -> Vec<char> {
        let shell = self.run(&["display-message", "-p", "#{pane_pid}"]);
        let (mut states, mut left) = (Vec::new(), vec![shell.trim().to_owned()]);
        while let Some(process) = left.pop() {
            let path = format!("/proc/{process}/task/{process}/children");
            for child in fs::read_to_string(path).unwrap_or_default().split_whitespace() {
                let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
                states.extend(stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()));
                left.push(child.to_owned());
            }
        }
        states
    }

    pub fn screen(&self) -> String {
        self.run(&["capture-pane", "-p"])
    }

    /// The screen cell by cell.
    pub fn cells(&self) -> Cells {
        Cells::parse(&self.run(&["capture-pane", "-p", "-e", "-N"]))
    }

    /// Waits until the screen is as wanted.
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.wait_for_cells(what, |cells| wanted(&cells.text())).text()
    }

    /// The same, where it matters how the cells look.
    pub fn wait_for_cells(&self, what: &str, wanted: impl Fn(&Cells) -> bool) -> Cells {
        for _ in 0..2000 {
            let cells = self.cells();
            if wanted(&cells) {
                return cells;
            }
            thread::sleep(PACE);
        }
        panic!("no {what}:\n{}", self.screen());
    }
}

/// What a command that must succeed prints.
fn output(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.server, "kill-server"]).output();
    }
}
