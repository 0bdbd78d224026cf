//! What kinds of lines the live table has, by their columns.

use std::sync::LazyLock;

use regex::Regex;

/// What one is called, and how it looks. Hosts and numbers may be any, where they stand is fixed.
static KINDS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    const NUMBER: &str = r" *[\d.,]+[KMGT]?[bBp]";
    let rates = format!("(?:{NUMBER}){{3}}$");
    [
        ("scale", r"^ +(?:[\d.]+[KMGT]?[bBp] +)*[\d.]+[KMGT]?[bBp]$".to_owned()),
        ("axis", "^[└┴─┘]+$".to_owned()),
        ("sent", format!(r"^\S.{{26}}=> \S.{{23,}}{rates}")),
        ("received", format!(r"^ {{27}}<= .{{23,}}{rates}")),
        ("blank", "^$".to_owned()),
        (
            "rule",
            r"^── \S+ ─ (?:ebpf/\w+|pcap|file) ─ [\d,]+ flows? ─ attributed \d+% ─+$".to_owned(),
        ),
        ("sum", format!(r"^(?:TX|RX|TOTAL): .*{rates}")),
    ]
    .map(|(name, pattern)| (name, Regex::new(&pattern).unwrap()))
    .into()
});

/// Which kind of line it is; `None`: none.
pub fn kind(line: &str) -> Option<&'static str> {
    KINDS.iter().find(|(_, pattern)| pattern.is_match(line.trim_end())).map(|(name, _)| *name)
}
