//! What is on the screen, written to a file: the same rows and numbers, by a process that can do nothing else.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    thread,
};

use super::{
    packet_between,
    table::{has_line, rows},
};
use crate::support::{
    footprint::children,
    iftop::{checked, kill},
    net::{Cable, on_one_cpu},
    tmux::{PACE, Tmux},
};

/// Whom the files belong to, as `sudo` says who has called it.
const CALLER: u32 = 4321;

/// The names of the files in a folder.
fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Presses the keys, and says which file is told to be there then.
fn export(tmux: &Tmux<'_>, folder: &Path, key: &str) -> String {
    let before = files(folder);
    tmux.keys(&["e"]);
    tmux.wait_for("prompt", |screen| has_line(screen, 0, "Export: t text, j JSON, Esc"));
    tmux.keys(&[key]);
    let told = tmux.wait_for_cells("a new file", |cells| {
        let hint = cells.hint();
        hint.strip_prefix("Wrote ").is_some_and(|name| !before.iter().any(|file| file == name))
    });
    told.hint()["Wrote ".len()..].to_owned()
}

/// The numbers at the end of each line with an arrow, without those behind so many.
fn numbers(text: &str, count: usize) -> Vec<Vec<String>> {
    let lines = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once(" => ").or_else(|| line.split_once("=>  "))?;
        let words: Vec<_> = rest.split_whitespace().map(str::to_owned).collect();
        let numbers = words.into_iter().filter(|word| word.ends_with('b')).take(count);
        Some(numbers.collect())
    });
    lines.collect()
}

fn exporter(tmux: &Tmux<'_>) -> Option<u32> {
    let shell = tmux.run(&["display-message", "-p", "#{pane_pid}"]).trim().parse().unwrap();
    let [program] = children(shell)[..] else { panic!("one program") };
    let name = |process: &u32| fs::read_to_string(format!("/proc/{process}/comm")).unwrap();
    children(program).into_iter().find(|process| name(process) == "iftop-export\n")
}

fn folder(tmux: &Tmux<'_>) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    tmux.output_of(&format!("cd {}", folder.path().display()));
    folder
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_file_says_what_the_screen_says() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    let folder = folder(&tmux);
    tmux.output_of(&format!("export SUDO_UID={CALLER}"));
    tmux.output_of("cd /");
    tmux.show_table_with(&format!("-nN -o 40s --export-dir {}", folder.path().display()));
    let sender = cable.sender_at_va();
    on_one_cpu(|| {
        for host in 2..5 {
            let bytes = 300 * usize::from(host);
            sender.send(&packet_between([10, 9, 0, 1], [10, 9, 0, host], bytes));
        }
    });
    tmux.wait_for("rows", |screen| rows(screen).len() == 3);
    tmux.keys(&["P"]);
    let shown = tmux.wait_for("pause", |screen| has_line(screen, 0, " Display paused"));

    let name = export(&tmux, folder.path(), "t");
    let text = fs::read_to_string(folder.path().join(&name)).unwrap();
    let metadata = fs::metadata(folder.path().join(&name)).unwrap();
    assert_eq!((metadata.uid(), metadata.mode() & 0o777), (CALLER, 0o600));
    assert_eq!(Path::new(&name).extension().unwrap(), "txt");
    assert_eq!(numbers(&text, 3), numbers(&shown, 3), "{text}\n{shown}");
    let right: Vec<_> = text.lines().filter(|line| line.contains("<=")).collect();
    for (line, row) in right.iter().zip(rows(&shown)) {
        assert!(row.ends_with(line.split_whitespace().next().unwrap()), "{text}\n{shown}");
    }
    assert_eq!(right.len(), 3, "{text}");

    // What is out of view is in neither, but said.
    tmux.keys(&["Down", "x"]);
    let shown = tmux.wait_for("two rows", |screen| rows(screen).len() == 2);
    let name = export(&tmux, folder.path(), "j");
    let json = fs::read_to_string(folder.path().join(&name)).unwrap();
    let report = checked(json.strip_suffix('\n').unwrap());
    assert_eq!(Path::new(&name).extension().unwrap(), "json");
    let flows = report["flows"].as_array().unwrap();
    let ends =
        |end: &'static str| flows.iter().map(move |flow| flow[end]["address"].as_str().unwrap());
    let told: Vec<_> = ends("local")
        .zip(ends("remote"))
        .map(|(left, right)| format!("{left} => {right}"))
        .collect();
    assert_eq!(told, rows(&shown));
    assert_eq!((&report["schema"], &report["out_of_view"]["flows"]), (&1.into(), &1.into()));
    assert_eq!(report["account"]["seen"]["packets"], 3, "totals are whole");
    let name = export(&tmux, folder.path(), "t");
    let text = fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(text.contains("\nOut of view: 1 flow\n"), "{text}");
    assert_eq!(numbers(&text, 3), numbers(&shown, 3), "{text}\n{shown}");

    tmux.keys(&["e"]);
    tmux.wait_for("prompt", |screen| has_line(screen, 0, "Export: "));
    tmux.keys(&["Escape"]);
    tmux.wait_for("no prompt", |screen| !has_line(screen, 0, "Export: "));
    assert_eq!(files(folder.path()).len(), 3);
    tmux.keys(&["q"]);
    tmux.ended(0, &modes);
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn who_writes_can_do_nothing_else_and_its_end_harms_nobody() {
    let cable = Cable::new();
    let tmux = Tmux::start(&cable.a);
    let modes = tmux.modes();
    let folder = folder(&tmux);
    tmux.output_of("unset SUDO_UID");
    tmux.show_table();
    let writer = exporter(&tmux).unwrap();
    let status = fs::read_to_string(format!("/proc/{writer}/status")).unwrap();
    for line in [
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ] {
        assert!(status.contains(line), "{line} in {status}");
    }
    let told = |keys: &[&str], expected: &str| {
        tmux.keys(keys);
        tmux.wait_for_cells(expected, |cells| cells.hint() == expected);
    };
    export(&tmux, folder.path(), "t");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    told(&["e", "t"], "Not written: Permission denied (os error 13)");
    kill(writer, libc::SIGKILL);
    told(&["e", "j"], "Not written: the process that writes files is gone: start iftop again");
    told(&["b"], "Bars off");
    tmux.keys(&["q"]);
    tmux.ended(0, &modes);
    assert_eq!(files(folder.path()).len(), 1);

    // It goes however the program ends.
    tmux.show_table();
    let writer = exporter(&tmux).unwrap();
    tmux.signal_program(libc::SIGKILL);
    while fs::read_to_string(format!("/proc/{writer}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z "))
    {
        thread::sleep(PACE);
    }
    tmux.wait_for("the shell", |screen| screen.trim_end().ends_with('$'));
    tmux.keys(&["stty sane; clear", "C-j"]);
    tmux.wait_for_prompt();

    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    tmux.show_table_with("--no-sandbox");
    assert_eq!(exporter(&tmux), None);
    export(&tmux, folder.path(), "j");
    tmux.keys(&["q"]);
    tmux.wait_for_prompt();
    assert_eq!(files(folder.path()).len(), 2);
}
