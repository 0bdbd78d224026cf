//! Whether every path is there that the documents name.

use std::path::{Component, Path, PathBuf};

use super::{extract, root};

/// What a path of the project ends in, where it has no folder in it.
const ENDINGS: [&str; 10] =
    [".rs", ".md", ".toml", ".json", ".lock", ".sample", ".py", ".awk", ".svg", ".o"];
/// What looks like a path of the project and is none, and what it is.
const OTHERS: &[(&str, &str)] = &[
    ("net/sched/sch_api.c", "of Linux"),
    ("tests/fuzz/seeds", "written by `cargo xtask fuzz`"),
    ("tests/fuzz/corpus", "written by libFuzzer"),
    ("tests/fuzz/artifacts/TARGET", "written by libFuzzer"),
    ("tests/fuzz/kept/TARGET", "for each target"),
];

#[test]
fn each_path_that_a_document_names_is_there() {
    let root = root();
    let mut files = Vec::new();
    list(&root, &root, &mut files);
    let mut checked = 0;
    let mut missing = Vec::new();
    for code in extract::all(&root).iter().filter(|code| code.block.is_none()) {
        if !looks_like_a_path(&code.text) || OTHERS.iter().any(|(other, _)| *other == code.text) {
            continue;
        }
        checked += 1;
        // There folders are left out only where a sentence has just named them.
        let whole = code.document == "CONTRIBUTING.md" && code.text.contains('/');
        let is_there = alternatives(&code.text).iter().all(|path| is_there(&files, path, whole));
        if !is_there {
            missing.push(format!("{}: {}", code.place(), code.text));
        }
    }
    for (document, text) in extract::documents(&root) {
        let folder = Path::new(&document).parent().unwrap();
        for target in links(&text) {
            checked += 1;
            let path = root.join(folder).join(target);
            if !path.exists() {
                missing.push(format!("{document}: {target}"));
            }
        }
    }
    assert!(checked > 200, "{checked}");
    assert_eq!(missing, [""; 0]);
}

#[test]
fn other_things_are_no_paths() {
    for (text, expected) in [
        ("tests/fuzz", true),
        ("iftop-user/src/{tui,text,json,summary}.rs", true),
        ("hooks/*", true),
        ("account.rs", true),
        ("/run/docker/netns/x", false),
        ("~/.iftoprc", false),
        ("target/bench/report.json", false),
        ("10.0.0.0/8", false),
        ("-i eth0", false),
        ("a / b", false),
        ("report.json()", false),
    ] {
        assert_eq!(looks_like_a_path(text), expected, "{text}");
    }
    assert_eq!(alternatives("a/{b,c}.rs"), ["a/b.rs", "a/c.rs"]);
    let files = ["iftop-user/src/app/keys.rs".into()];
    for (path, whole, expected) in [
        ("app/keys.rs", false, true),
        ("app/keys.rs", true, false),
        ("iftop-user/src/app/keys.rs", true, true),
        ("src/app", false, true),
        ("app/*", false, true),
        ("pp/keys.rs", false, false),
        ("app/key", false, false),
        ("app/key*", false, true),
    ] {
        assert_eq!(is_there(&files, path, whole), expected, "{path}");
    }
}

/// Of the project: not absolute, not of a user, not what is built.
fn looks_like_a_path(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/{},*".contains(c));
    let foreign = ["/", "~", "target/"].iter().any(|start| text.starts_with(start))
        || text.starts_with(|c: char| c.is_ascii_digit());
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '{');
    let named = ENDINGS.iter().any(|ending| text.len() > ending.len() && text.ends_with(ending));
    plain && !foreign && begins && (text.contains('/') || named)
}

/// `a/{b,c}.rs` is two.
fn alternatives(text: &str) -> Vec<String> {
    let braces = text.split_once('{').and_then(|(before, rest)| {
        let (inside, after) = rest.split_once('}')?;
        Some((before, inside, after))
    });
    match braces {
        Some((before, inside, after)) => {
            inside.split(',').map(|part| format!("{before}{part}{after}")).collect()
        }
        None => vec![text.to_owned()],
    }
}

/// Documents for readers of the code leave out the folders that are understood; `whole` ones do not. A
/// folder is there where a file is in it.
fn is_there(files: &[PathBuf], path: &str, whole: bool) -> bool {
    let path = path.trim_end_matches("/*").trim_end_matches('/');
    let (path, is_beginning) = path.strip_suffix('*').map_or((path, false), |path| (path, true));
    let wanted: Vec<_> = path.split('/').collect();
    let (name, folders) = wanted.split_last().unwrap();
    files.iter().any(|file| {
        let parts: Vec<_> = file
            .components()
            .map(|part| match part {
                Component::Normal(name) => name.to_str().unwrap(),
                _ => panic!("{}", file.display()),
            })
            .collect();
        let mut windows = parts.windows(wanted.len()).enumerate();
        windows.any(|(start, window)| {
            let last = window[folders.len()];
            let is_named = last == *name || (is_beginning && last.starts_with(name));
            is_named && window.starts_with(folders) && (start == 0 || !whole)
        })
    })
}

/// What links lead to within the project.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        let outside = target.contains("://") || target.is_empty();
        (!outside).then_some(target)
    })
}

/// All files of the project, from the top.
fn list(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() {
            if name != "target" && name != ".git" {
                list(root, &path, files);
            }
        } else {
            files.push(path.strip_prefix(root).unwrap().to_owned());
        }
    }
}
