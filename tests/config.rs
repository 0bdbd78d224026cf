//! Where options come from: the command line, a file that it names, the file at home.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Command, Output},
};

use crate::support::{iftop::Iftop, net::Cable};

/// A directory that goes with the value.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A file in it, by its path.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn iftop(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iftop"));
        command.env("HOME", &self.0).args(arguments);
        command
    }

    /// Runs it to its end, which is an error: there is no such interface.
    fn fail(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } =
            self.iftop(&[&["-i", "no interface"], arguments].concat()).output().unwrap();
        let errors = String::from_utf8(stderr).unwrap();
        assert_eq!((status.code(), stdout.as_slice()), (Some(1), &[][..]), "{errors}");
        errors
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // What is left lies in the target folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_that_are_no_configuration() {
    let home = Home::new("no-configuration");
    let large = home.file("large", &"#\n".repeat(1 << 19 | 1));
    let pipe = home.0.join("pipe").to_str().unwrap().to_owned();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let directory = home.0.to_str().unwrap();
    let no_interface = "no interface `no";
    // (arguments, what the error says)
    let cases: [(&[&str], &str); 6] = [
        (&[], no_interface),
        (&["-c", "/nonexistent/rc"], "iftop: read the configuration file /nonexistent/rc: No such"),
        (&["-c", directory], "it is no regular file"),
        (&["-c", &pipe], "it is no regular file"),
        (&["-c", &large], "it is larger than 1 MiB"),
        (&["-f", "port 53"], no_interface),
    ];
    for (arguments, expected) in cases {
        let errors = home.fail(arguments);
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
    fs::create_dir(home.0.join(".iftoprc")).unwrap();
    let errors = home.fail(&[]);
    assert!(errors.contains(".iftoprc: warning: not read: it is no regular file"), "{errors}");
    assert!(errors.contains(no_interface), "{errors}");
}

#[test]
fn a_file_where_one_stands_is_not_read() {
    let home = Home::new("where-one-stands");
    for name in ["iftoprc", ".iftoprc"] {
        home.file(name, "nonsense: yes\n");
    }
    assert!(home.fail(&[]).contains(".iftoprc:1: warning: unknown directive \"nonsense\""));
    assert!(!home.fail(&["--no-config"]).contains("nonsense"));
    for without in [None, Some(""), Some(".")] {
        let mut command = home.iftop(&["-i", "no interface"]);
        command.current_dir(&home.0).env_remove("HOME");
        command.envs(without.map(|home| ("HOME", home)));
        let errors = String::from_utf8(command.output().unwrap().stderr).unwrap();
        assert!(!errors.contains("nonsense"), "{without:?}: {errors}");
        assert!(errors.contains("no interface `no"), "{without:?}: {errors}");
    }
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_file_alone_makes_a_run() {
    let cable = Cable::new();
    let home = Home::new("alone");
    let text = "\
interface: va
no-curses: yes
timed-output: \\
    1
use-bytes: maybe
sort: sideways
colour: green
";
    let path = home.file(".iftoprc", text);
    let end = Iftop::spawn(&cable.a, home.iftop(&[])).end();
    assert_eq!(end.status.code(), Some(0), "{end:?}");
    assert!(end.out.starts_with("Listening on va\n"), "{end:?}");
    assert_eq!(end.out.lines().filter(|line| line.starts_with("====")).count(), 1, "{end:?}");
    assert!(end.out.contains(" 0b"), "a bad yes or no counts as no: {end:?}");
    for (line, words) in [(5, "bad value \"maybe\""), (6, "bad value"), (7, "unknown directive")] {
        assert!(end.errors.contains(&format!("{path}:{line}: warning: {words}")), "{end:?}");
    }
    // The command line has the last word.
    let end = Iftop::spawn(&cable.a, home.iftop(&["-B", "--json"])).end();
    assert_eq!((end.status.code(), end.out.lines().count()), (Some(0), 1), "{end:?}");
    assert!(end.out.starts_with('{'), "{end:?}");
}
