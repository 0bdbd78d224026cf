//! The mouse: what it does where it is on, and that nobody is asked for it where it is off.

use std::{
    env, panic,
    process::{self, Command},
};

use iftop_user::terminal::Terminal;

use super::{packet_between, table::rows};
use crate::support::{
    iftop,
    net::{Cable, on_one_cpu},
    pty::Pty,
    tmux::Tmux,
};

const ON: &str = "\x1b[?1000h\x1b[?1006h";
const OFF: &str = "\x1b[?1006l\x1b[?1000l";
const GIVEN_BACK: &str = "\x1b[?1006l\x1b[?1000l\x1b[0m\x1b[999;1H\r\n\x1b[?1049l\x1b[?25h";

const WHEEL_UP: u8 = 64;
const WHEEL_DOWN: u8 = 65;

/// What a terminal sends, as xterm writes it, at a column and row from 1: that a button is pressed and let go, or
/// that the wheel is turned.
fn sent(button: u8, column: u16, row: u16) -> String {
    let pressed = format!("\x1b[<{button};{column};{row}M");
    let released = if button < WHEEL_UP { pressed.replace('M', "m") } else { String::new() };
    pressed + &released
}

fn click(tmux: &Tmux<'_>, button: u8, column: u16, row: u16) {
    let bytes: Vec<String> = sent(button, column, row).bytes().map(|b| format!("{b:x}")).collect();
    let bytes: Vec<&str> = bytes.iter().map(String::as_str).collect();
    tmux.run(&[&["send-keys", "-H"], &bytes[..]].concat());
}

/// Whether the terminal was asked for it: presses, and in the form that has no bounds.
fn is_asked_for(tmux: &Tmux<'_>) -> bool {
    let flags = "#{mouse_standard_flag} #{mouse_sgr_flag} #{mouse_any_flag}";
    match tmux.run(&["display-message", "-p", flags]).trim() {
        "1 1 1" => true,
        "0 0 0" => false,
        other => panic!("{other}"),
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn it_selects_scrolls_and_sorts() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    tmux.show_table_with("-nN --mouse -o 40s");
    assert!(is_asked_for(&tmux));
    // The host with the highest number sends most.
    let sender = cable.sender_at_vb();
    on_one_cpu(|| {
        for host in 2..8 {
            let packet = packet_between([10, 9, 0, host], [10, 9, 0, 1], 100 * usize::from(host));
            sender.send(&packet);
        }
    });
    let row = |host: u8| format!("10.9.0.1 => 10.9.0.{host}");
    let from = |hosts: &[u8]| hosts.iter().map(|host| row(*host)).collect::<Vec<_>>();
    tmux.wait_for("rows", |screen| rows(screen) == from(&[7, 6, 5, 4, 3, 2]));
    tmux.keys(&["P"]);
    tmux.wait_for_cells("pause", |cells| cells.hint() == "Display paused");

    let selected = |host| {
        tmux.wait_for_cells("selection", |cells| {
            rows(&format!("\n{}", cells.underlined())) == from(host)
        })
    };
    click(&tmux, 0, 80, 5);
    selected(&[6]);
    click(&tmux, 0, 1, 14);
    selected(&[2]);
    // Neither another button nor a place where nothing is.
    click(&tmux, 2, 1, 3);
    click(&tmux, 0, 1, 18);
    click(&tmux, 0, 40, 2);
    tmux.wait_for_cells("order", |cells| cells.hint() == "Sort by dest");
    assert_eq!(rows(&tmux.screen()), from(&[2, 3, 4, 5, 6, 7]));
    selected(&[2]);
    click(&tmux, 0, 78, 2);
    tmux.wait_for("order", |screen| rows(screen) == from(&[7, 6, 5, 4, 3, 2]));

    tmux.keys(&["Escape"]);
    selected(&[]);
    tmux.resize(80, 10);
    tmux.wait_for("fewer rows", |screen| rows(screen) == from(&[7, 6]));
    click(&tmux, WHEEL_DOWN, 1, 1);
    tmux.wait_for("three further", |screen| rows(screen) == from(&[4, 3]));
    click(&tmux, WHEEL_UP, 1, 1);
    tmux.wait_for("three back", |screen| rows(screen) == from(&[7, 6]));

    tmux.keys(&["M"]);
    tmux.wait_for_cells("off", |cells| cells.hint() == "Mouse off");
    assert!(!is_asked_for(&tmux));
    // From a terminal that tells of it unasked.
    click(&tmux, 0, 1, 3);
    click(&tmux, WHEEL_DOWN, 1, 1);
    tmux.keys(&["M"]);
    tmux.wait_for_cells("on", |cells| cells.hint() == "Mouse on");
    assert_eq!(rows(&tmux.screen()), from(&[7, 6]));
    selected(&[]);
    assert!(is_asked_for(&tmux));

    tmux.resize(80, 24);
    tmux.wait_for("all rows", |screen| rows(screen) == from(&[7, 6, 5, 4, 3, 2]));
    tmux.keys(&["C-z"]);
    tmux.wait_for_prompt();
    assert!(!is_asked_for(&tmux));
    tmux.keys(&["fg", "Enter"]);
    tmux.wait_for("the table", |screen| rows(screen) == from(&[7, 6, 5, 4, 3, 2]));
    assert!(is_asked_for(&tmux));
    tmux.keys(&["q"]);
    tmux.ended(0, &modes);
    assert!(!is_asked_for(&tmux));
}

/// Whatever ends it, and though the key has switched it off in the end.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_terminal_is_asked_for_it_where_it_is_on_alone_and_no_longer_at_the_end() {
    let cable = Cable::new();
    for (options, keys, signal, asked) in [
        ("", "h?b", libc::SIGTERM, false),
        ("--mouse --no-mouse", "", libc::SIGINT, false),
        ("--mouse", "", libc::SIGINT, true),
        ("--mouse", "", libc::SIGTERM, true),
        ("--mouse", "", libc::SIGHUP, true),
        ("--mouse", "", libc::SIGQUIT, true),
        ("--mouse", "M", libc::SIGTERM, true),
        ("", "M", libc::SIGTERM, true),
    ] {
        let mut pty = Pty::open(80, 24);
        let mut iftop = pty.start(&cable.a, &format!("-i va -nN --no-summary {options}"));
        let mut seen = pty.read_until("attributed");
        // The last of them, which is Ctrl-L, paints everything anew.
        pty.press(&format!("{keys}\x0c"));
        seen += &pty.read_until("\x1b[2J");
        iftop::kill(iftop.id(), signal);
        seen += &pty.read_until("\x1b[?1049l\x1b[?25h");
        iftop.wait().unwrap();
        assert_eq!(seen.contains(ON), asked, "{options} {keys}: {seen:?}");
        if asked {
            assert!(seen.ends_with(GIVEN_BACK), "{options} {keys}: {seen:?}");
        } else {
            assert!(!["?100", "?1015", "?9h"].iter().any(|it| seen.contains(it)), "{seen:?}");
        }
    }
}

/// The same test twice: on the terminal, where it panics, and outside, where it looks.
#[tokio::test]
#[ignore = "needs root: cargo xtask test"]
async fn a_panic_gives_it_back() {
    const INSIDE: &str = "IFTOP_TEST_PANIC_MOUSE";
    if env::var_os(INSIDE).is_some() {
        let mut terminal = Terminal::take().unwrap();
        terminal.set_mouse(true).unwrap();
        terminal.draw(|frame| frame.render_widget("the table", frame.area())).unwrap();
        // A key comes once that was read.
        terminal.input().await.unwrap();
        panic::catch_unwind(|| panic!("on purpose")).unwrap_err();
        process::exit(3);
    }
    let mut pty = Pty::open(80, 24);
    let mut command = Command::new(env::current_exe().unwrap());
    let name = "screen::mouse::a_panic_gives_it_back";
    command.env(INSIDE, "1").env("RUST_BACKTRACE", "0");
    command.args(["--include-ignored", "--nocapture", "--exact", name]);
    let mut inside = pty.spawn(command);
    let mut seen = pty.read_until("table");
    pty.press("x");
    seen += &pty.read_until("\x1b[?25h");
    assert_eq!(inside.wait().unwrap().code(), Some(3));
    assert!(seen.contains(ON) && seen.contains(GIVEN_BACK), "{seen:?}");
    assert_eq!(seen.matches(OFF).count(), 1, "{seen:?}");
}
