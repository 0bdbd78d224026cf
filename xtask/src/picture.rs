//! `cargo xtask picture`: the pictures of the README, drawn from a real run.
//!
//! It owns which moments are shown. What stands on them is what iftop has put on a terminal while
//! `cargo xtask demo` went on; nothing is drawn by hand.

use std::{
    env, fs,
    path::Path,
    process::{self, Command},
    thread,
    time::{Duration, Instant},
};

use anstyle_svg::Term;
use anyhow::{Context as _, Result, bail};

use crate::{
    cmd, run,
    setup::{self, Purpose},
};

const COLUMNS: &str = "100";
const ROWS: &str = "30";
/// Until there are rates over 40 seconds.
const TABLE_AFTER: Duration = Duration::from_secs(45);
/// Until a chart has something to tell.
const CHART_AFTER: Duration = Duration::from_mins(4);
/// For the table to appear, and for an answer to a key.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes some minutes.
pub fn picture() -> Result<()> {
    setup::setup(Purpose::Picture)?;
    let program = run::build()?;
    let docs = cmd::root()?.join("docs");
    let screen = Screen::start(&program)?;
    let started = Instant::now();
    screen.wait_for("TOTAL:")?;
    println!("the table, after {} s", TABLE_AFTER.as_secs());
    thread::sleep(TABLE_AFTER.saturating_sub(started.elapsed()));
    screen.draw(&docs.join("table.svg"))?;
    println!("the chart, after {} s", CHART_AFTER.as_secs());
    thread::sleep(CHART_AFTER.saturating_sub(started.elapsed()));
    screen.key("Enter")?;
    screen.wait_for("tcpdump -ni")?;
    screen.draw(&docs.join("detail.svg"))?;
    screen.key("q")
}

/// A terminal that nobody looks at; it ends with the value.
struct Screen {
    server: String,
}

impl Screen {
    fn start(program: &Path) -> Result<Self> {
        let screen = Self { server: format!("iftop-picture-{}", process::id()) };
        let xtask = env::current_exe()?;
        let demo = [xtask.as_os_str(), "demo".as_ref(), "--program".as_ref(), program.as_ref()];
        // Two lines for each row of flows, told apart by their ports.
        let mut command =
            screen.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", COLUMNS, "-y", ROWS]);
        command.args(demo).args(["--", "-P"]);
        command.env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        cmd::run(&mut command)?;
        Ok(screen)
    }

    fn tmux(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-u", "-L", &self.server]).args(arguments);
        command
    }

    fn key(&self, key: &str) -> Result<()> {
        cmd::run(&mut self.tmux(&["send-keys", key]))
    }

    fn wait_for(&self, text: &str) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = cmd::output(&mut self.tmux(&["capture-pane", "-p"]))?;
            if screen.contains(text) {
                return Ok(());
            }
            if Instant::now() > end {
                bail!("no `{text}` on the screen:\n{screen}");
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn draw(&self, file: &Path) -> Result<()> {
        let screen = cmd::output(&mut self.tmux(&["capture-pane", "-e", "-p"]))?;
        let svg = Term::new().render_svg(&screen);
        fs::write(file, svg).with_context(|| format!("write {}", file.display()))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Fails where the last session has ended already.
        let _ = cmd::ask(&mut self.tmux(&["kill-server"]));
    }
}
