//! The record beside the committed object: what it was built with, and from what.
//!
//! A file of `key = "value"` lines, which is TOML, so that people can read what changed in a diff.

use std::{fmt, str::FromStr};

use anyhow::{Context as _, Error, Result};

use crate::toolchain::Versions;

/// What is recorded.
#[derive(PartialEq, Eq, Debug)]
pub struct Record {
    pub versions: Versions,
    pub object_sha256: String,
    pub sources_sha256: String,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { versions, object_sha256, sources_sha256 } = self;
        let Versions { rustc, rustc_commit, bpf_linker, llvm } = versions;
        writeln!(f, "# Written by `cargo xtask build-ebpf`; checked by `cargo xtask test`.")?;
        writeln!(f, "rustc = \"{rustc}\"")?;
        writeln!(f, "rustc_commit = \"{rustc_commit}\"")?;
        writeln!(f, "bpf_linker = \"{bpf_linker}\"")?;
        writeln!(f, "llvm = \"{llvm}\"")?;
        writeln!(f, "object_sha256 = \"{object_sha256}\"")?;
        writeln!(f, "sources_sha256 = \"{sources_sha256}\"")
    }
}

impl FromStr for Record {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let value = |key: &str| {
            let find = |line: &str| {
                let (found, value) = line.split_once(" = ")?;
                let value = value.strip_prefix('"')?.strip_suffix('"')?;
                (found == key).then(|| value.to_owned())
            };
            text.lines().find_map(find).with_context(|| format!("no line `{key} = \"...\"`"))
        };
        Ok(Self {
            versions: Versions {
                rustc: value("rustc")?,
                rustc_commit: value("rustc_commit")?,
                bpf_linker: value("bpf_linker")?,
                llvm: value("llvm")?,
            },
            object_sha256: value("object_sha256")?,
            sources_sha256: value("sources_sha256")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            versions: Versions {
                rustc: "1.95.0".to_owned(),
                rustc_commit: "598".to_owned(),
                bpf_linker: "0.13.0".to_owned(),
                llvm: "22.1.8".to_owned(),
            },
            object_sha256: "ab".to_owned(),
            sources_sha256: "cd".to_owned(),
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        assert_eq!(record().to_string().parse::<Record>().unwrap(), record());
    }

    #[test]
    fn a_missing_line_is_named() {
        let text = record().to_string().replace("llvm", "gcc");
        let error = text.parse::<Record>().unwrap_err();
        assert_eq!(error.to_string(), "no line `llvm = \"...\"`");
    }
}
