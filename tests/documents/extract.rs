//! What stands as code in the documents: blocks, and words within the text.
//!
//! Knows as much of Markdown as they use. It must never know what a command is for.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Programs that a command begins with.
const PROGRAMS: [&str; 31] = [
    "apt-get",
    "bpftool",
    "cargo",
    "cd",
    "cp",
    "curl",
    "dnf",
    "docker",
    "dpkg",
    "ethtool",
    "git",
    "iftop",
    "install",
    "ip",
    "iperf3",
    "kubectl",
    "ln",
    "man",
    "mkdir",
    "nsenter",
    "ping",
    "podman",
    "rpm",
    "rustup",
    "setcap",
    "ssh",
    "sudo",
    "systemctl",
    "tar",
    "tc",
    "update-alternatives",
];

/// Code in a document.
#[derive(Debug)]
pub struct Code {
    /// Which document.
    pub document: String,
    /// The line that it begins on.
    pub line: usize,
    /// `None` for code within the text; the word behind the fence, mostly none, for a block.
    pub block: Option<String>,
    pub text: String,
}

/// All of README.md, ARCHITECTURE.md, CONTRIBUTING.md and docs/*.md.
pub fn all(root: &Path) -> Vec<Code> {
    documents(root).iter().flat_map(|(name, text)| code(name, text)).collect()
}

/// Their names, as they are called from the top, and what they say.
pub fn documents(root: &Path) -> Vec<(String, String)> {
    let mut names: Vec<_> = fs::read_dir(root.join("docs"))
        .unwrap()
        .map(|entry| Path::new("docs").join(entry.unwrap().file_name()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    names.sort();
    names.splice(0..0, ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(PathBuf::from));
    names
        .into_iter()
        .map(|name| {
            let text = fs::read_to_string(root.join(&name)).unwrap();
            (name.to_str().unwrap().to_owned(), text)
        })
        .collect()
}

/// The code of one document.
pub fn code(document: &str, text: &str) -> Vec<Code> {
    let mut found = Vec::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut in_list = false;
    let mut lines = text.lines().enumerate().peekable();
    let new = |line: usize, block: Option<&str>, text: String| Code {
        document: document.to_owned(),
        line: line + 1,
        block: block.map(str::to_owned),
        text,
    };
    while let Some((number, line)) = lines.next() {
        let fence = line.trim_start().strip_prefix("```");
        let is_item = |line: &str| {
            let line = line.trim_start();
            let (mark, rest) = line.split_once(' ').unwrap_or_default();
            let is_number = mark.strip_suffix('.').is_some_and(|it| it.parse::<u32>().is_ok());
            (is_number || ["*", "-", "+"].contains(&mark)) && !rest.is_empty()
        };
        let is_indented = |line: &str| line.starts_with("    ");
        let begins_block = paragraph.is_empty() && is_indented(line) && !in_list;
        let ends_paragraph = line.trim().is_empty()
            || fence.is_some()
            || line.starts_with('|')
            || line.starts_with('#')
            || is_item(line);
        if ends_paragraph {
            spans(&paragraph, |before, text| {
                found.push(new(number - paragraph.len() + before, None, text));
            });
            paragraph.clear();
        }
        if let Some(language) = fence {
            let block: Vec<_> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim() != "```")
                .collect();
            found.push(new(number, Some(language), block.join("\n")));
        } else if begins_block {
            let mut block = vec![&line[4..]];
            while let Some((_, line)) =
                lines.next_if(|(_, line)| is_indented(line) || line.is_empty())
            {
                block.push(line.get(4..).unwrap_or_default());
            }
            found.push(new(number, Some(""), block.join("\n").trim_end().to_owned()));
        } else if !line.trim().is_empty() {
            in_list = is_item(line) || (in_list && line.starts_with(' '));
            paragraph.push(line);
            if line.starts_with('|') {
                spans(&paragraph, |_, text| found.push(new(number, None, text)));
                paragraph.clear();
            }
        }
    }
    let end = text.lines().count();
    spans(&paragraph, |before, text| found.push(new(end - paragraph.len() + before, None, text)));
    found
}

/// What stands between backticks, with its line.
fn spans(paragraph: &[&str], mut found: impl FnMut(usize, String)) {
    let text = paragraph.join("\n");
    let mut rest = text.as_str();
    while let Some(start) = rest.find('`') {
        let ticks = rest[start..].chars().take_while(|&c| c == '`').count();
        let inside = &rest[start + ticks..];
        let Some(end) = inside.find(&"`".repeat(ticks)) else { return };
        let line = text[..text.len() - inside.len()].matches('\n').count();
        found(line, inside[..end].split_whitespace().collect::<Vec<_>>().join(" "));
        rest = &inside[end + ticks..];
    }
}

impl Code {
    /// Where it stands, as editors take it.
    pub fn place(&self) -> String {
        format!("{}:{}", self.document, self.line)
    }

    /// What is to be typed, a command each; `None` where that is not so. Comments are left out.
    pub fn commands(&self) -> Option<Vec<String>> {
        let text = self.text.replace("\\\n", " ");
        let lines = text.lines().map(without_comment).filter(|line| !line.is_empty());
        let lines: Vec<_> = lines.collect();
        let least = if self.block.is_some() { 1 } else { 2 };
        let are = !lines.is_empty() && lines.iter().all(|line| is_command(line, least));
        are.then_some(lines)
    }
}

/// A line without the comment at its end, and with single blanks.
fn without_comment(line: &str) -> String {
    let line = line.split(" # ").next().unwrap();
    let line = if line.trim_start().starts_with('#') { "" } else { line };
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A program and so many words at least: within the text a program's name alone is a name.
fn is_command(line: &str, least: usize) -> bool {
    let words: Vec<_> = line.split(' ').skip_while(|word| is_assignment(word)).collect();
    words.len() >= least && words.first().is_some_and(|word| PROGRAMS.contains(word))
}

/// `NAME=value` before a command.
pub fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    })
}
