//! Text from outside: whatever it holds, a terminal can act on none of what is printed.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    process::{Child, Command},
};

use tempfile::TempDir;

use crate::support::{
    capture::{MICROSECONDS, Order::Little, Packet, block, enhanced, pcapng},
    frame::{self, UDP, V4},
    iftop::{End, Iftop},
    net::{Cable, Namespace},
    pty::Pty,
};

/// Controls of one byte and of two, what turns text around, what has no width, what ends a line. And bytes
/// that are no text.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;t\u{7}\u{8}\r\u{7f}\u{9b}31m\u{ad}\u{61c}\u{200b}\u{200f}\u{2028}\
                       \u{2029}\u{202e}\u{2066}\u{feff}\u{e0041}z";
const NO_TEXT: &[u8] = b"a\x9b31m\xff\xc0z";

/// Graphic ASCII, blanks and ends of lines.
fn assert_printable(output: &[u8], what: &str) {
    let bad = output.iter().find(|&&byte| byte != b'\n' && !(b' '..=b'~').contains(&byte));
    assert_eq!(bad, None, "{what}: {}", String::from_utf8_lossy(output).escape_debug());
}

/// Runs it to its end.
fn run(home: &OsStr, arguments: &[&OsStr]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
    // No level of a log; that is told.
    command.env("HOME", home).env("RUST_LOG", format!("x={HOSTILE}"));
    let output = command.args(arguments).output().unwrap();
    let all = [output.stdout, output.stderr].concat();
    assert_printable(&all, &format!("{arguments:?}"));
    assert!(output.status.code().is_some_and(|code| code < 2), "{arguments:?}: {}", output.status);
    all
}

/// A capture with such text wherever the format has room for some.
fn capture() -> Vec<u8> {
    let packet = V4 {
        source: [10, 0, 0, 1].into(),
        destination: [10, 0, 0, 2].into(),
        protocol: UDP,
        options: &[],
        fragment: 0,
    };
    let frame = frame::ethernet([2; 6], [4; 6], &[], 0x0800, &packet.packet(&frame::udp(1, 2, 9)));
    let mut file = pcapng(Little, MICROSECONDS, &[], &[]);
    // The interface's name, description and filter; its options begin behind 8 bytes.
    let mut interface = vec![1, 0, 0, 0, 0, 0, 0, 0];
    for code in [2_u16, 3, 11] {
        interface.extend(code.to_le_bytes());
        interface.extend(u16::try_from(HOSTILE.len()).unwrap().to_le_bytes());
        interface.extend(HOSTILE.as_bytes());
        interface.resize(interface.len().next_multiple_of(4), 0);
    }
    file.extend(block(Little, 1, &interface));
    file.extend(enhanced(Little, MICROSECONDS, &Packet::new(1_700_000_000_000_000_000, &frame)));
    file
}

#[test]
fn on_the_command_line() {
    let home = TempDir::new().unwrap();
    let options = [
        "-i",
        "-c",
        "-r",
        "-f",
        "-F",
        "-G",
        "-o",
        "-L",
        "-s",
        "-m",
        "--netns",
        "--interval",
        "--count",
        "--lines",
        "--source",
        "--hook",
        "--table",
        "--bytes",
        "--max-memory",
        "--max-flows",
        "--sort",
        "--local",
        "--filter",
        "--unit",
        "--speed",
        "--group",
        "--networks",
        "",
    ];
    for text in [HOSTILE.as_bytes(), NO_TEXT] {
        let text = OsStr::from_bytes(text);
        for option in options {
            let option = OsStr::new(option);
            run(
                home.path().as_os_str(),
                &["-t", "--count", "1"]
                    .map(OsStr::new)
                    .iter()
                    .copied()
                    .chain([option, text].into_iter().filter(|word| !word.is_empty()))
                    .collect::<Vec<_>>(),
            );
        }
        for before in ["-", "--", "--no-", "--sort=", "-i=", "-o"] {
            let word = [before.as_bytes(), text.as_bytes()].concat();
            run(home.path().as_os_str(), &[OsStr::new("-t"), OsStr::from_bytes(&word)]);
        }
    }
}

#[test]
fn in_files_and_their_names() {
    let folder = TempDir::new().unwrap();
    for text in [HOSTILE.as_bytes(), NO_TEXT] {
        let name = OsStr::from_bytes(text);
        let home = folder.path().join(name);
        fs::create_dir(&home).unwrap();
        let config =
            [b"interface: ", text, b"\n", text, b": ", text, b"\nsort: ", text, b"\n"].concat();
        fs::write(home.join(".iftoprc"), config).unwrap();
        let said = run(home.as_os_str(), &[OsStr::new("-t")]);
        assert!(String::from_utf8_lossy(&said).contains("unknown directive"));

        let file = home.join(name);
        fs::write(&file, capture()).unwrap();
        let link = home.join("nowhere");
        symlink(&file, &link).unwrap();
        for options in [&["-t", "-n"][..], &["-t"], &["--json", "-n"]] {
            for file in [&file, &link] {
                let options = options.iter().map(OsStr::new);
                let words = [OsStr::new("-r"), file.as_os_str()].into_iter().chain(options);
                let said = run(home.as_os_str(), &words.collect::<Vec<_>>());
                assert!(String::from_utf8_lossy(&said).contains("10.0.0.1"), "it was read");
            }
        }
    }
}

/// Names of networks are as short as their column.
#[test]
fn in_names_of_networks() {
    let folder = TempDir::new().unwrap();
    let (file, networks) = (folder.path().join("file"), folder.path().join("networks"));
    fs::write(&file, capture()).unwrap();
    let hostile: Vec<char> = HOSTILE.chars().collect();
    let names = hostile.chunks(4).map(|part| part.iter().collect::<String>().into_bytes());
    for name in names.chain([NO_TEXT.to_vec()]) {
        fs::write(&networks, [b"10.0.0.0/8 it is ", &name[..], b" here\n"].concat()).unwrap();
        for output in ["-t", "--json"] {
            let words = ["-r", file.to_str().unwrap(), output, "--group", "network", "--networks"];
            let mut words: Vec<_> = words.iter().map(OsStr::new).collect();
            words.push(networks.as_os_str());
            let said = run(folder.path().as_os_str(), &words);
            assert!(String::from_utf8_lossy(&said).contains("it is "), "{name:?}");
        }
    }
}

/// A live table of a file, which nobody is to be asked for.
fn show(pty: &Pty, home: &OsStr, arguments: &[&OsStr]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
    command.env("HOME", home).env("TERM", "xterm").args(["-n", "-r"]).args(arguments);
    pty.spawn(command)
}

/// Here much is for the terminal to act on, but none of it is from outside.
fn assert_harmless(seen: &str) {
    let outside = ["\u{7}", "\u{8}", "\u{7f}", "\u{1b}]", "\u{1b}[31m", "\u{fffd}"];
    for text in outside {
        assert!(!seen.contains(text), "{}", seen.escape_debug());
    }
    let bad = |c: char| c as u32 >= 0x80 && HOSTILE.contains(c);
    assert!(!seen.contains(bad), "{}", seen.escape_debug());
}

#[test]
fn on_the_screen() {
    let folder = TempDir::new().unwrap();
    // As a regular expression it must be one.
    let pattern = HOSTILE.replace('[', ".");
    let config = folder.path().join(".iftoprc");
    let networks = folder.path().join("networks");
    fs::write(&networks, "10.0.0.0/8 a\u{1b}]0;t\u{7}\u{8}\u{7f}\u{9b}31m\n").unwrap();
    let networks = networks.to_str().unwrap();
    for (text, options, directive) in [
        (HOSTILE.as_bytes(), &[][..], ""),
        (NO_TEXT, &[], ""),
        (b"plain", &["--screen-filter", &pattern], ""),
        (b"plain", &["--group", "network", "--networks", networks], ""),
        (b"plain", &[], "screen-filter: "),
        (b"plain", &[], "no such directive "),
    ] {
        fs::write(&config, format!("{directive}{}\n", pattern.replace('\r', ""))).unwrap();
        let file = folder.path().join(OsStr::from_bytes(text));
        fs::write(&file, capture()).unwrap();
        let pty = &mut Pty::open(200, 24);
        let arguments: Vec<_> =
            [file.as_os_str()].into_iter().chain(options.iter().map(OsStr::new)).collect();
        let mut child = show(pty, folder.path().as_os_str(), &arguments);
        let seen = pty.read_until("TOTAL:");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_harmless(&seen);
    }
}

/// Typed or pasted, into either line.
#[test]
fn in_what_is_typed() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("plain");
    fs::write(&file, capture()).unwrap();
    // But for the keys that end the line (Escape, Enter, Ctrl-G), and what makes no pattern.
    let typed = HOSTILE.replace(['\u{1b}', '\r', '\u{7}', '['], "");
    let pty = &mut Pty::open(200, 24);
    let mut child = show(pty, folder.path().as_os_str(), &[file.as_os_str()]);
    let mut seen = pty.read_until("TOTAL:");
    // No pattern, no packet filter.
    for (key, end, told) in [("l", " (\r", "Invalid regexp"), ("f", " host\r", "syntax error")] {
        if key == "f" && !cfg!(feature = "pcap") {
            continue;
        }
        pty.press(&format!("{key}{typed}"));
        seen += &pty.read_until("z");
        pty.press(end);
        seen += &pty.read_until(told);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_harmless(&seen);
}

/// The kernel lets a name have all but blanks, `/` and `:`.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn in_names_of_interfaces() {
    const NAME: &str = "a\u{1b}[2J\u{9b}\u{202e}";
    let cable = Cable::new();
    let mut rename = Command::new("ip");
    rename.args(["link", "set", "va", "down", "name", NAME]);
    cable.a.enter(&mut rename, None);
    assert!(rename.status().unwrap().success());
    for options in [&["-t", "-s", "1", "-i", NAME][..], &["--json", "--count", "1", "-i", NAME]] {
        let end = run_in(&cable.a, options);
        assert!(end.status.success() && end.errors.contains("a\\x1b[2J"), "{end:?}");
    }
    let end = run_in(&cable.a, &["-t", "-i", "nowhere"]);
    assert!(end.errors.contains("a\\x1b[2J"), "{end:?}");
    let pty = &mut Pty::open(200, 24);
    let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
    command.env("HOME", "/nonexistent").env("TERM", "xterm").args(["-n", "-i", NAME]);
    cable.a.enter(&mut command, None);
    let mut child = pty.spawn(command);
    let seen = pty.read_until("TOTAL:");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_harmless(&seen);
}

fn run_in(namespace: &Namespace, arguments: &[&str]) -> End {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
    command.args(arguments);
    let end = Iftop::spawn(namespace, command).end();
    assert_printable(end.out.as_bytes(), "out");
    assert_printable(end.errors.as_bytes(), "errors");
    end
}
