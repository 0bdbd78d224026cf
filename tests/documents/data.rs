//! Blocks that are read by something else than a shell: whether it could, and whether iftop takes what it is told.

use std::collections::BTreeMap;

use clap::Parser as _;
use iftop_user::cli::CommandLine;
use serde_json::Value;

use crate::support::schema;

/// JSON; a report is held against the schema.
pub fn json(text: &str) {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    if value.get("schema").is_some() {
        assert_eq!(schema::mistakes(&value), [""; 0], "{text}");
    }
}

/// How an image is made: of one program that is started, and nothing else.
pub fn image(text: &str) {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    let [from, copy, entry] = &lines[..] else { panic!("three lines: {text}") };
    assert_eq!(from[..], ["FROM", "scratch"], "a static program needs nothing else");
    let ["COPY", program, place] = copy[..] else { panic!("{copy:?}") };
    assert!(program.ends_with("-linux-musl"), "{program} is not static");
    let ["ENTRYPOINT", entry] = entry[..] else { panic!("{entry:?}") };
    assert_eq!(serde_json::from_str::<Value>(entry).unwrap(), serde_json::json!([place]));
}

/// A pod of one container, whose arguments iftop takes, on the network of the node.
pub fn pod(text: &str) {
    let values = yaml(text);
    let list = |path: &str| -> Vec<String> {
        let inside = values[path].trim_matches(['[', ']']);
        inside.split(", ").map(|item| item.trim_matches('"').to_owned()).collect()
    };
    for (path, expected) in [
        ("apiVersion", "v1"),
        ("kind", "Pod"),
        ("spec.hostNetwork", "true"),
        ("spec.containers.securityContext.capabilities.drop", "[ALL]"),
        ("spec.containers.securityContext.allowPrivilegeEscalation", "false"),
    ] {
        assert_eq!(values[path], expected, "{path}");
    }
    let arguments = list("spec.containers.args");
    let line = CommandLine::try_parse_from([&["iftop".to_owned()], &arguments[..]].concat());
    assert!(line.is_ok(), "{arguments:?}");
    let added = list("spec.containers.securityContext.capabilities.add");
    for needed in ["BPF", "NET_ADMIN", "PERFMON"] {
        assert!(added.iter().any(|name| name == needed), "{needed}");
    }
}

/// Values by their path, of as much of YAML as a block has: mappings in lines, two blanks deeper each time, and `- `
/// before the first of an item.
fn yaml(text: &str) -> BTreeMap<String, &str> {
    let mut values = BTreeMap::new();
    let mut path: Vec<(usize, &str)> = Vec::new();
    for line in text.lines() {
        let depth = line.len() - line.trim_start_matches([' ', '-']).len();
        assert!(depth % 2 == 0, "{line}");
        let (key, value) = line[depth..].split_once(':').unwrap_or_else(|| panic!("{line}"));
        path.retain(|(above, _)| *above < depth);
        let names = path.iter().map(|(_, name)| *name).chain([key]);
        let name = names.collect::<Vec<_>>().join(".");
        assert!(values.insert(name, value.trim()).is_none(), "twice: {line}");
        path.push((depth, key));
    }
    values
}
