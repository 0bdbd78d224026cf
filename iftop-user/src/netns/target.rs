//! A network namespace as somebody names it.
//!
//! It owns what `--netns` takes. It must never open anything.

use std::fmt;

use crate::names::printable;

/// What `--netns` takes.
pub(super) const FORM: &str =
    "it takes a name of `ip netns`, the number of a process, or a path such as /proc/4711/ns/net";

/// A namespace as somebody named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file where `ip netns` keeps them.
    Name(String),
    /// The namespace of a process.
    Process(u32),
    /// Any file that stands for a namespace.
    Path(String),
}

impl Target {
    /// What a text names: all digits are a process, a slash makes a path, and all else is a name.
    ///
    /// # Errors
    /// Say what it takes. An empty text is one: it is what a command prints that has failed, and the
    /// traffic of somebody else would be shown.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains('/') {
            Ok(Self::Path(text.to_owned()))
        } else if text.trim().is_empty() {
            Err(FORM.to_owned())
        } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse().map(Self::Process).map_err(|_| FORM.to_owned())
        } else {
            Ok(Self::Name(text.to_owned()))
        }
    }

    /// As it can be shown.
    pub fn shown(&self) -> String {
        printable(self.to_string().as_bytes())
    }
}

/// As it was given.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(text) | Self::Path(text) => f.write_str(text),
            Self::Process(number) => write!(f, "{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_processes_and_paths() {
        let name = |name: &str| Ok(Target::Name(name.to_owned()));
        let path = |path: &str| Ok(Target::Path(path.to_owned()));
        let cases = [
            ("web", name("web")),
            ("cni-0a1b", name("cni-0a1b")),
            ("4711x", name("4711x")),
            ("-1", name("-1")),
            ("4711", Ok(Target::Process(4711))),
            ("/run/docker/netns/x", path("/run/docker/netns/x")),
            ("./4711", path("./4711")),
            ("/", path("/")),
            ("", Err(FORM.to_owned())),
            (" ", Err(FORM.to_owned())),
            ("99999999999", Err(FORM.to_owned())),
        ];
        for (text, expected) in cases {
            let target = Target::parse(text);
            assert_eq!(target, expected, "{text}");
            if let Ok(target) = target {
                assert_eq!(target.to_string(), text);
            }
        }
        assert_eq!(Target::Name("a\x1bb".to_owned()).shown(), r"a\x1bb");
    }
}
