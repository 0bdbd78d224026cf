//! The documents are true: each path that they name is there, each command does what it says, each block is what it
//! shows.
//!
//! `table.rs` has a line for each command and block. One that it does not know fails, and so does a line of it that
//! nothing needs any more.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

mod data;
mod extract;
mod home;
mod options;
mod paths;
mod run;
mod screen;
mod table;

use extract::Code;
use table::{BLOCKS, Block, COMMANDS, How};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn code_is_found_where_it_stands() {
    let text = "\
A word, `iftop -t`, and one that `goes
on`.

    iftop          # the table
    iftop -i eth0 \\
      -n

* item

      no block of a list
* `a` b

```json
{}
```
| `c` | ``d ` e`` |
";
    let found: Vec<_> = extract::code("x.md", text)
        .iter()
        .map(|code| (code.line, code.block.clone(), code.text.clone(), code.commands()))
        .collect();
    let commands = |list: &[&str]| Some(list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
    let block = |language: &str| Some(language.to_owned());
    let table = "iftop          # the table\niftop -i eth0 \\\n  -n".to_owned();
    assert_eq!(
        found,
        [
            (1, None, "iftop -t".to_owned(), commands(&["iftop -t"])),
            (1, None, "goes on".to_owned(), None),
            (4, block(""), table, commands(&["iftop", "iftop -i eth0 -n"])),
            (11, None, "a".to_owned(), None),
            (13, block("json"), "{}".to_owned(), None),
            (16, None, "c".to_owned(), None),
            (16, None, "d ` e".to_owned(), None),
        ]
    );
}

/// The line of a command; assignments before it do not count.
fn line_of(command: &str) -> Option<usize> {
    let command = without_assignments(command);
    let exactly = COMMANDS.iter().position(|(known, _)| *known == command);
    exactly.or_else(|| {
        COMMANDS.iter().position(|(known, _)| {
            known.strip_suffix('…').is_some_and(|beginning| command.starts_with(beginning))
        })
    })
}

fn without_assignments(command: &str) -> String {
    let words = command.split(' ').skip_while(|word| extract::is_assignment(word));
    words.collect::<Vec<_>>().join(" ")
}

fn block_of(code: &Code) -> Option<usize> {
    BLOCKS
        .iter()
        .position(|(document, part, _)| *document == code.document && code.text.contains(part))
}

#[test]
fn each_command_and_each_block_is_known() {
    let mut unknown = Vec::new();
    let (mut commands, mut blocks) = (vec![0; COMMANDS.len()], vec![0; BLOCKS.len()]);
    for code in extract::all(&root()) {
        if let Some(known) = block_of(&code).filter(|_| code.block.is_some()) {
            blocks[known] += 1;
        } else if let Some(found) = code.commands() {
            for command in found {
                match line_of(&command) {
                    Some(known) => commands[known] += 1,
                    None => unknown.push(format!("{}: {command}", code.place())),
                }
            }
        } else if code.block.is_some() && !is_data(&code) {
            unknown.push(format!("{}: a block:\n{}", code.place(), code.text));
        }
    }
    let missing = "a line in tests/documents/table.rs is missing, or a program in extract.rs";
    assert_eq!(unknown, [""; 0], "{missing}");
    let needed = commands.iter().zip(COMMANDS).filter(|(count, _)| **count == 0);
    let not_needed: Vec<_> = needed.map(|(_, (command, _))| command).collect();
    assert_eq!(not_needed, [&""; 0], "they stand in no document");
    for (count, (document, part, _)) in blocks.iter().zip(BLOCKS) {
        assert_eq!(*count, 1, "{document}: {part}");
    }
}

/// A block that says what it is: it is parsed, and a report is held against the schema.
fn is_data(code: &Code) -> bool {
    let is_json = code.block.as_deref() == Some("json");
    if is_json {
        data::json(&code.text);
    }
    is_json
}

/// Blocks that are neither typed nor shown.
#[test]
fn what_others_read_is_what_they_read() {
    for code in extract::all(&root()).iter().filter(|code| code.block.is_some()) {
        match block_of(code).map(|known| BLOCKS[known].2) {
            Some(Block::Image) => data::image(&code.text),
            Some(Block::Pod) => data::pod(&code.text),
            Some(Block::Screen(_) | Block::Drawing) | None => {}
        }
    }
}

/// Each has who runs it, or why nobody does; what words after `--` mean is iftop's.
#[test]
fn what_is_not_run_here_is_run_by_whom_it_says() {
    for (command, how) in COMMANDS {
        match how {
            How::RunBy(file, text) => {
                let file_text = fs::read_to_string(root().join(file)).unwrap();
                assert!(file_text.contains(text), "{command}: {file} has no {text}");
            }
            How::ByHand(why) | How::Named(why) => assert!(!why.is_empty(), "{command}"),
            _ => {}
        }
    }
    for (place, command) in commands() {
        if let Some((_, options)) = command.split_once(" -- ").filter(|_| command.contains("xtask"))
        {
            let words = ["iftop"].into_iter().chain(options.split(' '));
            let line = <iftop_user::cli::CommandLine as clap::Parser>::try_parse_from(words);
            assert!(line.is_ok(), "{place}: {command}");
        }
    }
}

/// `cargo test` with the names of tests: there are some that match, and the variables before mean something to
/// them.
#[test]
fn tests_that_are_named_are_there() {
    let list = Command::new(env::current_exe().unwrap()).arg("--list").output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let sources: String = ["steady", "left", "faults", "unseen", "tests"]
        .iter()
        .fold(String::new(), |all, folder| all + &read_all(&root().join("tests").join(folder)));
    for (place, command) in commands() {
        let line = without_assignments(&command);
        let Some(words) = line.strip_prefix("cargo test").map(str::trim) else { continue };
        for variable in command.split(' ').take_while(|word| extract::is_assignment(word)) {
            let (name, _) = variable.split_once('=').unwrap();
            let is_ours = sources.contains(&format!("\"{name}\""));
            assert!(is_ours || name == "INSTA_UPDATE", "{place}: {name}");
        }
        let mut words = words.split(' ').peekable();
        let mut in_library = false;
        while let Some(word) = words.next() {
            match word {
                "-p" => {
                    let package = words.next().unwrap();
                    assert!(root().join(package).join("Cargo.toml").exists(), "{place}: {package}");
                }
                "--test" => assert_eq!(words.next(), Some("iftop"), "{place}"),
                "--lib" => in_library = true,
                "" | "…" | "--" | "--ignored" | "--include-ignored" | "--nocapture" => {}
                name if in_library => {
                    let file = format!("{name}.rs");
                    let is_there = read_names(&root().join("iftop-user/src")).contains(&file);
                    assert!(is_there, "{place}: no module {name}");
                }
                name => {
                    let is_there = list.lines().any(|test| test.contains(name));
                    assert!(is_there, "{place}: no test {name}");
                }
            }
        }
    }
}

/// All commands, with where they stand.
fn commands() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for code in extract::all(&root()) {
        let place = code.place();
        all.extend(code.commands().into_iter().flatten().map(|command| (place.clone(), command)));
    }
    all
}

/// What stands in the files of a folder, and in the file of the same name beside it.
fn read_all(folder: &Path) -> String {
    let mut text = fs::read_to_string(folder.with_extension("rs")).unwrap_or_default();
    for entry in folder.read_dir().into_iter().flatten() {
        text += &fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
    }
    text
}

/// Names of all files below.
fn read_names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(read_names(&path));
        } else {
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    names
}

/// Whether lines that a document shows are lines of that screen.
fn is_like(shown: &str, screen: &str) -> Result<(), String> {
    let real: Vec<_> = screen.lines().map(screen::kind).collect();
    for line in shown.lines() {
        let kind = screen::kind(line).ok_or_else(|| format!("no line of a screen: {line}"))?;
        if !real.contains(&Some(kind)) {
            return Err(format!("no such line ({kind}) on the screen: {line}\n{screen}"));
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn each_command_does_what_it_says() {
    let blocks: Vec<_> =
        extract::all(&root()).into_iter().filter(|it| it.block.is_some()).collect();
    let stage = run::Stage::new();
    let failures = stage.run_all(COMMANDS, |command, screen| {
        for code in &blocks {
            if let Some(known) = block_of(code)
                && let Block::Screen(of) = BLOCKS[known].2
                && of == command
            {
                is_like(&code.text, screen)
                    .map_err(|error| format!("{}: {error}", code.place()))?;
            }
        }
        Ok(())
    });
    assert_eq!(failures, [""; 0]);
}
